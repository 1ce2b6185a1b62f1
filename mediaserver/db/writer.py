"""The thread side of the store: puts writes into the database, or into the journal.

Everything here blocks and runs on the store's one thread, but for `abort`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.orm import Session

from mediaserver.db import migrate
from mediaserver.db.engine import open_engine, sqlite_file
from mediaserver.db.journal import Journal, JournalError, Write
from mediaserver.db.rows import apply, to_json

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Writes put back from the journal in one transaction.
REPLAY = 200


class Place(Enum):
    """Where a write is now."""

    DATABASE = "database"
    JOURNAL = "journal"
    NOWHERE = "nowhere"  # neither could take it; it is still in memory


@dataclass(frozen=True, slots=True)
class Outcome:
    place: Place
    waiting: int  # writes in the journal
    reason: str = ""  # why the database was not reached


class Unreachable(Exception):
    """The database cannot be used now; the text says why."""


class Refused(ValueError):
    """The database can be used, but takes no such row."""


class StoreBusy(Exception):
    """Another process keeps its records here: two writers would spoil each other's journal."""


class Writer:
    """One connection to the database at `url`, and the journal behind it."""

    def __init__(self, url: str, journal_path: Path, timeout_s: float) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._file = sqlite_file(url)
        self._inode: tuple[int, int] | None = None  # the SQLite file we opened
        self._engine: Engine | None = None
        self._journal_path = journal_path
        self._journal: Journal | None = None
        self._lock = -1
        self._busy: Any = None  # the driver's connection in a transaction
        self.reason = "not opened yet"  # "" while the database can be used

    # ---- for the store -------------------------------------------------------

    def lock(self) -> None:
        """Keep other processes from this journal until `close`. Raises StoreBusy.

        A disk that takes no lock file is no reason not to carry calls.
        """
        path = self._journal_path.with_name(self._journal_path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise StoreBusy(f"another mediaserver is running on {path.parent}") from None
        except OSError as error:
            log.error("no lock on %s: %s", path, error.strerror)

    def commit(self, writes: Sequence[Write]) -> Outcome:
        """Make `writes` durable, in the database while it can be used, else in the journal.

        Whatever waits in the journal goes first, so order is kept.
        """
        if not self.reason:
            try:
                self._apply(writes)
                return Outcome(Place.DATABASE, 0)
            except Unreachable as error:
                self.reason = str(error)
        return self._to_journal(writes)

    def recover(self) -> Outcome:
        """Connect if need be, and put back the oldest of what waits in the journal.

        Once the outcome says DATABASE and nothing waits, commits go there again.
        """
        try:
            journal = self._opened_journal()
        except OSError as error:
            self.reason = f"journal {self._journal_path}: {error.strerror}"
            return Outcome(Place.NOWHERE, 0, self.reason)
        try:
            writes = journal.first(REPLAY)
            self._connected()
            if writes:
                self._apply(writes)
            journal.forget()
        except (Unreachable, OSError) as error:
            self.reason = str(error)
            return Outcome(Place.JOURNAL, journal.waiting, self.reason)
        self.reason = "the journal is being put back" if journal.waiting else ""
        return Outcome(Place.DATABASE, journal.waiting, self.reason)

    def read(self, ask: Callable[[Session], T]) -> T:
        """What `ask` finds out in a session; raises Unreachable, or Refused for its own faults."""

        def work(connection: Connection) -> T:
            with Session(connection) as session:
                return ask(session)

        return self._transaction(work)

    def abort(self) -> None:
        """From any thread: break off a transaction that hangs on a dead server's socket."""
        busy = self._busy
        fileno = getattr(busy, "fileno", None)
        if fileno is not None:
            with suppress(Exception), socket.socket(fileno=os.dup(fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._disconnect()
        if self._journal is not None:
            self._journal.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ---- journal -------------------------------------------------------------

    def _opened_journal(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self._journal_path)
        return self._journal

    def _to_journal(self, writes: Sequence[Write]) -> Outcome:
        try:
            journal = self._opened_journal()
            journal.append(writes)
        except (JournalError, OSError) as error:
            waiting = self._journal.waiting if self._journal else 0
            return Outcome(Place.NOWHERE, waiting, f"{self.reason}; {error}")
        return Outcome(Place.JOURNAL, journal.waiting, self.reason)

    # ---- database ------------------------------------------------------------

    def _apply(self, writes: Sequence[Write]) -> None:
        rows = [row for write in writes for row in write]
        try:
            self._transaction(lambda connection: apply(connection, rows))
        except Refused as error:
            if len(writes) > 1:
                for write in writes:
                    self._apply([write])
            else:
                self._set_aside(writes[0], str(error))

    def _set_aside(self, write: Write, why: str) -> None:
        """Keep a write the database refuses where people find it: it must not block the others."""
        path = self._journal_path.with_name(self._journal_path.name + ".refused")
        log.error("the database refuses a row, kept in %s: %s", path, why)
        line = json.dumps([why, [to_json(row) for row in write]]) + "\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(path, flags, 0o600), "w") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise Unreachable(f"{path}: {fault.strerror}") from fault

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        """`work` in one transaction; a connection found dead is made anew once.

        Raises Refused or Unreachable, whatever happens: no fault may end the
        store's thread.
        """
        for last in (False, True):
            try:
                return self._try(work)
            except Unreachable:
                raise
            except Exception as error:
                if _refuses(error):
                    raise Refused(_why(error)) from error
                self._disconnect()
                if not isinstance(error, SQLAlchemyError | OSError):
                    log.exception("a fault of ours on the way to the database")
                if last or not (isinstance(error, DBAPIError) and error.connection_invalidated):
                    raise Unreachable(_why(error)) from error
        raise AssertionError("the second attempt returns or raises")

    def _try(self, work: Callable[[Connection], T]) -> T:
        engine = self._connected()
        with engine.connect() as connection:
            self._busy = connection.connection.dbapi_connection
            try:
                with connection.begin():
                    return work(connection)
            finally:
                self._busy = None

    def _connected(self) -> Engine:
        """The engine, on a database whose tables are ours; raises Unreachable."""
        if self._file is not None and self._engine is not None and self._inode != self._look():
            self._disconnect()
        if self._engine is None:
            if self._inode is not None and self._look() is None:
                raise Unreachable(f"{self._file} is gone")
            try:
                migrate.upgrade(self._url, self._timeout_s)
            except (SQLAlchemyError, CommandError, OSError) as error:
                raise Unreachable(_why(error)) from error
            self._engine = open_engine(self._url, self._timeout_s, writer=True)
            self._inode = self._look()
        return self._engine

    def _look(self) -> tuple[int, int] | None:
        """Which file stands under our SQLite path: one deleted under us would still take rows."""
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found is not None else None

    def _disconnect(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _refuses(error: Exception) -> bool:
    """Whether the fault lies in the rows: another try would end the same way."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | ValueError | TypeError | OverflowError)


def _why(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split()) or type(cause).__name__
