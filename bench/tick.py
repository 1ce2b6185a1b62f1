"""Suite ``tick``: CPU time of one engine tick with every kernel on.

Every channel receives speech-like noise with DTMF digits in it over a virtual wire, detects, is
metered, is in a bridge (pairs and conferences of eight) and has a player sounding toward it; every
eighth also has a tone, every second is tapped both ways as a recorded call is.

The peer is the same chain done channel by channel in C with libspandsp (``peer.c``).  Both run by
turns in the same process, `TURN` ticks each; the figure is the median turn's CPU time of the
thread, so that what else the machine does disturbs neither.  The engine that feeds ours over
the wire, the draining of events and taps stand outside the measured time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench._peer import ffi, lib
from bench.report import Result
from bench.suites import Options
from dsp_ext import g711, tone_plan
from dsp_ext.engine import Engine
from dsp_ext.event import EventKind
from dsp_ext.port import Wire
from dsp_ext.ring import Ring

RATE_HZ = 8000
BLOCK = 80
TURN = 20  # ticks measured together
WARM_UP = 100  # ticks before the first is measured
TONE_EVERY = 8
TAP_EVERY = 2
BRIDGE_SIZES = (2, 2, 2, 2, 8)
LINE_BLOCKS = 200  # 2 s of line signal, then again
PEER = "libspandsp, channel by channel, in C"
SHARE_GOAL = 25.0  # % of one core, at 480 channels
LINEAR_GOAL = 1.1  # cost a channel at 480 ÷ at 120


def bridges_of(channels: int) -> list[int]:
    """The bridge of each channel: groups of `BRIDGE_SIZES`, named by their first channel."""
    bridges: list[int] = []
    turn = 0
    while len(bridges) < channels:
        size = min(BRIDGE_SIZES[turn % len(BRIDGE_SIZES)], channels - len(bridges))
        bridges += [len(bridges)] * size
        turn += 1
    return bridges


def line_signal(channels: int) -> NDArray[np.int16]:
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

    def __init__(self, channels: int, heard: NDArray[np.int16], music: NDArray[np.int16]) -> None:
        wire = Wire(channels, block=BLOCK, law="alaw")
        self.engine = Engine(channels, block=BLOCK, law="alaw", commands=8192, events=8192)
        self.engine.attach(0, wire.a)
        self.far = Engine(channels, block=BLOCK, law="alaw", commands=8192, events=8192)
        self.far.attach(0, wire.b)
        self.taps = [Ring(1 << 16) for _ in range(0, channels, TAP_EVERY)]
        self.digits = 0
        bridges = bridges_of(channels)
        busy = tone_plan.program("cn", "busy")
        for c in range(channels):
            self.far.play(c, np.ascontiguousarray(heard[:, c]), loop=True)
            self.engine.detect(c, True)
            self.engine.join(c, bridges[c])
            self.engine.play(c, np.roll(music, c * len(music) // channels), loop=True)
            if c % TONE_EVERY == 0:
                self.engine.tone(c, busy)
        for index, ring in enumerate(self.taps):
            self.engine.tap(index * TAP_EVERY, ring, mode="both")

    def turn(self, ticks: int) -> float:
        """CPU nanoseconds of `ticks` ticks of our engine."""
        spent = 0
        for _ in range(ticks):
            self.far.tick()
            before = time.thread_time_ns()
            self.engine.tick()
            spent += time.thread_time_ns() - before
        self.far.drain()
        self.digits += sum(event.kind == EventKind.DIGIT_START for event in self.engine.drain())
        for ring in self.taps:
            ring.read()
        return spent


class Peer:
    """The same work through libspandsp, one channel after the other."""

    def __init__(self, channels: int, heard: NDArray[np.int16], music: NDArray[np.int16]) -> None:
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
                TONE_EVERY,
                TAP_EVERY,
                ffi.from_buffer("int16_t[]", music),
                len(music),
                ffi.from_buffer("uint8_t[]", self.line),
                LINE_BLOCKS,
            ),
            lib.peer_free,
        )

    def turn(self, ticks: int) -> float:
        """CPU nanoseconds of `ticks` blocks."""
        before = time.thread_time_ns()
        self.digits = lib.peer_run(self.state, ticks)
        return time.thread_time_ns() - before


def measure(channels: int, ticks: int) -> tuple[float, float]:
    """µs of CPU time a tick takes: ours, the peer's.  RuntimeError when either found no digit."""
    heard = line_signal(channels)
    music = np.ascontiguousarray(np.roll(heard[:, 0] // 2, RATE_HZ // 2))
    sides: Sequence[Ours | Peer] = (Ours(channels, heard, music), Peer(channels, heard, music))
    for side in sides:
        side.turn(WARM_UP)
    turns = max(5, ticks // TURN)
    spent = [[side.turn(TURN) for side in sides] for _ in range(turns)]
    for side in sides:
        if not side.digits:
            raise RuntimeError(f"{type(side).__name__} found no digit at {channels} channels")
    ours, peers = (median(column) / TURN / 1000 for column in zip(*spent, strict=True))
    return ours, peers


def run(options: Options) -> list[Result]:
    """µs per tick and share of a block's time by channel count, and how linear the cost is."""
    block_us = BLOCK * 1e6 / RATE_HZ
    results = []
    per_channel = {}
    for channels in options.channels:
        ours, peers = measure(channels, options.ticks)
        per_channel[channels] = (ours / channels, peers / channels)
        goal = SHARE_GOAL if channels == 480 else None
        results += [
            Result("tick", f"{channels} channels", ours, "µs per tick", "lower", PEER, peers),
            Result(
                "tick",
                f"{channels} channels, share of {BLOCK * 1000 // RATE_HZ} ms",
                100 * ours / block_us,
                "% of one core",
                "lower",
                PEER,
                100 * peers / block_us,
                goal,
            ),
        ]
    if 120 in per_channel and 480 in per_channel:
        ours, peers = (
            big / small for big, small in zip(per_channel[480], per_channel[120], strict=True)
        )
        name = "cost a channel, 480 against 120"
        results.append(Result("tick", name, ours, "times", "lower", PEER, peers, LINEAR_GOAL))
    return results
