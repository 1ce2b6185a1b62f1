"""What tests of a line need of engine and wire: feeds of octets, loops, what an echo is like."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext.bert import BitErrorTester
from dsp_ext.engine import Engine
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program
from tests.engine.rig import BLOCK, SILENCE, Pair, octets
from tests.engine.test_echo import HYBRID, Echoing, speech


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_octets_go_out_as_they_are_and_in_place_of_all_else(law: str) -> None:
    pair = Pair(2, law=law)
    feed, heard = Ring(4096), Ring(4096)
    given = np.arange(256, dtype=np.uint8).repeat(5)
    pair.near.tone(0, Program.dtmf("5", on_ms=1000))
    pair.near.join(0, 1)
    pair.near.join(1, 1)
    pair.near.feed(0, feed, octets=True)
    feed.write(given)
    pair.far.tap(0, heard, mode="rx")
    pair.run(18)
    came = octets(heard)
    at = came.tobytes().index(given.tobytes())
    # When they have run out, what there was before is heard again.
    assert (came[at + len(given) :] != SILENCE[law]).any()


def test_an_end_of_octets_lets_go_of_the_ring() -> None:
    pair = Pair(1)
    feed = Ring(4096)
    for _ in range(3):
        pair.near.feed(0, feed, octets=True)
        pair.run(2)
        pair.near.unfeed(0)
        pair.run(2)
    assert pair.near.holding == 0
    pair.near.feed(0, feed, octets=True)
    pair.near.feed(0, feed)
    pair.run(2)
    feed.write(np.full(160, 8000, np.int16).view(np.uint8))
    pair.run(4)
    pair.near.reset(0)
    pair.run(2)
    assert pair.near.holding == 0
    assert feed.readable == 0


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_a_loop_returns_every_octet_and_faults_come_after_it(law: str) -> None:
    pair = Pair(3, law=law)
    pair.wire.fault("a", 1, loop=True)
    tester = BitErrorTester(1)
    feed, heard = Ring(1 << 15), Ring(1 << 15)
    pair.near.feed(1, feed, octets=True)
    pair.near.tap(1, heard, mode="rx")
    pair.near.tone(0, Program.dtmf("5", on_ms=1000))
    feed.write(tester.make(16_000)[:, 0])
    pair.run(100)
    pair.wire.fault("a", 1, bit_error_rate=1e-2)
    pair.run(50)
    pair.wire.fault("a", 1, bit_error_rate=0.0)
    before = pair.wire.counters()["a"]["bit_errors"]
    pair.run(40)
    tester.process(octets(heard)[:, np.newaxis])
    counts = {name: int(values[0]) for name, values in tester.counts().items()}
    assert before > 100
    assert counts["errors"] == before
    assert counts["locked"] == 1 and not counts["slips"] and not counts["losses"]


def test_a_slip_of_a_looped_line_is_seen_in_octets() -> None:
    wire = Wire(1, seed=3)
    engine = Engine(1)
    engine.attach(0, wire.a)
    wire.fault("a", loop=True, delay_ms=20)
    tester = BitErrorTester(1)
    feed, heard = Ring(1 << 15), Ring(1 << 15)
    engine.feed(0, feed, octets=True)
    engine.tap(0, heard, mode="rx")
    feed.write(tester.make(16_000)[:, 0])
    idle = np.full((1, BLOCK), SILENCE["alaw"], np.uint8)
    for block in range(150):
        if block in (50, 80):
            wire.slip("a", 3 if block == 50 else -1)
        wire.b.write(idle)
        engine.tick()
        engine.drain()
        wire.b.read()
    tester.process(octets(heard)[:, np.newaxis])
    counts = tester.counts()
    assert (counts["slips"][0], counts["slipped"][0], counts["errors"][0]) == (2, 2, 0)


def test_the_loop_ends_with_the_faults() -> None:
    pair = Pair(1)
    pair.wire.fault("a", loop=True)
    heard = Ring(4096)
    pair.near.tap(0, heard, mode="rx")
    pair.near.tone(0, Program.dtmf("5", on_ms=1000))
    pair.run(10)
    assert (octets(heard) != SILENCE["alaw"]).any()
    pair.wire.clear("a")
    pair.run(2)
    octets(heard)
    pair.run(5)
    assert (octets(heard) == SILENCE["alaw"]).all()


@pytest.mark.parametrize("slots", [20, 5])
def test_what_an_echo_is_like_can_be_read(slots: int) -> None:
    pair = Echoing(20, echo=slots)
    assert pair.near.echo_of(7) is None
    pair.near.echo(7)
    pair.near.play(7, speech(6))
    pair.run(500)
    found = pair.near.echo_of(7)
    assert found is not None
    assert found["erl_db"] == pytest.approx(-10 * np.log10(np.sum(HYBRID**2)), abs=1.0)
    assert found["delay_ms"] == 0.0
    assert found["erle_db"] > 20
    assert (found["double_talk"], found["disabled"]) == (0.0, 0.0)
    assert pair.near.echo_of(3) is None
    pair.near.echo(7, False)
    pair.run(1)
    assert pair.near.echo_of(7) is None


def test_an_engine_without_cancellers_says_so() -> None:
    engine = Engine(2)
    assert engine.echo_of(1) is None
    for channel in (-1, 2):
        with pytest.raises(ValueError, match="channel"):
            engine.echo_of(channel)
