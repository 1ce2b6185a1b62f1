"""What is kept of each span's signalling, and what is told of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from drivers.base import SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import Number
from drivers.signalling.cas_words import say, word
from drivers.signalling.pri.child import PriChild
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling
from mediaserver.call.traces import KEEP_SILENT, SpanTrace, Traces
from mediaserver.clock import Clock
from tests.drivers.pri.test_child import HeldWorker
from tests.drivers.pri.test_virtual import Party
from tests.drivers.world import StillWire, run

RR = bytes.fromhex("02010101")
SABME = bytes.fromhex("00017f")


def spans():
    near, far = make_pair([SpanSpec.of("e1", "E1", "X1")], wire=StillWire)
    return near.span("E1"), far.span("X1")


def every(traces: Traces, **more) -> list[dict]:
    wanted = {"after": 0, "before": 0, "last": 200, "silent": False} | more
    return traces.rows("E1", **wanted)["entries"]


def a_call(make) -> None:
    async def scenario() -> None:
        near, far = spans()
        line = make(near)
        exchange = Party(far, "network")
        traces = Traces(Clock(asyncio.get_running_loop()))
        traces.watch(line)
        line.start()
        exchange.line.start()
        await asyncio.sleep(1)
        ref = line.setup(SetupRequest(3, Number("10086"), Number("139"), "Li"))
        await asyncio.sleep(1)
        line.release(ref, 16)
        await asyncio.sleep(60)
        told = every(traces)
        titles = [(row["direction"], row["title"]) for row in told if row["reference"] is not None]
        assert titles == [
            ("out", "SETUP"),
            ("in", "CALL PROCEEDING"),
            ("in", "ALERTING"),
            ("in", "CONNECT"),
            ("out", "CONNECT ACKNOWLEDGE"),
            ("out", "DISCONNECT"),
            ("in", "RELEASE"),
            ("out", "RELEASE COMPLETE"),
        ]
        assert {"SABME P/F", "UA P/F"} & {row["title"] for row in told}
        setup = next(row for row in told if row["title"] == "SETUP")
        (display,) = (each for each in setup["elements"] if each["name"] == "display")
        assert display["text"] == "Li" and display["said"]["text"] is None  # in no language
        assert display["said"]["name"] == {"code": "element.40", "values": {}}
        assert [row["seq"] for row in told] == sorted(row["seq"] for row in told)
        assert len(every(traces, silent=True)) > len(told)
        line.stop()
        exchange.line.stop()

    run(scenario())


def test_a_call_over_libpri_in_this_process():
    a_call(lambda span: PriSignalling(span, lambda event: None, PriSettings()))


def test_a_call_over_libpri_in_a_process_of_its_own():
    HeldWorker.made.clear()
    a_call(lambda span: PriChild(span, lambda event: None, PriSettings(), spawn=HeldWorker))


class _Clocked:
    """A loop that is asked for the time only."""

    def time(self) -> float:
        return 5.0


def test_the_ring_keeps_the_newest_and_silence_pushes_nothing_out():
    trace = SpanTrace(Clock(_Clocked()), keep=3)
    trace.frame("in", SABME)
    for _ in range(2 * KEEP_SILENT):
        trace.frame("in", RR)
    assert [e.seq for e in trace.entries(0, 0, 10, False)] == [1]
    assert len(trace.entries(0, 0, 2000, True)) == KEEP_SILENT + 1
    for _ in range(5):
        trace.frame("out", SABME)
    told = trace.entries(0, 0, 10, False)
    assert [e.seq for e in told] == [trace.seq - 2, trace.seq - 1, trace.seq]
    assert trace.entries(trace.seq, 0, 10, True) == []
    assert [e.seq for e in trace.entries(0, trace.seq, 1, False)] == [trace.seq - 1]


def test_r2_exchanges_are_told_with_their_channel():
    line = SimpleNamespace(trace=None, span=SimpleNamespace(name="E1"))
    traces = Traces(Clock(_Clocked()))
    traces.watch(line)
    line.trace(7, "out", say("cas.forward", signal=1, meaning=say("cas.called.digit", digit="1")))
    line.trace(7, "in", say("cas.backward", signal=1, meaning=word("next_dnis")))
    line.trace(7, "", word("lost"))
    assert every(traces)[2]["said"]["title"] == {"code": "cas.word.lost", "values": {}}
    assert [(r["direction"], r["channel"], r["title"]) for r in every(traces)] == [
        ("out", 7, "forward 1 called digit 1"),
        ("in", 7, "backward 1 next called digit"),
        ("", 7, "they let go of the circuit"),
    ]


def test_analog_lines_have_no_trace():
    traces = Traces(Clock(_Clocked()))
    traces.watch(SimpleNamespace(span=SimpleNamespace(name="FXS")))
    assert traces.names() == []


def test_nothing_keyed_in_a_call_is_kept():
    trace = SpanTrace(Clock(_Clocked()))
    trace.frame("in", bytes.fromhex("0001000008020001" + "7b" + "2c0431323334"))
    kept = trace.entries(0, 0, 1, False)[0]
    assert b"1234" not in kept.frame and b"****" in kept.frame
