"""The alert of a waiting call: heard for what it is, answered in time, its message taken."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from drivers.base import AlertTone, Channel
from dsp_ext import callerid
from dsp_ext.callerid import CallerId
from mediaserver.media.alert import AlertEar, WaitingEar, alert_frames
from mediaserver.media.lineaudio import MediaLineAudio
from mediaserver.media.wavfile import decode
from tests.app.plants import SOUNDS
from tests.media.test_bridge import hears, levels
from tests.media.world import World, run, sine


def alert(ms: int, dbm0: float = -15.0, apart_db: float = 0.0, off_hz: float = 0.0) -> np.ndarray:
    low, high = sine(2130 + off_hz, ms, dbm0), sine(2750 + off_hz, ms, dbm0 - apart_db)
    return (low + high).astype(np.int16)


async def alerts(world: World, sound: np.ndarray) -> int:
    """How many are heard in it."""
    ear, found = AlertEar(world.near.port(0), "alaw"), 0

    async def count() -> None:
        nonlocal found
        while True:
            await ear.alert()
            found += 1

    counting = asyncio.ensure_future(count())
    await asyncio.sleep(0.1)
    await world.far.port(0).play(sound)
    await asyncio.sleep(0.3)
    counting.cancel()
    ear.close()
    return found


@pytest.mark.parametrize(
    ("sound", "is_one"),
    [
        (alert(75), True),
        (alert(80), True),
        (alert(85, -32), True),
        (alert(80, -15, 6), True),
        (alert(80, -15, -6), True),
        (alert(80, off_hz=10), True),
        (alert(30), False),
        (alert(300), False),
        (alert(80, -55), False),
        (alert(80, -15, 15), False),
        (sine(2130, 80), False),
        (sine(440, 80) + sine(480, 80), False),
        (alert(80) + sine(1000, 80, -12), False),
    ],
)
def test_what_is_an_alert(sound: np.ndarray, is_one: bool) -> None:
    async def story() -> None:
        assert await alerts(World(), sound) == is_one

    run(story)


@pytest.mark.skipif(not SOUNDS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed")
def test_no_speech_is_taken_for_one() -> None:
    looked = 0
    for file in sorted(SOUNDS.glob("*.wav")):
        frames = alert_frames(decode(file.read_bytes(), str(file)).astype(np.float32))
        looked += len(frames)
        runs = np.convolve(frames, np.ones(5), "valid") if len(frames) >= 5 else np.zeros(1)
        assert runs.max() < 5, file.name
    assert looked > 50_000, "some ten minutes of speech"


def test_an_alert_is_answered_and_the_message_taken_while_nobody_hears_it() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 2})
        told: list[CallerId | None] = []
        bridge = world.near.bridge()
        bridge.join(world.near.port(0))
        bridge.join(world.near.port(1))
        ear = WaitingEar(world.near.port(0), "alaw", "bell202", "D", told.append, "FXO-1/1")
        exchange = MediaLineAudio(world.far, "cn", world.clock)
        octets = callerid.encode_mdmf(CallerId(number="139", name="Li"))
        for _ in range(2):
            await asyncio.sleep(0.5)
            assert await exchange.alert(Channel("L", 1, 0), AlertTone(80), "D", 160)
            await asyncio.sleep(0.15)
            assert world.near.port(0).is_apart and world.far.port(1).level_dbm0 < -30
            await world.far.port(0).send_caller_id(octets, seizure_bits=0, mark_bits=80)
            await asyncio.sleep(0.3)
            assert not world.near.port(0).is_apart
        assert [caller and caller.number for caller in told] == ["139", "139"]
        assert hears((await levels(world, 0))[1])
        ear.stop()

    run(story)


def test_where_no_message_follows_the_two_are_joined_again() -> None:
    async def story() -> None:
        world = World(caller_id={"bell202": 1})
        told: list[CallerId | None] = []
        port = world.near.port(0)
        ear = WaitingEar(port, "alaw", "bell202", "D", told.append, "FXO-1/1")
        await asyncio.sleep(0.1)
        await world.far.port(0).play(alert(80))
        await asyncio.sleep(0.3)
        assert port.is_apart
        await asyncio.sleep(4)
        assert not port.is_apart and told == []
        await world.far.port(0).play(alert(80))
        await asyncio.sleep(0.3)
        ear.stop()
        await asyncio.sleep(0)
        assert not port.is_apart

    run(story)


def test_without_a_receiver_the_call_goes_on() -> None:
    async def story() -> None:
        world = World()
        ear = WaitingEar(world.near.port(0), "alaw", "bell202", "D", print, "FXO-1/1")
        await asyncio.sleep(0.1)
        await world.far.port(0).play(alert(80))
        await asyncio.sleep(0.5)
        assert not world.near.port(0).is_apart
        ear.stop()

    run(story)
