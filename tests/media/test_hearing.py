"""What a port does about its line: echo, tones, whispers, the loudest; and load that is shed."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from dsp_ext import g711, tone_plan
from dsp_ext.engine import Engine
from mediaserver.bus import Bus
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.events import Event, LoadShed, SystemAlarm
from mediaserver.media.errors import MediaError
from mediaserver.media.session import MediaSession, ToneEvent
from tests.media.world import Ear, World, run, sine

CARE = {"echo": 1, "progress": {"cn": 1}}


def test_tones_are_told_by_name_with_beginning_and_end() -> None:
    async def story() -> None:
        world = World(progress={"cn": 2})
        heard: list[ToneEvent] = []
        port = world.near.port(1)
        port.progress("cn")
        port.on_tone(heard.append)
        world.far.port(1).tone(tone_plan.program("cn", "busy"))
        await asyncio.sleep(4)
        world.far.port(1).stop_tone()
        await asyncio.sleep(2)
        assert [(event.tone, event.ended) for event in heard] == [("busy", False), ("busy", True)]
        assert heard[0].since_ms < 100 < heard[0].at_ms < 4000

    run(story)


def test_a_listener_that_fails_keeps_no_other_from_hearing_and_reset_forgets_all() -> None:
    async def story() -> None:
        world = World(progress={"cn": 4})
        port, heard = world.near.port(0), []
        port.progress("cn")
        port.on_tone(lambda event: 1 / 0)
        undo = port.on_tone(lambda event: heard.append("undone"))
        port.on_tone(lambda event: heard.append(event.tone))
        undo()
        undo()
        world.far.port(0).tone(tone_plan.program("cn", "dial"))
        await asyncio.sleep(3)
        assert heard == ["dial"]
        await port.reset()
        world.far.port(0).stop_tone()
        world.far.port(0).tone(tone_plan.program("cn", "busy"))
        await asyncio.sleep(4)
        assert heard == ["dial"]

    run(story)


def test_what_the_engine_has_none_left_of_is_refused_by_name() -> None:
    async def story() -> None:
        world = World(**CARE)
        world.near.port(0).echo()
        world.near.port(0).progress("cn")
        with pytest.raises(MediaError, match="echo: all 1 slots are taken"):
            world.near.port(1).echo()
        with pytest.raises(MediaError, match="progress cn: all 1 slots"):
            world.near.port(1).progress("cn")
        with pytest.raises(MediaError, match="no bank 'progress us'"):
            world.near.port(1).progress("us")
        await world.near.port(0).reset()
        world.near.port(1).echo()
        world.near.port(1).echo(freeze=True, suppress=False)
        world.near.port(1).progress("cn")
        world.near.port(1).progress(None)
        world.near.port(2).progress("cn")

    run(story)


def test_the_echo_of_a_prompt_is_taken_out_of_what_is_heard() -> None:
    async def story() -> None:
        world = World(echo=1)
        world.wire.fault("a", hybrid=[0.0] * 60 + [0.4, -0.2])
        said = np.random.default_rng(1).normal(0, 3000, 24_000).astype(np.int16)
        world.near.port(0).echo()
        for channel in (0, 1):
            asyncio.ensure_future(world.near.port(channel).play(said, loop=True))
        await asyncio.sleep(4)
        levels = [world.near.port(channel).level_dbm0 for channel in (0, 1)]
        assert levels[0] < levels[1] - 20

    run(story)


def test_a_whisper_is_heard_by_one() -> None:
    async def story() -> None:
        world = World()
        caller, agent, chief = (world.near.port(n) for n in range(3))
        bridge = world.near.bridge()
        for port, talk in ((caller, 1.0), (agent, 1.0), (chief, 0.0)):
            bridge.join(port, talk=talk)
        chief.whisper(agent)
        asyncio.ensure_future(world.far.port(2).play(sine(1000, 100), loop=True))
        ears = [Ear(world.far.port(n)) for n in range(3)]
        await asyncio.sleep(1)
        loud = [np.abs(g711.alaw_decode(ear.octets())[800:]).max() for ear in ears]
        assert loud[1] > 5000 and loud[0] < 50 and loud[2] < 50
        chief.whisper(None)
        with pytest.raises(MediaError, match="itself"):
            chief.whisper(chief)

    run(story)


def test_a_bridge_of_the_loudest_gives_its_number_back_without_that() -> None:
    async def story() -> None:
        world = World()
        bridge = world.near.bridge()
        bridge.loudest(2)
        with pytest.raises(MediaError, match="count 17"):
            bridge.loudest(17)
        bridge.close()
        with pytest.raises(MediaError, match="closed"):
            bridge.loudest(1)
        again = world.near.bridge()
        assert again.number == bridge.number
        for n in range(4):
            again.join(world.near.port(n))
            asyncio.ensure_future(world.far.port(n).play(sine(500 + 200 * n, 100), loop=True))
        ear = Ear(world.far.port(3))
        await asyncio.sleep(1)
        heard = g711.alaw_decode(ear.octets())[4000:4800].astype(float)
        bins = np.abs(np.fft.rfft(heard))[[50, 70, 90]]
        assert (bins > 0.2 * bins.max()).all()  # all three others, not the loudest two

    run(story)


def test_shed_load_is_an_event_and_an_alarm_that_says_what_is_left_out() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        bus, events = Bus(), []
        bus.subscribe(Event, events.append)
        engine = Engine(2, echo=2, echo_tail_ms=128, progress={"cn": 2})
        session = MediaSession(engine, Clock(loop), bus)
        for cost_us, ticks in ((9000.0, 18), (1000.0, 1100)):
            for _ in range(ticks):
                engine.tick(cost_us=cost_us)
            session.drain()
        sheds = [event for event in events if isinstance(event, LoadShed)]
        assert [(event.before, event.level) for event in sheds] == [(0, 1), (1, 2), (2, 1), (1, 0)]
        assert sheds[1].left_out == ("echo tails beyond 64 ms", "call progress")
        assert sheds[0].percent == 90
        alarms = [event for event in events if isinstance(event, SystemAlarm)]
        assert [(alarm.name, alarm.active) for alarm in alarms] == [
            ("load", True),
            ("load", True),
            ("load", True),
            ("load", False),
        ]
        assert "call progress" in alarms[1].text and "90 %" in alarms[1].text
        assert "taken up again: call progress; still left out: echo tails" in alarms[2].text
        assert alarms[0].said == {
            "code": "alarm.load",
            "values": {
                "percent": 90,
                "left_out": {"code": "shed.echo tails beyond 64 ms", "values": {}},
            },
        }

    run(story)
