"""Suite ``chain``: all that a call's audio goes through, on every channel, in the engine's tick.

A-law in → decode → echo → level → DTMF → call progress → conference of three → encode → out. In
every conference the three speak by turns, a little over one another, and key digits; every line
returns the echo of what is sent to it, 10 dB down.

The peer is the same chain line by line in C with libspandsp's and libspeexdsp's functions
(``chain.c``), on `PEER_CHANNELS` lines: its cost a line is the same for any number, so it is
measured on few and multiplied.  All sizes and both sides run by turns in one process; a figure is
the quickest turn's CPU time of the thread: what else the machine does can only add to it.  What
makes the lines' octets, their echo too, and the draining of events, stand outside it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.peers._chain import ffi, lib
from bench.report import Result
from bench.suites import Options
from bench.tick import BLOCK, RATE_HZ
from dsp_ext import g711
from dsp_ext.engine import Engine
from dsp_ext.event import EventKind
from dsp_ext.port import Port, Wire

SIZES = (480, 1920)
TAILS_MS = (64, 128)
TURN = 10  # ticks measured together
WARM_UP = 90  # turns before the first that counts: the echo models are grown then
PEER_CHANNELS = 33
PEER_FRAME = 160
PEER = f"libspandsp and libspeexdsp, line by line, in C; {PEER_CHANNELS} lines, multiplied"
PARTIES = 3
TALK_S = 6
ECHO = (0.0,) * 9 + (0.28, -0.12, 0.06, -0.03)  # impulse response at 8 kHz, 10 dB down
PART_TURNS = 10
RATIO_GOALS = {(480, 64): 1 / 6}  # of the peer's
CORE_GOALS = {(480, 64): 25.0, (1920, 128): 100.0}  # % of one core
MOST = 1920  # channels: 64 E1
PARTS = ("decode", "echo", "level", "dtmf", "progress", "mix", "encode")


def party(number: int) -> NDArray[np.int16]:
    """What one of three says in `TALK_S` seconds, int16, linear ±32768, the same each run.

    Speech-like noise of about -22 dBm0 in its third of the time and half a second more, with two
    digits of 80 ms in it; then silence.
    """
    rng = np.random.default_rng(2026 + number)
    at = np.arange(TALK_S * RATE_HZ)
    voice = rng.normal(0.0, 2000.0, at.size) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * at / RATE_HZ))
    voice *= at < at.size // PARTIES + RATE_HZ // 2
    digit = np.arange(640) / RATE_HZ
    burst = 4000 * (np.sin(2 * np.pi * 770 * digit) + np.sin(2 * np.pi * 1336 * digit))
    for start in (RATE_HZ // 2, RATE_HZ):
        voice[start : start + 640] = burst
    turned = np.roll(voice, number * at.size // PARTIES)
    return np.ascontiguousarray(np.rint(turned).astype(np.int16))


@lru_cache(maxsize=4096)
def says(channel: int) -> NDArray[np.int16]:
    """What is heard from a channel: each conference is at another place of the same talk."""
    return np.roll(party(channel % PARTIES), -(channel // PARTIES) * 160 * 7)


@dataclass(frozen=True, slots=True)
class Plant:
    """What is measured together."""

    channels: int
    tail_ms: int


class Lines:
    """The far ends of our lines: each says its part, and returns an echo of what comes to it."""

    def __init__(self, channels: int, port: Port) -> None:
        self._port = port
        self._says = np.stack([says(c) for c in range(channels)]).astype(np.float32)
        self._came = np.zeros((channels, len(ECHO) - 1 + BLOCK), np.float32)
        self._at = 0

    def block(self) -> None:
        """Take the block our engine sent, give the one it receives next."""
        came = g711.alaw_decode(self._port.read().reshape(-1)).reshape(-1, BLOCK)
        self._came = np.hstack([self._came[:, BLOCK:], came.astype(np.float32)])
        at = self._at % self._says.shape[1]
        self._at += BLOCK
        given = self._says[:, at : at + BLOCK].copy()
        for tap, gain in enumerate(ECHO):
            if gain:
                first = len(ECHO) - 1 - tap
                given += np.float32(gain) * self._came[:, first : first + BLOCK]
        octets = g711.alaw_encode(np.rint(given).astype(np.int16).reshape(-1))
        self._port.write(np.ascontiguousarray(octets.reshape(-1, BLOCK)))


class Ours:
    """Our engine with the whole chain on every channel, on lines that answer it."""

    def __init__(self, plant: Plant) -> None:
        channels = plant.channels
        rings = {"commands": 8 * channels, "events": 8 * channels}
        wire = Wire(channels, block=BLOCK, law="alaw")
        self.engine = Engine(
            channels,
            block=BLOCK,
            law="alaw",
            echo=channels,
            echo_tail_ms=plant.tail_ms,
            progress={"cn": channels},
            **rings,
        )
        self.engine.attach(0, wire.a)
        self.lines = Lines(channels, wire.b)
        self.digits = 0
        for c in range(channels):
            self.engine.echo(c)
            self.engine.detect(c, True)
            self.engine.progress(c, "cn")
            self.engine.join(c, c - c % PARTIES)

    def turn(self) -> float:
        """CPU µs a tick of our engine took, over `TURN` of them."""
        spent = 0
        for _ in range(TURN):
            self.lines.block()
            before = time.thread_time_ns()
            self.engine.tick()
            spent += time.thread_time_ns() - before
        self.digits += sum(event.kind == EventKind.DIGIT_START for event in self.engine.drain())
        return spent / TURN / 1000

    def parts(self, turns: int) -> dict[str, float]:
        """µs a tick by part: each part's quickest turn, by the clock on the wall."""
        seen: list[dict[str, float]] = []
        for _ in range(turns):
            self.engine.timing = True  # from nothing again
            self.turn()
            seen.append(self.engine.counters()["kernel_ns"])
            self.engine.timing = False
        return {name: min(each[name] for each in seen) / 1000 for name in seen[0]}


class Peer:
    """The same work through the libraries."""

    def __init__(self, tail_ms: int) -> None:
        lines = np.stack([says(c) for c in range(PEER_CHANNELS)])
        frames = lines.shape[1] // PEER_FRAME
        octets = g711.alaw_encode(np.ascontiguousarray(lines).reshape(-1))
        shaped = octets.reshape(PEER_CHANNELS, frames, PEER_FRAME).transpose(1, 0, 2)
        self.line = np.ascontiguousarray(shaped)
        self.digits = 0
        self.state = ffi.gc(
            lib.chain_peer_new(
                PEER_CHANNELS, tail_ms * 8, ffi.from_buffer("uint8_t[]", self.line), frames
            ),
            lib.chain_peer_free,
        )

    def turn(self) -> float:
        """CPU µs a channel and block of ours took, over as much time."""
        spent = 0
        for _ in range(TURN * BLOCK // PEER_FRAME):
            lib.chain_peer_line(self.state)
            before = time.thread_time_ns()
            self.digits = lib.chain_peer_tick(self.state)
            spent += time.thread_time_ns() - before
        return spent / TURN / PEER_CHANNELS / 1000


def measure(
    ours: dict[Plant, Ours], peers: dict[int, Peer], turns: int
) -> tuple[dict[Plant, float], dict[int, float]]:
    """µs a tick by plant, and of the peer µs a channel and tick by tail: the quickest turns.

    RuntimeError when a side found no digit.
    """
    sides: list[Ours | Peer] = [*ours.values(), *peers.values()]
    rows = [[side.turn() for side in sides] for _ in range(WARM_UP + turns)][WARM_UP:]
    for side in sides:
        if not side.digits:
            raise RuntimeError(f"{type(side).__name__} found no digit")
    quickest = [min(column) for column in zip(*rows, strict=True)]
    return (
        dict(zip(ours, quickest, strict=False)),
        dict(zip(peers, quickest[len(ours) :], strict=True)),
    )


def run(options: Options) -> list[Result]:
    """Cost, share of a core, channels a core, parts and memory, by size and tail."""
    plants = [Plant(n, tail) for n in options.sizes(SIZES) for tail in TAILS_MS]
    ours = {plant: Ours(plant) for plant in plants}
    peers = {tail: Peer(tail) for tail in TAILS_MS}
    spent, peer_spent = measure(ours, peers, max(5, options.ticks // TURN // 2))
    results: list[Result] = []
    for plant in plants:
        results += _of(plant, spent[plant], peer_spent[plant.tail_ms] * plant.channels)
        results += _inside(plant, ours[plant], spent[plant])
    return results


def _row(
    plant: Plant,
    what: str,
    value: float,
    unit: str,
    peer: float | None = None,
    goal: float | None = None,
) -> Result:
    better: Literal["lower", "higher"] = "higher" if unit == "channels" else "lower"
    name = f"{plant.channels} at {plant.tail_ms} ms: {what}"
    return Result("chain", name, value, unit, better, PEER if peer else None, peer, goal)


def _of(plant: Plant, ours_us: float, peer_us: float) -> list[Result]:
    block_us = BLOCK * 1e6 / RATE_HZ
    share, peer_share = (100 * us / block_us for us in (ours_us, peer_us))
    a_core, peer_a_core = (plant.channels * block_us / us for us in (ours_us, peer_us))
    ratio = RATIO_GOALS.get((plant.channels, plant.tail_ms))
    most = CORE_GOALS.get((plant.channels, plant.tail_ms))
    least = MOST if plant.channels == MOST else None
    return [
        _row(plant, "tick", ours_us, "µs", peer_us, ratio and peer_us * ratio),
        _row(plant, "share", share, "% of a core", peer_share, most),
        _row(plant, "a core", a_core, "channels", peer_a_core, least),
    ]


def _inside(plant: Plant, ours: Ours, ours_us: float) -> list[Result]:
    """Where a tick's time goes, what a channel keeps in memory, and how much passes a second."""
    parts = ours.parts(PART_TURNS)
    rows = [_row(plant, part, parts[part], "µs") for part in PARTS]
    rest = max(0.0, ours_us - sum(parts[part] for part in PARTS))
    rows.append(_row(plant, "all else", rest, "µs"))
    octets = ours.engine.counters()["memory_octets"]
    rows.append(_row(plant, "memory", octets / plant.channels / 1000, "kB each"))
    # Nearly all of it is walked through once a tick.
    rows.append(_row(plant, "passed", octets * RATE_HZ / BLOCK / 1e9, "GB/s, most"))
    return rows
