"""R2 on the virtual board: thirty circuits, bits that travel, alarms, and signalling's manners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from drivers import registry
from drivers.base import Channel, DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.cause import Cause
from drivers.events import (
    Alerting,
    ChannelState,
    Connected,
    Disconnected,
    LineEvent,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.signalling.mfcr2.span import Mfcr2Signalling
from drivers.signalling.mfcr2.variant import R2Settings
from tests.drivers.world import StillWire, run

SPECS = [SpanSpec.of("e1", "NEAR", "FAR"), SpanSpec.of("fxs", "PHONES", "SETS", 2)]
_TONE_S = 0.040
Heard = Callable[[int], None]


class TonesAsData:
    """Registers whose signals reach the other span's as numbers, after a while."""

    def __init__(self) -> None:
        self.far: TonesAsData | None = None
        self.heard: dict[int, tuple[str, Heard]] = {}
        self.sounding: dict[int, tuple[int, str]] = {}
        self.released: list[int] = []

    def listen(self, channel: Channel, direction: str, china: bool, heard: Heard) -> None:
        self.heard[channel.number] = direction, heard
        assert self.far is not None
        self.far._travel(channel.number)

    def release(self, channel: Channel) -> None:
        self.heard.pop(channel.number, None)
        self.sounding.pop(channel.number, None)
        self.released.append(channel.number)

    def send(self, channel: Channel, signal: int, direction: str, china: bool) -> None:
        assert not china or signal <= 6
        self.sounding[channel.number] = signal, direction
        self._travel(channel.number)

    def stop(self, channel: Channel) -> None:
        self.sounding.pop(channel.number, None)
        asyncio.get_running_loop().call_later(_TONE_S, self._arrive, channel.number, 0, "")

    def _travel(self, number: int) -> None:
        if number in self.sounding:
            loop = asyncio.get_running_loop()
            loop.call_later(_TONE_S, self._arrive, number, *self.sounding[number])

    def _arrive(self, number: int, signal: int, direction: str) -> None:
        assert self.far is not None
        hearing = self.far.heard.get(number)
        if hearing is not None and direction in ("", hearing[0]):
            hearing[1](signal)


class World:
    """An R2 span at each end; `log` holds what each told. Disconnected is answered at once."""

    def __init__(self, variant: str = "cn", start: bool = True, **options: Any) -> None:
        self.boards = make_pair(SPECS, wire=StillWire)
        tones = TonesAsData(), TonesAsData()
        tones[0].far, tones[1].far = tones[1], tones[0]
        self.tones = tones
        self.log: dict[str, list[LineEvent]] = {"NEAR": [], "FAR": []}
        settings = R2Settings(variant=variant, **{"dnis_length": 4} | options)
        self.near, self.far = (
            Mfcr2Signalling(board.span(name), self._hear, each, settings)
            for board, name, each in zip(self.boards, self.log, tones, strict=True)
        )
        self.inside = False
        if start:
            self.near.start()
            self.far.start()

    def of_span(self, name: str) -> Mfcr2Signalling:
        return self.near if name == "NEAR" else self.far

    def _hear(self, event: LineEvent) -> None:
        assert not self.inside, "an event came inside a request"
        self.log[event.span].append(event)
        if isinstance(event, Setup):
            self.of_span(event.span).proceeding(event.ref)
            self.of_span(event.span).alerting(event.ref)
        elif isinstance(event, Disconnected):
            self.of_span(event.span).release(event.ref, 16)

    def request(self, signalling: Mfcr2Signalling, what: str, *args: Any) -> Any:
        self.inside = True
        try:
            return getattr(signalling, what)(*args)
        finally:
            self.inside = False

    def call(self, channel: int = 1, called: str = "6688", calling: str = "139") -> int:
        request = SetupRequest(channel, Number(called), Number(calling))
        return int(self.request(self.near, "setup", request))

    def of(self, span: str, kind: type) -> list:
        return [event for event in self.log[span] if type(event) is kind]


@pytest.mark.parametrize("variant", ["itu", "cn", "ar", "br", "mx"])
def test_thirty_calls_at_once(variant: str) -> None:
    async def scenario() -> None:
        world = World(variant)
        await asyncio.sleep(0.2)
        assert world.near.up and world.far.up
        refs = [world.call(0) for _ in range(30)]
        with pytest.raises(DriverError, match="no idle channel"):
            world.call(0)
        await asyncio.sleep(6)
        setups = world.of("FAR", Setup)
        assert {setup.channel for setup in setups} == {*range(1, 16), *range(17, 32)}
        assert {setup.called.digits for setup in setups} == {"6688"}
        for setup in setups:
            world.request(world.far, "answer", setup.ref)
        await asyncio.sleep(1)
        assert {event.ref for event in world.of("NEAR", Connected)} == set(refs)
        for ref in refs:
            world.request(world.near, "release", ref, 16)
        await asyncio.sleep(1)
        assert len(world.of("NEAR", Released)) == len(world.of("FAR", Released)) == 30
        assert all(world.near.is_idle(number) for number in (*range(1, 16), *range(17, 32)))
        assert not world.tones[0].heard and not world.tones[1].heard

    run(scenario())


def test_channels_are_blocked_until_the_far_end_is_there() -> None:
    async def scenario() -> None:
        world = World(start=False)
        world.near.start()
        await asyncio.sleep(0.1)
        assert not world.near.up and len(world.of("NEAR", ChannelState)) == 30
        assert world.of("NEAR", SignallingState) == []  # it was never up
        with pytest.raises(DriverError, match="NEAR/1: far_blocked") as refused:
            world.call(1)
        assert refused.value.cause == Cause.CHANNEL_UNAVAILABLE
        world.far.start()
        await asyncio.sleep(0.1)
        assert world.near.up and world.of("NEAR", SignallingState)[-1].up
        assert len([event for event in world.of("NEAR", ChannelState) if event.in_service]) == 30
        world.far.stop()
        await asyncio.sleep(0.1)
        assert not world.near.up and world.near.states()[1] == "far_blocked"

    run(scenario())


def test_an_alarm_shorter_than_the_guard_is_lived_through() -> None:
    async def scenario() -> None:
        world = World()
        await asyncio.sleep(0.2)
        world.call()
        await asyncio.sleep(5)
        world.request(world.far, "answer", world.of("FAR", Setup)[0].ref)
        await asyncio.sleep(1)
        world.boards[0].alarm("NEAR", True)
        await asyncio.sleep(1)
        assert not world.near.up
        with pytest.raises(DriverError, match="span in alarm"):
            world.call(2)
        world.boards[0].alarm("NEAR", False)
        await asyncio.sleep(1)
        assert world.near.up and not world.of("NEAR", Disconnected)
        assert world.near.states()[1] == "talking"

    run(scenario())


def test_a_long_alarm_ends_calls_and_the_span_comes_back() -> None:
    async def scenario() -> None:
        world = World()
        await asyncio.sleep(0.2)
        ref = world.call()
        await asyncio.sleep(5)
        world.boards[0].alarm("NEAR", True)
        await asyncio.sleep(4)
        released = world.of("NEAR", Released)
        assert [(e.ref, e.cause) for e in released] == [(ref, Cause.DESTINATION_OUT_OF_ORDER)]
        assert world.near.states()[1] == "out"
        world.boards[0].alarm("NEAR", False)
        await asyncio.sleep(1)
        assert world.near.up and world.far.up and world.near.is_idle(1)
        world.call()
        await asyncio.sleep(5)
        assert world.of("NEAR", Alerting)

    run(scenario())


def test_bit_errors_and_forced_bits_on_timeslot_16() -> None:
    async def scenario() -> None:
        world = World()
        await asyncio.sleep(0.2)
        world.call()
        await asyncio.sleep(5)
        world.request(world.far, "answer", world.of("FAR", Setup)[0].ref)
        await asyncio.sleep(1)
        for toward in ("near", "far"):
            world.boards[0].fault("NEAR", toward, bit_error_rate=1e-3)
        await asyncio.sleep(20)
        assert world.boards[0].status()[0]["cas_hits"] > 500
        assert not world.of("NEAR", Disconnected) and not world.of("FAR", Disconnected)
        world.boards[0].clear("NEAR")
        world.boards[0].fault("NEAR", "near", 1, cas="1101")  # a clear-back nobody sent
        await asyncio.sleep(1)
        assert world.of("NEAR", Disconnected)
        world.boards[0].fault("NEAR", "near", 1, cas="")
        await asyncio.sleep(2)
        assert world.near.is_idle(1) and world.far.is_idle(1)
        with pytest.raises(ValueError, match="cas is '12'"):
            world.boards[0].fault("NEAR", "near", 1, cas="12")

    run(scenario())


def test_hits_are_the_same_each_time_and_end_with_the_fault() -> None:
    async def scenario() -> list[tuple[float, int, int]]:
        near, far = make_pair(SPECS, wire=StillWire, seed=3)
        loop = asyncio.get_running_loop()
        heard: list[tuple[float, int, int]] = []
        far.span("FAR").on_bits(lambda channel, bits: heard.append((loop.time(), channel, bits)))
        near.fault("NEAR", "far", 7, bit_error_rate=1e-2)
        near.span("NEAR").send_bits(7, 0b1001)
        await asyncio.sleep(1)
        near.fault("NEAR", "far", 7, bit_error_rate=0.0)
        await asyncio.sleep(0.01)
        count = len(heard)
        await asyncio.sleep(1)
        assert len(heard) == count and far.span("FAR").bits(7) == 0b1001
        return heard

    first = run(scenario())
    assert first == run(scenario())
    assert {channel for _, channel, _ in first} == {7} and len(first) > 10


def test_bits_take_the_wires_time() -> None:
    async def scenario() -> None:
        near, far = make_pair(SPECS, wire=StillWire)
        loop = asyncio.get_running_loop()
        heard: list[tuple[float, int, int]] = []
        far.span("FAR").on_bits(lambda channel, bits: heard.append((loop.time(), channel, bits)))
        near.fault("NEAR", "far", delay_ms=30)
        near.span("NEAR").send_bits(31, 0b0001)
        await asyncio.sleep(0.1)
        assert heard == [(pytest.approx(0.040), 31, 0b0001)]
        with pytest.raises(KeyError, match="no channel 16"):
            near.span("NEAR").send_bits(16, 1)
        with pytest.raises(DriverError, match="no signalling bits"):
            near.span("PHONES").bits_arrived(1, 1)

    run(scenario())


def test_requests_that_cannot_be() -> None:
    async def scenario() -> None:
        world = World()
        with pytest.raises(DriverError, match="stopped"):
            World(start=False).call()
        await asyncio.sleep(0.2)
        for number in ("", "12#", "+86"):
            with pytest.raises(DriverError, match="cannot send") as refused:
                world.call(1, number)
            assert refused.value.cause == Cause.INVALID_NUMBER
        with pytest.raises(DriverError, match="no such channel"):
            world.call(16)
        for what, args in (("answer", ()), ("release", (16,)), ("information", ("1",))):
            with pytest.raises(DriverError, match="call 77 has gone") as refused:
                world.request(world.near, what, 77, *args)
            assert refused.value.cause == Cause.INVALID_CALL_REFERENCE
        for what in ("restart", "block"):
            with pytest.raises(DriverError, match="no channel 16"):
                world.request(world.near, what, 16)
        ref = world.call(1, calling="+86-139")
        await asyncio.sleep(6)
        assert world.of("FAR", Setup)[0].calling.digits == "86139"
        with pytest.raises(DriverError, match="cannot send 'x'"):
            world.request(world.near, "information", ref, "x")
        world.request(world.near, "restart", 1)
        await asyncio.sleep(2)
        assert world.of("NEAR", Released)[0].cause == Cause.TEMPORARY_FAILURE

    run(scenario())


def test_blocking_by_channel() -> None:
    async def scenario() -> None:
        world = World()
        await asyncio.sleep(0.2)
        world.request(world.far, "block", 17)
        await asyncio.sleep(0.2)
        assert not world.near.is_idle(17) and world.near.is_idle(18)
        world.request(world.far, "block", 17, False)
        await asyncio.sleep(0.2)
        assert world.near.is_idle(17)

    run(scenario())


def test_it_is_told_by_name_and_only_on_an_e1() -> None:
    near, _ = make_pair(SPECS, wire=StillWire)
    told: list[tuple[int, str, str]] = []
    line = registry.signalling(
        "mfcr2",
        near.span("NEAR"),
        registers=TonesAsData(),
        variant="mx",
        trace=lambda channel, way, said: told.append((channel, way, str(said))),
    )
    assert line.settings.variant == "mx" and not line.up

    async def scenario() -> None:
        line.sink = lambda event: None
        line.start()
        line.stop()
        line.stop()

    run(scenario())
    assert (1, "out", "idle 1001") in told
    with pytest.raises(ValueError, match="MFC/R2 is of an E1"):
        registry.signalling("mfcr2", near.span("PHONES"), registers=TonesAsData())
    with pytest.raises(ValueError, match="no R2 variant"):
        registry.signalling("mfcr2", near.span("NEAR"), registers=TonesAsData(), variant="x")
