"""What a port plays, hears, taps, and how each ends."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from dsp_ext import g711
from dsp_ext import tone as tones
from mediaserver.media.digits import DigitEvent
from mediaserver.media.prompt import Prompt
from mediaserver.media.session import MediaError
from tests.media.world import Ear, World, run, sine

IDLE = 0xD5


def sound_in(octets: np.ndarray) -> np.ndarray:
    """The octets from the first to the last that are not idle."""
    (at,) = np.nonzero(octets != IDLE)
    return octets[at[0] : at[-1] + 1] if len(at) else octets[:0]


def sawtooth(samples: int) -> np.ndarray:
    """No value of it is idle, so that its ends can be seen on the line."""
    return (1000 + np.arange(samples) % 777 * 8).astype(np.int16)


def test_a_prompt_is_heard_whole_and_its_end_is_told() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.far.port(0))
        await ear.began
        samples = sawtooth(4000)
        began = world.clock.media_ms()
        assert await world.near.port(0).play(Prompt(samples, "saw"))
        assert 500 <= world.clock.media_ms() - began <= 520
        await asyncio.sleep(0.1)
        assert np.array_equal(sound_in(ear.octets()), g711.alaw_encode(samples))

    run(story)


def test_several_prompts_follow_without_a_gap() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.far.port(1))
        await ear.began
        first, second = sawtooth(333), sawtooth(1001)
        assert await world.near.port(1).play([Prompt(first, "one"), second])
        await asyncio.sleep(0.1)
        want = g711.alaw_encode(np.concatenate([first, second]))
        assert np.array_equal(sound_in(ear.octets()), want)

    run(story)


def test_stopped_and_replaced_players_say_so() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        first = asyncio.create_task(port.play(sawtooth(8000)))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(port.play(sawtooth(8000)))
        assert not await first
        await asyncio.sleep(0.1)
        assert port.playing and not second.done()
        port.stop()
        assert not await second
        assert not port.playing
        port.stop()
        assert await port.play(sawtooth(80))

    run(story)


def test_cancelling_silences_the_line() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        playing = asyncio.create_task(port.play(sawtooth(80_000)))
        await asyncio.sleep(0.2)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        await asyncio.sleep(0.05)
        ear = Ear(world.far.port(0))
        await asyncio.sleep(0.2)
        assert set(ear.octets()) == {IDLE}

    run(story)


def test_cancelling_an_old_turn_leaves_the_new_one_alone() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        old = asyncio.create_task(port.play(sawtooth(8000)))
        await asyncio.sleep(0.1)
        new = asyncio.create_task(port.play(sawtooth(800)))
        await asyncio.sleep(0)
        old.cancel()
        assert await new

    run(story)


def test_a_loop_plays_until_it_is_stopped() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        ear = Ear(world.far.port(0))
        await ear.began
        period = sawtooth(250)
        playing = asyncio.create_task(port.play(period, loop=True))
        await asyncio.sleep(3.0)
        port.stop()
        assert not await playing
        sound = sound_in(ear.octets())
        assert 23_900 <= len(sound) <= 24_160
        repeated = np.tile(g711.alaw_encode(period), 100)[: len(sound)]
        assert np.array_equal(sound, repeated)

    run(story)


def test_nothing_to_play_is_over_at_once() -> None:
    async def story() -> None:
        port = World().near.port(0)
        assert await port.play(np.zeros(0, np.int16))
        assert await port.play([])

    run(story)


@pytest.mark.parametrize("wrong", [np.zeros(8, np.float32), np.zeros((2, 8), np.int16)])
def test_other_samples_are_refused(wrong: np.ndarray) -> None:
    async def story() -> None:
        with pytest.raises(MediaError, match="int16"):
            await World().near.port(0).play(wrong)

    run(story)


def test_dialled_digits_are_heard_also_more_than_a_program_holds() -> None:
    digits = "1234567890*#" * 4

    async def story() -> None:
        world = World()
        port = world.far.port(2)
        port.detect()
        assert await world.near.port(2).dial(digits)
        await asyncio.sleep(0.2)
        assert "".join([await port.digit(0) or "?" for _ in digits]) == digits
        assert await port.digit(0) is None

    run(story)


def test_only_digits_can_be_dialled() -> None:
    async def story() -> None:
        world = World()
        with pytest.raises(ValueError):
            await world.near.port(0).dial("12x4")

    run(story)


def test_a_repeating_tone_ends_when_stopped_and_another_replaces_it() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        once = tones.Program.dtmf("5", on_ms=100, off_ms=100)
        first = port.tone(once)
        second = port.tone(tones.Program.dtmf("6", on_ms=100, off_ms=100))
        assert not await first
        assert await second
        third = port.tone(once)
        await asyncio.sleep(0.02)
        port.stop_tone()
        assert not await third

    run(story)


def test_cancelling_a_dialler_stops_its_tones() -> None:
    async def story() -> None:
        world = World()
        dialling = asyncio.create_task(world.near.port(0).dial("1" * 30))
        await asyncio.sleep(0.5)
        dialling.cancel()
        await asyncio.sleep(0.05)
        ear = Ear(world.far.port(0))
        await asyncio.sleep(0.5)
        assert set(ear.octets()) == {IDLE}

    run(story)


def test_listeners_hear_a_digit_begin_and_end_and_a_faulty_one_harms_nobody() -> None:
    async def story() -> None:
        world = World()
        port, heard = world.far.port(0), list[DigitEvent]()

        def faulty(_: DigitEvent) -> None:
            raise RuntimeError("listener of a test")

        port.on_digit(faulty)
        undo = port.on_digit(heard.append)
        port.detect()
        await world.near.port(0).dial("7", on_ms=120)
        await asyncio.sleep(0.2)
        begin, end = heard
        assert (begin.digit, begin.duration_ms, end.digit) == ("7", None, "7")
        assert end.duration_ms is not None and 90 <= end.duration_ms <= 150
        assert begin.level_dbm0 < 0
        undo()
        undo()
        await world.near.port(0).dial("8")
        await asyncio.sleep(0.2)
        assert len(heard) == 2

    run(story)


def test_a_key_interrupts_a_prompt() -> None:
    async def story() -> None:
        world = World()
        port = world.near.port(0)
        port.detect()
        port.on_digit(lambda _: port.stop())
        playing = asyncio.create_task(port.play(sine(440, 60_000)))
        await asyncio.sleep(0.3)
        began = world.clock.media_ms()
        await world.far.port(0).dial("3", on_ms=100, off_ms=50)
        assert not await playing
        assert world.clock.media_ms() - began <= 250
        assert await port.digit(0) == "3"

    run(story)


def test_feeding_a_ring_is_heard() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.far.port(0))
        samples = sawtooth(1600)
        source = Ear(world.near.port(1)).ring.__class__(2**14)
        source.write(samples.tobytes())
        await world.near.port(0).feed(source)
        await asyncio.sleep(0.5)
        await world.near.port(0).unfeed()
        assert np.array_equal(sound_in(ear.octets()), g711.alaw_encode(samples))

    run(story)


def test_level_is_read_in_dbm0() -> None:
    async def story() -> None:
        world = World()
        playing = asyncio.create_task(world.near.port(0).play(sine(1000, 2000, -13.0)))
        await asyncio.sleep(1.5)
        assert world.far.port(0).level_dbm0 == pytest.approx(-13.0, abs=0.5)
        await playing

    run(story)


def test_reset_ends_everything_and_tells_those_who_wait() -> None:
    async def story() -> None:
        world = World()
        port, other = world.near.port(0), world.near.port(1)
        bridge = world.near.bridge()
        bridge.join(port)
        bridge.join(other)
        port.detect()
        port.digits.put("1")
        playing = asyncio.create_task(port.play(sawtooth(80_000)))
        await asyncio.sleep(0.1)
        tone = port.tone(tones.Program.dtmf("1" * 20))
        await port.reset()
        assert not await playing
        assert not await tone
        assert len(port.digits) == 0 and port.bridge is None and bridge.members == (other,)
        await asyncio.sleep(0.05)
        ear = Ear(world.far.port(0))
        await world.far.port(1).play(sawtooth(800))
        await asyncio.sleep(0.05)
        assert set(ear.octets()) == {IDLE}
        await world.far.port(0).dial("5")
        assert await port.digit(0.2) is None

    run(story)
