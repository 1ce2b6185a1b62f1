"""Telephones: what a hook means, ringing that tells calls apart, a telephone left off hook."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DriverError, PulseDigit, RingChange, SetupRequest
from drivers.events import ChannelState, Digits, Flash, Number, Released, Setup
from drivers.signalling.analog import PortState
from drivers.signalling.analog.country import RINGS, countries, facts
from drivers.signalling.analog.hook import Hook, HookReader
from dsp_ext import tone_plan
from tests.drivers.analog.world import End, ends
from tests.drivers.world import run


async def lifted(exchange: End, phone: End) -> int:
    phone.span.set_hook(1, True)
    await asyncio.sleep(0.1)
    ref = exchange.last(Setup).ref
    exchange.line.answer(ref)
    return int(ref)


def read(country: str, *spans_ms: int) -> list[str]:
    """What a loop is that is closed, open, closed … for these times; then left as it is."""

    async def scenario() -> list[str]:
        told: list[str] = []
        reader = HookReader(facts(country), lambda word, digit: told.append(digit or word))
        closed = True
        for ms in spans_ms:
            reader.feed(closed)
            await asyncio.sleep(ms / 1000)
            closed = not closed
        reader.feed(closed)
        await asyncio.sleep(3)
        return told

    return run(scenario())


@pytest.mark.parametrize("country", ["cn", "us", "de", "fr", "uk", "jp"])
def test_breaks_are_what_the_country_says_they_are(country: str) -> None:
    low, high = facts(country).flash
    most = facts(country).pulse_break[1]
    assert read(country, 500, 5) == ["off_hook"]
    assert read(country, 500, low + 10) == ["off_hook", "flash"]
    assert read(country, 500, high - 10) == ["off_hook", "flash"]
    assert read(country, 500, high + 20) == ["off_hook", "on_hook", "off_hook"]
    assert read(country, 500, most - 5) == ["off_hook", "1"]
    assert read(country, 500, 60, 40, 60, 40, 60, 600, 60) == ["off_hook", "3", "1"]


def test_chatter_and_what_is_too_many_pulses() -> None:
    assert read("cn", 10, 10, 10, 10) == ["off_hook"], "bounces of a hook that is lifted"
    assert read("cn", 20, 10) == ["off_hook"]
    assert read("cn", 500, *([60, 40] * 10), 60) == ["off_hook"]
    assert read("cn", 500, *([60, 40] * 9), 60) == ["off_hook", "0"]


@given(st.lists(st.integers(min_value=1, max_value=900), max_size=30))
@settings(max_examples=100, deadline=None)
def test_whatever_a_hook_does_lifting_and_putting_down_alternate(spans: list[int]) -> None:
    async def scenario() -> None:
        told: list[str] = []
        reader = HookReader(facts("cn"), lambda word, _: told.append(word))
        closed = True
        for ms in spans:
            reader.feed(closed)
            await asyncio.sleep(ms / 1000)
            closed = not closed
        reader.feed(False)
        await asyncio.sleep(1)
        assert reader.state is Hook.ON
        hook = [word for word in told if word.endswith("hook")]
        assert hook[:1] in ([], ["off_hook"]) and hook[-1:] in ([], ["on_hook"])
        assert all(a != b for a, b in pairwise(hook))

    run(scenario())


@pytest.mark.parametrize("country", countries())
def test_a_countrys_data_is_sound(country: str) -> None:
    ours = facts(country)
    assert ours.problems() == []
    assert ours.ring == tone_plan.plan(country).ring_cadence_ms
    assert len({ours.cadence(ring) for ring in RINGS}) == 3, "calls are told apart by ear"


def test_a_country_without_data_has_the_defaults() -> None:
    assert facts("xx").problems() == [] and facts("xx").ring == (1000, 4000)


@pytest.mark.parametrize("ring", RINGS)
def test_the_bell_tells_where_a_call_is_from(ring: str) -> None:
    async def scenario() -> None:
        exchange, phone = await ends()
        heard: list[object] = []
        phone.span.on_line(heard.append)
        exchange.line.setup(SetupRequest(1, Number(), ring=ring))
        await asyncio.sleep(0.1)
        assert heard == [RingChange(1, True, "", "", facts("cn").cadence(ring))]

    run(scenario())


def test_a_telephone_left_off_hook_hears_busy_then_the_howler_then_nothing() -> None:
    async def scenario() -> None:
        exchange, phone = await ends(user=True)
        ref = await lifted(exchange, phone)
        exchange.line.release(ref, 16)
        await asyncio.sleep(1)
        assert exchange.audio.sounding == {1: "busy"}
        assert not exchange.last(ChannelState).in_service
        await asyncio.sleep(50)
        assert exchange.audio.sounding == {1: "howler"}
        assert exchange.line.state(1) is PortState.HOWLING
        await asyncio.sleep(40)
        assert exchange.audio.sounding == {} and exchange.line.state(1) is PortState.LOCKED
        phone.span.set_hook(1, False)
        await asyncio.sleep(1)
        assert exchange.line.is_idle(1) and exchange.last(ChannelState).in_service

    run(scenario())


def test_put_down_the_busy_tone_ends_and_no_howler_follows() -> None:
    async def scenario() -> None:
        exchange, phone = await ends(user=True)
        ref = await lifted(exchange, phone)
        exchange.line.release(ref, 16)
        await asyncio.sleep(1)
        phone.span.set_hook(1, False)
        await asyncio.sleep(200)
        assert exchange.audio.sounding == {} and exchange.line.is_idle(1)

    run(scenario())


def test_polarity_is_put_back_however_the_call_ends() -> None:
    async def scenario() -> None:
        exchange, phone = await ends(fxs={"polarity_on_answer": True}, user=True)
        for cleared_by_us in (False, True):
            ref = await lifted(exchange, phone)
            assert exchange.span.status()["reversed"] == [1]
            if cleared_by_us:
                exchange.line.release(ref, 16)
            phone.span.set_hook(1, False)
            await asyncio.sleep(1)
            assert exchange.span.status()["reversed"] == []

    run(scenario())


def test_a_storm_of_flashes_leaves_the_call_as_it_is() -> None:
    async def scenario() -> None:
        exchange, phone = await ends(user=True)
        ref = await lifted(exchange, phone)
        for _ in range(50):
            phone.span.flash(1)
            await asyncio.sleep(0.15)
        await asyncio.sleep(1)
        assert len(exchange.of(Flash)) == 50 and {e.ref for e in exchange.of(Flash)} == {ref}
        assert exchange.line.state(1) is PortState.TALKING and not exchange.of(Released)

    run(scenario())


def test_digits_that_the_board_has_counted() -> None:
    async def scenario() -> None:
        exchange, phone = await ends(user=True)
        ref = await lifted(exchange, phone)
        exchange.span.analog_arrived(PulseDigit(1, "7"))
        exchange.span.analog_arrived(PulseDigit(2, "8"))  # a telephone on the hook dials nothing
        await asyncio.sleep(0.1)
        assert exchange.of(Digits) == [Digits("P", ref, "7")]

    run(scenario())


def test_messages_waiting_are_shown() -> None:
    async def scenario() -> None:
        exchange, _ = await ends()
        exchange.line.set_message_waiting(2, True)
        assert exchange.line.message_waiting(2) and not exchange.line.message_waiting(1)
        assert exchange.span.status()["messages"] == [2]
        exchange.line.set_message_waiting(2, False)
        assert not exchange.line.message_waiting(2) and exchange.span.status()["messages"] == []
        with pytest.raises(KeyError):
            exchange.line.set_message_waiting(9, True)

    run(scenario())


@pytest.mark.parametrize("caller_id", ["bellcore", "bt"])
def test_a_telephone_that_cannot_be_rung_fails_the_call_and_holds_no_port(
    caller_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, or after what is shown before the bell."""

    async def scenario() -> None:
        exchange, _ = await ends({"caller_id": caller_id})

        def refuse(*_: object) -> None:
            raise DriverError("the card has gone")

        monkeypatch.setattr(exchange.span, "set_ring", refuse)
        ref = exchange.line.setup(SetupRequest(1, Number(), Number("139")))
        await asyncio.sleep(5)
        assert exchange.calls() == ["Alerting", "Released"]
        assert exchange.last(Released) == Released("P", ref, 27) and exchange.line.is_idle(1)

    run(scenario())


def test_a_telephone_that_nobody_answers_rings_for_as_long_as_is_wanted() -> None:
    async def scenario() -> None:
        exchange, _ = await ends()
        ref = exchange.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(3600)
        assert exchange.calls() == ["Alerting"] and exchange.line.state(1) is PortState.RINGING
        exchange.line.release(ref, 19)
        await asyncio.sleep(0.1)
        assert exchange.last(Released).cause == 19 and exchange.line.is_idle(1)
        assert exchange.span.status()["ringing"] == []

    run(scenario())
