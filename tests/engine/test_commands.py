"""Commands: order, acknowledgement, fullness, and what is kept alive how long."""

from __future__ import annotations

import gc
import os
import re
import select
import weakref
from pathlib import Path

import numpy as np
import pytest

from dsp_ext import event
from dsp_ext.engine import Engine
from dsp_ext.event import ACK, PLAY_DONE, EventKind, RingFull
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program
from tests.engine.rig import of_kind, ticks


def test_every_command_is_acknowledged_once_in_order():
    engine, ring = Engine(3), Ring(1024)
    numbers = [
        engine.play(0, np.zeros(800, np.int16)),
        engine.stop(0),
        engine.tone(1, Program.dtmf("1")),
        engine.stop_tone(1),
        engine.join(0, 2, talk=0.5),
        engine.leave(0),
        engine.tap(1, ring),
        engine.untap(1, ring),
        engine.feed(2, ring),
        engine.unfeed(2),
        engine.detect(2, True),
        engine.reset(2),
    ]
    assert numbers == list(range(1, 13))
    assert engine.drain() == []  # nothing before a tick
    acks = of_kind(ticks(engine), ACK)
    assert [one.a for one in acks] == numbers
    assert [one.channel for one in acks] == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2]
    assert {one.at for one in acks} == {0}
    assert of_kind(ticks(engine, 5), ACK) == []


def test_an_ack_bears_the_time_at_which_its_block_began():
    engine = Engine(1)
    ticks(engine, 7)
    engine.detect(0, True)
    assert ticks(engine)[0].at == 7 * 80


def test_the_command_ring_says_when_it_is_full_and_recovers():
    engine = Engine(1, commands=4)
    for _ in range(4):
        engine.stop(0)
    with pytest.raises(RingFull):
        engine.stop(0)
    assert engine.counters()["command_ring_full"] == 1
    assert [one.a for one in ticks(engine)] == [1, 2, 3, 4]
    assert engine.stop(0) == 5  # a refused command uses up no number


def test_no_answer_is_lost_when_nobody_drains():
    """Ends and ACKs wait, commands wait behind them; draining brings all, each once, in order."""
    engine = Engine(2, events=8, commands=64)
    numbers, tokens = [], []
    for token in range(30):
        numbers.append(engine.play(0, np.zeros(10, np.int16), token=token))
        tokens.append(token)
    for _ in range(10):
        engine.tick()
    seen = []
    for _ in range(60):
        seen += ticks(engine)
    assert [one.a for one in of_kind(seen, ACK)] == numbers
    assert [one.a for one in of_kind(seen, PLAY_DONE)] == tokens
    assert engine.holding == 0


def test_news_is_counted_when_the_event_ring_is_full():
    engine, ring = Engine(8, events=8), Ring(1)
    for channel in range(8):
        engine.tap(channel, ring)  # each overruns at once
    for _ in range(20):
        engine.tick()
    assert engine.counters()["event_ring_full"] > 0
    assert engine.counters()["tap_dropped_octets"] == ring.dropped > 0


def test_the_eventfd_is_readable_when_events_wait():
    engine = Engine(1)

    def waiting() -> bool:
        return bool(select.select([engine.eventfd], [], [], 0)[0])

    engine.tick()
    assert not waiting()
    engine.stop(0)
    engine.tick()
    engine.tick()
    assert waiting()
    engine.drain()
    assert not waiting()
    os.fstat(engine.eventfd)


class _Samples(np.ndarray):
    """An array that can be watched."""


def _samples(n: int) -> tuple[np.ndarray, weakref.ref]:
    array = np.zeros(n, np.int16).view(_Samples)
    return array, weakref.ref(array)


def test_samples_are_kept_until_the_engine_has_let_go():
    engine = Engine(1)
    array, watch = _samples(200)
    engine.play(0, array)
    del array
    for _ in range(2):
        engine.tick()
        engine.drain()
        gc.collect()
        assert watch() is not None
    engine.tick()  # the last samples are read here
    gc.collect()
    assert watch() is not None  # the control plane has not heard of it yet
    engine.drain()
    gc.collect()
    assert watch() is None


def test_replaced_and_looping_samples_are_let_go_when_told():
    engine = Engine(1)
    array, watch = _samples(50)
    engine.play(0, array, loop=True, token=1)
    del array
    ticks(engine, 10)
    assert watch() is not None
    engine.play(0, np.zeros(8, np.int16), token=2)
    assert watch() is not None
    ticks(engine)
    gc.collect()
    assert watch() is None


def test_rings_are_kept_until_untap_unfeed_or_reset_is_acknowledged():
    engine = Engine(2)
    engine.tap(0, a := Ring(4096))
    engine.tap(1, a)
    engine.feed(0, b := Ring(4096))
    engine.tone(1, Program.dtmf("5"))
    assert engine.holding == 4
    ticks(engine)
    assert engine.holding == 3  # the tick has its own copy of the tone
    engine.untap(0, a)
    engine.feed(0, b)
    assert engine.holding == 5
    ticks(engine)
    assert engine.holding == 2
    engine.reset(0)
    engine.reset(1)
    ticks(engine)
    assert engine.holding == 0


def test_endings_of_what_is_not_there_are_harmless():
    engine = Engine(1)
    for number in (
        engine.stop(0),
        engine.stop_tone(0),
        engine.leave(0),
        engine.untap(0, Ring(16)),
        engine.unfeed(0),
        engine.reset(0),
    ):
        assert number
    assert [one.kind for one in ticks(engine)] == [ACK] * 6
    assert engine.holding == 0


def test_wrong_arguments_are_refused_and_change_nothing():
    engine, ring = Engine(2, taps=1), Ring(4096)
    for wrong in (
        lambda: engine.stop(2),
        lambda: engine.stop(-1),
        lambda: engine.join(0, 2),
        lambda: engine.join(0, 0, talk=float("nan")),
        lambda: engine.play(0, np.zeros(8, np.float32)),
        lambda: engine.play(0, np.zeros((2, 8), np.int16)),
        lambda: engine.play(0, np.zeros(16, np.int16)[::2]),
        lambda: engine.play(0, np.zeros(8, np.int16), gain=1e9),
        lambda: engine.tap(0, ring, mode="all"),
        lambda: engine.tap(9, ring),
    ):
        with pytest.raises(ValueError):
            wrong()
    for wrong in (lambda: engine.tap(0, None), lambda: engine.tone(0, "busy")):
        with pytest.raises(TypeError):
            wrong()
    assert engine.holding == 0
    engine.tap(0, ring)
    with pytest.raises(ValueError, match="all 1 taps"):
        engine.tap(1, ring)
    assert len(ticks(engine)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": 0},
        {"channels": 5000},
        {"channels": 1, "block": 7},
        {"channels": 1, "law": "mulaw"},
        {"channels": 1, "events": 1},
        {"channels": 1, "commands": 0},
        {"channels": 1, "taps": -1},
    ],
)
def test_an_engine_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError):
        Engine(**wrong)


def test_ports_are_attached_once_side_by_side_and_before_the_first_tick():
    engine, wire = Engine(5), Wire(2)
    engine.attach(0, wire.a)
    for first, port in ((0, wire.a), (1, wire.b), (4, wire.b), (-1, wire.b)):
        with pytest.raises(ValueError):
            engine.attach(first, port)
    for other in (Wire(1, law="ulaw"), Wire(1, block=160)):
        with pytest.raises(ValueError, match="engine: block 80, alaw"):
            engine.attach(4, other.a)
    engine.attach(3, wire.b)
    with pytest.raises(RuntimeError, match="attached"):
        wire.b.read()
    engine.tick()
    with pytest.raises(RuntimeError, match="first tick"):
        engine.attach(2, Wire(1).a)


def test_event_numbers_are_those_of_the_c_side():
    source = (Path(event.__file__).parent / "messages.pxd").read_text()
    numbers = {name: int(value) for name, value in re.findall(r"EV_(\w+) = (\d+)", source)}
    assert numbers == {kind.name: kind.value for kind in EventKind}
