"""A telephone's second call: told of in talk, taken, held, swapped, and rung back for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from drivers.base import AlertTone, DriverError, FskMessage, SetupRequest
from drivers.cause import Cause
from drivers.events import CallWaits, Connected, Flash, Held, Number, Released, Retrieved, Setup
from drivers.signalling.analog import PortState
from drivers.signalling.analog.callerid import scheme, schemes
from dsp_ext import tone_plan
from dsp_ext.callerid import CallerId, decode
from tests.drivers.analog.test_fxs import lifted
from tests.drivers.analog.world import End, ends
from tests.drivers.world import run

_S = PortState


class Desk:
    """A telephone on port 1, in talk in `first`, and the exchange it is on."""

    def __init__(self, exchange: End, phone: End, first: int) -> None:
        self.exchange, self.phone, self.first = exchange, phone, first

    @classmethod
    async def make(cls, **options: Any) -> Desk:
        exchange, phone = await ends({"call_waiting": True, **options}, user=True)
        first = await lifted(exchange, phone)
        exchange.log.clear()
        return cls(exchange, phone, first)

    @property
    def state(self) -> PortState:
        return self.exchange.line.state(1)

    @property
    def audio(self) -> Any:
        return self.exchange.audio

    def told(self) -> list[tuple[str, int]]:
        told = [(type(event).__name__, event.ref) for event in self.exchange.log]
        self.exchange.log.clear()
        return told

    async def call(self, digits: str = "13800138000", name: str = "Li") -> int:
        ref = self.exchange.line.setup(SetupRequest(1, Number(), Number(digits), name))
        await asyncio.sleep(0.1)
        return int(ref)

    async def flash(self) -> None:
        self.phone.span.flash(1)
        await asyncio.sleep(0.3)

    async def hook(self, off: bool) -> None:
        self.phone.span.set_hook(1, off)
        await asyncio.sleep(0.4)


def test_a_flash_takes_the_waiting_call_and_the_next_swaps() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        assert desk.state is _S.WAITING and desk.told() == [("Alerting", second)]
        await desk.flash()
        assert desk.told() == [("Held", desk.first), ("Connected", second)]
        await desk.flash()
        assert desk.told() == [("Held", second), ("Retrieved", desk.first)]
        with pytest.raises(DriverError) as third:
            await desk.call()
        assert third.value.cause == Cause.USER_BUSY
        desk.exchange.line.release(second, 16)
        await asyncio.sleep(0)
        assert desk.told() == [("Released", second)] and desk.state is _S.TALKING
        await desk.hook(False)
        assert desk.told() == [("Released", desk.first)] and desk.state is _S.IDLE

    run(scenario())


def test_put_down_with_a_call_waiting_the_telephone_rings_for_it() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        await desk.hook(False)
        assert desk.told() == [("Alerting", second), ("Released", desk.first), ("Alerting", second)]
        assert desk.state is _S.RINGING and desk.exchange.span.status()["ringing"] == [1]
        await desk.hook(True)
        assert desk.told() == [("Connected", second)] and desk.state is _S.TALKING

    run(scenario())


def test_put_down_with_a_call_held_the_telephone_rings_back() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        await desk.flash()
        desk.told()
        await desk.hook(False)
        assert desk.told() == [("Released", second), ("Alerting", desk.first)]
        await desk.hook(True)
        assert desk.told() == [("Retrieved", desk.first)]

    run(scenario())


def test_nobody_is_rung_back_for_ever() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        await desk.call()
        await desk.flash()
        await desk.hook(False)
        await asyncio.sleep(61)
        assert desk.exchange.last(Released) == Released("P", desk.first, Cause.NO_ANSWER)
        assert desk.state is _S.IDLE and desk.exchange.span.status()["ringing"] == []

    run(scenario())


@pytest.mark.parametrize("held", [False, True])
def test_the_other_party_goes_and_a_flash_takes_up_who_is_left(held: bool) -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        if held:
            await desk.flash()
        desk.told()
        gone, left = (second, desk.first) if held else (desk.first, second)
        desk.exchange.line.release(gone, 16)
        await asyncio.sleep(1)
        assert desk.told() == [("Released", gone)]
        assert desk.state is _S.BETWEEN and desk.audio.sounding == {1: "busy"}
        await desk.flash()
        kind = Retrieved if held else Connected
        assert desk.told() == [(kind.__name__, left)] and desk.audio.sounding == {}

    run(scenario())


def test_the_other_party_goes_and_the_telephone_is_put_down_or_left() -> None:
    async def scenario(put_down: bool) -> None:
        desk = await Desk.make()
        second = await desk.call()
        desk.exchange.line.release(desk.first, 16)
        await asyncio.sleep(1)
        desk.told()
        if put_down:
            await desk.hook(False)
            assert desk.told() == [("Alerting", second)] and desk.audio.sounding == {}
        else:
            await asyncio.sleep(51)
            assert desk.exchange.last(Released) == Released("P", second, Cause.NO_ANSWER)
            assert desk.state is _S.HOWLING and desk.audio.sounding == {1: "howler"}

    for put_down in (False, True):
        run(scenario(put_down))


def test_a_caller_who_no_longer_waits_is_no_longer_told_of() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        await asyncio.sleep(8)
        assert desk.audio.sounding == {1: "call_waiting"}
        desk.exchange.line.release(second, 16)
        await asyncio.sleep(0.1)
        assert desk.audio.sounding == {} and desk.state is _S.TALKING

    run(scenario())


def test_a_storm_of_flashes_swaps_each_time_and_loses_no_call() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        for _ in range(51):
            desk.phone.span.flash(1)
            await asyncio.sleep(0.15)
        await asyncio.sleep(1)
        kinds = [kind for kind, _ in desk.told()]
        assert kinds == ["Alerting", "Held", "Connected"] + ["Held", "Retrieved"] * 50
        await desk.hook(False)
        assert desk.told()[0] == ("Released", second), "an odd number: the second was in talk"

    run(scenario())


def test_chatter_of_the_hook_is_no_flash_to_a_call_that_waits() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        await desk.call()
        for _ in range(40):
            for on in (False, True):
                desk.phone.span.set_hook(1, on)
                await asyncio.sleep(0.01)
        assert desk.state is _S.WAITING and [kind for kind, _ in desk.told()] == ["Alerting"]

    run(scenario())


def test_a_restart_of_the_port_ends_both_calls() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        second = await desk.call()
        await desk.flash()
        desk.told()
        desk.exchange.line.restart(1)
        await asyncio.sleep(0.1)
        ended = [event for event in desk.exchange.log if isinstance(event, Released)]
        assert [event.ref for event in ended] == [desk.first, second]
        assert desk.state is _S.PARKED

    run(scenario())


# ---- who it is


def shown(desk: Desk) -> list[Any]:
    return [piece for _, _, piece in desk.audio.shown]


@pytest.mark.parametrize("name", [n for n in schemes() if scheme(n).waiting])
def test_a_telephone_that_answers_the_alert_is_shown_who_waits(name: str) -> None:
    async def scenario() -> None:
        desk = await Desk.make(caller_id=name)
        await desk.call("139", "Li")
        await asyncio.sleep(0.5)
        assert desk.audio.lone == {1}, "the other party does not hear the alert"
        await asyncio.sleep(1)
        tone, message = shown(desk)
        assert tone == AlertTone(80) and set(desk.audio.asked) == set("AD")
        assert isinstance(message, FskMessage) and message.seizure_bits == 0
        assert message.mark_bits == 80 and decode(message.octets).number == "139"
        assert desk.audio.lone == set() and desk.audio.bursts == [(1, "call_waiting")]
        await asyncio.sleep(5)
        assert desk.audio.sounding == {1: "call_waiting"}, "it goes on until it is taken"

    run(scenario())


def test_a_telephone_without_a_display_hears_the_tone_alone() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        desk.audio.answers = False
        await desk.call()
        await asyncio.sleep(2)
        assert shown(desk) == [AlertTone(80)] and desk.audio.lone == set()
        await asyncio.sleep(5)
        assert desk.audio.sounding == {1: "call_waiting"}

    run(scenario())


@pytest.mark.parametrize("name", ["off", *(n for n in schemes() if not scheme(n).waiting)])
def test_where_no_message_can_be_sent_in_talk_there_is_the_tone_alone(name: str) -> None:
    async def scenario() -> None:
        desk = await Desk.make(caller_id=name)
        await desk.call()
        await asyncio.sleep(6)
        assert shown(desk) == [] and desk.audio.bursts == [(1, "call_waiting")]
        assert desk.audio.sounding == {1: "call_waiting"}

    run(scenario())


def test_a_flash_while_the_message_is_sent_gives_the_speech_path_back() -> None:
    async def scenario() -> None:
        desk = await Desk.make()
        await desk.call()
        await asyncio.sleep(0.7)
        assert desk.audio.lone == {1}
        await desk.flash()
        assert desk.audio.lone == set() and desk.audio.sounding == {}
        await asyncio.sleep(6)
        assert desk.audio.sounding == {}

    run(scenario())


@pytest.mark.parametrize("country", tone_plan.countries())
def test_every_country_has_a_call_waiting_tone(country: str) -> None:
    program, pause_ms = tone_plan.plan(country).burst("call_waiting")
    assert not program.repeats and pause_ms >= 400


# ---- where no call may wait


@pytest.mark.parametrize(("setting", "port"), [(False, 1), ((2, 3), 1)])
def test_a_telephone_that_is_to_be_left_alone_is_busy(setting: Any, port: int) -> None:
    async def scenario() -> None:
        desk = await Desk.make(call_waiting=setting)
        assert not desk.exchange.line.takes_second(port)
        with pytest.raises(DriverError) as busy:
            await desk.call()
        assert busy.value.cause == Cause.USER_BUSY and desk.state is _S.TALKING

    run(scenario())


def test_a_telephone_that_dials_or_rings_takes_no_second_call() -> None:
    async def scenario() -> None:
        exchange, phone = await ends({"call_waiting": True}, user=True)
        phone.span.set_hook(1, True)
        exchange.line.setup(SetupRequest(2, Number()))
        await asyncio.sleep(0.1)
        for port in (1, 2):
            assert not exchange.line.takes_second(port)
            with pytest.raises(DriverError):
                exchange.line.setup(SetupRequest(port, Number()))
        assert exchange.of(Held) == []

    run(scenario())


# ---- an exchange's line


async def in_talk(**options: Any) -> tuple[End, int]:
    """A line we have called out on, with no number, and the call."""
    _, line = await ends({}, {"call_waiting": True, **options})
    ref = line.line.setup(SetupRequest(1, Number()))
    await asyncio.sleep(0.1)
    return line, ref


def test_the_exchange_says_in_talk_who_waits() -> None:
    async def scenario() -> None:
        line, ref = await in_talk(country="uk")
        modem, key, heard = line.audio.waiting_ears[1]
        assert (modem, key) == ("v23", "D")
        heard(CallerId(number="139", name="Li"))
        heard(None)
        heard(CallerId(number_absent="P"))
        await asyncio.sleep(0)
        first, second = line.of(CallWaits)
        assert first == CallWaits("T", ref, Number("139"), "Li") and second.calling.withheld
        line.line.release(ref, 16)
        assert line.audio.waiting_ears == {}
        heard(CallerId(number="138"))
        await asyncio.sleep(0)
        assert len(line.of(CallWaits)) == 2, "the call is over"

    run(scenario())


def test_it_is_listened_for_in_calls_that_came_in_too() -> None:
    async def scenario() -> None:
        exchange, line = await ends({}, {"call_waiting": [1]})
        exchange.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(6)
        assert line.audio.waiting_ears == {}
        line.line.answer(line.last(Setup).ref)
        assert list(line.audio.waiting_ears) == [1]

    run(scenario())


@pytest.mark.parametrize(
    "options",
    [{"call_waiting": False}, {"call_waiting": (2,)}, {"caller_id": "off"}, {"country": "tw"}],
)
def test_where_nothing_is_sent_in_talk_nothing_is_listened_for(options: dict[str, Any]) -> None:
    async def scenario() -> None:
        line, _ = await in_talk(**options)
        assert line.audio.waiting_ears == {}

    run(scenario())


def test_a_flash_is_for_the_exchange_once_it_has_said_that_a_call_waits() -> None:
    async def scenario() -> None:
        exchange, line = await ends({"country": "us"}, {"country": "us", "call_waiting": True})
        ref = line.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(0.5)
        _, _, heard = line.audio.waiting_ears[1]
        assert not line.line.takes_flash(1), "an exchange without a call would give dial tone"
        heard(None)
        assert not line.line.takes_flash(1)
        heard(CallerId(number="139"))
        assert line.line.takes_flash(1)
        line.line.flash(ref)
        await asyncio.sleep(1)
        assert [event.ref for event in exchange.of(Flash)] == [exchange.last(Setup).ref]
        line.line.release(ref, 16)
        await asyncio.sleep(2)
        line.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(0.5)
        assert not line.line.takes_flash(1), "that was of the call before"
        with pytest.raises(DriverError, match="has gone"):
            line.line.flash(ref)

    run(scenario())
