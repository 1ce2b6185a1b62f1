"""The store when its database is locked, gone, stopped or hung, and when the disk is full."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mediaserver.clock import VirtualLoop
from mediaserver.db import migrate, queries
from mediaserver.db.models import CallRow
from mediaserver.db.store import RETRY_LAST_S, Store, StoreBusy, StoreFull, Unreachable
from tests.db.conftest import PostgreSQL
from tests.db.rows import call
from tests.db.test_journal import disk_full_at

TIMEOUT_S = 0.05


class Rig:
    """A store on a virtual loop, and what it said."""

    def __init__(self, url: str, root: Path) -> None:
        self.url, self.root = url, root
        self.journal = root / "journal.jsonl"
        self.store = Store(url, self.journal, TIMEOUT_S)
        self.said: list[tuple[bool, str]] = []
        self.store.on_trouble = lambda active, said: self.said.append((active, str(said)))

    async def rows(self) -> dict[str, int]:
        return await self.store.read(talks)

    async def back(self) -> None:
        """Let so much virtual time go by that the next retry has come."""
        await asyncio.sleep(RETRY_LAST_S + 1)


def talks(session: Session) -> dict[str, int]:
    return {row.id: row.talk_ms for row in session.scalars(select(CallRow))}


def play(url: str, root: Path, scene: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        rig = Rig(url, root)
        await rig.store.start()
        await scene(rig)
        await rig.store.close()

    loop = VirtualLoop()
    loop.run_until_complete(main())
    loop.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The directory the SQLite file is in, so that it can be taken away."""
    return tmp_path / "home"


@pytest.fixture
def url(home: Path) -> str:
    return f"sqlite:///{home}/ms.db"


def test_a_locked_database_delays_nothing_and_gets_its_rows_when_free(
    url: str, home: Path, tmp_path: Path
) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        other = sqlite3.connect(home / "ms.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        for n in (2, 3):
            await rig.store.write([call("a", talk_ms=n), call(f"b{n}")])
        assert rig.journal.exists() and rig.store.waiting == 2
        with pytest.raises(Unreachable, match="locked"):
            await rig.rows()
        await asyncio.sleep(5)  # 0.5, 1 and 2 s on, it is tried again
        assert rig.store.waiting == 2
        other.rollback()
        other.close()
        await rig.back()
        assert await rig.rows() == {"a": 3, "b2": 0, "b3": 0}
        assert not rig.journal.exists()
        assert [active for active, _ in rig.said] == [True, False]
        assert "in the journal" in rig.said[0][1] and "locked" in rig.said[0][1]

    play(url, tmp_path, scene)


def test_while_the_journal_is_put_back_writes_keep_their_order(
    url: str, home: Path, tmp_path: Path
) -> None:
    async def scene(rig: Rig) -> None:
        home.rename(tmp_path / "away")
        await asyncio.gather(*(rig.store.write([call("a", talk_ms=n)]) for n in range(450)))
        (tmp_path / "away").rename(home)
        # 450 lines go back in three steps; these come between them.
        rig.store._retry()
        late = [rig.store.write([call("a", talk_ms=n)]) for n in range(450, 900)]
        await asyncio.gather(*late)
        await rig.back()
        assert await rig.rows() == {"a": 899}
        assert [active for active, _ in rig.said] == [True, False]

    play(url, tmp_path, scene)


def test_a_database_that_is_a_directory_now(url: str, home: Path, tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        (home / "ms.db").rename(home / "aside")
        (home / "ms.db").mkdir()
        await rig.store.write([call("a", talk_ms=2)])
        assert rig.store.waiting == 1
        (home / "ms.db").rmdir()
        await rig.back()
        assert rig.store.waiting == 1  # and no empty database in place of the lost one
        assert "is gone" in await _reason(rig)
        (home / "aside").rename(home / "ms.db")
        await rig.back()
        assert await rig.rows() == {"a": 2}

    play(url, tmp_path, scene)


async def _reason(rig: Rig) -> str:
    with pytest.raises(Unreachable) as caught:
        await rig.rows()
    return str(caught.value)


def test_a_write_goes_to_the_file_that_stands_there_not_to_one_replaced(
    url: str, home: Path, tmp_path: Path
) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a")])
        migrate.upgrade(f"sqlite:///{tmp_path}/copy.db")
        (tmp_path / "copy.db").replace(home / "ms.db")
        await rig.store.write([call("b")])
        with queries.session(url) as session:
            assert queries.get_call(session, "b") is not None

    play(url, tmp_path, scene)


def test_a_file_that_is_no_database(url: str, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "ms.db").write_bytes(b"not SQLite at all" * 100)

    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a")])
        assert rig.store.waiting == 1
        assert "not a database" in rig.said[0][1]
        (home / "ms.db").unlink()
        await rig.back()
        assert await rig.rows() == {"a": 0}

    play(url, tmp_path, scene)


def test_what_waits_outlives_restarts_and_is_put_back_as_often_as_you_like(
    url: str, home: Path, tmp_path: Path
) -> None:
    home.write_text("in the way")

    async def without(rig: Rig) -> None:
        assert not rig.store.reached
        await rig.store.write([call("a", talk_ms=1), call("b", talk_ms=1)])
        await rig.store.write([call("a", talk_ms=2)])

    async def still_without(rig: Rig) -> None:
        assert rig.store.waiting == 2
        await rig.store.write([call("b", talk_ms=3)])

    async def again(rig: Rig) -> None:
        assert rig.store.reached
        assert await rig.rows() == {"a": 2, "b": 3}

    play(url, tmp_path, without)
    play(url, tmp_path, still_without)
    home.unlink()
    segments = (tmp_path / "journal.jsonl", tmp_path / "journal.jsonl.1")
    kept = {path: path.read_bytes() for path in segments}
    for _ in range(2):  # a kill between the last commit and the deletion of the files
        for path, data in kept.items():
            path.write_bytes(data)
        play(url, tmp_path, again)
        assert not (tmp_path / "journal.jsonl").exists()


def test_putting_back_at_the_start_is_no_trouble(url: str, home: Path, tmp_path: Path) -> None:
    home.write_text("in the way")

    async def without(rig: Rig) -> None:
        await asyncio.gather(*(rig.store.write([call("a", talk_ms=n)]) for n in range(450)))

    async def again(rig: Rig) -> None:
        assert rig.store.reached and rig.said == []
        assert await rig.rows() == {"a": 449}

    play(url, tmp_path, without)
    home.unlink()
    play(url, tmp_path, again)


def test_a_full_disk_holds_writes_in_memory_and_loses_none(
    url: str, home: Path, tmp_path: Path
) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        with disk_full_at(0):
            held = [rig.store.write([call("a", talk_ms=n)]) for n in (2, 3)]
            await asyncio.sleep(5)
            assert not any(done.done() for done in held)
            assert "in memory only" in rig.said[-1][1]
        await rig.back()
        assert all(done.done() for done in held)
        await rig.back()
        assert await rig.rows() == {"a": 3}
        assert rig.said[-1][0] is False

    play(url, tmp_path, scene)


def test_closing_with_nowhere_to_write_says_so_and_does_not_hang(
    url: str, home: Path, tmp_path: Path
) -> None:
    async def main() -> None:
        rig = Rig(url, tmp_path)
        await rig.store.start()
        with disk_full_at(0):
            held = rig.store.write([call("a")])
            await rig.store.close()
        with pytest.raises(StoreFull):
            await held

    asyncio.run(main())


def test_two_processes_do_not_share_a_journal(url: str, tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        second = Store(url, rig.journal, TIMEOUT_S)
        with pytest.raises(StoreBusy, match="another mediaserver"):
            await second.start()
        await second.close()

    play(url, tmp_path, scene)
    play(url, tmp_path, Rig.rows)  # and the lock goes with the one who held it


ACTIONS = st.sampled_from(["write", "write", "burst", "lose", "find", "wait", "restart"])


@settings(max_examples=15, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_whatever_happens_the_last_rows_are_in_the_database_in_the_end(
    actions: list[str],
) -> None:
    root = Path(tempfile.mkdtemp())
    home, away = root / "home", root / "away"
    url, wanted = f"sqlite:///{home}/ms.db", dict[str, int]()

    async def act(rig: Rig, action: str) -> None:
        if action in ("write", "burst"):
            for n in range(1 if action == "write" else 30):
                key = f"c{n % 4}"
                wanted[key] = wanted.get(key, 0) + 1
                await rig.store.write([call(key, talk_ms=wanted[key])])
        elif action == "lose" and not away.exists() and home.exists():
            home.rename(away)
            home.write_text("in the way")
        elif action == "find" and away.exists():
            home.unlink()
            away.rename(home)
        elif action == "wait":
            await rig.back()

    runs = " ".join(actions).split("restart")
    for run in runs:

        async def scene(rig: Rig, run: str = run) -> None:
            for action in run.split():
                await act(rig, action)

        play(url, root, scene)

    async def end(rig: Rig) -> None:
        await act(rig, "find")
        await rig.back()
        assert await rig.rows() == wanted

    play(url, root, end)
    shutil.rmtree(root)


# ---- PostgreSQL --------------------------------------------------------------


@pytest.mark.postgres
def test_a_postgresql_that_stops_and_starts(postgresql: PostgreSQL, tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        postgresql.stop()
        for n in (2, 3):
            await rig.store.write([call("a", talk_ms=n)])
        assert rig.store.waiting == 2 and rig.said[0][0] is True
        postgresql.start()
        await rig.back()
        assert await rig.rows() == {"a": 3}
        assert rig.said[-1][0] is False

    play(postgresql.create(), tmp_path, scene)


@pytest.mark.postgres
def test_a_connection_that_died_between_calls_is_made_anew_at_once(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        postgresql.stop()
        postgresql.start()
        await rig.store.write([call("a", talk_ms=2)])
        assert rig.store.reached and rig.said == []
        assert await rig.rows() == {"a": 2}

    play(postgresql.create(), tmp_path, scene)


@pytest.mark.postgres
def test_a_locked_table_is_as_a_locked_file(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.create()

    async def scene(rig: Rig) -> None:
        await rig.store.write([call("a", talk_ms=1)])
        with queries.session(url) as session:
            session.connection().exec_driver_sql("LOCK TABLE calls IN EXCLUSIVE MODE")
            await rig.store.write([call("a", talk_ms=2)])
            assert rig.store.waiting == 1
        await rig.back()
        assert await rig.rows() == {"a": 2}

    play(url, tmp_path, scene)
    queries.engine(url).dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("whole", [False, True], ids=["connection", "server"])
def test_what_hangs_is_let_go(postgresql: PostgreSQL, tmp_path: Path, whole: bool) -> None:
    """SIGSTOP: sockets stay open and nothing answers, on our connection or on any."""

    async def main() -> None:
        rig = Rig(postgresql.create(), tmp_path)
        await rig.store.start()
        await rig.store.write([call("a", talk_ms=1)])
        backend = await rig.store.read(
            lambda s: s.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        )
        stopped = [backend, postgresql.pid] if whole else [backend]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            await rig.store.write([call("a", talk_ms=2)])
            assert rig.store.waiting == (1 if whole else 0)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        while not rig.store.reached:
            await asyncio.sleep(0.05)
        assert await rig.rows() == {"a": 2}
        await rig.store.close()

    asyncio.run(main())
