"""PRI signalling over the virtual board, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import (
    Alerting,
    CallEvent,
    Connected,
    Disconnected,
    LineEvent,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling
from tests.drivers.world import StillWire, run


class Party:
    """One side's signalling with a plain answering habit and a log."""

    def __init__(self, span, side: str, answers: bool = True, **settings) -> None:
        self.log: list[LineEvent] = []
        self.answers = answers
        self.line = PriSignalling(span, self.on_event, PriSettings(side=side, **settings))

    def on_event(self, event: LineEvent) -> None:
        self.log.append(event)
        if isinstance(event, Setup) and self.answers:
            self.line.alerting(event.ref)
            self.line.answer(event.ref)
        if isinstance(event, Disconnected):
            self.line.release(event.ref, 16)

    def of(self, kind):
        return [event for event in self.log if type(event) is kind]

    def story(self, ref: int) -> list[str]:
        return [type(e).__name__ for e in self.log if isinstance(e, CallEvent) and e.ref == ref]


async def world(**settings):
    near, far = make_pair([SpanSpec.of("e1", "E1", "X1")], wire=StillWire)
    us, exchange = (
        Party(near.span("E1"), "user", **settings),
        Party(far.span("X1"), "network", **settings),
    )
    us.line.start()
    exchange.line.start()
    await asyncio.sleep(1)
    return near, us, exchange


def test_a_call_both_ways():
    async def scenario():
        _, us, exchange = await world()
        ref = us.line.setup(SetupRequest(1, Number("10086"), Number("075512345678"), "Li"))
        other = exchange.line.setup(SetupRequest(31, Number("4000")))
        await asyncio.sleep(1)
        us.line.release(ref, 16)
        exchange.line.release(other, 16)
        await asyncio.sleep(1)
        assert us.story(ref) == ["Proceeding", "Alerting", "Connected", "Released"]
        assert exchange.story(other) == ["Proceeding", "Alerting", "Connected", "Released"]
        assert exchange.of(Setup)[0].calling.digits == "075512345678"
        assert exchange.of(Setup)[0].name == "Li"

    run(scenario())


def test_d_channel_flap_leaves_calls_in_talk():
    async def scenario():
        board, us, exchange = await world()
        ref = us.line.setup(SetupRequest(3, Number("1")))
        await asyncio.sleep(1)
        board.d_channel("E1", False)
        await asyncio.sleep(30)
        assert not us.line.up
        with pytest.raises(DriverError) as refused:
            us.line.setup(SetupRequest(4, Number("2")))
        assert refused.value.cause == 38
        board.d_channel("E1", True)
        await asyncio.sleep(10)
        assert us.line.up and exchange.line.up
        assert not us.of(Released)
        us.line.release(ref, 16)
        await asyncio.sleep(1)
        assert [event.cause for event in us.of(Released)] == [16]
        assert [event.cause for event in exchange.of(Released)] == [16]

    run(scenario())


def test_d_channel_gone_for_good_clears_everything_and_comes_back_clean():
    async def scenario():
        board, us, exchange = await world()
        us.line.setup(SetupRequest(3, Number("1")))
        exchange.line.setup(SetupRequest(4, Number("1")))
        await asyncio.sleep(1)
        board.d_channel("E1", False)
        await asyncio.sleep(200)
        for party in (us, exchange):
            assert sorted(event.ref for event in party.of(Released)) == sorted(
                {e.ref for e in party.log if isinstance(e, CallEvent)}
            )
        board.d_channel("E1", True)
        await asyncio.sleep(20)
        for channel in (3, 4):
            ref = us.line.setup(SetupRequest(channel, Number("1")))
            await asyncio.sleep(1)
            assert us.story(ref)[-1] == "Connected"

    run(scenario())


def test_a_short_alarm_passes_and_a_long_one_clears():
    async def scenario():
        board, us, exchange = await world()
        ref = us.line.setup(SetupRequest(3, Number("1")))
        await asyncio.sleep(1)
        board.alarm("E1", True)
        await asyncio.sleep(2)
        assert not us.line.up
        board.alarm("E1", False)
        await asyncio.sleep(20)
        assert us.line.up and not us.of(Released)
        board.alarm("E1", True)
        await asyncio.sleep(2.6)
        assert [event.cause for event in us.of(Released)] == [27]
        assert [event.cause for event in exchange.of(Released)] == [27]
        board.alarm("E1", False)
        await asyncio.sleep(30)
        again = us.line.setup(SetupRequest(3, Number("1")))
        await asyncio.sleep(1)
        assert us.story(again)[-1] == "Connected" and ref != again
        assert [event.up for event in us.of(SignallingState)] == [
            True, False, True, False, True,
        ]  # fmt: skip

    run(scenario())


def test_thirty_calls_at_once():
    async def scenario():
        _, us, exchange = await world()
        refs = [
            us.line.setup(SetupRequest(channel.number, Number("1")))
            for channel in us.line.span.channels
        ]
        with pytest.raises(DriverError) as full:
            exchange.line.setup(SetupRequest(0, Number("1")))
            await asyncio.sleep(1)
            exchange.line.setup(SetupRequest(0, Number("1")))
        assert full.value.cause == 34
        await asyncio.sleep(5)
        assert len(us.of(Alerting)) == len(us.of(Connected)) >= 29
        for ref in refs:
            if us.story(ref)[-1] != "Released":
                us.line.release(ref, 16)
        await asyncio.sleep(5)
        assert len(us.of(Released)) == 30

    run(scenario())


def test_lost_frames_leave_nothing_behind():
    """Whatever the losses break, no channel stays busy without a call."""

    async def scenario():
        board, us, exchange = await world()
        for toward in ("near", "far"):
            board.fault("E1", toward, frame_loss=0.1)
        for channel in us.line.span.channels:
            us.line.setup(SetupRequest(channel.number, Number("1")))
            await asyncio.sleep(0.02)
        await asyncio.sleep(30)
        for event in us.of(Connected):
            if us.story(event.ref)[-1] != "Released":
                us.line.release(event.ref, 16)
        await asyncio.sleep(150)
        board.clear("E1")
        await asyncio.sleep(60)
        for party in (us, exchange):
            refs = sorted({e.ref for e in party.log if isinstance(e, CallEvent)})
            assert sorted(event.ref for event in party.of(Released)) == refs
            assert all(party.line.is_idle(c.number) for c in party.line.span.channels)
        again = [us.line.setup(SetupRequest(c.number, Number("1"))) for c in us.line.span.channels]
        await asyncio.sleep(2)
        assert all(us.story(ref)[-1] == "Connected" for ref in again)

    run(scenario())


def test_two_runs_are_the_same():
    async def scenario():
        board, us, exchange = await world()
        board.fault("E1", "near", frame_loss=0.2)
        for channel in range(1, 10):
            us.line.setup(SetupRequest(channel, Number("1")))
            await asyncio.sleep(0.01)
        await asyncio.sleep(20)
        return us.log, exchange.log

    assert run(scenario()) == run(scenario())
