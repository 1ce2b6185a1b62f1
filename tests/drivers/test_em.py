"""E&M trunks over a virtual E1's bits: winks, digits, answers, two calls that meet, stuck ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from drivers.base import Channel, DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, VirtualBoard, make_pair
from drivers.events import (
    CallEvent,
    ChannelState,
    Connected,
    Disconnected,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.signalling.em import EmSettings, EmSignalling, em
from drivers.signalling.em.trunk import TABLE, Trunk
from tests.drivers.analog.world import Audio
from tests.drivers.world import StillWire, run


class KeyAudio(Audio):
    """Keys that one end dials reach the ear of the other, if it listens."""

    def __init__(self) -> None:
        super().__init__()
        self.other: KeyAudio = self
        self.key_ears: dict[int, Callable[[str], None]] = {}

    def hear_keys(self, channel: Channel, heard: Callable[[str], None]) -> None:
        self.key_ears[channel.number] = heard

    def deaf_keys(self, channel: Channel) -> None:
        self.key_ears.pop(channel.number, None)

    def dial(
        self, channel: Channel, digits: str, on_ms: int, off_ms: int, done: Callable[[bool], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self.sent.append((channel.number, digits))
        for place, key in enumerate(digits):
            at = (place + 0.5) * (on_ms + off_ms) / 1000
            loop.call_later(at, self._arrives, channel.number, key)
        loop.call_later(len(digits) * (on_ms + off_ms) / 1000, done, self.whole)

    def _arrives(self, number: int, key: str) -> None:
        if number in self.other.key_ears:
            self.other.key_ears[number](key)


class End:
    def __init__(self, span: Any, **options: Any) -> None:
        self.audio = KeyAudio()
        self.log: list[Any] = []
        self.words: list[str] = []
        self.line: EmSignalling = em(
            span,
            self.log.append,
            audio=self.audio,
            trace=lambda channel, way, said: self.words.append(f"{channel} {way} {said}"),
            **options,
        )

    def calls(self) -> list[str]:
        return [type(event).__name__ for event in self.log if isinstance(event, CallEvent)]

    def last(self, kind: type) -> Any:
        return [event for event in self.log if type(event) is kind][-1]

    def call(self, digits: str = "4711", channel: int = 1) -> int:
        return self.line.setup(SetupRequest(channel, Number(digits)))


async def trunk(start: str, **options: Any) -> tuple[VirtualBoard, End, End]:
    """(board, ours that gives way, theirs that holds), both idle."""
    near, far = make_pair([SpanSpec.of("e1", "N", "F")], wire=StillWire)
    ours = End(near.span("N"), start=start, yields=True, **options)
    theirs = End(far.span("F"), start=start, yields=False, **options)
    ours.audio.other, theirs.audio.other = theirs.audio, ours.audio
    ours.line.start()
    theirs.line.start()
    await asyncio.sleep(0.2)
    assert ours.line.is_idle(1) and theirs.line.is_idle(31)
    return near, ours, theirs


both = pytest.mark.parametrize("start", ["wink", "immediate"])


def test_the_table_is_sound() -> None:
    assert TABLE.problems(EmSignalling, Trunk.IDLE) == []


@both
def test_a_call_is_dialled_answered_and_cleared_from_either_end(start: str) -> None:
    async def scenario() -> None:
        for who in (0, 1):
            _, *ends = await trunk(start)
            caller, called = ends[who], ends[1 - who]
            ref = caller.call("4711")
            await asyncio.sleep(5)
            offered = called.last(Setup)
            assert (offered.channel, offered.called.digits, offered.complete) == (1, "4711", True)
            assert caller.calls() == ["Proceeding"] and not called.audio.key_ears
            called.line.answer(offered.ref)
            await asyncio.sleep(0.1)
            assert caller.last(Connected).ref == ref
            called.line.release(offered.ref, 16)
            await asyncio.sleep(0.1)
            assert caller.last(Disconnected).cause == 16
            caller.line.release(ref, 16)
            await asyncio.sleep(1)
            assert all(end.line.is_idle(1) and end.last(Released).cause == 16 for end in ends)
            assert called.calls() == ["Setup", "Released"]
            assert [w for w in caller.words if w.startswith("1 out")] == [
                "1 out on hook",
                "1 out off hook",
                "1 out 4711",
                "1 out on hook",
            ]
            assert "1 in 4711" in called.words and "1 in off hook" in called.words

    run(scenario())


@both
def test_a_number_of_known_length_is_offered_at_its_last_digit(start: str) -> None:
    async def scenario() -> None:
        _, ours, theirs = await trunk(start, digits=3)
        ours.call("123")
        await asyncio.sleep(1.3)
        assert theirs.last(Setup).called.digits == "123"

    run(scenario())


@both
def test_a_caller_who_gives_up_at_any_time_leaves_both_ends_idle(start: str) -> None:
    async def scenario() -> None:
        _, ours, theirs = await trunk(start)
        for ms in range(0, 4000, 110):
            ref = ours.call()
            await asyncio.sleep(ms / 1000)
            ours.line.release(ref, 16)
            await asyncio.sleep(2)
            assert ours.line.is_idle(1) and theirs.line.is_idle(1), ms
            assert theirs.calls().count("Setup") == theirs.calls().count("Released")
            assert not theirs.audio.key_ears

    run(scenario())


@both
@pytest.mark.parametrize("apart_ms", range(-14, 15, 4))
def test_two_calls_that_meet_ours_gives_way_and_theirs_goes_through(
    start: str, apart_ms: int
) -> None:
    async def scenario() -> None:
        _, ours, theirs = await trunk(start)
        first, second = (ours, theirs) if apart_ms < 0 else (theirs, ours)
        first.call("1111" if first is ours else "2222")
        if apart_ms:
            await asyncio.sleep(abs(apart_ms) / 1000)
        second.call("1111" if second is ours else "2222")
        await asyncio.sleep(8)
        assert ours.last(Released).cause == 44  # another channel is tried
        assert ours.last(Setup).called.digits == "2222"
        assert theirs.calls() == ["Proceeding"]
        ours.line.answer(ours.last(Setup).ref)
        await asyncio.sleep(0.1)
        assert theirs.last(Connected)

    run(scenario())


def test_a_seizure_without_a_wink_fails_and_lets_go() -> None:
    async def scenario() -> None:
        _, ours, theirs = await trunk("wink")
        theirs.line.stop()
        ref = ours.call()
        await asyncio.sleep(5.1)
        assert ours.last(Disconnected).cause == 38
        ours.line.release(ref, 38)
        await asyncio.sleep(1)
        assert ours.line.is_idle(1)

    run(scenario())


@pytest.mark.parametrize(("wink_s", "dials"), [(0.04, False), (0.2, True), (0.45, False)])
def test_a_wink_has_its_length(wink_s: float, dials: bool) -> None:
    async def scenario() -> None:
        board, ours, theirs = await trunk("wink")
        theirs.line.stop()
        ours.call()
        await asyncio.sleep(0.3)
        board.fault("N", "near", 1, cas="1001")
        await asyncio.sleep(wink_s)
        board.fault("N", "near", 1, cas="0001")
        await asyncio.sleep(1)
        assert bool(ours.audio.sent) is dials

    run(scenario())


@both
def test_an_end_that_stays_off_hook_is_out_of_service_until_it_hangs_up(start: str) -> None:
    async def scenario() -> None:
        board, ours, _ = await trunk(start)
        board.fault("N", "near", 1, cas="1001")
        await asyncio.sleep(15)
        offered = ours.last(Setup)  # seized and no digit: a call without a number
        assert offered.called == Number()
        ours.line.release(offered.ref, 1)
        assert ours.audio.sounding[1] == "busy"
        await asyncio.sleep(31)
        assert ours.line.states()[1] == "blocked" and 1 not in ours.audio.sounding
        assert not ours.last(ChannelState).in_service
        with pytest.raises(DriverError) as refused:
            ours.call()
        assert refused.value.cause == 44
        board.fault("N", "near", 1, cas="0001")
        await asyncio.sleep(0.2)
        assert ours.line.is_idle(1) and ours.last(ChannelState).in_service

    run(scenario())


@both
def test_short_alarms_are_lived_through_and_long_ones_end_the_calls(start: str) -> None:
    async def scenario() -> None:
        board, ours, theirs = await trunk(start)
        ref = ours.call()
        await asyncio.sleep(5)
        theirs.line.answer(theirs.last(Setup).ref)
        await asyncio.sleep(1)
        for _ in range(100):
            board.alarm("N", True)
            await asyncio.sleep(0.2)
            board.alarm("N", False)
            await asyncio.sleep(0.2)
        assert ours.calls() == ["Proceeding", "Connected"] and ours.line.up
        board.alarm("N", True)
        await asyncio.sleep(3)
        assert ours.last(Released) == Released("N", ref, 27)
        assert not ours.last(SignallingState).up
        with pytest.raises(DriverError):
            ours.call()
        board.alarm("N", False)
        await asyncio.sleep(1)
        assert ours.last(SignallingState).up
        assert ours.line.is_idle(1) and theirs.line.is_idle(1)

    run(scenario())


@both
def test_hits_on_the_bits_change_nothing(start: str) -> None:
    async def scenario() -> None:
        board, ours, theirs = await trunk(start)
        board.fault("N", "near", bit_error_rate=1e-3)
        board.fault("N", "far", bit_error_rate=1e-3)
        ours.call()
        await asyncio.sleep(60)
        theirs.line.answer(theirs.last(Setup).ref)
        await asyncio.sleep(60)
        assert ours.calls() == ["Proceeding", "Connected"] and theirs.calls() == ["Setup"]
        assert all(state == "idle" for n, state in ours.line.states().items() if n != 1)

    run(scenario())


@both
@pytest.mark.parametrize("seed", range(6))
def test_whatever_both_ends_do_every_circuit_comes_to_rest(start: str, seed: int) -> None:
    """Calls, answers, releases and bits by chance on three circuits; then everybody hangs up."""
    dice = random.Random(seed)

    async def scenario() -> None:
        board, *ends = await trunk(start)
        for _ in range(150):
            end, channel = dice.choice(ends), dice.randrange(1, 4)
            act = dice.randrange(5)
            try:
                if act == 0:
                    end.call("123", channel)
                elif act == 1 and end.line._refs:
                    end.line.release(dice.choice(list(end.line._refs)), 16)
                elif act == 2 and end.line._refs:
                    end.line.answer(dice.choice(list(end.line._refs)))
                elif act == 3:
                    board.fault("N", dice.choice(("near", "far")), channel, cas="1001")
                else:
                    board.fault("N", dice.choice(("near", "far")), channel, cas="")
            except DriverError:
                pass
            await asyncio.sleep(dice.choice((0.0, 0.01, 0.1, 0.3, 1.0, 3.0)))
        board.clear("N")
        for end in ends:
            for _ in range(3):
                for ref in list(end.line._refs):
                    end.line.release(ref, 16)
                await asyncio.sleep(12)
        for end in ends:
            for ref in list(end.line._refs):
                end.line.release(ref, 16)
        await asyncio.sleep(40)
        for end in ends:
            assert set(end.line.states().values()) == {"idle"}
            refs = [e.ref for e in end.log if isinstance(e, Released)]
            assert len(refs) == len(set(refs)) and not end.line._refs
            assert not end.audio.key_ears

    run(scenario())


@pytest.mark.parametrize(
    "wrong",
    [{"start": "ground"}, {"on_hook": "1000"}, {"off_hook": "0001"}, {"wink_ms": 700},
     {"on_hook": "12"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="bit|wink"):
        EmSettings.of(**wrong)


def test_a_number_that_cannot_be_dialled_is_refused() -> None:
    async def scenario() -> None:
        _, ours, _ = await trunk("wink")
        for digits in ("", "12x"):
            with pytest.raises(DriverError) as error:
                ours.call(digits)
            assert error.value.cause == 28
        with pytest.raises(DriverError):
            ours.line.answer(99)

    run(scenario())
