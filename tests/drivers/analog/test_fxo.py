"""Exchange lines: dialling, how an answer and a hang-up show, lines that are dead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from drivers.base import DriverError, FeedChange, HookChange, SetupRequest
from drivers.events import (
    Alerting,
    ChannelState,
    Connected,
    Digits,
    Disconnected,
    Number,
    Released,
    Setup,
)
from drivers.signalling.analog import PortState
from dsp_ext.callerid import CallerId
from tests.drivers.analog.world import End, ends
from tests.drivers.world import run


def call(end: End, number: str = "10086", channel: int = 1) -> int:
    return end.line.setup(SetupRequest(channel, Number(number)))


def test_the_number_waits_for_dial_tone() -> None:
    async def scenario() -> None:
        _, line = await ends()
        call(line)
        await asyncio.sleep(5)
        assert line.audio.sent == [] and line.line.state(1) is PortState.SEIZED
        line.audio.ears[1]("busy")  # the table knows no such word: nothing
        line.audio.ears[1]("dial")
        await asyncio.sleep(2)
        assert line.audio.sent == [(1, "10086")]
        assert line.line.state(1) is PortState.DIALLED
        assert line.calls() == ["Proceeding"]

    run(scenario())


def test_without_dial_tone_the_call_fails_and_the_line_is_free_again() -> None:
    async def scenario() -> None:
        _, line = await ends()
        ref = call(line)
        await asyncio.sleep(10.1)
        assert line.last(Disconnected).cause == 38 and line.audio.sent == []
        line.line.release(ref, 38)
        await asyncio.sleep(1.1)
        assert line.last(Released).cause == 38 and line.line.is_idle(1)

    run(scenario())


def test_where_dial_tone_is_not_waited_for_it_is_dialled_all_the_same() -> None:
    async def scenario() -> None:
        _, line = await ends(fxo={"wait_dial_tone": False})
        call(line)
        await asyncio.sleep(2.1)
        assert line.audio.sent == [(1, "10086")]

    run(scenario())


def test_a_board_that_refuses_to_dial_fails_the_call_and_holds_no_port() -> None:
    async def scenario() -> None:
        _, line = await ends(fxo={"dial": "pulse"})

        def refuses(*_: object) -> None:
            raise DriverError("no dialling here")

        line.span.dial_pulses = refuses
        ref = call(line)
        line.audio.ears[1]("dial")
        await asyncio.sleep(1)
        assert line.last(Disconnected).cause == 38
        line.line.release(ref, 38)
        await asyncio.sleep(1.1)
        assert line.line.is_idle(1)

    run(scenario())


def test_digits_that_do_not_get_out_whole_fail_the_call() -> None:
    async def scenario() -> None:
        _, line = await ends()
        line.audio.whole = False
        call(line)
        line.audio.ears[1]("dial")
        await asyncio.sleep(2)
        assert line.last(Disconnected).cause == 38

    run(scenario())


def test_a_number_is_dialled_by_pulses_and_read_from_the_loop() -> None:
    async def scenario() -> None:
        exchange, line = await ends(fxo={"dial": "pulse"})
        call(line, "10790")
        await asyncio.sleep(0.2)
        line.audio.ears[1]("dial")
        await asyncio.sleep(10)
        offered = exchange.last(Setup)
        assert [e.digits for e in exchange.of(Digits)] == list("10790")
        assert {e.ref for e in exchange.of(Digits)} == {offered.ref}
        assert line.line.state(1) is PortState.DIALLED
        with pytest.raises(DriverError, match="pulse"):
            call(line, "*21", 2)

    run(scenario())


@pytest.mark.parametrize("dial", ["pulse", "dtmf"])
def test_digits_follow_on_a_line_that_is_lifted(dial: str) -> None:
    async def scenario() -> None:
        exchange, line = await ends(fxo={"dial": dial})
        ref, told = call(line, ""), []
        await asyncio.sleep(0.2)
        line.line.dial_on(ref, "12", told.append)
        assert told == []
        await asyncio.sleep(3)
        assert told == [True] and line.line.state(1) is PortState.TALKING
        taken = "".join(event.digits for event in exchange.of(Digits))
        assert (taken, line.audio.sent) == (("12", []) if dial == "pulse" else ("", [(1, "12")]))
        line.line.dial_on(ref, "0000", told.append)
        line.line.release(ref, 16)
        await asyncio.sleep(0.1)
        assert told == [True, False], "the call ended while it was dialled"
        with pytest.raises(DriverError):
            line.line.dial_on(ref, "1", told.append)
        await asyncio.sleep(10)
        assert told == [True, False] and line.line.is_idle(1)

    run(scenario())


def test_what_a_line_cannot_dial_is_refused_in_talk_too() -> None:
    async def scenario() -> None:
        _, line = await ends(fxo={"dial": "pulse"})
        ref, told = call(line, ""), []
        with pytest.raises(DriverError, match="pulse"):
            line.line.dial_on(ref, "*1", told.append)
        line.audio.whole = False
        assert told == []

    run(scenario())


def test_a_call_given_up_while_pulses_go_out_leaves_the_loop_open() -> None:
    async def scenario() -> None:
        exchange, line = await ends(fxo={"dial": "pulse"})
        ref = call(line, "0000")
        line.audio.ears[1]("dial")
        await asyncio.sleep(1)
        line.line.release(ref, 16)
        await asyncio.sleep(10)
        assert line.line.is_idle(1) and exchange.line.is_idle(1)

    run(scenario())


@pytest.mark.parametrize(("answer", "after_s"), [("dialled", 1.0), ("tones", 31.0)])
def test_the_answer_where_nothing_tells_it(answer: str, after_s: float) -> None:
    async def scenario() -> None:
        _, line = await ends(fxo={"answer": answer})
        call(line)
        line.audio.ears[1]("dial")
        await asyncio.sleep(after_s - 0.1)  # five digits take a second
        assert not line.of(Connected)
        await asyncio.sleep(0.2)
        assert line.calls() == ["Proceeding", "Connected"]

    run(scenario())


def test_polarity_tells_the_answer_and_the_end() -> None:
    async def scenario() -> None:
        exchange, line = await ends(
            fxs={"polarity_on_answer": True, "disconnect": ("polarity",)},
            fxo={"answer": "polarity", "disconnect": ("polarity",), "answer_after_s": 0},
        )
        call(line)
        await asyncio.sleep(1)
        line.audio.ears[1]("dial")
        await asyncio.sleep(60)
        assert line.calls() == ["Proceeding"]
        exchange.line.answer(exchange.last(Setup).ref)
        await asyncio.sleep(0.1)
        assert line.calls() == ["Proceeding", "Connected"]
        await asyncio.sleep(1)
        exchange.line.release(exchange.last(Setup).ref, 16)
        await asyncio.sleep(0.1)
        assert line.last(Disconnected).cause == 16
        line.line.release(line.last(Disconnected).ref, 16)
        await asyncio.sleep(2)
        assert line.line.is_idle(1) and exchange.line.is_idle(1)
        assert exchange.span.status()["reversed"] == []

    run(scenario())


@pytest.mark.parametrize(
    ("break_ms", "disconnect", "ends_it"),
    [(100, ("current",), False), (240, ("current",), False), (300, ("current",), True)]
    + [(600, ("busy", "polarity"), False)],
)
def test_a_break_of_current_ends_a_call_when_it_lasts(
    break_ms: int, disconnect: tuple[str, ...], ends_it: bool
) -> None:
    async def scenario() -> None:
        exchange, line = await ends(fxo={"answer": "dialled", "disconnect": disconnect})
        call(line)
        line.audio.ears[1]("dial")
        await asyncio.sleep(3)
        exchange.span.set_hook(1, False)
        await asyncio.sleep(break_ms / 1000)
        exchange.span.set_hook(1, True)
        await asyncio.sleep(1)
        assert bool(line.of(Disconnected)) is ends_it

    run(scenario())


def test_a_line_that_is_not_fed_is_out_of_service_until_it_is() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        exchange.span.set_hook(1, False)
        await asyncio.sleep(1)
        assert not line.last(ChannelState).in_service and not line.line.is_idle(1)
        with pytest.raises(DriverError, match="dead") as refused:
            call(line)
        assert refused.value.cause == 27
        exchange.span.set_hook(1, True)
        await asyncio.sleep(0.1)
        assert line.last(ChannelState).in_service and line.line.is_idle(1)

    run(scenario())


def test_a_line_that_died_in_a_call_is_dead_after_it() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        ref = call(line)
        await asyncio.sleep(1)
        exchange.span.set_hook(1, False)
        await asyncio.sleep(1)
        line.line.release(ref, 16)
        await asyncio.sleep(2)
        assert line.line.state(1) is PortState.DEAD
        exchange.span.set_hook(1, True)
        await asyncio.sleep(1)
        assert line.line.is_idle(1)

    run(scenario())


def test_a_board_that_watches_the_line_itself() -> None:
    """It measures breaks, tells them on closed loops alone, and not their end."""

    async def scenario() -> None:
        _, line = await ends()
        line.span.raw_hook = False
        line.span.analog_arrived(HookChange(1, False))
        await asyncio.sleep(1)
        assert line.line.is_idle(1), "an open loop has no current"
        line.span.analog_arrived(FeedChange(1, False))
        await asyncio.sleep(1)
        assert line.line.state(1) is PortState.DEAD
        line.span.analog_arrived(FeedChange(1, True))
        ref = call(line)
        line.span.analog_arrived(HookChange(1, False))
        await asyncio.sleep(0.01)
        assert line.last(Disconnected).ref == ref

    run(scenario())


def test_a_call_that_comes_in_the_guard_time_is_taken() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        ref = call(line)
        await asyncio.sleep(1)
        line.line.release(ref, 16)
        await asyncio.sleep(0.5)
        exchange.line.setup(SetupRequest(1, Number(), Number("139")))
        await asyncio.sleep(1)
        line.audio.caller_ears[1][1](CallerId(number="139"))
        await asyncio.sleep(0.1)
        assert line.last(Setup).calling.digits == "139"
        assert line.line.state(1) is PortState.OFFERED

    run(scenario())


@pytest.mark.parametrize(
    "options", [{"answer": "guess"}, {"dial": "morse"}, {"disconnect": ("x",)}]
)
def test_words_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match="it can be"):
            await ends(fxo=options)

    run(scenario())


def test_a_line_that_rings_and_is_never_answered_is_one_call() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        exchange.line.setup(SetupRequest(1, Number(), Number("139")))
        await asyncio.sleep(3600)
        assert line.calls() == ["Setup"] and not line.line.is_idle(1)
        exchange.line.release(exchange.last(Alerting).ref, 16)
        await asyncio.sleep(0.1)
        assert line.calls() == ["Setup", "Released"] and line.line.is_idle(1)

    run(scenario())


def test_a_bell_that_chatters_is_no_call() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        for _ in range(100):
            for on in (True, False):
                exchange.span.set_ring(1, on)
                await asyncio.sleep(0.05)
        await asyncio.sleep(10)
        assert line.calls() == [] and line.line.is_idle(1)

    run(scenario())


def test_a_line_that_dies_and_lives_a_hundred_times_is_in_service_after_it() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        for _ in range(100):
            for on in (False, True):
                exchange.span.set_hook(1, on)
                await asyncio.sleep(0.3)
        told = [event.in_service for event in line.of(ChannelState)]
        assert told == [False, True] * 100 and line.line.is_idle(1)

    run(scenario())
