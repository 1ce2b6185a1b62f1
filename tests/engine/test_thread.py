"""The real-time thread: nothing is lost while Python is stalled, and it ends when told."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading

import pytest

from dsp_ext.engine import Engine, EngineThread, run_blocks
from dsp_ext.event import ACK
from dsp_ext.ring import Ring
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


_STALLED = """
import sys
import threading
from dsp_ext.engine import EngineThread
from dsp_ext.event import MISSED
from dsp_ext.ring import Ring
from tests.engine.rig import BLOCK, COUNTING, Pair, is_counting, octets

pair, ring = Pair(4), Ring(1 << 20)
pair.near.play(0, COUNTING, loop=True)
pair.far.tap(0, ring, mode="rx")
thread = EngineThread([pair.near, pair.far])
def until(blocks):
    while pair.near.samples < blocks * BLOCK:
        threading.Event().wait(0.005)

thread.start()
until(1)
print("ticking", flush=True)
sys.stdin.readline()
until(16)
thread.stop()
seen = pair.run(1)
told = sum(event.a for name, event in seen if name == "near" and event.kind == MISSED)
counters = pair.near.counters()
assert counters["missed_ticks"] >= 10, counters
assert told == counters["missed_ticks"], (told, counters)
assert counters["late_max_us"] >= 100_000, counters
assert is_counting(octets(ring)[BLOCK:])
assert pair.wire.lost_octets("b") == pair.wire.counters()["b"]["underrun_octets"] == 0
"""


def test_a_stalled_machine_is_counted_told_and_caught_up_with():
    """The whole process stands still for 15 blocks; every block is made up for."""
    with subprocess.Popen(
        [sys.executable, "-c", _STALLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin and child.stdout
        assert child.stdout.readline() == "ticking\n"
        child.send_signal(signal.SIGSTOP)
        threading.Event().wait(0.15)
        child.send_signal(signal.SIGCONT)
        child.stdin.write("enough\n")
        child.stdin.close()
        assert child.wait(30) == 0


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


_UNPRIVILEGED = """
import os, resource, select
from dsp_ext.engine import Engine, EngineThread

resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
engine = Engine(1)
thread = EngineThread([engine], priority=50)
thread.start()
engine.stop(0)
assert select.select([engine.eventfd], [], [], 30)[0]
print(thread.realtime, thread.locked, thread.error)
thread.stop()
"""


def test_without_rights_it_runs_all_the_same_and_says_what_to_grant():
    done = subprocess.run(
        [sys.executable, "-c", _UNPRIVILEGED], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False False mlockall: ")
    assert "SCHED_FIFO: Operation not permitted (grant CAP_SYS_NICE or LimitRTPRIO)" in done.stdout


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
