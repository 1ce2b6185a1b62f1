"""Load shedding: what is left out, in which order, and how it comes back; ticks are counted, no
clock is read: what a tick cost is told to the engine by the test."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dsp_ext import event, tone_plan
from dsp_ext.engine import Engine, run_blocks
from dsp_ext.event import DIGIT_START, SHED, SHED_LEVELS, TONE_HEARD
from dsp_ext.port import Wire
from dsp_ext.tone import Program
from tests.engine.rig import of_kind
from tests.engine.test_echo import HYBRID, speech

BLOCK_US = 10_000
EVERYTHING = {"echo": 4, "echo_tail_ms": 128, "progress": {"cn": 4}}


def starve(engine: Engine, ticks: int, share: float) -> list[tuple[int, int]]:
    """Ticks that each take `share` of their time -> (tick, level) of each change."""
    changes = []
    for tick in range(ticks):
        engine.tick(cost_us=share * BLOCK_US)
        changes += [(tick, e.a) for e in of_kind(engine.drain(), SHED)]
    return changes


def test_everything_is_left_out_in_the_stated_order():
    engine = Engine(4, **EVERYTHING)
    assert engine.shed == "nothing"
    changes = starve(engine, 100, 0.9)
    assert [level for _, level in changes] == [1, 2, 3, 4, 5]
    # Eight hot ticks a level; the eighth is judged at the beginning of the ninth.
    assert [tick for tick, _ in changes] == [8, 16, 24, 32, 40]
    assert engine.shed == "echo cancelling"
    counters = engine.counters()
    assert (counters["shed_level"], counters["shed_steps"]) == (5, 5)
    assert counters["shed_ticks"] > 80


def test_ticks_that_overrun_their_block_count_three_times():
    assert starve(Engine(4, **EVERYTHING), 6, 1.2) == [(3, 1)]


def test_what_is_not_there_is_passed_over():
    plain = Engine(4, echo=2, echo_nlp=False)  # 64 ms, no call progress
    assert [level for _, level in starve(plain, 60, 0.9)] == [4, 5]
    assert starve(Engine(4), 60, 2.0) == []


def test_now_and_then_a_long_tick_is_nothing():
    engine = Engine(4, **EVERYTHING)
    for _ in range(100):
        assert starve(engine, 1, 1.5) == [] and starve(engine, 3, 0.6) == []
    assert engine.counters()["shed_level"] == 0


def test_it_comes_back_when_there_is_time_and_more_slowly_after_a_relapse():
    engine = Engine(4, **EVERYTHING)
    starve(engine, 20, 0.9)
    assert engine.counters()["shed_level"] == 2
    assert starve(engine, 3000, 0.7) == []  # neither hot nor with time to spare
    calm = starve(engine, 1200, 0.3)
    assert [level for _, level in calm] == [1, 0]
    first, second = (tick for tick, _ in calm)
    assert first == pytest.approx(500, abs=2) and second - first == pytest.approx(500, abs=2)
    starve(engine, 9, 0.9)  # a relapse
    slower = starve(engine, 1200, 0.3)
    assert [level for _, level in slower] == [0]
    assert slower[0][0] == pytest.approx(1000, abs=2)


def test_one_tick_without_time_to_spare_begins_the_wait_anew():
    engine = Engine(4, **EVERYTHING)
    starve(engine, 9, 0.9)
    assert starve(engine, 499, 0.3) == []
    assert starve(engine, 1, 0.6) == []
    assert starve(engine, 499, 0.3) == []
    assert [level for _, level in starve(engine, 5, 0.3)] == [0]


def test_under_a_virtual_clock_nothing_is_judged():
    engine = Engine(4, **EVERYTHING)
    engine.tick(cost_us=50 * BLOCK_US)
    engine.tick(cost_us=50 * BLOCK_US)
    run_blocks([engine], 3)
    for _ in range(50):
        engine.tick()
    assert engine.counters()["shed_level"] == 0


def test_the_event_says_from_what_to_what_and_how_long_a_tick_took():
    engine = Engine(4, **EVERYTHING)
    seen = []
    for _ in range(9):
        engine.tick(cost_us=9500)
        seen += of_kind(engine.drain(), SHED)
    (told,) = seen
    assert (told.channel, told.a, told.b) == (-1, 1, 0)
    assert told.x == pytest.approx(0.95)


def test_the_names_of_the_levels_are_those_of_the_c_side():
    source = (Path(event.__file__).parent / "state.pxd").read_text()
    levels = re.findall(r"SHED_(\w+) = (\d)", source)
    assert [int(number) for _, number in levels] == list(range(len(SHED_LEVELS))) + [6]


class Line:
    """One engine with everything on, whose far end says, keys and signals."""

    def __init__(self) -> None:
        wire = Wire(2, seed=1)
        self.far = Engine(2)
        self.engine = Engine(2, echo=2, echo_tail_ms=128, echo_nlp=False, progress={"cn": 2})
        self.engine.attach(0, wire.a)
        self.far.attach(0, wire.b)
        # Echoes 75 ms apart: no bulk delay brings both into 64 ms.
        apart = np.zeros(600 - len(HYBRID), np.float32)
        wire.fault("a", 0, hybrid=np.concatenate([HYBRID, apart, HYBRID]))
        self.engine.play(0, speech(3), loop=True)
        self.engine.echo(0)
        self.engine.detect(1, True)
        self.engine.progress(1, "cn")

    def run(self, ticks: int, share: float) -> list:
        seen = []
        for _ in range(ticks):
            self.engine.tick(cost_us=share * BLOCK_US)
            self.far.tick()
            self.far.drain()
            seen += self.engine.drain()
        return seen

    def residue(self, share: float) -> float:
        """dBm0 that is left of the echo, mean of half a second."""
        seen = []
        for _ in range(50):
            self.run(1, share)
            seen.append(self.engine.levels()[0])
        return float(np.mean(seen))


def test_starved_it_loses_echo_and_progress_never_a_digit_and_all_comes_back():
    line = Line()
    line.run(500, 0.3)
    good = line.residue(0.3)
    line.run(9, 0.9)  # tails: the later echo is no longer reached
    assert line.engine.counters()["shed_level"] == 1
    assert line.residue(0.7) > good + 10
    line.run(20, 1.1)
    assert line.engine.counters()["shed_level"] >= 3
    line.far.tone(1, tone_plan.program("cn", "busy"))
    assert not of_kind(line.run(300, 0.7), TONE_HEARD)
    line.far.tone(1, Program.dtmf("159"))
    seen = line.run(100, 0.7)
    assert "".join(chr(e.a) for e in of_kind(seen, DIGIT_START)) == "159"
    line.run(3600, 0.2)
    assert line.engine.counters()["shed_level"] == 0
    assert line.residue(0.2) < good + 5
    line.far.tone(1, tone_plan.program("cn", "busy"))
    assert len(of_kind(line.run(300, 0.3), TONE_HEARD)) == 1


def test_a_canceller_frozen_by_command_stays_so_when_the_load_goes():
    line = Line()
    line.run(400, 0.3)
    line.engine.echo(0, freeze=True)
    line.run(60, 0.9)
    line.engine.echo(0, freeze=True, nlp=False)
    line.run(3600, 0.2)
    assert line.engine.counters()["shed_level"] == 0
    frozen = line.residue(0.2)
    line.engine.reset(0)
    line.run(2, 0.2)
    assert np.isfinite(frozen)
