"""Legs and lines against far ends that are early, late, gone or wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from drivers import events as line
from drivers.cause import Cause
from drivers.events import Number
from mediaserver import events as ev
from mediaserver.call.call import DURABLE_LIMIT_S
from mediaserver.call.dialler import NotAnswered, Target
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from mediaserver.clock import VirtualLoop
from tests.acd.rig import Rig

PHONE = Target("a1", line="FXS/1")
OUT = Target("out", trunk="pstn", number="123")


def on(work: Callable[[Rig], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        rig = Rig(**options)
        await work(rig)
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


def ring(rig: Rig, target: Target = PHONE, ring_s: float = 10.0) -> asyncio.Task[Leg]:
    return asyncio.ensure_future(rig.dialler.place(target, "party", ring_s))


async def cause_of(ringing: asyncio.Task[Leg]) -> int:
    with pytest.raises(NotAnswered) as failed:
        await ringing
    return failed.value.cause


def test_an_answer_in_the_moment_the_time_is_over_is_an_answer() -> None:
    async def work(rig: Rig) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(10.0, rig.phones.picks_up, 1)
        leg = await ring(rig)
        assert leg.state is LegState.CONNECTED

    on(work)


def test_answering_and_hanging_up_at_once_is_no_answer() -> None:
    async def work(rig: Rig) -> None:
        ringing = ring(rig)
        await asyncio.sleep(1)
        rig.phones.picks_up(1)
        rig.phones.hangs_up(1)
        assert await cause_of(ringing) == Cause.NORMAL
        await asyncio.sleep(1)
        assert rig.quiet() == []

    on(work)


def test_glare_is_tried_once_more_on_another_channel() -> None:
    async def work(rig: Rig) -> None:
        ringing = ring(rig, OUT)
        await asyncio.sleep(0)
        rig.pstn.released(6, Cause.CHANNEL_UNAVAILABLE)
        rig.pstn.call(6)  # the network's own call on that channel
        await asyncio.sleep(0.1)
        assert [c for word, c, _ in rig.pstn.sent if word == "setup"] == [6, 5]
        rig.pstn.released(5, Cause.CHANNEL_UNAVAILABLE)
        assert await cause_of(ringing) == Cause.CHANNEL_UNAVAILABLE
        assert [leg.line for leg in rig.lines.legs()][0] == "E1/6"

    on(work)


@pytest.mark.parametrize("cause", [Cause.USER_BUSY, Cause.UNALLOCATED])
def test_what_the_called_party_is_to_blame_for_is_not_tried_again(cause: int) -> None:
    async def work(rig: Rig) -> None:
        ringing = ring(rig, OUT)
        await asyncio.sleep(0)
        rig.pstn.released(6, cause)
        assert await cause_of(ringing) == cause
        assert len([word for word, _, _ in rig.pstn.sent if word == "setup"]) == 1

    on(work)


def test_the_far_end_may_choose_the_channel_until_it_answers() -> None:
    async def work(rig: Rig) -> None:
        ringing = ring(rig, OUT)
        await asyncio.sleep(0)
        ref = rig.pstn.refs.pop(6)
        rig.pstn.refs[3] = ref
        rig.pstn.sink(line.ChannelSet("E1", ref, 3))
        rig.pstn.picks_up(3)
        leg = await ringing
        assert leg.line == "E1/3" and leg.media is rig.media.port(2)
        rig.pstn.sink(line.ChannelSet("E1", ref, 4))
        assert leg.line == "E1/3", "a call in talk keeps its channel"
        leg.clear()
        await asyncio.sleep(1)
        assert rig.quiet() == []

    on(work)


def test_a_channel_that_is_not_free_cannot_be_chosen() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(3)
        ringing = ring(rig, OUT)
        await asyncio.sleep(0)
        rig.pstn.sink(line.ChannelSet("E1", rig.pstn.refs[6], 3))
        assert await cause_of(ringing) == Cause.CHANNEL_UNAVAILABLE
        assert rig.lines.slot("E1/3").leg is not None

    on(work)


def test_a_failed_setup_leaves_the_channel_free() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.refs[1] = 99  # off the hook, and we do not know
        with pytest.raises(NoChannel) as refused:
            await ring(rig)
        assert refused.value.cause == Cause.USER_BUSY
        assert rig.quiet() == []

    on(work)


def test_a_listener_that_fails_keeps_nobody_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(rig: Rig) -> None:
        ringing = ring(rig)
        await asyncio.sleep(0)

        def fails(*_: object) -> None:
            raise RuntimeError("listener")

        leg = rig.lines.legs()[0]
        leg.listeners.insert(0, fails)
        rig.phones.picks_up(1)
        assert await ringing is leg
        leg.clear()
        await asyncio.sleep(0.1)
        assert rig.quiet() == []

    with caplog.at_level(logging.ERROR):
        on(work)
    assert "failed" in caplog.text


def test_an_event_nobody_can_use_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.sink(line.Setup("E1", 77, 99, Number("1")))  # no such channel
        rig.pstn.sink(line.Connected("E1", 1234))
        rig.pstn.sink(line.Connected("nowhere", 1))
        rig.lines.on_digits = None
        rig.pstn.call(1)
        await asyncio.sleep(0.1)
        assert rig.seen["CallOffered"] == 1

    with caplog.at_level(logging.CRITICAL):
        on(work)


def test_a_channel_shows_idle_when_its_record_is_durable() -> None:
    """And a call that comes before that waits for it; one that goes again does not end the wait."""

    async def work(rig: Rig) -> None:
        rig.records.delay_s = 4.0
        rig.pstn.call(1)
        await asyncio.sleep(1)
        rig.pstn.hangs_up(1)
        await asyncio.sleep(0.1)
        slot = rig.lines.slot("E1/1")
        assert (slot.leg, slot.shown) == (None, "clearing")
        rig.pstn.call(1)
        await asyncio.sleep(0.1)
        rig.pstn.hangs_up(1)
        await asyncio.sleep(0.1)
        assert not slot.settled
        rig.pstn.sent.clear()
        rig.pstn.call(1)
        assert rig.pstn.sent == [("proceeding", 1, 0)]
        await asyncio.sleep(3.6)
        assert rig.seen["CallOffered"] == 1
        await asyncio.sleep(1)
        assert rig.seen["CallOffered"] == 2
        assert rig.pstn.sent == [("proceeding", 1, 0)], "told once"
        rig.pstn.hangs_up(1)
        await asyncio.sleep(10)
        shown = [e.state for e in rig.of(ev.ChannelChanged) if (e.span, e.channel) == ("E1", 1)]
        assert shown.count("idle") == 1
        assert rig.quiet() == []

    on(work)


def test_a_record_that_is_never_written_holds_its_channel_for_some_time_only() -> None:
    async def work(rig: Rig) -> None:
        rig.records.delay_s = 1e6
        rig.pstn.call(1)
        await asyncio.sleep(1)
        rig.pstn.hangs_up(1)
        await asyncio.sleep(DURABLE_LIMIT_S - 1)
        assert not rig.lines.slot("E1/1").settled
        await asyncio.sleep(2)
        assert rig.quiet() == []

    on(work)


def test_clearing_all_is_bounded_by_time() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.release_s = 100.0  # a far end that hangs
        rig.acd.set_agent("a1", "away", "test")
        ringing = ring(rig)
        await asyncio.sleep(0.1)
        assert not await rig.lines.clear(Cause.NORMAL, 3.0)
        assert asyncio.get_running_loop().time() < 4.0
        ringing.cancel()

    on(work)


def test_what_the_exchange_says_of_a_call_is_in_its_story() -> None:
    async def work(rig: Rig) -> None:
        heard: list[tuple[str, str]] = []
        rig.bus.subscribe(ev.LineTold, lambda e: heard.append((e.what, e.text)))
        sent_on = line.Redirecting(Number("139"), reason="busy")
        rig.pstn.sink(line.Setup("E1", 77, 1, Number("123"), redirecting=sent_on))
        rig.pstn.sink(line.AdviceOfCharge("E1", 77, "3"))
        rig.pstn.sink(line.AdviceOfCharge("E1", 78, "3"))  # a call nobody knows
        assert heard == [("redirected", "139 (busy)"), ("charge", "3 units")]

    on(work)
