"""Two in talk: who is heard, and what is played, while one of them holds or both do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from mediaserver.call.talk import Talk
from mediaserver.media.port import MediaPort
from tests.media.test_bridge import hears, levels
from tests.media.world import World, run


@dataclass(eq=False)
class Party:
    """What of a leg a talk looks at."""

    media: MediaPort
    held: bool = False


class Two:
    """Legs on channels 0 and 1 of a world; `hears` says which of them hears music."""

    def __init__(self) -> None:
        self.world = World()
        self.music: set[int] = set()
        self.legs: Any = tuple(Party(self.world.near.port(n)) for n in range(2))

    async def play(self, port: MediaPort) -> None:
        self.music.add(port.channel)
        try:
            await asyncio.Event().wait()
        finally:
            self.music.discard(port.channel)

    def talk(self) -> Talk:
        return Talk(self.world.near, self.legs, self.play)


def test_who_is_held_hears_music_and_not_the_other() -> None:
    async def story() -> None:
        two = Two()
        talk = two.talk()
        assert hears((await levels(two.world, 0))[1]) and two.music == set()
        for held, music in (((True, False), {1}), ((True, True), set()), ((False, True), {0})):
            for leg, now in zip(two.legs, held, strict=True):
                leg.held = now
                talk.changed(leg)
            await asyncio.sleep(0.1)
            assert two.music == music
            assert not hears((await levels(two.world, 0))[1])
        two.legs[1].held = False
        talk.changed(two.legs[1])
        assert hears((await levels(two.world, 0))[1]) and two.music == set()

    run(story)


def test_talk_that_begins_on_hold_and_ends_there_leaves_nothing_behind() -> None:
    async def story() -> None:
        two = Two()
        two.legs[1].held = True
        talk = two.talk()
        await asyncio.sleep(0.1)
        assert two.music == {0}
        talk.close()
        await asyncio.sleep(0.1)
        assert two.music == set() and two.legs[0].media.bridge is None

    run(story)


def test_without_music_there_is_silence() -> None:
    async def story() -> None:
        two = Two()
        talk = Talk(two.world.near, two.legs, None)
        two.legs[0].held = True
        talk.changed(two.legs[0])
        talk.close()

    run(story)
