"""Always-ringing telephones: when they ring, who gets the caller, and that nothing is left."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from mediaserver import events as ev
from mediaserver.call.dialler import Target
from mediaserver.call.extensions import Extension
from mediaserver.call.routing import Route
from mediaserver.clock import VirtualLoop
from tests.acd.rig import Rig

MENU = """
name = "main"
start = "play"
[node.play]
kind = "play"
prompts = ["welcome"]
next = "menu"
[node.menu]
kind = "menu"
prompts = ["choose"]
timeout_s = 20
tries = 1
choices = { 1 = "queue", 2 = "desk" }
on_fail = "end"
[node.queue]
kind = "queue"
queue = "sales"
on_overflow = "end"
[node.desk]
kind = "dial"
extension = "203"
ring_s = 10
on_fail = "end"
[node.end]
kind = "hang up"
cause = 17
"""


def bell(port: int, since: str) -> Extension:
    number = f"20{port}"
    return Extension(number, Target(number, line=f"FXS/{port}", number=number), "", since)


def on(work: Callable[[Rig], Awaitable[None]], *bells: Extension) -> None:
    """Run `work` with agents at phones 1 and 2; then everybody hangs up, and nothing is left."""

    async def run() -> None:
        routes = (Route("1", flow="main"), Route("7", extension="203"))
        rig = Rig(2, phones=4, routes=routes, extensions=bells, flow=MENU)
        await work(rig)
        for channel in range(1, 7):
            rig.pstn.hangs_up(channel)
            rig.phones.hangs_up(channel)
        await asyncio.sleep(30)
        assert rig.quiet() == []
        assert len(rig.reception._digits) == 0
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


def rings(rig: Rig) -> list[int]:
    """Telephones that ring or talk on a call of ours."""
    return sorted(c for c, ref in rig.phones.refs.items() if ref in rig.phones.ours)


def key(rig: Rig, channel: int, digit: str) -> None:
    rig.media.port(channel - 1).keys.put_nowait(digit)


def ended(rig: Rig) -> list[tuple[int, str]]:
    return [(event.cause, event.cleared_by) for event in rig.of(ev.CallEnded)]


def test_it_rings_from_the_first_prompt_on_and_its_answer_ends_the_flow() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(0.5)
        assert rings(rig) == [3]
        rig.phones.picks_up(3)
        await asyncio.sleep(1)
        assert len(rig.media.bridges) == 1 and rig.seen["CallAnswered"] == 1
        key(rig, 1, "1")
        await asyncio.sleep(30)
        assert [e.node for e in rig.of(ev.NodeEntered)] == ["play"]
        rig.phones.hangs_up(3)
        await asyncio.sleep(1)
        assert ended(rig) == [(16, "party")]

    on(work, bell(3, "call"))


def test_for_a_person_it_rings_once_the_caller_waits_for_one() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(3)
        assert rings(rig) == []
        key(rig, 1, "1")
        await asyncio.sleep(1)
        assert rings(rig) == [1, 3]
        rig.phones.picks_up(3)
        await asyncio.sleep(1)
        assert rings(rig) == [3], "the agent's telephone is silent again"
        left = rig.of(ev.QueueLeft)
        assert [(e.queue, e.outcome) for e in left] == [("sales", "answered")]
        assert rig.state("a1") == "ready"

    on(work, bell(3, "person"))


def test_an_agent_who_answers_first_has_the_caller() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(3)
        key(rig, 1, "1")
        await asyncio.sleep(1)
        rig.phones.picks_up(1)
        await asyncio.sleep(1)
        assert rings(rig) == [1]
        await asyncio.sleep(60)
        assert rings(rig) == [1], "it must not ring again in the talk"
        rig.phones.hangs_up(1)
        await asyncio.sleep(1)
        assert ended(rig) == [(16, "agent")]

    on(work, bell(3, "call"), bell(4, "person"))


@pytest.mark.parametrize("order", [(1, 3), (3, 1), (3, 4), (4, 3)])
def test_two_who_answer_in_one_moment(order: tuple[int, int]) -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(3)
        key(rig, 1, "1")
        await asyncio.sleep(1)
        for phone in order:
            rig.phones.picks_up(phone)
        await asyncio.sleep(1)
        assert len(rings(rig)) == 1 and len(rig.media.bridges) == 1
        assert rig.of(ev.QueueLeft)[0].outcome == "answered"
        talking = rings(rig)[0] == 1
        assert (rig.state("a1") == "talking") is talking

    on(work, bell(3, "call"), bell(4, "call"))


def test_one_telephone_and_two_callers() -> None:
    """It rings for the second when the first is done with it."""

    async def work(rig: Rig) -> None:
        for channel in (1, 2):
            rig.pstn.call(channel)
        await asyncio.sleep(0.5)
        assert rings(rig) == [3]
        rig.phones.picks_up(3)
        await asyncio.sleep(5)
        rig.phones.hangs_up(3)
        await asyncio.sleep(3)
        assert rings(rig) == [3] and ended(rig) == [(16, "party")]
        rig.phones.picks_up(3)
        await asyncio.sleep(1)
        assert [e.legs for e in rig.of(ev.Bridged)][0] != [e.legs for e in rig.of(ev.Bridged)][1]

    on(work, bell(3, "call"))


def test_a_caller_who_goes_silences_it() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(0.5)
        rig.pstn.hangs_up(1)
        await asyncio.sleep(0.1)
        assert rings(rig) == [] and ended(rig) == [(16, "caller")]

    on(work, bell(3, "call"))


def test_a_flow_that_hangs_up_silences_it() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(40)
        assert rings(rig) == [] and ended(rig) == [(17, "system")]

    on(work, bell(3, "call"))


def test_calls_from_inside_do_not_ring_it() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.call(1, "")
        for digit in "8002":
            key(rig, 7, digit)
        await asyncio.sleep(1)
        assert rings(rig) == [2]

    on(work, bell(3, "call"))


def test_dialled_while_it_rings_already_it_just_goes_on() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(3)
        key(rig, 1, "2")
        await asyncio.sleep(1)
        assert rings(rig) == [3] and rig.media.port(0).tones[-1] == "cn/ringback"
        assert [word for word, _, _ in rig.phones.sent].count("setup") == 1
        rig.phones.picks_up(3)
        await asyncio.sleep(1)
        assert len(rig.media.bridges) == 1 and rig.media.port(0).tones[-1] == ""

    on(work, bell(3, "call"))


def test_dialled_and_not_answered_the_flow_goes_on() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(3)
        key(rig, 1, "2")
        await asyncio.sleep(15)
        assert ended(rig) == [(17, "system")]

    on(work, bell(3, "call"))


def test_a_direct_route_to_it() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, "7")
        await asyncio.sleep(1)
        assert rings(rig) == [3]
        rig.phones.picks_up(3)
        await asyncio.sleep(1)
        assert len(rig.media.bridges) == 1

    for since in ("call", "person"):
        on(work, bell(3, since))


def test_walks_by_chance_leave_nothing_behind() -> None:
    """Callers, agents and telephones do things at any moment; ends are told once each."""

    async def work(rig: Rig) -> None:
        chance = random.Random(6)
        for _ in range(3000):
            what = chance.randrange(6)
            channel = chance.randint(1, 4)
            if what == 0:
                rig.pstn.call(channel)
            elif what == 1:
                key(rig, channel, chance.choice("123"))
            elif what in (2, 3):
                rig.phones.picks_up(channel)
            elif what == 4:
                rig.phones.hangs_up(channel)
            else:
                rig.pstn.hangs_up(channel)
            await asyncio.sleep(chance.choice((0, 0, 0.5, 2, 7)))
            assert len(rig.media.bridges) <= 4
        assert rig.seen["CallOffered"] > 100 and rig.seen["Bridged"] > 50

    on(work, bell(3, "call"), bell(4, "person"))
