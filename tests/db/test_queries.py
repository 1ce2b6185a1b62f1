"""Searching calls and recordings, and users; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mediaserver.db import migrate, queries, users
from mediaserver.db.engine import open_engine
from mediaserver.db.rows import apply
from mediaserver.db.users import UserError
from tests.db.rows import T0, call, recording, story


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 is costly on purpose; what is tested here is not its cost."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    migrate.upgrade(url)
    engine = open_engine(url, writer=True)
    with engine.begin() as connection:
        apply(
            connection,
            [
                call("a", caller="13800138000", agent="alice", queue="sales", talk_ms=5),
                call("b", caller="1390_013", started_utc=T0 + timedelta(hours=1), talk_ms=5),
                call("c", caller="10086", called="66880200", started_utc=T0 + timedelta(hours=2)),
                call("d", caller="100%", started_utc=T0 + timedelta(hours=3), state="closed"),
                story("a", 1, "Second"),
                story("a", 0, "First", digits="••"),
                story("b", 0, "Other"),
                recording("r1", "a"),
                recording("r2", "c"),
                recording("r3", "lost"),
            ],
        )
    engine.dispose()
    with queries.session(url) as opened:
        yield opened
    queries.engine(url).dispose()


def found(session: Session, **what: object) -> list[str]:
    return [row.id for row in queries.search_calls(session, **what).rows]  # type: ignore[arg-type]


def test_calls_by_number_and_time(session: Session) -> None:
    assert found(session) == ["d", "c", "b", "a"]
    assert found(session, number="1380 0138-000") == ["a"]
    assert found(session, number="0138") == ["a"]
    assert found(session, number="668802") == ["c"]
    assert found(session, since=T0 + timedelta(hours=1), until=T0 + timedelta(hours=3)) == [
        "c",
        "b",
    ]
    assert found(session, agent="alice") == found(session, queue="sales") == ["a"]
    assert found(session, state="closed") == ["d"]


def test_wildcards_in_a_number_stand_for_themselves(session: Session) -> None:
    assert found(session, number="%") == ["d"]
    assert found(session, number="_") == ["b"]
    assert found(session, number="' OR 1=1 --") == []


def test_pages_neither_repeat_nor_miss_a_row(session: Session) -> None:
    pages = [
        queries.search_calls(session, order="talk", limit=1, offset=n, descending=False)
        for n in range(5)
    ]
    assert [row.id for page in pages for row in page.rows] == ["c", "d", "a", "b"]
    assert [page.more for page in pages] == [True, True, True, False, False]
    assert {page.total for page in pages} == {4}


@pytest.mark.parametrize("order", ["id; DROP TABLE calls", "password_hash", ""])
def test_only_listed_columns_order(session: Session, order: str) -> None:
    with pytest.raises(ValueError, match="allowed: started"):
        queries.search_calls(session, order=order)


def test_limits_are_kept_within_reason(session: Session) -> None:
    page = queries.search_calls(session, limit=10**9, offset=-5)
    assert (page.limit, page.offset, len(page.rows)) == (queries.MAX_LIMIT, 0, 4)


def test_a_story_comes_in_order(session: Session) -> None:
    assert [row.kind for row in queries.story(session, "a")] == ["First", "Second"]
    assert queries.story(session, "a")[0].data == {"digits": "••"}
    assert queries.story(session, "none") == []


def test_recordings_with_their_calls(session: Session) -> None:
    page = queries.search_recordings(session)
    assert [(h.recording.id, h.call and h.call.id) for h in page.rows] == [("r2", "c"), ("r1", "a")]
    page = queries.search_recordings(session, number="138")
    assert [h.recording.id for h in page.rows] == ["r1"]
    alone = queries.get_recording(session, "r3")
    assert alone is not None and alone.call is None
    assert queries.get_recording(session, "../../etc/passwd") is None
    assert [r.id for r in queries.recordings_of(session, "a")] == ["r1"]


def test_numbers_of_the_day(session: Session) -> None:
    assert queries.call_numbers(session, T0) == {"open": 3, "closed": 1, "answered": 1}


def test_rows_outlive_their_session(sqlite_url: str) -> None:
    migrate.upgrade(sqlite_url)
    with queries.session(sqlite_url) as session:
        queries.create_user(session, "ann", "Ann", "admin", "correct horse")
    with queries.session(sqlite_url) as session:
        users = queries.list_users(session)
    assert users[0].name == "Ann"


def test_logging_in(session: Session) -> None:
    queries.create_user(session, "ann", "", "supervisor", "correct horse", "zh")
    user = queries.verify_login(session, "ann", "correct horse")
    assert user is not None and (user.name, user.role, user.language) == ("ann", "supervisor", "zh")
    assert "correct horse" not in user.password_hash
    assert queries.verify_login(session, "ann", "wrong horse") is None
    assert queries.verify_login(session, "nobody", "correct horse") is None
    assert queries.verify_login(session, "ann", "x" * 10_000_000) is None
    queries.set_password(session, "ann", "another horse")
    assert queries.verify_login(session, "ann", "correct horse") is None
    user.active = False
    assert queries.verify_login(session, "ann", "another horse") is None


def test_making_a_user_is_one_step_to_the_daemon(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ms.db"
    migrate.upgrade(url)
    daemon = open_engine(url, writer=True)
    with queries.session(url) as session:
        queries.create_user(session, "ann", "", "admin", "correct horse")
        with (
            pytest.raises(OperationalError, match="locked"),
            open_engine(url, timeout_s=0.05, writer=True).begin(),
        ):
            pass  # the look for a login that is taken, and the row, are one step to others
    with daemon.begin() as connection:
        apply(connection, [call("a")])
    with queries.session(url) as session:
        assert [user.login for user in queries.list_users(session)] == ["ann"]
    daemon.dispose()


def test_a_hash_that_is_none_lets_nobody_in(session: Session) -> None:
    user = queries.create_user(session, "ann", "", "admin", "correct horse")
    user.password_hash = "plain"
    assert queries.verify_login(session, "ann", "plain") is None


@pytest.mark.parametrize(
    ("login", "role", "password", "why"),
    [
        ("ann", "root", "correct horse", "allowed: admin"),
        ("ann", "admin", "short", "8 to 256"),
        ("", "admin", "correct horse", "no login"),
        ("a\nb", "admin", "correct horse", "no login"),
        ("bob", "admin", "correct horse", "already"),
    ],
)
def test_users_that_cannot_be(
    session: Session, login: str, role: str, password: str, why: str
) -> None:
    queries.create_user(session, "bob", "", "agent", "correct horse")
    with pytest.raises(UserError, match=why):
        queries.create_user(session, login, "", role, password)
    with pytest.raises(UserError, match="no user"):
        queries.set_password(session, "carol", "correct horse")


def test_demo_logins_are_new_each_time_and_work(session: Session) -> None:
    first = queries.ensure_demo_users(session, ["alice", "bob"])
    second = queries.ensure_demo_users(session, ["alice", "bob"])
    assert [(login, role) for login, role, _ in second] == [
        ("admin", "admin"),
        ("supervisor", "supervisor"),
        ("technician", "technician"),
        ("alice", "agent"),
        ("bob", "agent"),
    ]
    login, role, password = second[0]
    user = queries.verify_login(session, login, password)
    assert user is not None and user.role == role
    assert queries.verify_login(session, login, first[0][2]) is None


def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ms.db"
    migrate.upgrade(url)
    writer = open_engine(url, writer=True)
    with writer.begin() as connection:
        apply(connection, [call("a")])
        with queries.session(url) as session:
            assert queries.get_call(session, "a") is None
    with queries.session(url) as session:
        assert queries.get_call(session, "a") is not None
    writer.dispose()
