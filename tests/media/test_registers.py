"""Register signals through two engines: heard as sent, speech waits, resets do no harm."""

from __future__ import annotations

import asyncio

import numpy as np

from drivers.base import Channel
from mediaserver.media.registers import MediaRegisters, bank_of, banks
from tests.media.world import Ear, World, run, sine

BANKS = {"forward": 4, "backward": 4, "backward cn": 4}


class Ends:
    """Registers at both ends of a wire; `heard` is what the far end has heard."""

    def __init__(self) -> None:
        self.world = World(mfr2=BANKS)
        self.near, self.far = MediaRegisters(self.world.near), MediaRegisters(self.world.far)
        self.heard: list[int] = []

    def listen(self, direction: str, china: bool = False, channel: int = 1) -> None:
        self.far.listen(Channel("X", channel, channel), direction, china, self.heard.append)


def test_each_signal_is_heard_as_it_was_sent() -> None:
    async def story() -> None:
        for direction, china, most in (
            ("forward", False, 15),
            ("backward", False, 15),
            ("backward", True, 6),
        ):
            ends, channel = Ends(), Channel("X", 1, 1)
            ends.listen(direction, china)
            for signal in range(1, most + 1):
                ends.near.send(channel, signal, direction, china)
                await asyncio.sleep(0.1)
                ends.near.stop(channel)
                await asyncio.sleep(0.1)
            assert ends.heard == [x for s in range(1, most + 1) for x in (s, 0)]

    run(story)


def test_a_prompt_and_a_tone_wait_until_the_registers_are_done() -> None:
    async def story() -> None:
        ends = Ends()
        ear = Ear(ends.world.near.port(1))
        await ear.began
        ends.listen("forward")
        port = ends.world.far.port(1)
        play = asyncio.ensure_future(port.play(sine(1000, 200)))
        await asyncio.sleep(0.5)
        assert not play.done() and (ear.octets() == 0xD5).all()
        ends.far.release(Channel("X", 1, 1))
        assert await play
        await asyncio.sleep(0.1)
        assert np.count_nonzero(ear.octets() != 0xD5) > 1100
        assert await port.play(sine(1000, 20))  # and nothing waits any more

    run(story)


def test_what_waits_can_be_stopped_replaced_cancelled_and_reset() -> None:
    async def story() -> None:
        ends = Ends()
        ends.listen("forward")
        port = ends.world.far.port(1)
        first = asyncio.ensure_future(port.play(sine(1000, 50)))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(port.play(sine(1000, 50)))
        await asyncio.sleep(0.05)
        assert first.done() and not first.result() and not second.done()
        port.stop()
        await asyncio.sleep(0.05)
        assert not second.result() and not port.playing
        third = asyncio.ensure_future(port.play(sine(1000, 50)))
        await asyncio.sleep(0.05)
        third.cancel()
        await asyncio.sleep(0.05)
        fourth = asyncio.ensure_future(port.play(sine(1000, 50)))
        await asyncio.sleep(0.05)
        port.reset()
        assert not await fourth
        ends.far.release(Channel("X", 1, 1))
        await asyncio.sleep(0.1)
        assert not port.playing

    run(story)


def test_a_reset_does_not_deafen_signalling() -> None:
    async def story() -> None:
        ends, channel = Ends(), Channel("X", 1, 1)
        ends.listen("forward")
        ends.near.send(channel, 7, "forward", False)
        await asyncio.sleep(0.1)
        ends.world.far.port(1).reset()
        await asyncio.sleep(0.2)
        assert ends.heard == [7]  # still sounding, not told twice
        ends.near.stop(channel)
        await asyncio.sleep(0.1)
        assert ends.heard == [7, 0]

    run(story)


def test_a_signal_that_ends_in_a_reset_is_told_as_ended() -> None:
    async def story() -> None:
        ends, channel = Ends(), Channel("X", 1, 1)
        ends.listen("forward")
        ends.near.send(channel, 7, "forward", False)
        await asyncio.sleep(0.1)
        ends.near.stop(channel)
        await asyncio.sleep(0.02)
        for _ in range(2):
            ends.world.far.port(1).reset()
        await asyncio.sleep(0.2)
        assert ends.heard == [7, 0]
        ends.near.send(channel, 8, "forward", False)
        await asyncio.sleep(0.1)
        assert ends.heard == [7, 0, 8]

    run(story)


def test_nobody_hears_what_is_not_listened_for() -> None:
    async def story() -> None:
        ends = Ends()
        ends.listen("backward")
        ends.near.send(Channel("X", 1, 1), 3, "forward", False)
        ends.near.send(Channel("X", 2, 2), 3, "backward", False)
        await asyncio.sleep(0.2)
        assert ends.heard == []
        ends.far.release(Channel("X", 3, 3))  # never listened: nothing to let go of
        ends.far.release(Channel("X", 1, 1))
        ends.near.send(Channel("X", 1, 1), 3, "backward", False)
        await asyncio.sleep(0.2)
        assert ends.heard == []

    run(story)


def test_an_engine_has_banks_for_its_trunks() -> None:
    assert banks([]) == {}
    assert banks([(True, 30), (False, 30)]) == {"forward": 60, "backward cn": 30, "backward": 30}
    assert bank_of("backward", True) == "backward cn"
