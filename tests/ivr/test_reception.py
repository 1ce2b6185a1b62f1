"""New calls: from telephones that dial, hesitate or fail; digit by digit; withheld; untimely."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from drivers import events as line
from drivers.cause import Cause
from drivers.events import Number
from mediaserver import events as ev
from mediaserver.call.farewell import TONE_S, tone_for
from mediaserver.call.routing import Route
from mediaserver.clock import VirtualLoop
from mediaserver.ivr.reception import MAX_DIGITS, T302_S
from mediaserver.media.errors import MediaError
from tests.acd.rig import Rig

ROUTES = (
    Route("1", flow="main"),
    Route("8001", agent="a1"),
    Route("8002", agent="a2"),
    Route("9*", out="pstn", strip=1),
)


def on(work: Callable[[Rig], Awaitable[None]], **options: Any) -> None:
    """Run `work`, then everybody hangs up; nothing may be left."""

    async def run() -> None:
        rig = Rig(routes=ROUTES, **options)
        await work(rig)
        for channel in range(1, 7):
            rig.pstn.hangs_up(channel)
            rig.phones.hangs_up(channel)
        await asyncio.sleep(30)
        assert rig.quiet() == []
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


def dial(rig: Rig, phone: int, digits: str) -> None:
    """Lift a telephone and key a number."""
    rig.phones.call(phone, "")
    for digit in digits:
        rig.media.port(5 + phone).keys.put_nowait(digit)


def tones(rig: Rig, phone: int) -> list[str]:
    return [tone.removeprefix("cn/") for tone in rig.media.port(5 + phone).tones if tone]


def ended(rig: Rig) -> list[tuple[int, str]]:
    return [(event.cause, event.cleared_by) for event in rig.of(ev.CallEnded)]


# ---- telephones


def test_a_phone_off_the_hook_that_dials_nothing() -> None:
    """Dial tone for T302, then the tone of a wrong number, then the line is free of it."""

    async def work(rig: Rig) -> None:
        dial(rig, 1, "")
        await asyncio.sleep(T302_S + 1)
        assert tones(rig, 1) == ["dial", "vacant"]
        assert ended(rig) == [(Cause.INVALID_NUMBER, "system")]
        assert rig.state() == "talking"
        await asyncio.sleep(TONE_S)
        assert rig.phones.sent == [("release", 1, Cause.INVALID_NUMBER)]
        assert rig.state() == "ready"

    on(work)


def test_dial_tone_says_that_messages_wait() -> None:
    async def work(rig: Rig) -> None:
        rig.phones.message_waiting = lambda channel: channel == 1  # type: ignore[attr-defined]
        dial(rig, 1, "")
        dial(rig, 2, "")
        await asyncio.sleep(1)
        assert tones(rig, 1) == ["special_dial"] and tones(rig, 2) == ["dial"]

    on(work)


def test_a_phone_that_hangs_up_in_the_tone() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 1, "77")
        await asyncio.sleep(1)
        assert tones(rig, 1) == ["dial", "vacant"]
        rig.phones.hangs_up(1)
        await asyncio.sleep(1)
        assert rig.quiet() == []
        assert rig.seen["CallEnded"] == 1
        rig.phones.call(1, "")
        await asyncio.sleep(TONE_S)
        assert rig.lines.legs() != [], "the tone's end must not clear the next call"

    on(work)


def test_a_phone_that_calls_a_busy_phone_hears_so() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 2, "")
        dial(rig, 1, "8002")
        await asyncio.sleep(1)
        assert tones(rig, 1)[-1] == "busy"
        assert ended(rig) == [(Cause.USER_BUSY, "system")]

    on(work)


def test_nobody_answers_a_phone() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 1, "8002")
        await asyncio.sleep(31)
        assert tones(rig, 1) == ["dial", "ringback", "busy"]
        assert rig.state("a2") == "ready"

    on(work)


def test_no_line_out_is_congestion() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.link(False)
        dial(rig, 1, "912")
        await asyncio.sleep(5)
        assert tones(rig, 1) == ["dial", "congestion"]
        assert ended(rig) == [(Cause.NETWORK_OUT_OF_ORDER, "system")]

    on(work)


def test_a_direct_call_shows_on_both_agents_and_keeps_the_queue_away() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 1, "8002")
        await asyncio.sleep(1)
        assert (rig.state("a1"), rig.state("a2")) == ("talking", "ringing")
        rig.phones.picks_up(2)
        await asyncio.sleep(1)
        assert (rig.state("a1"), rig.state("a2")) == ("talking", "talking")
        rig.pstn.call(1)
        await asyncio.sleep(1)
        assert rig.seen["AgentOffered"] == 0
        rig.phones.hangs_up(2)
        await asyncio.sleep(1)
        assert "talking" not in (rig.state("a1"), rig.state("a2"))
        assert rig.seen["AgentOffered"] == 1
        assert (Cause.NORMAL, "party") in ended(rig)

    on(work, agents=2)


def test_a_phone_dials_out_answers_hang_up_at_either_end() -> None:
    async def work(rig: Rig) -> None:
        for by_them in (True, False):
            dial(rig, 1, "9123")
            await asyncio.sleep(5)
            rig.pstn.picks_up(6)
            await asyncio.sleep(1)
            assert len(rig.media.bridges) == 1
            assert rig.media.port(6).detects[-1:] == [False], "no keys in talk"
            if by_them:
                rig.pstn.hangs_up(6)
            else:
                rig.phones.hangs_up(1)
            await asyncio.sleep(1)
            assert rig.quiet() == []
            assert rig.media.port(6).detects[-1:] == [by_them], "again if the talk ended first"
            rig.media.port(6).detects.clear()
        assert ended(rig) == [(16, "party"), (16, "caller")]
        assert [event.called for event in rig.of(ev.CallOffered)] == ["9123", "9123"]

    on(work)


def test_without_the_means_for_a_tone_the_phone_is_let_go_of() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 1, "")
        await asyncio.sleep(1)

        def full(program: Any) -> None:
            raise MediaError("too many commands wait")

        rig.media.port(6).tone = full  # type: ignore[method-assign, assignment]
        rig.media.port(6).keys.put_nowait("7")
        await asyncio.sleep(1)
        assert rig.quiet() == []

    on(work)


@pytest.mark.parametrize(
    ("cause", "tone"),
    [
        (16, ""),
        (17, "busy"),
        (19, "busy"),
        (34, "congestion"),
        (1, "vacant"),
        (21, "vacant"),
        (99, "busy"),
    ],
)
def test_the_tone_for_a_cause(cause: int, tone: str) -> None:
    assert tone_for(cause) == tone


# ---- trunks


def overlap(rig: Rig, called: str) -> int:
    """A SETUP whose number is not complete; its ref."""
    rig.pstn.refs[1] = 500
    rig.pstn.sink(line.Setup("E1", 500, 1, Number(called), Number("5"), complete=False))
    return 500


def test_digits_after_the_number_was_complete_change_nothing() -> None:
    async def work(rig: Rig) -> None:
        ref = overlap(rig, "800")
        await asyncio.sleep(1)
        rig.pstn.sink(line.Digits("E1", ref, "1"))
        await asyncio.sleep(1)
        rig.pstn.sink(line.Digits("E1", ref, "234", True))
        await asyncio.sleep(1)
        assert rig.of(ev.CallOffered)[0].called == "8001"
        assert rig.state("a1") == "ringing"

    on(work)


def test_a_number_has_an_end() -> None:
    """Somebody who goes on dialling is not waited for beyond any number's length."""

    async def work(rig: Rig) -> None:
        ref = overlap(rig, "9")
        for _ in range(MAX_DIGITS + 5):
            await asyncio.sleep(1)
            rig.pstn.sink(line.Digits("E1", ref, "1"))
        assert len(rig.of(ev.CallOffered)[0].called) == MAX_DIGITS

    on(work)


def test_a_number_that_stops_half_way() -> None:
    async def work(rig: Rig) -> None:
        overlap(rig, "80")
        await asyncio.sleep(T302_S + 1)
        assert ended(rig) == [(Cause.INVALID_NUMBER, "system")]
        assert rig.of(ev.CallOffered)[0].called == "80"

    on(work)


def test_a_withheld_number_is_shown_to_nobody() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, "8001", Number("13800000001", presentation=0x20))
        await asyncio.sleep(1)
        offered = rig.of(ev.CallOffered)[0]
        assert (offered.caller, offered.caller_name) == ("", "")
        assert not [e for e in rig.events if "13800000001" in str(e.data())]

    on(work)


def test_braces_in_a_called_number_are_no_format() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, "9{called}{0}")
        await asyncio.sleep(5)
        assert [c for word, c, _ in rig.pstn.sent if word == "setup"] == [6]

    on(work)


def test_a_caller_who_goes_at_once_has_called_all_the_same() -> None:
    """SETUP and RELEASE in one turn: the record has who called whom, and one end."""

    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        rig.pstn.released(1, 16)
        await asyncio.sleep(1)
        assert [(e.caller, e.called) for e in rig.of(ev.CallOffered)] == [("5551", "1")]
        assert ended(rig) == [(16, "caller")]
        assert rig.seen["NodeEntered"] == 0

    on(work)


def test_a_line_that_refuses_to_answer_ends_the_call() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.refuses_answer = True
        rig.pstn.call(1)
        await asyncio.sleep(1)
        assert ended(rig) == [(Cause.TEMPORARY_FAILURE, "system")]
        assert rig.seen["AgentOffered"] == 0

    on(work)


def test_after_closing_no_call_is_taken() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(1)
        calls = rig.reception.close()
        rig.pstn.call(2)
        await asyncio.sleep(1)
        assert rig.pstn.sent[-1] == ("release", 2, Cause.TEMPORARY_FAILURE)
        assert len(calls) == 1
        for call in calls:
            call.end(Cause.NORMAL, "system", "shutdown")
        await asyncio.sleep(1)
        assert ended(rig) == [(16, "system")]
        assert rig.quiet() == []

    on(work)
