"""Caller ID and voices through two engines: heard as sent, refused, lost, and let go of."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import callerid, fsk
from dsp_ext.callerid import CallerId
from mediaserver.media.callerid import CallerIdEvent, caller_of, sound
from mediaserver.media.errors import MediaError
from mediaserver.media.session import VoiceEvent
from tests.media.world import World, run, sine

CALLER = CallerId(number="13800000001", name="Wang Li", time="11271200")
HOW = {"level_dbm0": -13.5, "seizure_bits": 300, "mark_bits": 180}


def listening(world: World, channel: int = 1, modem: str = "bell202") -> list[CallerIdEvent]:
    heard: list[CallerIdEvent] = []
    world.near.port(channel).caller_id(modem)
    world.near.port(channel).on_caller_id(heard.append)
    return heard


@pytest.mark.parametrize("modem", ["bell202", "v23"])
@pytest.mark.parametrize("encode", [callerid.encode_mdmf, callerid.encode_sdmf])
def test_a_caller_is_heard_as_sent(modem: str, encode: Any) -> None:
    async def story() -> None:
        world = World(caller_id={modem: 2})
        heard = listening(world, modem=modem)
        octets = encode(CALLER)
        assert await world.far.port(1).send_caller_id(octets, modem=modem)
        await asyncio.sleep(0.1)
        (event,) = heard
        assert event.good and event.octets == octets
        assert event.caller == callerid.decode(octets)
        assert event.caller.number == "13800000001"
        assert event.level_dbm0 == pytest.approx(-13.5, abs=1)
        assert abs(event.at_ms - world.loop.time() * 1000) < 250

    run(story)


def test_without_seizure_as_during_a_call_and_at_another_level() -> None:
    async def story() -> None:
        world = World(caller_id={"v23": 1})
        heard = listening(world, modem="v23")
        await world.far.port(1).send_caller_id(
            callerid.encode_mdmf(CALLER), modem="v23", level_dbm0=-30, seizure_bits=0, mark_bits=80
        )
        await asyncio.sleep(0.1)
        assert [event.caller for event in heard] == [CALLER]
        assert heard[0].level_dbm0 == pytest.approx(-30, abs=1)

    run(story)


def test_a_garbled_message_is_told_with_its_octets_and_without_a_caller() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 1})
        heard = listening(world)
        octets = bytearray(callerid.encode_mdmf(CALLER))
        octets[7] ^= 1
        await world.far.port(1).send_caller_id(bytes(octets))
        await asyncio.sleep(0.1)
        assert [(e.good, e.octets, e.caller) for e in heard] == [(False, bytes(octets), None)]

    run(story)


def test_parameters_that_do_not_fit_make_no_caller_of_a_good_message() -> None:
    wrong = bytes((0x80, 3, 0x02, 9, 0x31))  # a number longer than the message
    wrong += bytes((callerid.checksum(wrong),))
    assert caller_of(wrong, True) is None
    assert caller_of(callerid.encode_mdmf(CALLER), False) is None


def test_a_message_that_is_stopped_is_not_sent_to_its_end() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 1})
        heard = listening(world)
        sending = asyncio.ensure_future(
            world.far.port(1).send_caller_id(callerid.encode_mdmf(CALLER))
        )
        await asyncio.sleep(0.6)
        world.far.port(1).stop()
        assert not await sending
        await asyncio.sleep(0.2)
        assert [event.good for event in heard] == [False]

    run(story)


def test_slots_are_let_go_of_and_a_reset_forgets_who_listened() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 1}, voice=1)
        first, second = world.near.port(0), world.near.port(1)
        heard: list[Any] = []
        first.on_caller_id(heard.append)
        first.on_voice(heard.append)
        for port, ask, release in (
            (first, lambda p: p.caller_id("bell202"), lambda p: p.caller_id(None)),
            (first, lambda p: p.voice(), lambda p: p.voice(False)),
        ):
            ask(port)
            with pytest.raises(MediaError, match="all 1 slots are taken"):
                ask(second)
            release(port)
            ask(second)
            await second.reset()
            ask(port)
        with pytest.raises(MediaError, match="no bank 'fsk v23'"):
            first.caller_id("v23")
        await first.reset()
        first.caller_id("bell202")
        await world.far.port(0).send_caller_id(callerid.encode_mdmf(CALLER))
        await asyncio.sleep(0.1)
        assert heard == []

    run(story)


def test_listeners_can_be_undone_and_one_that_fails_harms_no_other() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 2})
        port = world.near.port(1)
        port.on_caller_id(lambda event: 1 / 0)
        heard = listening(world)
        undo = port.on_caller_id(lambda event: heard.append(event))
        undo()
        undo()
        await world.far.port(1).send_caller_id(callerid.encode_mdmf(CALLER))
        await asyncio.sleep(0.1)
        assert len(heard) == 1

    run(story)


def test_voices_are_told_with_when_they_began_and_paused() -> None:
    async def story() -> None:
        world = World(voice=2)
        heard: list[VoiceEvent] = []
        world.near.port(1).voice()
        world.near.port(1).on_voice(heard.append)
        await asyncio.sleep(1)
        rng = np.random.default_rng(1)
        await world.far.port(1).play(rng.normal(0, 3000, 8000).astype(np.int16))
        await asyncio.sleep(1)
        assert [event.speaking for event in heard] == [True, False]
        began, paused = heard
        assert began.since_ms == pytest.approx(1000, abs=60)
        assert paused.since_ms == pytest.approx(2000, abs=80)
        assert paused.at_ms == paused.since_ms + 250 and began.level_dbm0 > -30

    run(story)


@pytest.mark.parametrize(
    ("octets", "how"),
    [
        (b"", HOW),
        (bytes(259), HOW),
        (b"1", HOW | {"level_dbm0": 4}),
        (b"1", HOW | {"level_dbm0": float("nan")}),
        (b"1", HOW | {"mark_bits": -1}),
        (b"1", HOW | {"seizure_bits": 10**9}),
    ],
)
def test_what_cannot_be_sent_is_refused(octets: bytes, how: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        sound(octets, "bell202", **how)


def test_an_unknown_modem_is_refused_before_anything_sounds() -> None:
    async def story() -> None:
        world = World()
        with pytest.raises(ValueError, match="bell202, v23"):
            await world.far.port(1).send_caller_id(b"1", modem="morse")
        assert await world.far.port(1).play(sine(1000, 20))

    run(story)


@settings(max_examples=25, deadline=None)
@given(
    body=st.binary(max_size=60),
    modem=st.sampled_from(["bell202", "v23"]),
    level=st.floats(-36, 0),
)
def test_any_octets_come_back_from_their_sound(body: bytes, modem: str, level: float) -> None:
    octets = bytes((0x80, len(body))) + body
    octets += bytes((callerid.checksum(octets),))
    samples = sound(octets, modem, level_dbm0=level, seizure_bits=300, mark_bits=180)
    assert samples.dtype == np.int16 and samples.ndim == 1
    assert [(m.octets, m.good) for m in fsk.receive(samples, modem)] == [(octets, True)]
