"""Suite ``starve``: an engine whose core is taken from it sheds load and misses no tick.

A real-time thread ticks two engines that are joined by a wire and pinned to one core: one has echo
cancelling and call progress on every channel, the other keys digits and sends octets that count
themselves.  A process of higher priority then takes more and more of that core, until the engine
leaves out `levels` of its work, goes on so for a while, and gives the core back.  Nothing is judged
by a clock: ticks that began more than a block late, levels, digits and octets are counted.

Where the machine cannot show it, `Unfit` says why: it has one core, gives no real time, or itself
stood still: a third engine, idle and above everybody on the same core, then missed ticks as well.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from bench.burner import MOST_PERCENT, Burner
from bench.report import Result
from bench.suites import Options
from dsp_ext import g711
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.event import DIGIT_START, SHED, SHED_LEVELS
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program, Segment

BLOCK = 80  # samples
BLOCK_US = 10_000
CHANNELS = 640
LEAST_CHANNELS = 32
RESTING = 0.35  # of a block: what a tick may take at most before anybody takes the core
PRIORITY = 50
PEER = "an idle engine above all others on that core"
KEYS = "159D"
KEY_TONES = [
    Segment(hz, 80, 80, -9.0) for hz in ((697, 1209), (770, 1336), (852, 1477), (941, 1633))
]
KEYED = 1  # the channel that keys, over and over
COUNTS = 0  # the channel whose octets count themselves
STEP_PERCENT = 2
STEP_TICKS = 10  # between one share of the core taken and the next
TICK_BLOCKS = 100  # of resting, and of going on without
ALIKE = 4  # times: missed ticks of both engines have one cause
PATIENCE_TICKS = 6000  # for all of it to be taken up again
COUNTING = np.ascontiguousarray(g711.alaw_decode(np.arange(256, dtype=np.uint8)))


class Unfit(Exception):
    """Why this machine cannot show it."""


@dataclass(slots=True)
class Outcome:
    """What was counted."""

    channels: int
    levels: list[int] = field(default_factory=list)  # after each change, in order
    ticks: int = 0  # from the first share taken to the last level given back
    missed: int = 0  # of these
    missed_idle: int = 0  # by the idle engine, at any time
    digits: str = ""  # as heard
    octets_lost: int = 0  # or spoilt
    percent: int = 0  # of the core, at most, that was taken

    @property
    def in_order(self) -> bool:
        """Whether every change was to the level beside the one before."""
        return all(abs(after - before) == 1 for before, after in pairwise([0, *self.levels]))

    @property
    def digits_missing(self) -> int:
        """Digits that were not heard, or heard wrong: those heard must go round in KEYS."""
        if not self.digits:
            return 1
        first = KEYS.index(self.digits[0])
        due = (KEYS * (len(self.digits) // len(KEYS) + 2))[first:]
        return sum(heard != key for heard, key in zip(self.digits, due, strict=False))


class Plant:
    """The two engines and the thread that ticks them; nothing ticks before `run`."""

    def __init__(self, channels: int) -> None:
        self.outcome = Outcome(channels)
        wire = Wire(channels, seed=1)
        rings = {"commands": 4 * channels, "events": 8 * channels}
        self.engine = Engine(
            channels, echo=channels, echo_tail_ms=128, progress={"cn": channels}, **rings
        )
        self.far = Engine(channels, **rings)
        self.far.attach(0, wire.a)
        self.engine.attach(0, wire.b)
        self.heard = Ring(1 << 16)
        self.last: int | None = None  # octet that counted itself
        self.thread = EngineThread([self.far, self.engine], priority=PRIORITY)
        self.idle = Engine(1)
        self.control = EngineThread([self.idle], priority=PRIORITY + 2)
        self._begin()

    def _begin(self) -> None:
        noise = np.random.default_rng(1).normal(0, 2000, 8000).astype(np.int16)
        for channel in range(self.engine.channels):
            self.engine.echo(channel)
            self.engine.progress(channel, "cn")
            self.engine.play(channel, noise, loop=True)
        self.engine.detect(KEYED, True)
        self.engine.tap(COUNTS, self.heard, mode="rx")
        self.far.tone(KEYED, Program.from_segments(KEY_TONES, repeat_from=0))
        self.far.play(COUNTS, COUNTING, loop=True)

    def go_on(self, ticks: int) -> None:
        """Until so many more ticks have been, taking note of what is told."""
        until = self.engine.counters()["ticks"] + ticks
        while self.engine.counters()["ticks"] < until:
            select.select([], [], [], 0.01)
            self._take_note()

    def _take_note(self) -> None:
        self.far.drain()
        for event in self.engine.drain():
            if event.kind == SHED:
                self.outcome.levels.append(event.a)
            elif event.kind == DIGIT_START:
                self.outcome.digits += chr(event.a)
        octets = np.frombuffer(self.heard.read(), np.uint8)
        if self.last is None:  # up to the first that counts, silence
            octets = octets[2 * BLOCK :]
        if len(octets):
            whole = octets if self.last is None else np.append(np.uint8(self.last), octets)
            self.outcome.octets_lost += int(np.count_nonzero(np.diff(whole) != 1))
            self.last = int(octets[-1])

    def start(self, core: int, others: set[int]) -> None:
        """Tick on `core`, and leave it to the threads: their maker stays on `others`."""
        os.sched_setaffinity(0, {core})  # a thread inherits it
        try:
            self.control.start()
            self.thread.start()
        finally:
            os.sched_setaffinity(0, others)

    def stop(self) -> None:
        self.thread.stop()
        self.control.stop()

    @property
    def level(self) -> int:
        return int(self.engine.counters()["shed_level"])

    @property
    def stood(self) -> int:
        """Ticks the idle engine missed."""
        return int(self.idle.counters()["missed_ticks"])

    @property
    def missed(self) -> int:
        return int(self.engine.counters()["missed_ticks"])


def _must_go(plant: Plant) -> None:
    """Unfit when the machine stood still, which an idle engine feels about as much as ours."""
    if plant.stood and plant.missed <= ALIKE * plant.stood:
        raise Unfit(f"the machine stood still: {plant.stood} ticks of an idle engine were missed")


def _resting(plant: Plant) -> float:
    """The share of a block a tick takes with nobody else on the core."""
    plant.go_on(TICK_BLOCKS)
    if not plant.thread.realtime:
        raise Unfit(f"no real time: {plant.thread.error}")
    _must_go(plant)
    took = sum(float(e.counters()["tick_us_mean"]) for e in (plant.engine, plant.far))
    return took / BLOCK_US


def _take_the_core(plant: Plant, burner: Burner, levels: int) -> None:
    """More and more of it, until so many levels are left out, or ticks are missed in a row."""
    outcome = plant.outcome
    while plant.level < levels and plant.missed < TICK_BLOCKS:
        if outcome.percent >= MOST_PERCENT:
            raise Unfit(f"level {plant.level} is enough with {outcome.percent} % of the core gone")
        outcome.percent += STEP_PERCENT
        burner.take(outcome.percent)
        plant.go_on(STEP_TICKS)


def _starve(plant: Plant, burner: Burner, levels: int, tell: Callable[[str], None]) -> None:
    before, began = plant.missed, int(plant.engine.counters()["ticks"])
    tell("the core is taken")
    _take_the_core(plant, burner, levels)
    burner.take(plant.outcome.percent - 3 * STEP_PERCENT)  # so that it stays about there
    plant.go_on(TICK_BLOCKS)
    tell(f"left out: {', '.join(SHED_LEVELS[1 : plant.level + 1])}; the core is given back")
    burner.take(0)
    for _ in range(PATIENCE_TICKS // TICK_BLOCKS):
        if plant.level == 0:
            break
        plant.go_on(TICK_BLOCKS)
    plant.outcome.missed = plant.missed - before
    plant.outcome.ticks = int(plant.engine.counters()["ticks"]) - began


def _burner(core: int) -> Burner:
    try:
        return Burner(core, PRIORITY + 1)
    except PermissionError as error:
        raise Unfit(str(error)) from error


def starve(levels: int, tell: Callable[[str], None] = lambda what: None) -> Outcome:
    """Take the core until `levels` are left out, and give it back.  Raises Unfit."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Unfit("one core: who takes it would take it from what counts, too")
    channels = CHANNELS
    while True:
        plant = Plant(channels)
        try:
            plant.start(cores[-1], set(cores[:-1]))
            share = _resting(plant)
            if share <= RESTING:
                with closing(_burner(cores[-1])) as burner:
                    _starve(plant, burner, levels, tell)
                _must_go(plant)
                plant.outcome.missed_idle = plant.stood
                return plant.outcome
        finally:
            plant.stop()
            os.sched_setaffinity(0, set(cores))
        channels = int(channels * RESTING / share * 0.9)
        if channels < LEAST_CHANNELS:
            raise Unfit(f"{LEAST_CHANNELS} channels are more than this core carries at rest")


def run(options: Options) -> list[Result]:
    """Every level left out and taken up again; no rows where the machine cannot show it."""
    levels = len(SHED_LEVELS) - 1
    try:
        outcome = starve(levels, options.tell)
    except Unfit as why:
        options.tell(f"not measured: {why}")
        return []
    left = outcome.levels[-1] if outcome.levels else levels
    rows = [
        ("steps out of order", float(not outcome.in_order), "", 0.0),
        ("not taken up again", left, "levels", 0.0),
        ("ticks missed", outcome.missed, f"of {outcome.ticks}", 0.0),
        ("digits not heard", outcome.digits_missing, f"of {len(outcome.digits)}", 0.0),
        ("octets lost", outcome.octets_lost, "octets", 0.0),
    ]
    reached = max(outcome.levels, default=0)
    taken = f"with {outcome.percent} % of the core taken from {outcome.channels} channels"
    options.tell(f"{reached} levels left out {taken}")
    first = Result("starve", "left out", reached, "levels", "higher", goal=levels)
    return [first, *(_row(outcome, *row) for row in rows)]


def _row(outcome: Outcome, name: str, value: float, unit: str, goal: float) -> Result:
    if name == "ticks missed":
        return Result("starve", name, value, unit, "lower", PEER, float(outcome.missed_idle), goal)
    return Result("starve", name, value, unit, "lower", goal=goal)
