"""Spans of an NFAS group on the virtual board: faults of their lines under calls in talk."""

from __future__ import annotations

import asyncio

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import (
    ChannelSet,
    ChannelState,
    Connected,
    Disconnected,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.signalling.make import nfas
from drivers.signalling.pri.child import PriChild
from drivers.signalling.pri.nfas import Member, NfasGroup
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.test_child import HeldWorker
from tests.drivers.world import StillWire, run

SPANS = ("E1-1", "E1-2", "E1-3")  # D channels on the first two


class Side:
    """The three spans of one end: a log for each, and a plain answering habit."""

    def __init__(self, board, side: str, child: bool = False, **settings) -> None:
        members = [(s, i, i < 2) for i, s in enumerate(board.spans)]
        if child:
            given = PriSettings(side=side, **settings)
            spans = [Member(*each) for each in members]
            group = NfasGroup("g", spans, given, lambda *each: PriChild(*each, spawn=HeldWorker))
            self.lines = dict(zip(SPANS, group.spans, strict=True))
        else:
            made = nfas("g", members, side=side, **settings)
            self.lines = dict(zip(SPANS, made, strict=True))
        self.log = {name: [] for name in SPANS}
        self.answers = True
        for name, line in self.lines.items():
            line.sink = lambda event, name=name: self.hear(name, event)

    def hear(self, name: str, event) -> None:
        assert event.span == self.lines[name].span.name
        self.log[name].append(event)
        if isinstance(event, Setup) and self.answers:
            self.lines[name].alerting(event.ref)
            self.lines[name].answer(event.ref, Number(name[-1]))
        if isinstance(event, Disconnected):
            self.lines[name].release(event.ref, 16)

    def of(self, name: str, kind) -> list:
        return [event for event in self.log[name] if type(event) is kind]


async def world(*, child: bool = False, dead: str = "", **settings):
    """(near board, our side, the exchange's), all lines up but `dead`, which is in alarm."""
    HeldWorker.made.clear()
    specs = [SpanSpec.of("e1", name, name) for name in SPANS]
    near, far = make_pair(specs, wire=StillWire)
    if dead:
        near.alarm(dead, True)
    us, exchange = Side(near, "user", child, **settings), Side(far, "network", **settings)
    for side in (us, exchange):
        for line in side.lines.values():
            line.start()
    await asyncio.sleep(1)
    assert all(line.up is (n != dead) for side in (us, exchange) for n, line in side.lines.items())
    return near, us, exchange


async def talk(side: Side, channel: int = 3) -> dict[str, int]:
    """A call in talk on each span, placed by this side: its refs."""
    refs = {n: side.lines[n].setup(SetupRequest(channel, Number("1"))) for n in SPANS}
    await asyncio.sleep(1)
    for name, ref in refs.items():
        assert [e.ref for e in side.of(name, Connected)][-1:] == [ref]
    return refs


PROCESSES = pytest.mark.parametrize("child", [False, True], ids=["here", "in a process"])


@PROCESSES
def test_every_span_has_its_own_calls(child):
    async def scenario():
        _, us, exchange = await world(child=child)
        refs = await talk(us)
        assert [us.of(n, Connected)[0].number for n in SPANS] == [Number(n[-1]) for n in SPANS]
        assert {n: [e.channel for e in exchange.of(n, Setup)] for n in SPANS} == {
            n: [3] for n in SPANS
        }
        assert not us.lines["E1-2"].is_idle(3) and us.lines["E1-2"].is_idle(4)
        us.lines["E1-2"].release(refs["E1-2"], 17)
        await asyncio.sleep(1)
        assert [e.cause for e in us.of("E1-2", Released)] == [17]
        assert not us.of("E1-1", Released) and not us.of("E1-3", Released)
        there = await talk(exchange, 5)
        exchange.lines["E1-3"].release(there["E1-3"], 16)
        await asyncio.sleep(1)
        assert len(us.of("E1-3", Released)) == 1

    run(scenario())


@PROCESSES
def test_an_alarm_of_the_primarys_line_ends_its_calls_and_no_others(child):
    async def scenario():
        near, us, exchange = await world(child=child)
        refs = await talk(us)
        near.alarm("E1-1", True)
        await asyncio.sleep(1)
        assert not us.lines["E1-1"].up and us.lines["E1-2"].up and us.lines["E1-3"].up
        state = us.of("E1-3", SignallingState)[-1]
        assert state.up and state.reason.startswith("D channel is that of E1-2")
        more = us.lines["E1-3"].setup(SetupRequest(9, Number("1")))  # at once, over the backup
        await asyncio.sleep(4)
        assert more in [e.ref for e in us.of("E1-3", Connected)]
        assert [e.ref for e in us.of("E1-1", Released)] == [refs["E1-1"]]
        assert not us.of("E1-2", Released) and not us.of("E1-3", Released)
        with pytest.raises(DriverError, match="alarm"):
            us.lines["E1-1"].setup(SetupRequest(5, Number("1")))
        near.alarm("E1-1", False)
        await asyncio.sleep(60)
        assert us.lines["E1-1"].up and us.lines["E1-1"].is_idle(3)
        await talk(us, 7)
        await talk(exchange, 11)

    run(scenario())


@PROCESSES
def test_a_d_channel_that_fails_without_alarm(child):
    async def scenario():
        near, us, exchange = await world(child=child)
        refs = await talk(us)
        near.d_channel("E1-1", False)
        await asyncio.sleep(30)
        for side in (us, exchange):
            assert all(line.up for line in side.lines.values())
            assert all(not side.of(name, Released) for name in SPANS)
        for name, ref in refs.items():
            us.lines[name].release(ref, 16)
        await asyncio.sleep(2)
        assert all(len(side.of(n, Released)) == 1 for side in (us, exchange) for n in SPANS)
        near.d_channel("E1-2", False)
        await asyncio.sleep(30)
        assert not any(line.up for line in us.lines.values())
        with pytest.raises(DriverError):
            us.lines["E1-3"].setup(SetupRequest(5, Number("1")))
        near.d_channel("E1-2", True)
        await asyncio.sleep(60)
        await talk(exchange, 5)

    run(scenario())


@PROCESSES
@pytest.mark.parametrize("dead", ["E1-1", "E1-3"])
def test_a_line_that_is_in_alarm_at_the_start(child, dead):
    """The primary's: the backup serves from the beginning; one without a D channel: the others."""

    async def scenario():
        near, us, exchange = await world(child=child, dead=dead)
        with pytest.raises(DriverError, match="alarm"):
            us.lines[dead].setup(SetupRequest(5, Number("1")))
        ref = us.lines["E1-2"].setup(SetupRequest(5, Number("1")))
        await asyncio.sleep(5)
        assert [event.ref for event in us.of("E1-2", Connected)] == [ref]
        near.alarm(dead, False)
        await asyncio.sleep(60)
        await talk(us, 7)
        await talk(exchange, 9)

    run(scenario())


def test_calls_outlive_a_process_that_dies_while_the_primary_is_in_alarm():
    async def scenario():
        near, us, exchange = await world(child=True)
        refs = await talk(us)
        near.alarm("E1-2", True)  # the backup's
        near.d_channel("E1-1", False)
        await asyncio.sleep(1)
        HeldWorker.made[0].die()
        near.d_channel("E1-1", True)
        await asyncio.sleep(30)
        assert len(HeldWorker.made) == 2
        for side in (us, exchange):
            assert not side.of("E1-1", Released) and not side.of("E1-3", Released)
        us.lines["E1-3"].release(refs["E1-3"], 16)
        await asyncio.sleep(10)
        assert us.lines["E1-3"].is_idle(3) and exchange.lines["E1-3"].is_idle(3)
        near.alarm("E1-2", False)
        await asyncio.sleep(60)
        await talk(exchange, 9)

    run(scenario())


def test_a_channel_is_picked_on_the_span_that_was_asked():
    async def scenario():
        _, us, exchange = await world()
        ref = us.lines["E1-3"].setup(SetupRequest(0, Number("1")))
        far = exchange.lines["E1-2"].setup(SetupRequest(0, Number("1")))
        await asyncio.sleep(1)
        assert us.of("E1-3", ChannelSet) == [ChannelSet("E1-3", ref, 1)]
        assert exchange.of("E1-2", ChannelSet) == [ChannelSet("E1-2", far, 31)]
        assert [e.channel for e in us.of("E1-2", Setup)] == [31]

    run(scenario())


def test_a_far_end_that_wants_the_call_on_another_span_is_refused():
    async def scenario():
        _, us, exchange = await world(exclusive=False)
        for side in (us, exchange):
            side.answers = False
        ref = us.lines["E1-3"].setup(SetupRequest(1, Number("1")))
        await asyncio.sleep(1)
        there = exchange.of("E1-3", Setup)[-1].ref
        common = exchange.lines["E1-3"]._group.common
        call = next(c for c in common._link.calls() if c.ref == there)
        call.channel = 2  # interface 0
        exchange.lines["E1-3"].proceeding(there)
        await asyncio.sleep(1)
        assert [e.cause for e in us.of("E1-3", Released)] == [6] and not us.of("E1-1", ChannelSet)
        assert ref == us.of("E1-3", Released)[0].ref

    run(scenario())


@PROCESSES
def test_taking_a_channel_out_of_service_on_one_span(child):
    async def scenario():
        _, us, exchange = await world(child=child, switch="ni2")
        us.lines["E1-2"].service(4, False)
        await asyncio.sleep(1)
        for side in (us, exchange):
            (state,) = side.of("E1-2", ChannelState)
            assert (state.channel, state.in_service) == (4, False)
            assert not side.lines["E1-2"].is_idle(4) and side.lines["E1-1"].is_idle(4)
        us.lines["E1-2"].service(4, True)
        await asyncio.sleep(1)
        assert exchange.lines["E1-2"].is_idle(4)

    run(scenario())


def test_only_spans_with_a_d_channel_have_frames_to_hear():
    async def scenario():
        _, us, _ = await world()
        assert [hasattr(us.lines[name], "tap") for name in SPANS] == [True, True, False]
        heard: dict[str, list[str]] = {name: [] for name in SPANS}
        for name in SPANS[:2]:
            us.lines[name].tap = lambda way, frame, n=name: heard[n].append(frame.hex())
        await talk(us)
        assert any("08" in frame for frame in heard["E1-1"])
        assert all(not frame.startswith("00010000") for frame in heard["E1-2"])
        assert all(int(frame[:2], 16) in (0, 2) for n in SPANS[:2] for frame in heard[n])

    run(scenario())


def test_stopping_one_span_stops_the_group():
    async def scenario():
        _, us, exchange = await world()
        await talk(us)
        for line in us.lines.values():
            line.stop()
        assert not any(line.up for line in us.lines.values())
        us.log = {name: [] for name in SPANS}
        await asyncio.sleep(60)
        assert us.log == {name: [] for name in SPANS}
        assert not exchange.lines["E1-1"].up

    run(scenario())
