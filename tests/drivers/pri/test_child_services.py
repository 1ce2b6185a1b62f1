"""What is asked of libpri in a process of its own besides plain calls."""

from __future__ import annotations

import asyncio

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.events import Digits, MoreDigits, Number, Released, Setup
from drivers.signalling.pri.trace import decode
from tests.drivers.pri.test_child import HeldWorker, talk, world
from tests.drivers.world import run


def test_a_number_goes_out_digit_by_digit():
    async def scenario():
        _, us, exchange = await world()
        exchange.answers = False
        ref = us.line.setup(SetupRequest(3, Number("07"), complete=False))
        with pytest.raises(DriverError, match="no information now"):
            us.line.information(ref, "55")
        await asyncio.sleep(1)
        exchange.line.acknowledge(exchange.of(Setup)[0].ref)
        await asyncio.sleep(1)
        assert us.of(MoreDigits) == [MoreDigits("E1", ref)]
        us.line.information(ref, "55")
        await asyncio.sleep(1)
        assert "".join(event.digits for event in exchange.of(Digits)) == "55"
        us.line.stop()

    run(scenario())


def test_a_transfer_is_asked_for():
    async def scenario():
        _, us, exchange = await world()
        one, _ = await talk(us, exchange, 4)
        two, _ = await talk(us, exchange, 5)
        sent: list[str] = []

        def hear(way: str, frame: bytes) -> None:
            if way == "out" and not frame[2] & 1:
                sent.append(str(decode(frame).title))

        us.line.tap = hear
        for known, gone in ((one, 998), (998, one)):
            with pytest.raises(DriverError, match="998 has gone"):
                us.line.transfer(known, gone)
        us.line.transfer(one, two)
        await asyncio.sleep(1)
        assert sent == ["FACILITY"]
        assert not us.of(Released)  # an exchange that does not join them leaves them as they are
        us.line.stop()

    run(scenario())


def test_a_call_is_left_to_others():
    async def scenario():
        _, us, exchange = await world()
        us.answers = False
        there = exchange.line.setup(SetupRequest(6, Number("1")))
        await asyncio.sleep(1)
        (offered,) = us.of(Setup)
        us.line.ignore(offered.ref)
        await asyncio.sleep(1)
        assert us.of(Released) == [Released("E1", offered.ref, 26)]
        assert exchange.story(there) == []  # it has heard nothing of us
        with pytest.raises(DriverError, match="has gone"):
            us.line.ignore(offered.ref)
        us.answers = True
        await asyncio.sleep(10)  # SETUP comes again
        assert exchange.story(there)[-1] == "Connected"
        with pytest.raises(DriverError, match="has been answered for"):
            us.line.ignore(us.of(Setup)[-1].ref)
        us.line.stop()

    run(scenario())


def test_channels_are_taken_out_of_service_where_there_is_a_message_for_it():
    async def scenario():
        _, us, _ = await world()
        with pytest.raises(DriverError, match="no SERVICE on euroisdn") as refused:
            us.line.service(5, False)
        assert refused.value.cause == 29
        us.line.stop()
        _, us, _ = await world(switch="ni2")
        with pytest.raises(DriverError, match="E1/16: no SERVICE"):
            us.line.service(16, False)
        HeldWorker.made[-1].die()
        await asyncio.sleep(0.05)
        with pytest.raises(DriverError, match="D channel is down"):
            us.line.service(5, False)
        us.line.stop()

    run(scenario())


@pytest.mark.parametrize("dead", (False, True))
def test_the_calls_of_some_channels_are_given_up(dead):
    """As of a group's one line that is in alarm."""

    async def scenario():
        _, us, exchange = await world()
        one, _ = await talk(us, exchange, 4)
        two, _ = await talk(us, exchange, 5)
        if dead:
            us.line._back_off = 30.0
            HeldWorker.made[-1].die()
            await asyncio.sleep(0.05)
        us.line.drop_all(27, [5, 6])
        await asyncio.sleep(1)
        assert us.of(Released) == [Released("E1", two, 27)]
        await asyncio.sleep(60)
        assert us.line.is_idle(5) and not us.line.is_idle(4)
        assert us.story(one)[-1] == "Connected"
        us.line.stop()

    run(scenario())


def test_the_cause_of_a_release_outlives_the_process():
    async def scenario():
        _, us, exchange = await world()
        ref, _ = await talk(us, exchange, 4)
        us.line.release(ref, 17)
        HeldWorker.made[-1].die()  # before it has read the request
        await asyncio.sleep(1)
        assert us.of(Released) == [Released("E1", ref, 17)]
        await asyncio.sleep(20)
        assert len(exchange.of(Released)) == 1 and us.line.is_idle(4)
        us.line.stop()

    run(scenario())


@pytest.mark.parametrize("dead", (False, True))
def test_a_channel_is_restarted(dead):
    async def scenario():
        _, us, exchange = await world()
        one, there = await talk(us, exchange, 4)
        two, _ = await talk(us, exchange, 5)
        if dead:
            HeldWorker.made[-1].die()
            await asyncio.sleep(0.05)
        us.line.restart(4)
        await asyncio.sleep(20)
        assert us.of(Released) == [Released("E1", one, 41)]
        assert exchange.of(Released) == [Released("X1", there, 41)]
        assert us.story(two)[-1] == "Connected" and us.line.is_idle(4)
        await talk(us, exchange, 4)
        us.line.stop()

    run(scenario())
