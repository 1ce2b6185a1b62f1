"""The D channel away for 1 s, 60 s and 10 minutes; an alarm that comes and goes a hundred times.

Each with libpri in this process and in one of its own, calls in every stage, and afterwards: each
call ended once or still in talk, no channel busy without a call, every channel good for another.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import CallEvent, Connected, Number, Released, Setup
from tests.drivers.pri.test_child import ChildParty, HeldWorker
from tests.drivers.pri.test_virtual import Party
from tests.drivers.world import StillWire, run

E1 = [n for n in range(1, 32) if n != 16]
PARTIES = {"in this process": Party, "in a process of its own": ChildParty}


async def world(kind: str):
    HeldWorker.made.clear()
    near, far = make_pair([SpanSpec.of("e1", "E1", "X1")], wire=StillWire)
    us, exchange = PARTIES[kind](near.span("E1"), "user"), Party(far.span("X1"), "network")
    us.line.start()
    exchange.line.start()
    await asyncio.sleep(1)
    return near, us, exchange


async def calls_in_every_stage(us, exchange) -> dict[str, list[int]]:
    """Our refs of ten calls in talk, ten that ring here and ten that ring at the exchange."""
    talking = [us.line.setup(SetupRequest(channel, Number("1"))) for channel in E1[:10]]
    await asyncio.sleep(1)
    assert len(us.of(Connected)) == 10
    us.answers = exchange.answers = False
    for channel in E1[10:20]:
        exchange.line.setup(SetupRequest(channel, Number("1")))
    dialling = [us.line.setup(SetupRequest(channel, Number("1"))) for channel in E1[20:]]
    await asyncio.sleep(0.5)
    for party in (us, exchange):
        for event in party.of(Setup)[-10:]:
            party.line.alerting(event.ref)
    await asyncio.sleep(0.5)
    offered = [event.ref for event in us.of(Setup)]
    assert len(offered) == 10
    return {"talking": talking, "offered": offered, "dialling": dialling}


def alive(party) -> set[int]:
    refs = Counter(e.ref for e in party.log if isinstance(e, Released))
    assert all(count == 1 for count in refs.values())
    return {e.ref for e in party.log if isinstance(e, CallEvent)} - refs.keys()


async def every_channel_serves(us, exchange) -> None:
    """Clear what is left; then a call on each channel, from either end by turns."""
    for party in (us, exchange):
        for ref in alive(party):
            try:
                party.line.release(ref, 16)
            except DriverError:
                continue
    await asyncio.sleep(45)
    us.answers = exchange.answers = True
    for party in (us, exchange):
        assert not alive(party)
        assert [channel for channel in E1 if not party.line.is_idle(channel)] == []
        before = len(party.of(Connected))
        refs = [party.line.setup(SetupRequest(channel, Number("1"))) for channel in E1]
        await asyncio.sleep(1)
        assert len(party.of(Connected)) == before + 30
        for ref in refs:
            party.line.release(ref, 16)
        await asyncio.sleep(1)


@pytest.mark.parametrize("kind", PARTIES)
@pytest.mark.parametrize("down_s", (1, 60, 600))
def test_the_d_channel_is_away(down_s, kind):
    async def scenario():
        board, us, exchange = await world(kind)
        stages = await calls_in_every_stage(us, exchange)
        board.d_channel("E1", False)
        await asyncio.sleep(down_s)
        board.d_channel("E1", True)
        await asyncio.sleep(30)
        assert us.line.up and exchange.line.up
        left = alive(us)
        if down_s == 600:  # T309 is over
            assert not left
        else:
            assert set(stages["talking"]) <= left
            causes = {e.cause for e in us.of(Released)}
            assert causes <= {27}
        if down_s == 1:  # nothing was lost that is not sent again
            assert left == {ref for refs in stages.values() for ref in refs}
        if down_s == 60:
            assert left == set(stages["talking"])
        await every_channel_serves(us, exchange)
        us.line.stop()
        exchange.line.stop()

    run(scenario())


@pytest.mark.parametrize("kind", PARTIES)
def test_the_alarm_comes_and_goes_a_hundred_times(kind):
    async def scenario():
        board, us, exchange = await world(kind)
        made = 0
        for turn in range(100):
            for channel in E1[turn % 3 :: 3]:
                try:
                    (us if channel % 2 else exchange).line.setup(SetupRequest(channel, Number("1")))
                    made += 1
                except DriverError:
                    continue
            await asyncio.sleep(0.2 + turn % 4 / 5)
            board.alarm("E1", True, "far" if turn % 2 else "near")
            await asyncio.sleep((0.1, 1.0, 2.4, 3.0, 8.0)[turn % 5])
            board.alarm("E1", False, "far" if turn % 2 else "near")
            await asyncio.sleep((0.0, 0.5, 12.0)[turn % 3])
        await asyncio.sleep(60)
        assert made > 200 and len(us.of(Released)) > 100
        assert us.line.up and exchange.line.up
        await every_channel_serves(us, exchange)
        us.line.stop()
        exchange.line.stop()

    run(scenario())
