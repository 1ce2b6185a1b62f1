"""Echo cancelling in the engine: what reaches whom, slots, order, and faults of the line."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext.engine import Engine
from dsp_ext.event import ACK, DIGIT_START, NoSlot, RingFull
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program
from tests.engine.rig import (
    BLOCK,
    COUNTING,
    Lines,
    Pair,
    is_counting,
    octets,
    of_kind,
    ticks,
)

HYBRID = np.zeros(100, np.float32)
HYBRID[[40, 43, 50]] = 0.3, -0.2, 0.1


def speech(seconds: float, seed: int = 1, rms: float = 2500.0) -> np.ndarray:
    """Noise that swells and fades four times a second, int16."""
    length = int(seconds * 8000)
    rng = np.random.default_rng(seed)
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(length) / 8000)
    return np.ascontiguousarray(np.rint(rng.normal(0, rms, length) * swell).astype(np.int16))


class Echoing(Pair):
    """The near engine sends; what comes back to it is only the echo of that."""

    def __init__(self, channels: int = 4, *, law: str = "alaw", block: int = BLOCK, **near) -> None:
        self.wire = Wire(channels, law=law, block=block, seed=1)
        self.near = Engine(channels, law=law, block=block, **near)
        self.far = Engine(channels, law=law, block=block)
        self.near.attach(0, self.wire.a)
        self.far.attach(0, self.wire.b)
        self.wire.fault("a", hybrid=HYBRID)


def levels_after(pair: Echoing, blocks: int) -> np.ndarray:
    """Mean level of what the near engine makes of what it receives, over the last 50 blocks."""
    pair.run(blocks - 50)
    seen = []
    for _ in range(50):
        pair.run(1)
        seen.append(pair.near.levels())
    return np.mean(seen, axis=0)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("slots", [20, 5])  # one for each channel, or fewer
def test_echo_goes_where_it_is_asked_for_and_nowhere_else(law, slots):
    pair = Echoing(20, law=law, echo=slots, echo_nlp=False)
    for channel in range(20):
        pair.near.play(channel, speech(2, channel + 1), loop=True)
    for channel in (3, 17, 19):
        pair.near.echo(channel)
    levels = levels_after(pair, 300)
    others = [c for c in range(20) if c not in (3, 17, 19)]
    assert min(levels[others]) > -32
    assert max(levels[[3, 17, 19]]) < min(levels[others]) - 20


def test_a_block_of_160_is_two_for_the_canceller():
    pair = Echoing(2, block=160, echo=2)
    for channel in range(2):
        pair.near.play(channel, speech(2), loop=True)
    pair.near.echo(1)
    levels = levels_after(pair, 200)
    assert levels[1] < levels[0] - 20


def test_channels_without_echo_are_untouched_in_a_tile_that_has_it():
    """Through the mixer and back to octets: what is off in a tile passes bit by bit."""
    pair = Echoing(4, echo=4)
    pair.wire.clear()
    pair.near.echo(0)
    pair.far.play(2, COUNTING, loop=True)
    pair.near.join(2, 1, listen=0)
    pair.near.join(3, 1, talk=0)  # not a pair at unity gain: it is mixed
    ring = Ring(1 << 14)
    pair.run(4)
    pair.near.tap(3, ring, mode="tx")
    pair.run(60)
    assert is_counting(octets(ring)[BLOCK:])


def test_the_reference_is_what_went_out_copied_octets_too():
    """Two lines bridged octet by octet; the one with echo on has its echo taken out."""
    pair = Echoing(3, echo=3, echo_nlp=False)
    pair.wire.clear()
    pair.wire.fault("a", 1, hybrid=HYBRID)
    pair.far.play(0, speech(3), loop=True)
    for channel in (0, 1):
        pair.near.join(channel, 0)
    pair.near.echo(1)
    levels = levels_after(pair, 400)
    assert levels[0] > -25 and levels[1] < -48  # 1 hears 0, whose speech comes back to it


def test_what_an_echo_is_taken_out_of_is_not_copied_to_its_peer():
    lines = Lines(2, "ulaw", echo=2)
    minus_zero = 0x7F  # µ-law's -0, which encoding never gives
    for channel in (0, 1):
        lines.engine.join(channel, 0)
    said = [{"c0": minus_zero, "c1": minus_zero}] * 3
    for on, toward_1 in ((False, minus_zero), (True, 0xFF), (False, minus_zero)):
        lines.engine.echo(0, on)
        heard = lines.hear(said)[1]
        assert (heard[0] == minus_zero).all()  # nothing is taken out of what 1 says
        assert (heard[1] == toward_1).all()


def test_keys_are_heard_through_the_prompt_that_comes_back():
    pair = Echoing(2, echo=2)
    for channel in range(2):
        pair.near.play(channel, speech(4, rms=5000), loop=True)
        pair.near.detect(channel, True)
    pair.near.echo(0)
    pair.run(100)
    keyed = "1234567890*#ABCD"
    for channel in range(2):
        pair.far.tone(channel, Program.dtmf(keyed, on_ms=60, off_ms=60, level_dbm0=-18))
    seen = [e for name, e in pair.run(250) if name == "near" and e.kind == DIGIT_START]
    by_channel = ["".join(chr(e.a) for e in seen if e.channel == c) for c in range(2)]
    assert by_channel[0] == keyed
    assert by_channel[1] != keyed  # without it they are lost in the prompt


def test_when_all_slots_are_taken_the_bank_is_named_and_nothing_is_changed():
    engine = Engine(6, echo=2)
    for channel in (5, 2):
        engine.echo(channel)
    with pytest.raises(NoSlot, match="echo: all 2 slots are taken"):
        engine.echo(0)
    engine.echo(5, freeze=True)  # it has one
    assert engine.counters()["slots_used"] == {"echo": 2}
    engine.echo(5, False)
    engine.echo(0)
    assert len(of_kind(ticks(engine), ACK)) == 5
    engine.reset(0)
    engine.reset(2)
    assert engine.counters()["slots_used"] == {"echo": 0}
    for channel in (1, 3):
        engine.echo(channel)
    assert len(of_kind(ticks(engine), ACK)) == 4
    assert engine.counters()["slots"] == {"echo": 2}


def test_a_refused_command_takes_no_slot():
    engine = Engine(4, echo=1, commands=1)
    engine.stop(0)
    with pytest.raises(RingFull):
        engine.echo(1)
    ticks(engine)
    with pytest.raises(ValueError, match="channel 4"):
        engine.echo(4)
    engine.echo(2)
    assert engine.counters()["slots_used"] == {"echo": 1}


def test_a_slot_given_up_and_taken_in_one_block_serves_its_new_channel():
    pair = Echoing(18, echo=1, echo_nlp=False)
    for channel in range(18):
        pair.near.play(channel, speech(2, channel + 1), loop=True)
    pair.near.echo(0)
    pair.run(100)
    pair.near.echo(0, False)
    pair.near.echo(17)
    levels = levels_after(pair, 300)
    assert levels[17] < -45 < -32 < levels[0]


def test_an_engine_without_cancellers_says_so():
    with pytest.raises(NoSlot, match="echo: all 0 slots"):
        Engine(2).echo(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"echo": 5},
        {"echo": -1},
        {"echo": 1, "block": 40},
        {"echo": 1, "block": 120},
        {"echo": 1, "echo_tail_ms": 96},
    ],
)
def test_cancellers_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="echo"):
        Engine(4, **wrong)


def test_an_alarm_lost_blocks_and_noise_leave_it_sound():
    """All ones, gaps, bit errors and another hybrid while it cancels: it is good again after."""
    pair = Echoing(2, echo=2, echo_nlp=False)
    pair.near.play(0, speech(3), loop=True)
    pair.near.echo(0)
    clean = levels_after(pair, 300)[0]
    for fault in (
        {"alarm": True},
        {"alarm": False, "loss_rate": 0.3},
        {"loss_rate": 0, "bit_error_rate": 0.05},
        {"bit_error_rate": 0, "hybrid": -0.9 * HYBRID},
    ):
        pair.wire.fault("a", **fault)
        pair.run(40)
        assert np.isfinite(pair.near.levels()).all()
    pair.wire.fault("a", hybrid=HYBRID)
    assert levels_after(pair, 400)[0] < clean + 6


def test_any_octets_at_all_give_finite_levels():
    """Loudest and oddest input both ways: no NaN, no infinity, and no sample lost."""
    wire, engine = Wire(16), Engine(16, echo=16, echo_tail_ms=128)
    engine.attach(0, wire.a)
    rng = np.random.default_rng(5)
    for channel in range(16):
        engine.echo(channel)
        loud = rng.choice(np.array([-32768, 32767], np.int16), 4000)
        engine.play(channel, loud, loop=True)
    for _ in range(400):
        wire.b.read()
        wire.b.write(rng.integers(0, 256, (16, BLOCK)).astype(np.uint8))
        engine.tick()
    assert np.isfinite(engine.levels()).all()
    assert (engine.levels() < 10).all()
