"""Command storms, late ticks, and real time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from dsp_ext.engine import Engine
from dsp_ext.event import MISSED, TAP_OVERRUN, Event
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.events import SystemAlarm
from mediaserver.media.clockwork import RealTime
from mediaserver.media.session import MediaError, MediaSession
from tests.media.world import Ear, World, run, sine


def test_ports_are_always_the_same_objects() -> None:
    async def story() -> None:
        session = World().near
        assert session.port(3) is session.port(3)
        for wrong in (-1, 4):
            with pytest.raises(MediaError, match="no channel"):
                session.port(wrong)

    run(story)


def test_more_commands_than_the_ring_holds_are_delayed_and_none_is_lost() -> None:
    async def story() -> None:
        world = World(channels=16, commands=8)
        plays = [
            asyncio.create_task(world.near.port(n % 16).play(np.full(80, 500, np.int16)))
            for n in range(400)
        ]
        heard = await asyncio.gather(*plays)
        assert sum(heard) >= 16  # the last of each channel; the others were replaced
        assert len(heard) == 400
        assert await world.near.port(0).play(np.full(80, 500, np.int16))

    run(story)


def test_an_engine_that_does_not_tick_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediaserver.media.commands.BACKLOG", 20)

    async def story() -> None:
        world = World(commands=8)
        with pytest.raises(MediaError, match="does not tick"):
            for _ in range(100):
                world.near.port(0).detect()

    run(story)


def test_what_the_engine_refuses_is_told_at_once_or_logged_when_it_had_to_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        world = World(commands=8)
        port = world.near.port(0)
        with pytest.raises(MediaError, match="gain"):
            await port.play(sine(500, 20), gain=1000.0)
        assert not port.playing
        for _ in range(20):
            port.detect()
        refused = port.tap(Ring(64), mode="sideways")
        playing = asyncio.create_task(port.play(sine(500, 20)))
        with pytest.raises(MediaError, match="sideways"):
            await refused
        assert await playing

    run(story)
    assert "sideways" in caplog.text


class Posting:
    """A real engine that also posts what a test wants."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.extra: list[Event] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def drain(self) -> list[Event]:
        extra, self.extra = self.extra, []
        return [*self._engine.drain(), *extra]


def test_late_ticks_raise_one_alarm_which_goes_after_a_quiet_minute() -> None:
    async def story() -> None:
        bus, alarms = Bus(), list[SystemAlarm]()
        bus.subscribe(SystemAlarm, alarms.append)
        engine = Posting(Engine(1))
        session = MediaSession(engine, Clock(asyncio.get_running_loop()), bus)
        for _ in range(3):
            engine.extra = [Event(MISSED, -1, 0, 2, 0, 0.0, 0.0)]
            session.drain()
            await asyncio.sleep(40)
        assert [(a.name, a.active) for a in alarms] == [("media", True)]
        await asyncio.sleep(30)
        assert [a.active for a in alarms] == [True, False]
        assert session.missed_ticks == 6

    run(story)


def test_lost_tap_octets_are_counted() -> None:
    async def story() -> None:
        session = MediaSession(Posting(Engine(1)), Clock(asyncio.get_running_loop()))
        session.engine.extra = [Event(TAP_OVERRUN, 0, 0, 160, 0, 0.0, 0.0)]
        session.drain()
        assert session.tap_octets_lost == 160

    run(story)


def test_a_full_tap_is_told() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.near.port(0), "both", octets=1024)
        await asyncio.sleep(1.0)
        assert ear.ring.dropped > 0
        assert world.near.tap_octets_lost > 0

    run(story)


def test_after_untap_the_ring_stays_as_it_is() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        ear = Ear(port)
        await asyncio.sleep(0.5)
        await port.untap(ear.ring)
        there = ear.ring.readable
        assert 3800 <= there <= 4200
        await asyncio.sleep(0.5)
        assert ear.ring.readable == there

    run(story)


def test_nothing_is_kept_of_turns_that_are_over() -> None:
    async def story() -> None:
        world = World()
        for n in range(50):
            playing = asyncio.create_task(world.near.port(0).play(sine(500, 20)))
            await asyncio.sleep(0.005)
            if n % 3 == 0:
                world.near.port(0).stop()
            elif n % 3 == 1:
                playing.cancel()
            await asyncio.wait([playing])
        await asyncio.sleep(0.1)
        assert not world.near.commands._turns and not world.near.commands._acks

    run(story)


def test_in_real_time_a_thread_ticks_and_the_loop_hears_of_it() -> None:
    async def story() -> None:
        wire = Wire(2)
        engines = [Engine(2), Engine(2)]
        for engine, port in zip(engines, (wire.a, wire.b), strict=True):
            engine.attach(0, port)
        clock = Clock(asyncio.get_running_loop())
        near, far = (MediaSession(engine, clock) for engine in engines)
        clockwork = RealTime([near, far], priority=0)
        clockwork.start()
        far.port(0).detect()
        assert await near.port(0).play(sine(500, 50))
        assert await near.port(0).dial("42")
        assert [await far.port(0).digit(5) for _ in range(2)] == ["4", "2"]
        clockwork.stop()
        clockwork.stop()
        assert isinstance(clockwork.error, str)
        ticked = engines[0].counters()["ticks"]
        assert engines[0].counters()["ticks"] == ticked

    asyncio.run(story())
