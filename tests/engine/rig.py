"""What the engine's tests share: two engines on a wire, and octets that count themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsp_ext import g711
from dsp_ext.engine import Engine, run_blocks
from dsp_ext.event import Event
from dsp_ext.port import Port, Wire
from dsp_ext.ring import Ring

BLOCK = 80
IDLE = 0xD5
SILENCE = {"alaw": 0xD5, "ulaw": 0xFF}
#: A-law octets 0 … 255 as samples: encoded again they are themselves, so loss shows as a gap.
COUNTING = np.ascontiguousarray(g711.alaw_decode(np.arange(256, dtype=np.uint8)))


class Pair:
    """near and far engine, all channels joined by one wire; near ticks first."""

    def __init__(self, channels: int = 4, *, law: str = "alaw", seed: int = 1, **sizes: int):
        self.wire = Wire(channels, law=law, seed=seed)
        self.near = Engine(channels, law=law, **sizes)
        self.far = Engine(channels, law=law, **sizes)
        self.near.attach(0, self.wire.a)
        self.far.attach(0, self.wire.b)

    def run(self, blocks: int) -> list[tuple[str, Event]]:
        """Exactly `blocks` blocks, through every stop -> events with the engine's name."""
        seen: list[tuple[str, Event]] = []
        while blocks > 0:
            blocks -= run_blocks([self.near, self.far], blocks)
            seen += [("near", event) for event in self.near.drain()]
            seen += [("far", event) for event in self.far.drain()]
        return seen


class Lines:
    """An engine whose every channel is a line we hold the far end of."""

    def __init__(self, channels: int, law: str = "alaw", **sizes: Any):
        self.engine = Engine(channels, law=law, **sizes)
        wire = Wire(channels, law=law)
        self.engine.attach(0, wire.a)
        self.end: Port = wire.b
        self.law = law
        self.shape = (channels, 80)

    def speak(self, **by_channel: object) -> np.ndarray:
        """Send one block (c0=…, c1=…; else silence) -> what comes back for it."""
        block = np.full(self.shape, SILENCE[self.law], np.uint8)
        for name, octets in by_channel.items():
            block[int(name[1:])] = octets
        self.end.write(block)
        self.engine.tick()
        self.engine.drain()
        return self.end.read()

    def hear(self, blocks: list[dict[str, object]]) -> list[np.ndarray]:
        """Blocks in a row and what they became, the wire's two blocks taken off."""
        heard = [self.speak(**block) for block in [*blocks, {}, {}]]
        return heard[2:]


def ticks(engine: Engine, blocks: int = 1) -> list[Event]:
    """Tick one engine and drain it."""
    for _ in range(blocks):
        engine.tick()
    return list(engine.drain())


def of_kind(events: list[Event], kind: int) -> list[Event]:
    return [event for event in events if event.kind == kind]


def octets(ring: Ring) -> np.ndarray:
    return np.frombuffer(ring.read(), np.uint8)


def sent(engine: Engine, channel: int, blocks: int) -> np.ndarray:
    """What the engine sends on a channel in the next blocks; the tap is gone afterwards."""
    ring = Ring(blocks * BLOCK * 2)
    engine.tap(channel, ring, mode="tx")
    ticks(engine, blocks)
    engine.untap(channel, ring)
    ticks(engine)
    return octets(ring)


def is_counting(stream: np.ndarray) -> bool:
    """Whether every octet is the one before plus one."""
    return bool((np.diff(stream) == 1).all())  # uint8: 255 → 0 is 1 as well
