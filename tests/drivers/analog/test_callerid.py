"""Caller ID on analog lines: what is sent when, what is heard, and what a garbled one does."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import AlertTone, DriverError, FskMessage, Keys, PolarityChange, SetupRequest
from drivers.base import RingChange as Ring
from drivers.events import Connected, Number, Released, Setup
from drivers.signalling.analog import PortState
from drivers.signalling.analog.callerid import (
    Bell,
    Sender,
    Wait,
    of_country,
    party,
    pause_of,
    scheme,
    schemes,
)
from drivers.signalling.analog.country import countries, facts
from dsp_ext import callerid
from dsp_ext.callerid import CallerId
from tests.drivers.analog.world import End, ends
from tests.drivers.world import run

NOW = datetime(2026, 11, 27, 12, 0)
LI = SetupRequest(1, Number(), Number("13800138000"), "Li")


def arrivals(end: End, *kinds: type) -> list[tuple[float, Any]]:
    """What reaches an end's board from now on, with its time."""
    found: list[tuple[float, Any]] = []
    hand_on = end.span.analog_arrived

    def note(event: Any) -> None:
        if isinstance(event, kinds):
            found.append((asyncio.get_running_loop().time(), event))
        hand_on(event)

    end.span.analog_arrived = note
    return found


# ---- data


def test_each_scheme_can_be_sent_and_each_country_has_one() -> None:
    for name in schemes():
        how = scheme(name)
        steps = Sender(how, "latin-1").call(LI, (1000, 4000), NOW)
        (piece,) = [step for step in steps if isinstance(step, FskMessage | Keys)]
        bell = steps.index(Bell())
        assert (bell > steps.index(piece)) == how.before
    for country in countries():
        cadence = facts(country).ring
        how = of_country(country)
        assert country in ("ru", "jp") or how is not None
        if how is not None:
            assert len(Sender(how, "latin-1").call(LI, cadence, NOW)) > 1, country
    with pytest.raises(ValueError, match="bellcore"):
        of_country("cn", "morse")
    assert of_country("cn", "off") is None


def test_a_message_keeps_its_distance_from_both_rings_or_goes_without_the_name() -> None:
    sender = Sender(scheme("bellcore"), "latin-1")
    long = SetupRequest(1, Number(), Number("13800138000"), "A name of twenty ch.")
    bell, wait, piece = sender.call(long, (1000, 4000), NOW)
    assert (bell, wait) == (Bell(), Wait(1500))
    assert callerid.decode(piece.octets).name == "A name of twenty ch."
    *_, short = sender.call(long, (400, 1500), NOW)  # 0.7 s are left of this pause
    said = callerid.decode(short.octets)
    assert (said.number, said.name) == ("13800138000", None)
    assert sender.call(long, (400, 1000), NOW) == (Bell(),)  # no room at all
    assert pause_of((400, 200, 400, 2000)) == (1000, 2000)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (SetupRequest(1, Number(), Number("139", presentation=0x20), "Li"), ("P", None, None)),
        (SetupRequest(1, Number(), Number(), ""), ("O", None, None)),
        (SetupRequest(1, Number(), Number("+86 139"), "李"), (None, "86139", "李")),
    ],
)
def test_what_a_message_says(request_: SetupRequest, says: tuple[Any, ...]) -> None:
    octets = Sender(scheme("bellcore"), "gbk").call(request_, (1000, 4000), NOW)[-1].octets
    caller = callerid.decode(octets)
    name = caller.name and caller.name.encode("latin-1").decode("gbk")
    assert (caller.number_absent, caller.number, name) == says
    assert caller.time == "11271200"


def test_keys_for_a_caller_without_a_number() -> None:
    hidden = SetupRequest(1, Number(), Number("139", presentation=0x20))
    keys = {
        name: [s.digits for s in Sender(scheme(name), "").call(hidden, (1000, 4000), NOW)
               if isinstance(s, Keys)]
        for name in ("dtmf-ac", "dtmf-hash", "dtmf-dc")
    }  # fmt: skip
    assert keys == {"dtmf-ac": ["B10C"], "dtmf-hash": ["D1#"], "dtmf-dc": []}
    assert callerid.decode_dtmf("B10C").number_absent == "P"


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(schemes()))
@settings(max_examples=60, derandomize=True)
def test_any_number_and_name_can_be_called_with(number: str, name: str, how: str) -> None:
    request = SetupRequest(1, Number(), Number(number), name)
    steps = Sender(scheme(how), "gbk").call(request, (1000, 4000), NOW)
    assert steps.count(Bell()) == 1
    for step in steps:
        if isinstance(step, FskMessage):
            assert party(callerid.decode(step.octets), "gbk") is not None


# ---- telephones


def test_the_message_goes_in_the_first_pause_and_the_answer_cuts_it_off() -> None:
    async def scenario() -> None:
        phones, user = await ends(user=True)
        began = asyncio.get_running_loop().time()
        phones.line.setup(LI)
        await asyncio.sleep(1.8)
        ((at, port, piece),) = phones.audio.shown
        assert (round(at - began, 2), port) == (1.5, 1)
        assert callerid.decode(piece.octets).number == "13800138000"
        user.line.answer(user.last(Setup).ref)
        await asyncio.sleep(3)
        assert phones.last(Connected) and len(phones.audio.shown) == 1

    run(scenario())


def test_a_call_given_up_early_shows_nothing() -> None:
    async def scenario() -> None:
        phones, _ = await ends(user=True)
        ref = phones.line.setup(LI)
        await asyncio.sleep(0.5)
        phones.line.release(ref, 16)
        await asyncio.sleep(3)
        assert phones.audio.shown == [] and phones.line.is_idle(1)

    run(scenario())


def test_before_the_ring_come_reversal_alert_and_message() -> None:
    async def scenario() -> None:
        phones, user = await ends({"country": "uk"}, user=True)
        arrived = arrivals(user, Ring, PolarityChange)
        phones.line.setup(LI)
        await asyncio.sleep(4)
        kinds = [type(event).__name__ for _, event in arrived]
        assert kinds == ["PolarityChange", "RingChange", "PolarityChange"] or kinds == [
            "PolarityChange",
            "PolarityChange",
            "RingChange",
        ]
        (alert_at, _, alert), (message_at, _, message) = phones.audio.shown
        assert alert == AlertTone(100) and message.modem == "v23"
        ring_at = next(at for at, event in arrived if isinstance(event, Ring))
        assert arrived[0][0] < alert_at < message_at < ring_at

    run(scenario())


def test_whatever_fails_the_bell_rings_and_the_wires_are_put_back() -> None:
    async def scenario() -> None:
        phones, user = await ends({"country": "uk"}, user=True)
        phones.audio.whole = False
        phones.line.setup(LI)
        await asyncio.sleep(4)
        assert user.last(Setup).channel == 1 and len(phones.audio.shown) == 1
        assert phones.span.status()["reversed"] == []

        def refuses(*_: object) -> None:
            raise DriverError("this card reverses nothing")

        phones.span.set_polarity = refuses
        phones.line.setup(SetupRequest(2, Number(), Number("139")))
        await asyncio.sleep(4)
        assert user.last(Setup).channel == 2

    run(scenario())


def test_messages_waiting_are_told_to_a_telephone_on_the_hook_alone() -> None:
    async def scenario() -> None:
        phones, user = await ends(user=True)
        phones.line.set_message_waiting(1, True)
        await asyncio.sleep(2)
        ((_, _, piece),) = phones.audio.shown
        assert callerid.decode(piece.octets) == CallerId(messages_waiting=True)
        phones.line.set_message_waiting(1, False)
        await asyncio.sleep(0.6)  # a call comes in the middle of it
        ref = phones.line.setup(LI)
        await asyncio.sleep(1)
        phones.line.release(ref, 16)
        await asyncio.sleep(2)
        told = [
            callerid.decode(piece.octets).messages_waiting for _, _, piece in phones.audio.shown
        ]
        assert told == [True, False, False]  # the second was cut off
        await asyncio.sleep(5)
        assert len(phones.audio.shown) == 3
        with pytest.raises(KeyError):
            phones.line.set_message_waiting(9, True)

    run(scenario())


# ---- exchange lines


def heard(line: End, caller: CallerId | None) -> None:
    line.audio.caller_ears[1][1](caller)


def test_a_call_is_offered_once_its_number_is_heard() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        exchange.line.setup(LI)
        await asyncio.sleep(2)
        assert line.calls() == [] and line.line.state(1) is PortState.HEARING
        with pytest.raises(DriverError):
            line.line.setup(SetupRequest(1, Number("10086")))
        assert line.audio.caller_ears[1][0] == "bell202"
        heard(line, CallerId(number="13900139000", name="Wang"))
        await asyncio.sleep(0.1)
        offered = line.last(Setup)  # what was heard, not what the wire's program knows
        assert (offered.calling.digits, offered.name) == ("13900139000", "Wang")
        assert 1 not in line.audio.caller_ears and 2 in line.audio.caller_ears

    run(scenario())


@pytest.mark.parametrize("garbled", [True, False])
def test_without_a_readable_message_it_is_offered_before_the_second_ring(garbled: bool) -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        exchange.line.setup(LI)
        await asyncio.sleep(2)
        if garbled:
            heard(line, None)
        await asyncio.sleep(3.1)
        assert line.last(Setup).calling == Number() and line.last(Setup).name == ""

    run(scenario())


def test_a_withheld_number_is_shown_as_that() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        exchange.line.setup(LI)
        await asyncio.sleep(2)
        heard(line, CallerId(messages_waiting=True))  # not of a call: nothing
        assert line.calls() == []
        heard(line, CallerId(number_absent="P"))
        await asyncio.sleep(0.1)
        assert line.last(Setup).calling.withheld

    run(scenario())


def test_a_number_before_the_ring_is_of_the_next_call_alone() -> None:
    async def scenario() -> None:
        exchange, line = await ends({"caller_id": "off"}, {"caller_id": "dtmf-dc"})
        assert line.audio.caller_ears[1][0] == "dtmf"
        heard(line, CallerId(number="139"))
        await asyncio.sleep(0.4)
        ref = exchange.line.setup(LI)
        await asyncio.sleep(0.1)
        assert line.last(Setup).calling.digits == "139"
        exchange.line.release(ref, 16)
        await asyncio.sleep(0.1)
        assert line.last(Released) and 1 in line.audio.caller_ears
        heard(line, CallerId(number="137"))
        await asyncio.sleep(6)  # nothing rang
        exchange.line.setup(LI)
        await asyncio.sleep(0.1)
        assert line.last(Setup).calling == Number()

    run(scenario())


def test_the_line_listens_again_after_a_call_and_after_one_that_was_given_up_early() -> None:
    async def scenario() -> None:
        exchange, line = await ends()
        ref = exchange.line.setup(LI)
        await asyncio.sleep(1)
        exchange.line.release(ref, 16)
        await asyncio.sleep(0.1)
        assert line.line.is_idle(1) and 1 in line.audio.caller_ears and line.calls() == []
        ref = line.line.setup(SetupRequest(1, Number("10086")))
        assert 1 not in line.audio.caller_ears
        line.line.release(ref, 16)
        await asyncio.sleep(1.1)
        assert line.line.is_idle(1) and 1 in line.audio.caller_ears

    run(scenario())


def test_without_a_detector_for_dial_tone_the_number_is_dialled_all_the_same() -> None:
    async def scenario() -> None:
        _, line = await ends()
        line.audio.hears = False
        line.line.setup(SetupRequest(1, Number("10086")))
        await asyncio.sleep(2.1)
        assert line.audio.sent == [(1, "10086")]

    run(scenario())
