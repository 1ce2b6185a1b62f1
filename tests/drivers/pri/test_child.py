"""libpri in a process of its own: the same calls, and what its death does to them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import pytest

from drivers import registry
from drivers.base import DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import (
    Alarm,
    ChannelSet,
    Connected,
    Digits,
    Number,
    Released,
    Setup,
    SignallingState,
    SpanAlarm,
)
from drivers.signalling.pri import pipe
from drivers.signalling.pri.child import BACK_OFF_S, PriChild
from drivers.signalling.pri.process import ChildEnd
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.test_virtual import Party
from tests.drivers.world import StillWire, run


class HeldWorker:
    """Stands in for the process: its end of the pipe is served by the test's own loop."""

    made: list[HeldWorker] = []

    def __init__(self, end) -> None:
        self.end = ChildEnd(end.dup(), lambda: None)
        self.killed = False
        HeldWorker.made.append(self)

    def die(self) -> None:
        self.end.close()

    def kill(self) -> None:
        self.killed = True
        self.end.close()

    def poll(self) -> int | None:
        return -9 if self.killed else None

    def wait(self) -> int:
        return -9


class ChildParty(Party):
    """As Party, with the process in between."""

    def __init__(self, span, side: str, answers: bool = True, **settings) -> None:
        super().__init__(span, side, answers)
        self.line = PriChild(
            span, self.on_event, PriSettings(side=side, **settings), spawn=HeldWorker
        )


async def world(**settings):
    HeldWorker.made.clear()
    near, far = make_pair([SpanSpec.of("e1", "E1", "X1")], wire=StillWire)
    us = ChildParty(near.span("E1"), "user", **settings)
    exchange = Party(far.span("X1"), "network", switch=settings.get("switch", "euroisdn"))
    us.line.start()
    exchange.line.start()
    await asyncio.sleep(1)
    return near, us, exchange


def test_calls_both_ways_and_clearing_from_either_end():
    async def scenario():
        _, us, exchange = await world()
        ref = us.line.setup(SetupRequest(0, Number("10086"), Number("0755", 2, 1), "Li"))
        other = exchange.line.setup(SetupRequest(31, Number("4000"), Number("139")))
        await asyncio.sleep(1)
        assert us.story(ref) == ["ChannelSet", "Proceeding", "Alerting", "Connected"]
        assert us.of(ChannelSet)[0].channel == 1
        assert us.of(Setup)[0].calling.digits == "139"
        assert exchange.of(Setup)[0].name == "Li"
        assert not us.line.is_idle(1) and not us.line.is_idle(31)
        us.line.release(ref, 17)
        exchange.line.release(other, 16)
        await asyncio.sleep(1)
        assert us.of(Released)[0].cause == 17 and exchange.story(other)[-1] == "Released"
        assert us.line.is_idle(1) and us.line.is_idle(31)
        with pytest.raises(DriverError) as gone:
            us.line.release(ref, 16)
        assert gone.value.cause == 81
        us.line.stop()

    run(scenario())


def test_overlap_receiving_through_the_pipe():
    async def scenario():
        _, us, exchange = await world(overlap=True)
        us.answers = False
        ref = exchange.line.setup(SetupRequest(3, Number("07"), complete=False))
        await asyncio.sleep(1)
        offered = us.of(Setup)[0]
        assert not offered.complete
        us.line.acknowledge(offered.ref)
        await asyncio.sleep(1)
        exchange.line.information(ref, "55")
        await asyncio.sleep(1)
        assert "".join(event.digits for event in us.of(Digits)) == "55"
        us.line.proceeding(offered.ref)
        us.line.progress(offered.ref)
        us.line.alerting(offered.ref, inband=True)
        us.line.answer(offered.ref, Number("8001", 4))
        await asyncio.sleep(1)
        assert exchange.story(ref)[-3:] == ["Progress", "Alerting", "Connected"]
        assert exchange.of(Connected)[0].number == Number("8001", 4)
        with pytest.raises(DriverError):
            us.line.answer(offered.ref)
        us.line.stop()

    run(scenario())


async def talk(us, exchange, channel: int):
    """(our ref, the exchange's ref) of a call in talk that we made."""
    ref = us.line.setup(SetupRequest(channel, Number("1")))
    await asyncio.sleep(1)
    assert us.story(ref)[-1] == "Connected"
    return ref, exchange.of(Setup)[-1].ref


def test_a_call_in_talk_outlives_the_process_and_the_exchange_clears_it():
    async def scenario():
        _, us, exchange = await world()
        ref, far = await talk(us, exchange, 4)
        HeldWorker.made[-1].die()
        await asyncio.sleep(0.05)
        assert not us.line.up
        with pytest.raises(DriverError) as refused:
            us.line.setup(SetupRequest(9, Number("1")))
        assert refused.value.cause == 38
        await asyncio.sleep(20)
        assert us.line.starts == 2 and us.line.up
        assert not us.of(Released) and not exchange.of(Released)
        exchange.line.release(far, 16)
        await asyncio.sleep(2)
        assert us.of(Released) == [Released("E1", ref, 16)]
        assert exchange.of(Released) == [Released("X1", far, 16)]
        await talk(us, exchange, 4)
        assert [event.up for event in us.of(SignallingState)] == [True, False, True]
        us.line.stop()

    run(scenario())


@pytest.mark.parametrize("while_dead", (False, True))
def test_an_orphan_that_we_release_has_its_channel_restarted(while_dead):
    async def scenario():
        _, us, exchange = await world()
        ref, far = await talk(us, exchange, 4)
        incoming = exchange.line.setup(SetupRequest(20, Number("1")))
        await asyncio.sleep(1)
        HeldWorker.made[-1].die()
        await asyncio.sleep(0.05 if while_dead else 10)
        for each in (ref, us.of(Setup)[0].ref):
            us.line.release(each, 16)
        await asyncio.sleep(5)
        assert len(us.of(Released)) == 2
        assert {event.ref: event.cause for event in exchange.of(Released)} == {
            far: 41,
            incoming: 41,
        }
        assert us.line.is_idle(4) and us.line.is_idle(20)
        await talk(us, exchange, 4)
        us.line.stop()

    run(scenario())


def test_calls_not_yet_connected_end_with_41_and_leave_nothing_busy():
    async def scenario():
        _, us, exchange = await world()
        us.answers = exchange.answers = False
        ref = us.line.setup(SetupRequest(5, Number("1")))
        exchange.line.setup(SetupRequest(6, Number("1")))
        await asyncio.sleep(1)
        HeldWorker.made[-1].die()
        await asyncio.sleep(1)
        assert sorted(event.cause for event in us.of(Released)) == [41, 41]
        with pytest.raises(DriverError):
            us.line.answer(ref)
        await asyncio.sleep(20)
        assert len(exchange.of(Released)) == 2
        exchange.answers = True
        for channel in (5, 6):
            await talk(us, exchange, channel)
        us.line.stop()

    run(scenario())


def test_channels_that_wait_for_their_restart_outlive_the_process():
    async def scenario():
        board, us, exchange = await world()
        us.answers = exchange.answers = False
        us.line.setup(SetupRequest(5, Number("1")))
        exchange.line.setup(SetupRequest(6, Number("1")))
        await asyncio.sleep(1)
        board.d_channel("E1", False)
        for _ in range(3):  # the first one leaves the calls, the others the restarts
            HeldWorker.made[-1].die()
            await asyncio.sleep(2)
        board.d_channel("E1", True)
        await asyncio.sleep(60)
        assert [
            channel for channel in us.line.settings.channels if not us.line.is_idle(channel)
        ] == []
        assert len(exchange.of(Released)) == 2
        us.line.stop()

    run(scenario())


@pytest.mark.parametrize("by", ("us", "the far end"))
def test_a_channel_out_of_service_is_so_for_the_next_process_too(by):
    """Until it is brought back; restarting it, as after a call that was lost on it, is not that."""

    async def scenario():
        _, us, exchange = await world(switch="ni2")
        us.answers = False
        exchange.line.setup(SetupRequest(7, Number("1")))
        await asyncio.sleep(1)
        talking, _ = await talk(us, exchange, 9)
        server = us if by == "us" else exchange
        for channel in (6, 7, 9):
            server.line.service(channel, False)
        await asyncio.sleep(1)
        HeldWorker.made[-1].die()
        await asyncio.sleep(20)
        assert [event.cause for event in us.of(Released)] == [41]
        assert us.story(talking)[-1] == "Connected"  # a call on it goes on
        us.line.release(talking, 16)
        await asyncio.sleep(5)
        inner = HeldWorker.made[-1].end._line
        for line in (us.line, inner, exchange.line):
            assert [channel for channel in (5, 6, 7, 9) if line.is_idle(channel)] == [5]
        for channel in (6, 7, 9):
            server.line.service(channel, True)
        await asyncio.sleep(1)
        for line in (us.line, inner, exchange.line):
            assert all(line.is_idle(channel) for channel in (6, 7, 9))
        us.line.stop()

    run(scenario())


def test_new_calls_do_not_take_the_call_references_of_orphans():
    async def scenario():
        _, us, exchange = await world()
        orphans = [await talk(us, exchange, channel) for channel in (1, 2, 3)]
        HeldWorker.made[-1].die()
        await asyncio.sleep(10)
        for channel in (11, 12, 13, 14):
            await talk(us, exchange, channel)
        assert not us.of(Released)
        for _, far in orphans:
            exchange.line.release(far, 16)
        await asyncio.sleep(1)
        assert sorted(e.ref for e in us.of(Released)) == sorted(ref for ref, _ in orphans)
        us.line.stop()

    run(scenario())


def test_orphans_end_with_t309_when_the_d_channel_stays_away():
    async def scenario():
        board, us, exchange = await world(t309_s=30.0)
        await talk(us, exchange, 4)
        board.d_channel("E1", False)
        HeldWorker.made[-1].die()
        await asyncio.sleep(25)
        assert not us.of(Released)
        await asyncio.sleep(10)
        assert [event.cause for event in us.of(Released)] == [27]
        us.line.stop()

    run(scenario())


def test_the_wait_between_starts_grows_and_the_dying_are_reaped():
    async def scenario():
        _, us, _ = await world()
        begun = asyncio.get_running_loop().time()
        waits = []
        for _ in range(10):
            HeldWorker.made[-1].die()
            before, at = us.line.starts, asyncio.get_running_loop().time()
            while us.line.starts == before:
                await asyncio.sleep(0.05)
            waits.append(asyncio.get_running_loop().time() - at)
        assert waits == sorted(waits) and waits[0] < 0.3
        assert waits[-1] == pytest.approx(BACK_OFF_S[1], abs=0.1) and begun
        await asyncio.sleep(70)
        HeldWorker.made[-1].die()
        await asyncio.sleep(0.3)
        assert us.line.up
        us.line.stop()
        assert all(worker.killed for worker in HeldWorker.made)

    run(scenario())


def test_a_process_that_hangs_is_ended_and_replaced():
    async def scenario():
        _, us, exchange = await world()
        await talk(us, exchange, 4)
        HeldWorker.made[-1].end._handlers["ping"] = lambda number: None
        await asyncio.sleep(15)
        assert us.line.starts == 2 and HeldWorker.made[0].killed
        assert us.line.up and not us.of(Released)
        us.line.stop()

    run(scenario())


@pytest.mark.parametrize("dead", (False, True))
def test_after_stop_nothing_is_told_and_no_process_started(dead):
    async def scenario():
        board, us, exchange = await world()
        ref, _ = await talk(us, exchange, 4)
        if dead:
            HeldWorker.made[-1].die()
            await asyncio.sleep(0.05)
        us.line.release(ref, 16)  # without a process it is told in the loop's next turn
        us.line.stop()
        told = list(us.log)
        board.alarm("E1", True)
        await asyncio.sleep(10)
        board.alarm("E1", False)
        await asyncio.sleep(60)
        assert us.log == told and len(HeldWorker.made) == 1
        with pytest.raises(DriverError):
            us.line.setup(SetupRequest(5, Number("1")))

    run(scenario())


def test_an_alarm_that_lasts_ends_the_calls_with_and_without_a_process():
    async def scenario():
        board, us, exchange = await world()
        await talk(us, exchange, 4)
        board.alarm("E1", True)
        await asyncio.sleep(3)
        assert [event.cause for event in us.of(Released)] == [27] and not us.line.up
        board.alarm("E1", False)
        await asyncio.sleep(30)
        await talk(us, exchange, 4)
        us.line._back_off = 30.0
        HeldWorker.made[-1].die()
        await asyncio.sleep(0.1)
        board.alarm("E1", True)
        await asyncio.sleep(3)
        assert [event.cause for event in us.of(Released)] == [27, 27]
        us.line.restart(7)
        with pytest.raises(DriverError):
            us.line.restart(16)
        board.alarm("E1", False)
        await asyncio.sleep(60)
        await talk(us, exchange, 7)
        us.line.stop()

    run(scenario())


def test_events_survive_the_pipe_and_nonsense_does_not():
    for event in (
        Setup("E1", 3, 4, Number("1"), Number("2", 2, 1, 0x20), "张", False),
        Released("E1", 3, 16),
        SignallingState("E1", True, "x"),
        Digits("E1", 3, "12", True),
    ):
        assert pipe.unpack_event(pipe.pack_event(event)) == event
    for nonsense in ([], ["Number", {}], ["Released", {"a": 1}], ["Setup", {"called": 3}]):
        with pytest.raises(ValueError, match="not a line event"):
            pipe.unpack_event(nonsense)
    assert SpanAlarm("E1", Alarm.RED, True)


def test_what_is_no_message_is_passed_over_and_a_full_pipe_is_closed():
    async def scenario():
        near, far = pipe.pair()
        got: list = []
        ends: list = []
        one = pipe.Pipe(near, got.append, lambda: ends.append("one"))
        for data in (b"{", b"\xff\xfe", b"[1]", b'{"a":1}'):
            far.send(data)
        await asyncio.sleep(0.1)
        assert got == [{"a": 1}]
        for _ in range(5000):
            one.send({"x": "y" * 1000})
        await asyncio.sleep(0.1)
        assert ends == ["one"]
        one.send({"late": 1})
        far.close()

    run(scenario())


def test_the_real_process_is_killed_and_the_call_lives(caplog):
    """The one test with a real child and the real clock; it waits for events only."""
    caplog.set_level(logging.CRITICAL)

    async def until(condition):
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.01)

    async def scenario():
        near, far = make_pair([SpanSpec.of("e1", "E1", "X1")], wire=StillWire)
        us, exchange = Party(near.span("E1"), "user"), Party(far.span("X1"), "network")
        us.line = registry.signalling("pri", near.span("E1"), us.on_event, isolate=True)
        us.line.start()
        exchange.line.start()
        await until(lambda: us.line.up and exchange.line.up)
        ref = us.line.setup(SetupRequest(4, Number("1")))
        await until(lambda: us.of(Connected))
        victim = us.line._worker
        os.kill(victim.pid, signal.SIGKILL)
        await until(lambda: us.line.starts == 2 and us.line.up)
        assert not us.of(Released)
        exchange.line.release(exchange.of(Setup)[0].ref, 16)
        await until(lambda: us.of(Released))
        assert us.of(Released) == [Released("E1", ref, 16)]
        us.line.stop()
        assert victim.poll() == -signal.SIGKILL

    asyncio.run(scenario())
