"""Recorder: calls to tape, as the control plane asks for it.

What: taps a leg's port (left = received from the party, right = all that was
sent to it: prompts, music, the agent) and hands the ring to the one writer.
Nothing here waits for a disk: `start` and `stop` return at once, and how it
went is told by RecordingStarted, RecordingStopped, RecordingFailed and the
alarm "disk". A recording that fails never disturbs its call.
Limits: one recording a call at a time; control thread only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from drivers.said import Said
from dsp_ext.ring import Ring
from mediaserver.alarms import alarm, say
from mediaserver.bus import Bus
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.events import (
    RecordingFailed,
    RecordingStarted,
    RecordingStopped,
)
from mediaserver.media.session import MediaError, MediaPort, MediaSession
from mediaserver.recording import wav
from mediaserver.recording.writer import Outcome, Track, Writer, WriterThread

log = logging.getLogger(__name__)

#: 16.4 s of both directions.
RING_OCTETS = 2**18
#: In virtual time, how often the loop empties the rings.
_VIRTUAL_PERIOD_S = 1.0
#: An engine that does not tick must not keep a recording open.
_UNTAP_S = 2.0
_LOOK_AGAIN_S = 10.0


class RecordingSettings(Protocol):
    """The part of the configuration that is read here."""

    @property
    def enabled(self) -> bool: ...

    @property
    def directory(self) -> Path: ...

    @property
    def min_free_percent(self) -> float: ...

    @property
    def max_minutes(self) -> int: ...


@dataclass(slots=True, eq=False)
class Recording:
    """`state`: "opening", "open", then "closed" or "failed" (`reason` says why)."""

    id: str
    call_id: str
    path: str  # relative to the recordings' root
    law: str
    started_utc: datetime
    state: str = "opening"
    octets: int = 0
    lost_octets: int = 0
    reason: str = ""

    @property
    def duration_ms(self) -> int:
        return wav.duration_ms(self.octets)


@dataclass(slots=True, eq=False)
class _Take:
    recording: Recording
    port: MediaPort
    track: Track
    done: asyncio.Future[Recording]
    stopping: bool = False


class Recorder:
    """`open()` on the running control loop; `close()` before the engine stops."""

    def __init__(
        self, settings: RecordingSettings, session: MediaSession, bus: Bus, clock: Clock
    ) -> None:
        self._enabled = settings.enabled
        self._law = session.law
        self._bus = bus
        self._clock = clock
        self._writer = Writer(
            Path(settings.directory),
            settings.min_free_percent,
            settings.max_minutes * 60 * wav.SECOND,
            self._report,
        )
        self._loop: asyncio.AbstractEventLoop
        self._thread: WriterThread | None = None  # None in virtual time
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._takes: dict[str, _Take] = {}  # by call
        self._by_track: dict[int, _Take] = {}
        self._tasks: set[asyncio.Future[Any]] = set()

    def open(self) -> None:
        """Begin to serve; in real time this starts the writer's thread."""
        self._loop = asyncio.get_running_loop()
        if not isinstance(self._loop, VirtualLoop):
            self._thread = WriterThread(self._writer)

    async def close(self) -> None:
        """End all recordings and the writer."""
        self._enabled = False
        await asyncio.gather(*map(self._end, tuple(self._by_track.values())))
        if self._thread is not None:
            await self._loop.run_in_executor(None, self._thread.join)
        for timer in (self._timer, self._looking):
            if timer is not None:
                timer.cancel()

    @property
    def root(self) -> Path:
        return self._writer.root

    def active(self) -> list[Recording]:
        return [take.recording for take in self._by_track.values()]

    # ---- what others ask for

    def start(self, call_id: str, port: MediaPort) -> Recording | None:
        """Record `port` from now on; gives the recording under way if there is one.

        None when recording is switched off. Never raises for the disk's sake.
        """
        if not self._enabled:
            return None
        under_way = self._takes.get(call_id)
        if under_way is not None and not under_way.stopping:
            return under_way.recording
        utc = self._clock.utc()
        name = secrets.token_hex(16)
        path = f"{utc:%Y/%m/%d}/{name}.wav"
        recording = Recording(name, call_id, path, self._law, utc)
        track = Track(path, self._law, Ring(RING_OCTETS))
        take = _Take(recording, port, track, self._loop.create_future())
        self._takes[call_id] = self._by_track[id(track)] = take
        try:
            port.tap(track.ring)
        except MediaError as error:
            self._told(track, self._writer.refuse(track, str(error)))
            return recording
        self._writer.add(track)
        self._wake()
        return recording

    def pause(self, call_id: str, on: bool) -> None:
        """Leave out what is said from now on, or go on; nothing happens if nothing is recorded."""
        take = self._takes.get(call_id)
        if take is None or take.stopping:
            return
        try:
            (take.port.untap if on else take.port.tap)(take.track.ring)
        except MediaError as error:
            log.error("recording of call %s does not go on: %s", call_id, error)

    async def stop(self, call_id: str) -> Recording | None:
        """End a call's recording; returns when the file is closed and safe.

        None if nothing was being recorded.
        """
        take = self._takes.get(call_id)
        return None if take is None else await self._end(take)

    # ---- ending

    async def _end(self, take: _Take) -> Recording:
        if not take.stopping:
            take.stopping = True
            self._spawn(self._finish(take))
        return await asyncio.shield(take.done)

    async def _finish(self, take: _Take) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UNTAP_S):
                await take.port.untap(take.track.ring)
        take.track.stopping = True
        self._wake()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- the writer

    def _wake(self) -> None:
        if self._thread is not None:
            self._thread.wake()
        else:
            self._service()

    def _service(self) -> None:
        """Virtual time: write now, and again in a second while there is something."""
        self._writer.service()
        if self._timer is not None:
            self._timer.cancel()
        again = partial(self._loop.call_later, _VIRTUAL_PERIOD_S, self._service)
        self._timer = again() if self._writer.busy else None

    def _report(self, track: Track, outcome: Outcome) -> None:
        """On the writer's thread. A loop that has closed needs no more news."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told, track, outcome)

    def _told(self, track: Track, outcome: Outcome) -> None:
        take = self._by_track[id(track)]
        recording = take.recording
        if outcome is Outcome.OPENED:
            recording.state = "open"
            self._publish(RecordingStarted, recording, path=recording.path)
            return
        del self._by_track[id(track)]
        if self._takes.get(recording.call_id) is take:
            del self._takes[recording.call_id]
        recording.octets, recording.lost_octets = track.octets, track.lost
        if not take.stopping:
            take.port.untap(track.ring)
        if outcome is Outcome.FAILED:
            self._failed(recording, track.reason)
        else:
            recording.state = "closed"
            self._publish(
                RecordingStopped,
                recording,
                path=recording.path,
                duration_ms=recording.duration_ms,
                octets=recording.octets,
                lost_octets=recording.lost_octets,
            )
        take.done.set_result(recording)

    def _failed(self, recording: Recording, reason: str) -> None:
        recording.state, recording.reason = "failed", reason
        self._publish(RecordingFailed, recording, reason=reason)
        self._alarm(True, say("alarm.recording", why=reason))

    def _publish(self, kind: Any, recording: Recording, **fields: Any) -> None:
        self._bus.publish(
            kind(
                call_id=recording.call_id,
                recording_id=recording.id,
                **fields,
                **self._clock.stamp(),
            )
        )

    # ---- the alarm

    def _alarm(self, active: bool, said: Said) -> None:
        if active and self._looking is None:
            self._look_later()
        self._bus.publish(alarm("disk", active, said, **self._clock.stamp()))

    def _look_later(self) -> None:
        again = self._loop.call_later(_LOOK_AGAIN_S, lambda: self._spawn(self._look()))
        self._looking = again

    async def _look(self) -> None:
        """While the alarm stands: is there space again?"""
        try:
            short = await self._loop.run_in_executor(None, self._writer.short_of_space)
        except OSError as error:
            short = str(error)
        if short:
            self._look_later()
        else:
            self._looking = None
            self._alarm(False, say("alarm.recording.over", place=str(self.root)))
