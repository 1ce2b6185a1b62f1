"""Two engines joined by a wire, each with its session, on virtual time.

`near` is what is tested; `far` stands for the subscribers at the other end.
Engine channel n of one is connected to channel n of the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from dsp_ext.engine import Engine
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from mediaserver.bus import Bus
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.events import Event
from mediaserver.media.clockwork import Virtual
from mediaserver.media.port import MediaPort
from mediaserver.media.session import MediaSession

BLOCK = 80


class World:
    """Made inside the virtual loop."""

    def __init__(self, channels: int = 4, law: str = "alaw", **engine: Any) -> None:
        self.loop = asyncio.get_running_loop()
        assert isinstance(self.loop, VirtualLoop)
        self.wire = Wire(channels, block=BLOCK, law=law)
        self.clock = Clock(self.loop)
        self.bus = Bus()
        self.events: list[Event] = []
        self.bus.subscribe(Event, self.events.append)
        engines = [Engine(channels, block=BLOCK, law=law, **engine) for _ in range(2)]
        engines[0].attach(0, self.wire.a)
        engines[1].attach(0, self.wire.b)
        self.near = MediaSession(engines[0], self.clock, self.bus)
        self.far = MediaSession(engines[1], self.clock)
        self.clockwork = Virtual([self.near, self.far], self.loop)
        self.clockwork.start()

    def heard(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Ear:
    """Octets one channel receives, from now on."""

    def __init__(self, port: MediaPort, mode: str = "rx", octets: int = 2**20) -> None:
        self.ring = Ring(octets)
        self.began = port.tap(self.ring, mode)

    def octets(self) -> np.ndarray:
        return np.frombuffer(self.ring.read(), np.uint8)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function to its end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())  # type: ignore[arg-type]


def sine(hz: float, ms: int, level_dbm0: float = -10.0) -> np.ndarray:
    """int16 ndarray of shape (ms * 8,)."""
    peak = 32768 * 10 ** ((level_dbm0 - 3.14) / 20)
    return np.rint(peak * np.sin(2 * np.pi * hz * np.arange(ms * 8) / 8000)).astype(np.int16)
