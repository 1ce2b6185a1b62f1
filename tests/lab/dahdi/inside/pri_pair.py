"""A pair of E1 with PRI at both ends, in this process: the near end calls, the far one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.base import SetupRequest
from drivers.boards.dahdi.span import DahdiE1Span
from drivers.events import Connected, Disconnected, LineEvent, Number, Released, Setup
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling

#: What is lost in an alarm is repeated soon.
T200_MS = 100


class PriPair:
    """guard_s : how long an alarm stands until it ends the calls."""

    def __init__(self, near: DahdiE1Span, far: DahdiE1Span, guard_s: float) -> None:
        self.heard: tuple[list[LineEvent], list[LineEvent]] = ([], [])
        self.ends = tuple(
            PriSignalling(
                span,
                lambda event, k=k: self._on_line(k, event),  # type: ignore[misc]
                PriSettings(side=side, timers={"t200_ms": T200_MS}),
                alarm_guard_s=guard_s,
            )
            for k, (span, side) in enumerate(((near, "network"), (far, "user")))
        )
        for end in self.ends:
            end.start()

    def _on_line(self, k: int, event: LineEvent) -> None:
        self.heard[k].append(event)
        if isinstance(event, Setup):
            self.ends[k].alerting(event.ref)
            self.ends[k].answer(event.ref)
        elif isinstance(event, Disconnected):
            self.ends[k].release(event.ref, event.cause)

    @property
    def up(self) -> bool:
        return all(end.up for end in self.ends)

    def causes(self, k: int) -> list[int]:
        """Of the calls that ended at an end (0: near)."""
        return [event.cause for event in self.heard[k] if isinstance(event, Released)]

    def idle(self, channels: range) -> bool:
        return all(end.is_idle(channel) for end in self.ends for channel in channels)

    async def call(self, channels: range) -> list[int]:
        """Calls on these channels, all answered -> their refs at the near end."""
        self.heard[0].clear()
        self.heard[1].clear()
        refs = []
        for channel in channels:
            request = SetupRequest(channel, Number(f"66{channel:02}"), Number("13800138000"))
            refs.append(self.ends[0].setup(request))
        await until(lambda: self._connected() == len(refs))
        return refs

    def _connected(self) -> int:
        return sum(isinstance(event, Connected) for event in self.heard[0])

    def stop(self) -> None:
        for end in self.ends:
            end.stop()


async def until(what: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not what():
            await asyncio.sleep(0.01)
