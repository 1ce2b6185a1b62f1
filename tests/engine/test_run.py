"""run_blocks: the virtual clock; the same result each run, memory that does not grow."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from dsp_ext.engine import Engine, run_blocks
from dsp_ext.event import ACK, DIGIT_END, DIGIT_START, PLAY_DONE
from dsp_ext.ring import Ring
from dsp_ext.tone import Program
from tests.engine.rig import BLOCK, COUNTING, Pair


def test_runs_all_blocks_when_nothing_happens():
    pair = Pair(4)
    assert run_blocks([pair.near, pair.far], 1000) == 1000
    assert pair.near.samples == pair.far.samples == 1000 * BLOCK
    counters = pair.near.counters()
    assert counters["ticks"] == 1000
    for name in ("missed_ticks", "digits_dropped", "line_overrun_octets", "line_underrun_octets"):
        assert counters[name] == 0, name
    assert run_blocks([pair.near], 0) == 0


def test_stops_after_the_block_with_an_event_of_any_engine():
    pair = Pair(2)
    pair.far.play(0, np.zeros(3 * BLOCK + 1, np.int16))
    assert run_blocks((pair.near, pair.far), 100) == 1  # the ACK
    assert run_blocks((pair.near, pair.far), 100) == 3
    kinds = [event.kind for event in pair.far.drain()]
    assert kinds == [ACK, PLAY_DONE]
    assert run_blocks((pair.near, pair.far), 100) == 100


def test_no_engine_and_one_twice_are_refused():
    with pytest.raises(ValueError):
        run_blocks([], 1)
    engine = Engine(1)
    with pytest.raises(RuntimeError, match="being ticked"):
        run_blocks([engine, engine], 1)
    assert run_blocks([engine], 1) == 1  # the refusal left it free
    with pytest.raises(TypeError):
        run_blocks([engine, "far"], 1)
    assert run_blocks([engine], 1) == 1


def _story(seed: int) -> tuple[list, bytes]:
    pair, ring = Pair(4, seed=seed), Ring(1 << 20)
    pair.wire.fault("b", noise_dbm0=-45, bit_error_rate=1e-4, loss_rate=0.01)
    pair.far.tap(0, ring)
    for channel in range(4):
        pair.far.detect(channel, True)
        pair.near.tone(channel, Program.dtmf("159#"), token=channel)
    pair.near.play(3, COUNTING)
    return pair.run(150), ring.read()


def test_the_same_run_gives_the_same_events_and_octets():
    assert _story(5) == _story(5)
    assert _story(5)[1] != _story(6)[1]


def test_digits_keyed_at_one_engine_are_found_at_the_other():
    pair = Pair(3)
    pair.far.detect(1, True)
    pair.run(100)  # media time runs ahead of the detector's before it listens
    pair.near.tone(1, Program.dtmf("19*D", on_ms=80, off_ms=80, level_dbm0=-12))
    pair.near.tone(2, Program.dtmf("5555"))
    seen = [event for name, event in pair.run(100) if name == "far"]
    starts = [event for event in seen if event.kind == DIGIT_START]
    ends = [event for event in seen if event.kind == DIGIT_END]
    assert "".join(chr(event.a) for event in starts) == "19*D"
    assert "".join(chr(event.a) for event in ends) == "19*D"
    assert {event.channel for event in seen if event.kind != ACK} == {1}
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        keyed = 101 * BLOCK + number * 160 * 8
        assert abs(start.at - keyed) <= 240
        assert end.b == pytest.approx(80, abs=25)
        assert start.x == pytest.approx(-9, abs=1.5) and abs(start.y) < 1.5  # both tones together


def test_times_of_digits_are_right_when_detection_was_off():
    pair = Pair(1)
    pair.run(333)
    pair.far.detect(0, True)
    pair.near.tone(0, Program.dtmf("7"))
    starts = [event for _, event in pair.run(30) if event.kind == DIGIT_START]
    assert len(starts) == 1 and abs(starts[0].at - 334 * BLOCK) <= 240
    pair.far.detect(0, False)
    pair.run(50)
    pair.far.detect(0, True)
    pair.near.tone(0, Program.dtmf("8"))
    starts = [event for _, event in pair.run(30) if event.kind == DIGIT_START]
    assert len(starts) == 1 and abs(starts[0].at - 414 * BLOCK) <= 240


def test_levels_are_of_what_is_received():
    pair = Pair(2)
    wave = 32768 * 10 ** (-13.14 / 20) * np.sin(2 * np.pi * 1000 / 8000 * np.arange(800))
    pair.near.play(1, wave.round().astype(np.int16), loop=True)
    pair.run(100)
    levels = pair.far.levels()
    assert levels.dtype == np.float32 and levels.shape == (2,)
    assert levels[1] == pytest.approx(-10, abs=0.5) and levels[0] < -50


def test_the_parts_of_some_ticks_are_timed_always_and_of_all_on_request():
    engine = Engine(4)
    engine.tick()
    first = engine.counters()["kernel_ns"]
    assert first["decode"] > 0 and first["dtmf"] == 0
    for _ in range(16):
        engine.tick()
    assert engine.counters()["kernel_ns"] == first  # the next one is the eighteenth
    engine.tick()
    assert engine.counters()["kernel_ns"] != first
    engine.timing = True
    engine.detect(0, True)
    engine.play(0, COUNTING, loop=True)
    for _ in range(10):
        engine.tick()
    parts = engine.counters()["kernel_ns"]
    assert all(parts[name] > 0 for name in ("read", "decode", "level", "dtmf", "play", "encode"))
    total = engine.counters()
    assert 0 < total["tick_us_mean"] <= total["tick_us_max"]


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks")
        + ("uordblks", "fordblks", "keepcost")
    ]


def _heap_grown(pair: Pair, blocks: int) -> int:
    """Octets that `blocks` ticks of both engines left on the heap; they must not post events."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        pytest.skip("this C library does not tell what it gave away")
    libc.mallinfo2.restype = _Mallinfo2
    before = libc.mallinfo2()
    for tick in range(blocks):
        pair.near.tick(
            cost_us=9000.0 if tick % 1000 < 50 else 1000.0
        )  # load is shed, and comes back
        pair.far.tick()
    after = libc.mallinfo2()
    return max(after.uordblks - before.uordblks, after.hblkhd - before.hblkhd)


@pytest.mark.parametrize("slots", [8, 5])
def test_ticks_take_nothing_from_the_heap(slots):
    everything = {"progress": {"cn": slots}, "mfr2": {"forward": slots}}
    everything |= {"caller_id": {"v23": slots}, "voice": slots}
    pair, ring = Pair(8, echo=slots, echo_tail_ms=128, **everything), Ring(1 << 12)
    for channel in range(8):
        pair.near.play(channel, COUNTING, loop=True)
        pair.near.tone(channel, Program.dtmf("1"))
        pair.far.detect(channel, True)
        pair.far.join(channel, channel % 3)
        pair.far.tap(channel, ring)
    for channel in range(slots):
        pair.far.echo(channel)
        pair.far.progress(channel, "cn")
        pair.far.mfr2(channel, "forward")
        pair.far.caller_id(channel, "v23")
        pair.far.voice(channel)
    pair.wire.fault("b", gain_db=-3, noise_dbm0=-50, hybrid=[0.1] * 100, bit_error_rate=1e-5)
    pair.run(100)
    assert _heap_grown(pair, 10_000) < 2048  # Python's own few objects, not something a tick


def test_the_memory_an_engine_takes_is_told_and_grows_with_its_slots():
    plain = Engine(32).counters()
    full = Engine(32, echo=32, echo_tail_ms=128, progress={"cn": 32}).counters()
    assert 500 < plain["memory_octets_per_channel"] < 60_000
    more = full["memory_octets_per_channel"] - plain["memory_octets_per_channel"]
    assert 19_000 < more < 60_000
