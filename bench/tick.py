"""Suite ``tick``: CPU time of one engine tick with every kernel on.

On every channel everything at once, which no real channel has: it receives speech-like noise with
DTMF digits in it over a virtual wire, detects, is metered, is in a bridge (pairs and conferences of
eight), has a player, a tone and a feed sounding toward it, and is tapped both ways as a recorded
call is.

The peer is the same chain done channel by channel in C with libspandsp (``tick.c``).  All sizes and
both sides run by turns in the same process, `TURN` ticks each, so that what else the machine does
meets them alike; the figure is the median turn's CPU time of the thread.  The engine that feeds
ours over the wire, the filling of feeds and the draining of events and taps stand outside it.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.peers._tick import ffi, lib
from bench.report import Result
from bench.suites import Options
from dsp_ext import g711, tone_plan
from dsp_ext.engine import Engine
from dsp_ext.event import EventKind
from dsp_ext.port import Wire
from dsp_ext.ring import Ring

SIZES = (30, 120, 480)
RATE_HZ = 8000
BLOCK = 80
TURN = 20  # ticks measured together
WARM_UP = 5  # turns before the first that counts
BRIDGE_SIZES = (2, 2, 2, 2, 8)
LINE_BLOCKS = 200  # 2 s of line signal, then again
PEER = "libspandsp, channel by channel, in C"
SHARE_GOAL = 25.0  # % of one core, at 480 channels
LINEAR_GOAL = 1.1  # cost a channel at 480 ÷ at 120

Signal = NDArray[np.int16]


def bridges_of(channels: int) -> list[int]:
    """The bridge of each channel: groups of `BRIDGE_SIZES`, named by their first channel."""
    bridges: list[int] = []
    turn = 0
    while len(bridges) < channels:
        size = min(BRIDGE_SIZES[turn % len(BRIDGE_SIZES)], channels - len(bridges))
        bridges += [len(bridges)] * size
        turn += 1
    return bridges


def line_signal(channels: int) -> Signal:
    """What is heard: int16 of shape (LINE_BLOCKS × BLOCK, channels), linear ±32768.

    The same each run: noise of about -25 dBm0 whose loudness swells and fades, with one 80 ms
    digit a second.
    """
    length = LINE_BLOCKS * BLOCK
    rng = np.random.default_rng(2026)
    noise = rng.normal(0.0, 1200.0, length)
    noise *= 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(length) / RATE_HZ)
    digit = np.arange(640) / RATE_HZ
    burst = 4000 * (np.sin(2 * np.pi * 770 * digit) + np.sin(2 * np.pi * 1336 * digit))
    for start in (0, RATE_HZ):
        noise[start : start + 640] = burst
    one = noise.astype(np.int16)
    return np.stack([np.roll(one, c * length // channels) for c in range(channels)], axis=1)


class Ours:
    """Our engine with everything on, and the far engine that feeds it over a virtual wire."""

    def __init__(self, channels: int, heard: Signal, music: Signal, **banks: Any) -> None:
        """`banks`: the engine's, as it takes them."""
        wire = Wire(channels, block=BLOCK, law="alaw")
        rings = {"commands": 16 * channels, "events": 8 * channels}
        self.engine = Engine(channels, block=BLOCK, law="alaw", **rings, **banks)
        self.wire = wire
        self.engine.attach(0, wire.a)
        self.far = Engine(channels, block=BLOCK, law="alaw", **rings)
        self.far.attach(0, wire.b)
        self.taps = [Ring(1 << 14) for _ in range(channels)]
        self.feeds = [Ring(1 << 13) for _ in range(channels)]
        self.fed = music[: TURN * BLOCK].tobytes()
        self.digits = 0
        twice = np.concatenate([music, music])
        bridges = bridges_of(channels)
        tone = tone_plan.program("cn", "dial")
        for c in range(channels):
            self.far.play(c, np.ascontiguousarray(heard[:, c]), loop=True)
            self.engine.detect(c, True)
            self.engine.join(c, bridges[c])
            start = c * len(music) // channels
            self.engine.play(c, twice[start : start + len(music)], loop=True)
            self.engine.tone(c, tone)
            self.engine.feed(c, self.feeds[c])
            self.engine.tap(c, self.taps[c], mode="both")

    def turn(self) -> float:
        """CPU µs a tick of our engine took, over `TURN` of them."""
        for feed in self.feeds:
            feed.write(self.fed)
        spent = 0
        for _ in range(TURN):
            self.far.tick()
            before = time.thread_time_ns()
            self.engine.tick()
            spent += time.thread_time_ns() - before
        self.far.drain()
        self.digits += sum(event.kind == EventKind.DIGIT_START for event in self.engine.drain())
        for tap in self.taps:
            tap.read()
        return spent / TURN / 1000

    def kernels(self, turns: int) -> dict[str, float]:
        """What each part of a tick takes, µs: the median turn."""
        seen: list[dict[str, float]] = []
        for _ in range(turns):
            self.engine.timing = True  # from nothing again
            self.turn()
            seen.append(self.engine.counters()["kernel_ns"])
            self.engine.timing = False
        return {name: median(each[name] for each in seen) / 1000 for name in seen[0]}


class Peer:
    """The same work through libspandsp, one channel after the other."""

    def __init__(self, channels: int, heard: Signal, music: Signal) -> None:
        octets = g711.alaw_encode(np.ascontiguousarray(heard.T).reshape(-1))
        blocks = octets.reshape(channels, LINE_BLOCKS, BLOCK).transpose(1, 0, 2)
        self.line = np.ascontiguousarray(blocks)
        self.digits = 0
        bridges = np.array(bridges_of(channels), dtype=np.int32)
        self.state = ffi.gc(
            lib.peer_new(
                channels,
                BLOCK,
                ffi.from_buffer("int32_t[]", bridges),
                ffi.from_buffer("int16_t[]", music),
                len(music),
                TURN * BLOCK,
                ffi.from_buffer("uint8_t[]", self.line),
                LINE_BLOCKS,
            ),
            lib.peer_free,
        )

    def turn(self) -> float:
        """CPU µs a block took, over `TURN` of them."""
        before = time.thread_time_ns()
        self.digits = lib.peer_run(self.state, TURN)
        return (time.thread_time_ns() - before) / TURN / 1000


def make_sides(channels: int) -> tuple[Ours, Peer]:
    """Both, hearing the same."""
    heard = line_signal(channels)
    music = np.ascontiguousarray(np.roll(heard[:, 0] // 2, RATE_HZ // 2))
    return Ours(channels, heard, music), Peer(channels, heard, music)


def measure(plants: dict[int, tuple[Ours, Peer]], turns: int) -> dict[int, NDArray[np.float64]]:
    """By channel count: µs of CPU time a tick took in each turn, (turns, 2), ours and the peer's.

    RuntimeError when either side found no digit.
    """
    spent: dict[int, list[list[float]]] = {channels: [] for channels in plants}
    for _ in range(WARM_UP + turns):
        for channels, sides in plants.items():
            spent[channels].append([side.turn() for side in sides])
    for channels, sides in plants.items():
        for side in sides:
            if not side.digits:
                raise RuntimeError(f"{type(side).__name__} found no digit at {channels} channels")
    return {channels: np.array(rows[WARM_UP:]) for channels, rows in spent.items()}


def run(options: Options) -> list[Result]:
    """µs per tick and share of a block's time by channel count, and how linear the cost is."""
    plants = {channels: make_sides(channels) for channels in options.sizes(SIZES)}
    turns = max(5, options.ticks // TURN)
    spent = measure(plants, turns)
    results = []
    for channels, rows in spent.items():
        results += _of_size(channels, *np.median(rows, axis=0).tolist())
        if options.kernels:
            kernels = plants[channels][0].kernels(turns)
            results += [
                Result("tick", f"{channels} channels: {name}", us, "µs per tick", "lower")
                for name, us in kernels.items()
            ]
    if 120 in spent and 480 in spent:
        ours, peers = np.median((spent[480] / 480) / (spent[120] / 120), axis=0).tolist()
        name = "cost a channel, 480 against 120"
        results.append(Result("tick", name, ours, "times", "lower", PEER, peers, LINEAR_GOAL))
    return results


def _of_size(channels: int, ours: float, peers: float) -> list[Result]:
    share = 100 / (BLOCK * 1e6 / RATE_HZ)
    name = f"{channels} channels"
    of_block = f"{name}, share of {BLOCK * 1000 // RATE_HZ} ms"
    unit = "% of one core"
    goal = SHARE_GOAL if channels == 480 else None
    return [
        Result("tick", name, ours, "µs per tick", "lower", PEER, peers),
        Result("tick", of_block, ours * share, unit, "lower", PEER, peers * share, goal),
    ]
