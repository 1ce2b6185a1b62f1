"""The wire without faults: exact, one block late, and counting when an end stands still."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext.engine import Engine
from dsp_ext.port import Port, Wire
from dsp_ext.ring import Ring
from tests.engine.rig import BLOCK, COUNTING, IDLE, Pair, is_counting, octets

CLEAN = ("lost", "slips", "bit_errors", "lost_octets", "overrun_octets", "underrun_octets")


def test_octets_arrive_exactly_one_block_later_both_ways():
    wire, chance = Wire(3), np.random.default_rng(1)
    there = chance.integers(0, 256, (20, 3, 80), np.uint8)
    back = chance.integers(0, 256, (20, 3, 80), np.uint8)
    at_a, at_b = [], []
    for block in range(20):
        at_a.append(wire.a.read())
        wire.a.write(there[block])
        at_b.append(wire.b.read())
        wire.b.write(back[block])
    assert (at_a[0] == IDLE).all() and (at_b[0] == IDLE).all()
    assert (np.array(at_b[1:]) == there[:-1]).all()
    assert (np.array(at_a[1:]) == back[:-1]).all()
    counters = wire.counters()
    assert counters["a"]["blocks"] == counters["b"]["blocks"] == 19
    assert wire.carried_octets("b") == 19 * 3 * 80 and wire.lost_octets("b") == 0


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("block", [8, 80, 160])
def test_shapes_and_laws(law, block):
    wire = Wire(2, block=block, law=law)
    assert (wire.a.read() == {"alaw": 0xD5, "ulaw": 0xFF}[law]).all()
    assert wire.a.read().shape == (2, block)  # nothing written: counted, not an error
    assert wire.counters()["a"]["underrun_octets"] == 2 * block


def test_two_engines_in_lock_step_lose_nothing():
    pair = Pair(30)
    rings = [Ring(1 << 16) for _ in range(30)]
    for channel, ring in enumerate(rings):
        pair.near.play(channel, COUNTING, loop=True)
        pair.far.tap(channel, ring, mode="rx")
    pair.run(300)
    for ring in rings:
        stream = octets(ring)
        assert len(stream) == 300 * BLOCK
        assert (stream[:BLOCK] == IDLE).all() and is_counting(stream[BLOCK:])
    for end in "ab":
        counters = pair.wire.counters()[end]
        assert all(counters[name] == 0 for name in CLEAN)


def test_the_order_of_ticking_does_not_change_the_latency():
    pair = Pair(1)
    ring = Ring(4096)
    pair.far.play(0, COUNTING, loop=True)
    pair.near.tap(0, ring, mode="rx")
    pair.run(3)
    stream = octets(ring)
    assert (stream[:BLOCK] == IDLE).all() and list(stream[BLOCK : BLOCK + 3]) == [0, 1, 2]


def test_both_ends_on_one_engine():
    wire, engine, ring = Wire(2), Engine(5), Ring(8192)
    engine.attach(0, wire.a)
    engine.attach(3, wire.b)
    engine.play(4, COUNTING, loop=True)
    engine.tap(1, ring, mode="rx")
    for _ in range(20):
        engine.tick()
    stream = octets(ring)
    assert (stream[:BLOCK] == IDLE).all() and is_counting(stream[BLOCK:])


def test_an_end_that_stands_still_is_counted_and_comes_back():
    pair = Pair(2)
    for _ in range(50):
        pair.near.tick()
    counters = pair.wire.counters()
    assert counters["a"]["underrun_octets"] == 49 * 2 * BLOCK
    # What found no room; the blocks in the line are not lost.
    assert counters["b"]["overrun_octets"] == pair.wire.lost_octets("b") == 43 * 2 * BLOCK
    near = pair.near.counters()
    assert near["line_underrun_octets"] == counters["a"]["underrun_octets"]
    assert near["line_overrun_octets"] == counters["b"]["overrun_octets"]
    assert pair.far.counters()["line_overrun_octets"] == 0
    ring = Ring(1 << 16)
    pair.run(20)
    before = pair.wire.counters()
    pair.near.play(0, COUNTING, loop=True)
    pair.far.tap(0, ring, mode="rx")
    pair.run(30)
    heard = octets(ring)
    assert is_counting(heard[np.argmax(heard != IDLE) :])
    assert pair.wire.counters()["a"]["underrun_octets"] == before["a"]["underrun_octets"]


def test_python_doors_check_the_block():
    wire = Wire(2)
    for wrong in (np.zeros((1, 80), np.uint8), np.zeros((2, 79), np.uint8)):
        with pytest.raises(ValueError, match="2 × 80"):
            wire.a.write(wrong)
    with pytest.raises(ValueError):
        wire.a.write(np.zeros((2, 80), np.int16))
    with pytest.raises(TypeError):
        wire.a.write(None)
    with pytest.raises(TypeError):
        Port()


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"block": 1000}, {"law": "A"}])
def test_a_wire_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError):
        Wire(**{"channels": 1, **wrong})
