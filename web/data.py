"""What the console reads from the database, and the two things it writes there.

Each call opens a session of its own and gives back detached rows. A database
that does not answer raises Unavailable, which becomes a page saying so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mediaserver.config import Settings
from mediaserver.db import queries
from mediaserver.db.engine import open_engine
from mediaserver.db.models import CallRow, RecordingRow, StoryRow, User
from mediaserver.db.queries import Heard, Page
from web.search import PAGE, Search


class Unavailable(Exception):
    """The database cannot be reached, or did not answer in time."""


def init(app: Flask, settings: Settings) -> None:
    """Make the engine; nothing is opened before the first question."""
    engine = open_engine(settings.database.url, settings.database.timeout_s)
    app.extensions["database"] = engine


@contextmanager
def _session() -> Iterator[Session]:
    try:
        engine = current_app.extensions["database"]
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except DBAPIError as error:
        current_app.logger.error("database: %s", error)
        raise Unavailable from error


def names() -> dict[str, list[tuple[str, str]]]:
    """Agents and queues to choose from: (name, as people see it)."""
    settings: Settings = current_app.extensions["settings"]
    return {
        "agents": [(agent.name, agent.display) for agent in settings.agents],
        "queues": [(queue.name, queue.name) for queue in settings.queues],
    }


def verify_login(login: str, password: str) -> User | None:
    """The active user of that name and password, or None."""
    with _session() as session:
        return queries.verify_login(session, login, password)


def user(user_id: int) -> User | None:
    """A user by id."""
    with _session() as session:
        return session.get(User, user_id)


def set_language(user_id: int, language: str) -> None:
    """Keep the language someone chose."""
    with _session() as session:
        row = session.get(User, user_id)
        if row is not None and row.language != language:
            row.language = language


def calls(search: Search, agent: str | None) -> Page[CallRow]:
    """Calls, newest first; `agent` narrows to what one agent took."""
    with _session() as session:
        return queries.search_calls(session, **_narrowed(search, agent))


def recordings(search: Search, agent: str | None) -> Page[Heard]:
    """Recordings with their calls, newest first."""
    with _session() as session:
        return queries.search_recordings(session, **_narrowed(search, agent))


def _narrowed(search: Search, agent: str | None) -> dict[str, Any]:
    return {
        "number": search.number,
        "since": search.since,
        "until": search.until,
        "agent": agent or search.agent,
        "queue": search.queue,
        "limit": PAGE,
        "offset": search.offset,
    }


def call(call_id: str) -> CallRow | None:
    """One call's record."""
    with _session() as session:
        return queries.get_call(session, call_id)


def story(call_id: str) -> list[StoryRow]:
    """What happened to a call, in order."""
    with _session() as session:
        return queries.story(session, call_id)


def recordings_of(call_id: str) -> list[RecordingRow]:
    """The recordings of one call, in order of time."""
    with _session() as session:
        return queries.recordings_of(session, call_id)


def recording(recording_id: str) -> Heard | None:
    """A recording and its call."""
    with _session() as session:
        return queries.get_recording(session, recording_id)
