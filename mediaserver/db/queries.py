"""What the console and the command line ask of the database; plain and synchronous.

    with queries.session(url) as session:
        page = queries.search_calls(session, number="1380013", limit=50)

Rows stay readable after the session is closed. Orders are picked from a list:
no text of a caller's ever becomes SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from mediaserver.db.engine import open_engine
from mediaserver.db.models import CallRow, RecordingRow, StoryRow
from mediaserver.db.users import (
    create_user,
    ensure_demo_users,
    get_user,
    list_users,
    set_password,
    verify_login,
)

__all__ = [
    "CALL_ORDERS",
    "Heard",
    "Page",
    "call_numbers",
    "create_user",
    "engine",
    "ensure_demo_users",
    "get_call",
    "get_recording",
    "get_user",
    "list_users",
    "recordings_of",
    "search_calls",
    "search_recordings",
    "session",
    "set_password",
    "story",
    "verify_login",
]

T = TypeVar("T")
Q = TypeVar("Q", bound="Select[*tuple[Any, ...]]")
MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`rows` from `offset` on, of `total` that match."""

    rows: list[T]
    total: int
    offset: int
    limit: int

    @property
    def more(self) -> bool:
        return self.offset + len(self.rows) < self.total


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording with its call; no call when its row is missing."""

    recording: RecordingRow
    call: CallRow | None


@lru_cache(maxsize=8)
def engine(url: str) -> Engine:
    """The process's one engine for `url`."""
    return open_engine(url)


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A session whose changes are kept when the block ends well."""
    with Session(engine(url), expire_on_commit=False) as opened, opened.begin():
        yield opened


# ---- calls -------------------------------------------------------------------

CALL_ORDERS: Mapping[str, InstrumentedAttribute[Any]] = {
    "started": CallRow.started_utc,
    "caller": CallRow.caller,
    "called": CallRow.called,
    "queue": CallRow.queue,
    "agent": CallRow.agent,
    "wait": CallRow.wait_ms,
    "talk": CallRow.talk_ms,
}


def search_calls(
    session: Session,
    *,
    number: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    agent: str = "",
    queue: str = "",
    state: str = "",
    order: str = "started",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> Page[CallRow]:
    """Calls that started in [since, until), the newest first.

    `number` is any part of the caller's or the called number, spaces and
    dashes aside. Raises ValueError for an order that is not in CALL_ORDERS.
    """
    query = _about(select(CallRow), number, since, until, agent, queue)
    if state:
        query = query.where(CallRow.state == state)
    query = _ordered(query, order, descending)
    total, query, offset, limit = _paged(session, query, offset, limit)
    return Page(list(session.scalars(query)), total, offset, limit)


def get_call(session: Session, call_id: str) -> CallRow | None:
    return session.get(CallRow, call_id)


def story(session: Session, call_id: str) -> list[StoryRow]:
    """A call's events in order."""
    query = select(StoryRow).where(StoryRow.call_id == call_id)
    return list(session.scalars(query.order_by(StoryRow.seq)))


def _about(
    query: Q,
    number: str,
    since: datetime | None,
    until: datetime | None,
    agent: str,
    queue: str,
) -> Q:
    """`query`, which has CallRow in it, for these calls only."""
    digits = number.translate(_PUNCTUATION)
    if digits:
        query = query.where(
            or_(
                CallRow.caller.contains(digits, autoescape=True),
                CallRow.called.contains(digits, autoescape=True),
            )
        )
    if since is not None:
        query = query.where(CallRow.started_utc >= since)
    if until is not None:
        query = query.where(CallRow.started_utc < until)
    if agent:
        query = query.where(CallRow.agent == agent)
    if queue:
        query = query.where(CallRow.queue == queue)
    return query


#: What people type between digits.
_PUNCTUATION = str.maketrans("", "", " -()./")


def _ordered(query: Q, order: str, descending: bool) -> Q:
    if order not in CALL_ORDERS:
        raise ValueError(f"calls cannot be ordered by {order!r}; allowed: {', '.join(CALL_ORDERS)}")
    column = CALL_ORDERS[order]
    # The id settles ties, so that pages neither repeat nor miss a row.
    if descending:
        return query.order_by(column.desc(), CallRow.id.desc())
    return query.order_by(column, CallRow.id)


def _paged(session: Session, query: Q, offset: int, limit: int) -> tuple[int, Q, int, int]:
    offset, limit = max(0, offset), min(max(1, limit), MAX_LIMIT)
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    total = session.scalar(counted) or 0
    return total, query.offset(offset).limit(limit), offset, limit


# ---- recordings --------------------------------------------------------------


def search_recordings(
    session: Session,
    *,
    number: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    agent: str = "",
    queue: str = "",
    order: str = "started",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> Page[Heard]:
    """Recordings of the calls `search_calls` would find, with those calls."""
    query = select(RecordingRow, CallRow).join(CallRow, CallRow.id == RecordingRow.call_id)
    query = _ordered(_about(query, number, since, until, agent, queue), order, descending)
    query = query.order_by(RecordingRow.id)
    total, query, offset, limit = _paged(session, query, offset, limit)
    rows = [Heard(recording, call) for recording, call in session.execute(query)]
    return Page(rows, total, offset, limit)


def get_recording(session: Session, recording_id: str) -> Heard | None:
    """The recording people know by this opaque id, with its call."""
    recording = session.get(RecordingRow, recording_id)
    if recording is None:
        return None
    return Heard(recording, session.get(CallRow, recording.call_id))


def recordings_of(session: Session, call_id: str) -> list[RecordingRow]:
    query = select(RecordingRow).where(RecordingRow.call_id == call_id)
    return list(session.scalars(query.order_by(RecordingRow.started_utc, RecordingRow.id)))


def call_numbers(session: Session, since: datetime) -> dict[str, int]:
    """How many calls started since then, by state, and "answered" among them."""
    recent = select(CallRow.state, func.count()).where(CallRow.started_utc >= since)
    counts: dict[str, int] = dict(session.execute(recent.group_by(CallRow.state)).all())
    answered = select(func.count()).where(CallRow.started_utc >= since, CallRow.agent != "")
    return {**counts, "answered": session.scalar(answered) or 0}
