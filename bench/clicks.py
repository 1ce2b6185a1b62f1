"""How long a click takes from one engine to another and back, read off the first one's samples.

Clicks go out on a channel of the near engine, through a bridge of the far one (or past somebody
else who echoes), and back.  When each went and came is counted in samples of the near engine, so
that no clock but the line's is in the figure; what is told is the way from engine to engine, to
which each end adds the block that it fills before a tick.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring

EVERY_S = 0.1
LEVEL = 20_000
LEAST = 10  # clicks that must have come back


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds before the first click that counts, and of clicks that count."""

    settle_s: float
    listen_s: float

    @property
    def total_s(self) -> float:
        return self.settle_s + self.listen_s


def train(seconds: float) -> NDArray[np.int16]:
    """A click every tenth of a second, up and down in turn: int16 (n,), linear, 8 kHz.

    By its sign one that is late is told from the next, up to two tenths.
    """
    samples = np.zeros(int(seconds * 8000), np.int16)
    samples[:: int(EVERY_S * 8000)] = LEVEL
    samples[int(EVERY_S * 8000) :: int(2 * EVERY_S * 8000)] *= -1
    return samples


def starts(octets: NDArray[np.uint8], up: bool) -> NDArray[np.intp]:
    """Where clicks of one sign are in A-law octets."""
    return np.flatnonzero(((octets ^ 0x55) & 0x7F > 0x60) & ((octets & 0x80 > 0) == up))


def bridged(near: Any, far: Any, block: int, times: Times, *, apart: bool) -> NDArray[np.float64]:
    """ms of each click's way out on the near port's first channel, through a bridge of the far
    port's first two, and back on the second.  RuntimeError when too few came back.

    block : samples a tick.  apart : each engine ticks on a thread and by a clock of its own
    """
    engines = [Engine(port.channels, block=block) for port in (near, far)]
    for engine, port in zip(engines, (near, far), strict=True):
        engine.attach(0, port)
    for channel in (0, 1):
        engines[1].join(channel, 1)
    groups = [[each] for each in engines] if apart else [engines]
    return _trips(engines[0], 1, groups, times)


def echoed(near: Any, block: int, times: Times) -> NDArray[np.float64]:
    """The same where the far end echoes the near port's first channel by itself."""
    engine = Engine(near.channels, block=block)
    engine.attach(0, near)
    return _trips(engine, 0, [[engine]], times)


def _trips(
    near: Engine, back: int, groups: list[list[Engine]], times: Times
) -> NDArray[np.float64]:
    said, sent, heard = Ring(1 << 20), Ring(1 << 20), Ring(1 << 20)
    said.write(train(times.total_s).view(np.uint8))
    near.tap(0, sent, mode="tx")
    near.tap(back, heard, mode="rx")
    near.feed(0, said)
    # The first to start locks the process's memory, which halts all others for a while.
    threads = [EngineThread(group) for group in ([Engine(1, block=160)], *groups)]
    for thread in threads:
        thread.start()
        threading.Event().wait(0.0137 if thread is not threads[-1] else times.total_s)
    for thread in reversed(threads):
        thread.stop()
    out, came = (np.frombuffer(ring.read(), np.uint8) for ring in (sent, heard))
    return waits(out, came, times)


def waits(out: NDArray[np.uint8], back: NDArray[np.uint8], times: Times) -> NDArray[np.float64]:
    """ms from each click in what was sent to the next of its sign in what was heard."""
    first, last = int(times.settle_s * 8000), min(len(out), len(back)) - 4000
    found = []
    for up in (True, False):
        came = starts(back, up)
        gone = [at for at in starts(out, up) if first < at < last]
        found += [(came[came >= at][0] - at) / 8 for at in gone if (came >= at).any()]
    if len(found) < LEAST:
        raise RuntimeError(f"only {len(found)} clicks came back")
    return np.asarray(found)
