"""The control plane's door to the database: writes that are durable, off the loop.

One thread does all the writing, in order. A write completes when its rows are
in the database or, while that cannot be reached, in the journal on the local
disk; what waits in the journal is put back, in order, once the database
answers again. While neither can take it, a write waits in memory and is tried
again; the alarm says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from drivers.said import Said
from mediaserver.alarms import say
from mediaserver.db.journal import Write
from mediaserver.db.rows import Upsert
from mediaserver.db.writer import Outcome, Place, StoreBusy, Unreachable, Writer

__all__ = ["Store", "StoreBusy", "StoreFull", "Unreachable", "Upsert"]

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Writes done in one transaction; more wait for the next.
BATCH = 500
#: Writes held in memory while neither database nor journal takes them.
HELD = 20_000
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 30.0


class StoreFull(Exception):
    """Neither database nor journal took anything for so long that memory is used up too."""


class Store:
    """Rows into the database at `url`, with the journal at `journal_path` behind it.

    `timeout_s` is how long one write may wait for the database before it goes
    to the journal. `on_trouble(active, said)` is called on the loop when the
    database is lost and when all that waited is in it; `on_reached()` each
    time it can be read and written again, the first time included.
    """

    def __init__(self, url: str, journal_path: Path, timeout_s: float = 2.0) -> None:
        self.on_trouble: Callable[[bool, Said], None] = _log_alarm
        self.on_reached: Callable[[], None] = lambda: None
        self.reached = False  # the database is in use and nothing waits
        self.waiting = 0  # writes in the journal
        self._writer = Writer(url, journal_path, timeout_s)
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._queue: deque[tuple[Write, asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        self._retry_s = RETRY_FIRST_S
        self._recover_due = True
        self._stuck = False  # the oldest write is in memory only; wait for the next retry
        self._condition = ""  # where records are kept when not in the database
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Open the database, upgrade its tables, put back what waits; or go on without it.

        Raises StoreBusy when another process has this journal.
        """
        await self._call(self._writer.lock)
        while self._recover_due:
            await self._recover()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="store")

    async def close(self) -> None:
        """Make everything written durable if that can be done now, and let go of the files.

        Writes that neither database nor journal takes fail with StoreFull.
        """
        self._closing = True
        self._recover_due = not self.reached  # once more: the next start may be far away
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._timer is not None:
            self._timer.cancel()
        while self._queue:
            _, done = self._queue.popleft()
            if done.done():
                continue
            done.set_exception(StoreFull("closed before anything took this write"))
        await self._call(self._writer.close)
        self._thread.shutdown()

    def write(self, rows: Sequence[Upsert]) -> asyncio.Future[None]:
        """Take these rows as one write, all or none; the future is done once they are durable.

        Rows of writes made one after another are applied in that order. The
        future fails with StoreFull, and only with that.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self._queue) >= HELD or self._closing:
            done.set_exception(StoreFull(f"{len(self._queue)} writes wait in memory already"))
        else:
            self._queue.append((tuple(rows), done))
            self._wake.set()
        return done

    async def read(self, ask: Callable[[Session], T]) -> T:
        """What `ask(session)` gives, on the store's thread, after the writes made so far.

        Raises Unreachable, also while writes wait in the journal: the answer
        would lack them.
        """
        if self.reached:
            await self.written()
        if not self.reached:
            raise Unreachable(self._writer.reason)
        return await self._call(self._writer.read, ask)

    async def written(self) -> None:
        """Wait until the writes made so far are durable."""
        if self._queue:
            await asyncio.wait([self._queue[-1][1]])

    # ---- the one task --------------------------------------------------------

    async def _run(self) -> None:
        while True:
            if self._recover_due:
                await self._recover()
            elif self._queue and not self._stuck:
                await self._commit()
            elif self._closing:
                return
            else:
                await self._wake.wait()
                self._wake.clear()

    async def _recover(self) -> None:
        self._recover_due = self._stuck = False
        outcome = await self._call(self._writer.recover)
        if outcome.place is Place.DATABASE and outcome.waiting:
            self._recover_due = True  # more to put back, after the writes that came meanwhile
            if self._queue:
                await self._commit()
        self._note(outcome)

    async def _commit(self) -> None:
        batch = list(islice(self._queue, BATCH))
        outcome = await self._call(self._writer.commit, [write for write, _ in batch])
        if outcome.place is Place.NOWHERE:
            self._stuck = True
        else:
            for _, done in batch:
                self._queue.popleft()
                if not done.done():
                    done.set_result(None)
        self._note(outcome)

    async def _call(self, work: Callable[..., T], *args: object) -> T:
        """`work` on the store's thread; what hangs on a dead server is broken off."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._thread, work, *args)
        timer = loop.call_later(2 * self._timeout_s, self._writer.abort)
        try:
            return await future
        finally:
            timer.cancel()

    # ---- what people are told ------------------------------------------------

    def _note(self, outcome: Outcome) -> None:
        self.waiting = outcome.waiting
        good = outcome.place is Place.DATABASE and not outcome.waiting
        if not good and not self._recover_due:
            self._retry_later()
        condition = "" if good else "memory" if self._stuck else "journal"
        putting_back = outcome.place is Place.DATABASE and not good
        if condition != self._condition and not putting_back:
            self._condition = condition
            self._tell(condition, outcome.reason)
        if good and not self.reached:
            self._retry_s = RETRY_FIRST_S
            self.reached = True
            self.on_reached()
        self.reached = good

    def _tell(self, condition: str, reason: str) -> None:
        if condition:
            self.on_trouble(True, say(f"alarm.{condition}", why=reason))
        else:
            self.on_trouble(False, say("alarm.database.over"))

    def _retry_later(self) -> None:
        if self._timer is not None or self._closing:
            return
        self._timer = asyncio.get_running_loop().call_later(self._retry_s, self._retry)
        self._retry_s = min(2 * self._retry_s, RETRY_LAST_S)

    def _retry(self) -> None:
        self._timer = None
        self._recover_due = True
        self._wake.set()


def _log_alarm(active: bool, said: Said) -> None:
    (log.error if active else log.info)("%s", said)
