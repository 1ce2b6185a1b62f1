"""Call records: every call's row, story and recordings, written as they come about.

How: listens to the bus, folds each call's events (see `fold`), and hands whole
rows to the store: the open row when the call is offered, what has gathered
since once a second, the closed row at once when it ends. A daemon that is
killed leaves an open row and a story at most a second short; the next start
closes it as interrupted.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from mediaserver.bus import Bus
from mediaserver.cdr import interrupted
from mediaserver.cdr.fold import Record, begin, call_row, fold, recording_row, story_row
from mediaserver.clock import Clock
from mediaserver.db.rows import Upsert
from mediaserver.db.store import Store, Unreachable
from mediaserver.events import AgentChanged, CallEnded, CallEvent, CallOffered, Event

log = logging.getLogger(__name__)

#: A story row waits at most this long before it is written.
FLUSH_S = 1.0
#: Ended calls kept in mind for what is told of them late (a recording closed after the end).
REMEMBERED = 4000


@dataclass(slots=True)
class _Call:
    record: Record
    closed: asyncio.Future[None]  # done when the closed record is durable
    told: bool = False  # offered or ended: it has a row
    seq: int = 0
    unwritten: list[Upsert] = field(default_factory=list)  # of the story


class CallRecords:
    """Keeps the records of all calls on `bus`. `law` is that of the recordings."""

    def __init__(self, bus: Bus, store: Store, clock: Clock, law: str = "alaw") -> None:
        self._store = store
        self._clock = clock
        self._law = law
        self._live: dict[str, _Call] = {}
        self._ended: dict[str, _Call] = {}  # the newest last
        self._dirty: dict[str, _Call] = {}
        self._tasks: set[asyncio.Task[list[str]]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._undo = [
            bus.subscribe(CallEvent, self._on_call_event),
            bus.subscribe(AgentChanged, self._on_agent_changed),
        ]

    async def durable(self, call_id: str) -> None:
        """Return once the closed record of a call is durable; at once if there is no such call.

        Raises StoreFull when it can be kept nowhere.
        """
        call = self._known(call_id)
        if call is not None:
            await asyncio.shield(call.closed)

    async def close_interrupted(self, recordings: Path) -> list[str]:
        """Close what a process before this one left open; the calls that were.

        To be called at start, before the first call. Their recordings, beneath
        `recordings`, get headers that say what the files really hold. While the
        database cannot be reached nothing is done; it is made good when it can.
        """
        try:
            calls, sounds = await self._store.read(interrupted.find)
        except Unreachable as error:
            log.warning("calls interrupted before this start stay open for now: %s", error)
            self._store.on_reached = lambda: self._close_later(recordings)
            return []
        calls = [call for call in calls if self._known(call.row.id) is None]
        sounds = [sound for sound in sounds if self._known(sound.call_id) is None]
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(None, interrupted.mend, sounds, recordings)
        rows += [row for call in calls for row in interrupted.close(call, rows)]
        if rows:
            await self._store.write(rows)
        for call in calls:
            log.warning("call %s was interrupted by the end of the last run", call.row.id)
        return [call.row.id for call in calls]

    def _close_later(self, recordings: Path) -> None:
        self._store.on_reached = lambda: None
        task = asyncio.get_running_loop().create_task(self.close_interrupted(recordings))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Write what has gathered, and listen no more."""
        for undo in self._undo:
            undo()
        self._flush()
        await self._store.written()

    # ---- events --------------------------------------------------------------

    def _on_agent_changed(self, event: AgentChanged) -> None:
        if event.call_id is not None and self._known(event.call_id) is not None:
            self._tell(event.call_id, event)

    def _on_call_event(self, event: CallEvent) -> None:
        self._tell(event.call_id, event)

    def _known(self, call_id: str) -> _Call | None:
        return self._live.get(call_id) or self._ended.get(call_id)

    def _tell(self, call_id: str, event: Event) -> None:
        call = self._known(call_id) or self._begin(call_id, event)
        was_open = call.record.state == "open"
        call.record = fold(call.record, event)
        call.unwritten.append(story_row(call_id, call.seq, event))
        call.seq += 1
        call.told = call.told or isinstance(event, CallOffered | CallEnded)
        if not call.told:
            return  # what comes before the offer is written with it
        self._dirty[call_id] = call
        if isinstance(event, CallEnded) and was_open:
            self._close(call)
        elif isinstance(event, CallOffered):
            self._write([call])
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def _begin(self, call_id: str, event: Event) -> _Call:
        call = _Call(begin(call_id, event), asyncio.get_running_loop().create_future())
        call.closed.add_done_callback(_retrieve)
        self._live[call_id] = call
        return call

    def _close(self, call: _Call) -> None:
        call_id = call.record.id
        self._ended[call_id] = self._live.pop(call_id)
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]
        self._write([call]).add_done_callback(lambda done: _hand_on(done, call.closed))

    # ---- writing -------------------------------------------------------------

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dirty:
            self._write(list(self._dirty.values()))

    def _write(self, calls: list[_Call]) -> asyncio.Future[None]:
        """One write: each call's row, what its story has gained, its recordings."""
        rows: list[Upsert] = []
        for call in calls:
            record = call.record
            rows.append(call_row(record))
            rows += call.unwritten
            rows += [recording_row(record.id, sound, self._law) for sound in record.sounds]
            call.unwritten = []
            self._dirty.pop(record.id, None)
        done = self._store.write(rows)
        done.add_done_callback(_log_loss)
        return done


def _log_loss(done: asyncio.Future[None]) -> None:
    error = _retrieve(done)
    if error is not None:
        log.error("call records were lost: %s", error)


def _retrieve(done: asyncio.Future[None]) -> BaseException | None:
    return None if done.cancelled() else done.exception()


def _hand_on(done: asyncio.Future[None], closed: asyncio.Future[None]) -> None:
    error = _retrieve(done)
    if error is None:
        closed.set_result(None)
    else:
        closed.set_exception(error)
