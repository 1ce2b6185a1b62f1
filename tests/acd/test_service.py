"""One fault or race of the queue at a time, each as it was once found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from drivers import events as line
from drivers.cause import Cause
from drivers.events import Number
from mediaserver import events as ev
from mediaserver.clock import VirtualLoop
from tests.acd.rig import Rig


def on(work: Callable[[Rig], Awaitable[None]], **options: Any) -> None:
    """Run `work` on a rig and send everybody home; nothing may be left then."""

    async def run() -> None:
        rig = Rig(**options)
        await work(rig)
        for channel in range(1, 31):
            rig.pstn.hangs_up(channel)
            rig.phones.hangs_up(channel)
        await asyncio.sleep(30)
        assert rig.quiet() == []
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def outcomes(rig: Rig) -> list[str]:
    return [event.outcome for event in rig.of(ev.QueueLeft)]


def test_the_caller_goes_in_the_turns_around_the_answer() -> None:
    """However many turns lie between the two, the agent is free again afterwards."""

    async def work(rig: Rig) -> None:
        for between in range(12):
            rig.pstn.call(1)
            await asyncio.sleep(1)
            rig.phones.picks_up(1)
            await turns(between)
            rig.pstn.hangs_up(1)
            await asyncio.sleep(1)
            assert rig.state() == "ready", between
        assert set(outcomes(rig)) == {"answered", "abandoned"}

    on(work, agents=1)


def test_an_answer_in_the_moment_of_overflow_is_an_answer() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        asyncio.get_running_loop().call_later(10.0, rig.phones.picks_up, 1)
        await asyncio.sleep(11)
        if outcomes(rig) == ["answered"]:
            assert rig.state() == "talking"
            assert rig.seen["Bridged"] == 1
        else:
            assert rig.state() == "ready"

    on(work, agents=1, overflow_s=10.0)


def test_the_next_caller_is_served_when_the_last_record_is_written() -> None:
    """The agent is ready before the phone's channel has settled; nothing else happens then."""

    async def work(rig: Rig) -> None:
        rig.records.delay_s = 4.0
        rig.pstn.call(1)
        rig.pstn.call(2)
        await asyncio.sleep(1)
        rig.phones.picks_up(1)
        await asyncio.sleep(1)
        rig.pstn.hangs_up(1)
        await asyncio.sleep(1)
        assert rig.state() == "ready"
        await asyncio.sleep(4)
        assert rig.state() == "ringing"

    on(work, agents=1)


def test_waiting_callers_are_served_when_the_line_to_the_agents_comes_up() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.link(False)
        rig.pstn.call(1)
        await asyncio.sleep(5)
        assert rig.seen["AgentOffered"] == 0
        rig.phones.link(True)
        await asyncio.sleep(0.1)
        assert rig.seen["AgentOffered"] == 1

    on(work)


def test_the_next_agent_is_tried_while_the_last_phone_is_still_being_released() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.release_s = 8.0
        rig.pstn.call(1)
        await asyncio.sleep(15.1)
        states = sorted(rig.state(name) for name in rig.agents)
        assert states == ["ready", "ringing", "ringing"]
        assert rig.seen["AgentOffered"] == 2

    on(work)


def test_one_timer_for_all_who_wait_for_another_try() -> None:
    async def work(rig: Rig) -> None:
        loop: Any = asyncio.get_running_loop()
        rig.pstn.call(1)
        await asyncio.sleep(0.1)
        rig.phones.released(1, Cause.USER_BUSY)
        for channel in range(2, 5):
            rig.pstn.call(channel)
            await asyncio.sleep(0.1)
        for _ in range(50):
            rig.phones.link(True)
            await turns(2)
        timers = [h for h in loop._scheduled if not h.cancelled() and "_match" in repr(h)]
        assert len(timers) == 1
        await asyncio.sleep(4)
        assert rig.state() == "ready"
        await asyncio.sleep(1)
        assert rig.state() == "ringing"

    on(work, agents=1)


def test_wishes_while_ringing_and_talking_are_kept() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(1)
        assert not rig.acd.set_agent("a1", "away", "lunch")
        assert rig.state() == "ringing"
        await asyncio.sleep(15)
        assert rig.state() == "away"
        assert rig.acd.set_agent("a1", "ready", "back")
        await asyncio.sleep(5)
        rig.phones.picks_up(1)
        await asyncio.sleep(1)
        assert not rig.acd.set_agent("a1", "logged_out", "home")
        rig.phones.hangs_up(1)
        await asyncio.sleep(1)
        assert rig.state() == "logged_out"
        assert rig.acd.set_agent("a1", "away", "here, not ready")
        assert rig.state() == "away"

    on(work, agents=1)


def test_with_nobody_logged_in_callers_overflow_and_the_full_queue_refuses() -> None:
    async def work(rig: Rig) -> None:
        for name in rig.agents:
            rig.acd.set_agent(name, "logged_out", "night")
        for channel in range(1, 7):
            rig.pstn.call(channel)
        await asyncio.sleep(1)
        assert len(rig.store.waiting("sales")) == 4
        assert rig.seen["CallEnded"] == 2
        await asyncio.sleep(60)
        assert outcomes(rig) == ["overflow"] * 4
        assert rig.seen["AgentOffered"] == 0

    on(work)


def test_a_queue_without_agents() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(61)
        assert outcomes(rig) == ["overflow"]

    on(work, agents=0)


def test_the_same_caller_twice_at_once_is_two_calls() -> None:
    async def work(rig: Rig) -> None:
        number = Number("13800000001")
        rig.pstn.call(1, calling=number)
        rig.pstn.call(2, calling=number)
        await asyncio.sleep(1)
        rig.phones.picks_up(1)
        rig.phones.picks_up(2)
        await asyncio.sleep(1)
        assert len(rig.media.bridges) == 2
        assert len({event.call_id for event in rig.of(ev.AgentAnswered)}) == 2

    on(work)


def test_an_agent_who_calls_the_queue_is_not_offered_the_call() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.call(1, "")
        await asyncio.sleep(0.1)
        assert rig.state() == "talking"
        rig.media.port(6).keys.put_nowait("1")
        await asyncio.sleep(1)
        offered = [event.agent for event in rig.of(ev.AgentOffered)]
        assert offered == ["a2"]
        assert rig.of(ev.CallOffered)[0].caller == "8001"
        rig.phones.hangs_up(1)
        await asyncio.sleep(1)
        assert (rig.state("a1"), rig.state("a2")) == ("ready", "ready")

    on(work)


def test_a_phone_left_off_the_hook_is_offered_nothing_until_it_is_put_down() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(1)
        rig.phones.picks_up(1)
        await asyncio.sleep(1)
        rig.phones.sink(line.ChannelState("FXS", 1, False, "telephone off the hook"))
        rig.pstn.hangs_up(1)
        await asyncio.sleep(1)
        assert rig.lines.slot("FXS/1").shown == "blocked"
        rig.pstn.call(1)
        await asyncio.sleep(10)
        assert rig.seen["AgentOffered"] == 1
        rig.phones.sink(line.ChannelState("FXS", 1, True, "telephone put down"))
        await asyncio.sleep(0.1)
        assert rig.seen["AgentOffered"] == 2

    on(work, agents=1)


def test_thirty_callers_in_one_turn() -> None:
    async def work(rig: Rig) -> None:
        for channel in range(1, 31):
            rig.pstn.call(channel)
        await asyncio.sleep(0.5)
        assert rig.seen["Queued"] == 4 and rig.seen["CallEnded"] == 26
        assert [event.position for event in rig.of(ev.Queued)] == [1, 2, 3, 4]
        assert rig.seen["AgentOffered"] == 3

    on(work, callers=30)
