"""Connections to SQLite and PostgreSQL, set up alike for everyone who opens one.

SQLite runs in WAL mode with synchronous=FULL: under NORMAL the last commits
before a power cut are lost, and a call's record counts as written once its
commit returns. PostgreSQL keeps its default synchronous_commit=on for the
same reason. Every statement ends, one way or the other, within `timeout_s`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool


def sqlite_file(url: str | URL) -> Path | None:
    """The database file of a SQLite URL; None for other databases."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    return Path(parsed.database or "")


def open_engine(url: str | URL, timeout_s: float = 2.0, *, writer: bool = False) -> Engine:
    """An engine for `url`. A `writer` takes SQLite's write lock when its transaction begins.

    The writer's transactions would otherwise fail half-way when another
    process writes between their first read and first write.
    """
    if sqlite_file(url) is not None:
        return _sqlite(make_url(url), timeout_s, writer)
    return _postgresql(make_url(url), timeout_s, writer)


def _sqlite(url: URL, timeout_s: float, writer: bool) -> Engine:
    connect_args = {"timeout": timeout_s, "check_same_thread": False}
    if writer:  # its connection stays: closing the last one would checkpoint the log each time
        engine = create_engine(url, connect_args=connect_args, pool_size=1, max_overflow=0)
    else:
        engine = create_engine(url, connect_args=connect_args, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _postgresql(url: URL, timeout_s: float, writer: bool) -> Engine:
    ms = round(timeout_s * 1000)
    options = f"-c statement_timeout={ms} -c lock_timeout={ms} -c timezone=UTC"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": max(2, round(timeout_s)),  # libpq takes no less
            "tcp_user_timeout": ms,
            "application_name": "mediaserver",
            "options": options,
        },
        pool_size=1 if writer else 5,
        max_overflow=0 if writer else 10,
        pool_pre_ping=not writer,  # the writer tries again by itself
    )
