"""The real-time thread: nothing is lost while Python is stalled, and it ends when told."""

from __future__ import annotations

import ctypes
import os
import select
import threading

import pytest
from dsp_ext.engine import Engine, EngineThread, run_blocks
from dsp_ext.ring import Ring

from dsp_ext.event import ACK
from tests.engine.rig import BLOCK, COUNTING, IDLE, Pair, is_counting, octets


def await_events(engine: Engine) -> list:
    """The next events, by the eventfd."""
    assert select.select([engine.eventfd], [], [], 30)[0], "the engine does not tick"
    return list(engine.drain())


def hold_the_gil(seconds: float) -> None:
    """A Python thread that keeps the GIL all the while, as a careless extension does."""
    usleep = ctypes.PyDLL(None).usleep
    thread = threading.Thread(target=usleep, args=(int(seconds * 1e6),))
    thread.start()
    thread.join()


def test_a_python_thread_that_holds_the_gil_loses_no_octet():
    pair, ring = Pair(30), Ring(1 << 20)
    pair.near.play(17, COUNTING, loop=True)
    pair.far.tap(17, ring, mode="rx")
    thread = EngineThread([pair.near, pair.far])
    thread.start()
    await_events(pair.near)
    await_events(pair.far)
    before = pair.far.samples
    hold_the_gil(2.0)
    passed = pair.far.samples - before
    thread.stop()
    stream = octets(ring)
    assert passed >= 190 * BLOCK  # two seconds are 200 blocks
    assert len(stream) >= passed and ring.dropped == 0
    played = stream[BLOCK:]
    assert is_counting(played)
    assert pair.near.samples == pair.far.samples == len(stream)
    for end in "ab":
        counters = pair.wire.counters()[end]
        assert counters["overrun_octets"] == counters["underrun_octets"] == 0
        assert pair.wire.lost_octets(end) == 0


def test_commands_are_answered_and_the_thread_ends_when_told():
    engine = Engine(2)
    thread = EngineThread([engine], priority=None)
    thread.start()
    assert thread.running
    numbers = [engine.play(0, COUNTING, loop=True), engine.detect(1, True)]
    seen = []
    while len(seen) < 2:
        seen += await_events(engine)
    assert [event.a for event in seen if event.kind == ACK] == numbers
    thread.stop()
    ticked = engine.counters()["ticks"]
    assert not thread.running and ticked > 0
    thread.stop()  # again is harmless
    engine.tick()
    assert engine.counters()["ticks"] == ticked + 1


def test_it_starts_again_and_goes_on():
    engine = Engine(1)
    thread = EngineThread([engine], priority=None)
    for _ in range(3):
        thread.start()
        engine.stop(0)
        await_events(engine)
        thread.stop()
    assert engine.counters()["ticks"] >= 3


def test_an_engine_has_one_ticker():
    engine = Engine(1)
    thread = EngineThread([engine], priority=None)
    thread.start()
    for other in (
        engine.tick,
        lambda: run_blocks([engine], 1),
        thread.start,
        EngineThread([engine]).start,
    ):
        with pytest.raises(RuntimeError):
            other()
    thread.stop()


def test_a_failed_start_lets_the_other_engines_go():
    free, taken = Engine(1), Engine(1)
    busy = EngineThread([taken], priority=None)
    busy.start()
    with pytest.raises(RuntimeError):
        EngineThread([free, taken]).start()
    free.tick()
    busy.stop()


def test_real_time_is_had_or_refused_in_words():
    thread = EngineThread([Engine(1)], priority=50)
    thread.start()
    realtime, locked, error = thread.realtime, thread.locked, thread.error
    thread.stop()
    if realtime and locked:
        assert error == ""
    assert realtime or "SCHED_FIFO" in error
    assert locked or "mlockall" in error


def test_an_ordinary_thread_asks_for_nothing():
    thread = EngineThread([Engine(1)], priority=None)
    thread.start()
    assert not thread.realtime and not thread.locked and thread.error == ""
    thread.stop()


def test_dropping_the_thread_ends_it():
    engine = Engine(1)
    EngineThread([engine], priority=None).start()
    ticked = engine.counters()["ticks"]
    engine.tick()  # nobody else ticks it any more
    assert engine.counters()["ticks"] >= ticked + 1


def test_a_forked_child_does_not_wait_for_its_parents_thread():
    thread = EngineThread([Engine(1)], priority=None)
    thread.start()
    child = os.fork()
    if child == 0:
        thread.stop()
        os._exit(7)
    status = os.waitpid(child, 0)[1]
    thread.stop()
    assert os.waitstatus_to_exitcode(status) == 7


@pytest.mark.parametrize("priority", [0, 100, -5])
def test_what_cannot_be_is_refused(priority):
    with pytest.raises(ValueError):
        EngineThread([Engine(1)], priority=priority)
    with pytest.raises(ValueError):
        EngineThread([])
    with pytest.raises(ValueError):
        EngineThread([Engine(1), Engine(1, block=160)])


def test_rx_is_idle_before_the_first_block():
    pair, ring = Pair(1), Ring(4096)
    pair.far.tap(0, ring, mode="rx")
    pair.run(2)
    assert (octets(ring) == IDLE).all()
