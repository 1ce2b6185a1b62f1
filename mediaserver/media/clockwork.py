"""What makes the engines tick: a native thread in real time, or the virtual loop.

Both tick all engines in the same order, block by block, and call each session's
`drain()` on the control loop when its engine has posted something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import dsp_ext.engine as dsp
from mediaserver.clock import VirtualLoop
from mediaserver.media.session import MediaSession


class Clockwork(Protocol):
    """Either of the two below."""

    realtime: bool  # the thread runs under SCHED_FIFO
    error: str  # why it does not, in words

    def start(self) -> None: ...

    def stop(self) -> None: ...


class RealTime:
    """One native thread ticks the engines of `sessions`; `priority` 0 or None: an ordinary one."""

    def __init__(self, sessions: Sequence[MediaSession], priority: int | None = 50) -> None:
        self._sessions = tuple(sessions)
        self._thread = dsp.EngineThread(
            [session.engine for session in sessions], priority=priority or None
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def realtime(self) -> bool:
        return bool(self._thread.realtime)

    @property
    def error(self) -> str:
        return str(self._thread.error)

    def start(self) -> None:
        """Begin to tick; on the control loop's thread."""
        self._loop = asyncio.get_running_loop()
        for session in self._sessions:
            self._loop.add_reader(session.engine.eventfd, session.drain)
        self._thread.start()

    def stop(self) -> None:
        """Stop ticking and hand on what was still posted."""
        if self._loop is None:
            return
        self._thread.stop()
        for session in self._sessions:
            self._loop.remove_reader(session.engine.eventfd)
            session.drain()
        self._loop = None


class Virtual:
    """The engines tick only when `loop` would sleep."""

    realtime = False
    error = "virtual time"

    def __init__(self, sessions: Sequence[MediaSession], loop: VirtualLoop) -> None:
        self._sessions = tuple(sessions)
        self._engines = [session.engine for session in sessions]
        self._loop = loop

    def start(self) -> None:
        self._loop.drive(self._advance, self._drain)

    def stop(self) -> None:
        """Time goes on without media."""
        self._loop.drive(lambda blocks: blocks, lambda: None)
        self._drain()

    def _advance(self, blocks: int) -> int:
        return int(dsp.run_blocks(self._engines, blocks))

    def _drain(self) -> None:
        for session in self._sessions:
            session.drain()
