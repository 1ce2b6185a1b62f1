"""Who hears whom."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from mediaserver.media.session import Bridge, MediaError
from tests.media.world import World, run, sine


async def levels(world: World, speaker: int) -> list[float]:
    """What each far subscriber receives while one of them speaks, in dBm0."""
    speaking = asyncio.create_task(world.far.port(speaker).play(sine(1000, 600, -10.0)))
    await asyncio.sleep(0.5)
    heard = [world.far.port(n).level_dbm0 for n in range(world.far.engine.channels)]
    assert await speaking
    await asyncio.sleep(0.5)
    return heard


def hears(level_dbm0: float) -> bool:
    return level_dbm0 > -20


def test_members_hear_each_other_and_nobody_else() -> None:
    async def story() -> None:
        world = World()
        bridge = world.near.bridge()
        bridge.join(world.near.port(0))
        bridge.join(world.near.port(1))
        assert [hears(x) for x in await levels(world, 0)] == [False, True, False, False]
        bridge.join(world.near.port(2))
        assert [hears(x) for x in await levels(world, 1)] == [True, False, True, False]
        bridge.leave(world.near.port(0))
        bridge.leave(world.near.port(0))
        assert [hears(x) for x in await levels(world, 0)] == [False] * 4
        bridge.close()
        assert bridge.members == () and not any(map(hears, await levels(world, 1)))

    run(story)


def test_muted_listens_and_deaf_speaks() -> None:
    async def story() -> None:
        world = World()
        bridge = world.near.bridge()
        bridge.join(world.near.port(0), talk=0)
        bridge.join(world.near.port(1))
        assert not any(map(hears, await levels(world, 0)))
        assert hears((await levels(world, 1))[0])
        bridge.join(world.near.port(0), listen=0)
        assert hears((await levels(world, 0))[1])
        assert not any(map(hears, await levels(world, 1)))

    run(story)


def test_a_port_moves_from_bridge_to_bridge() -> None:
    async def story() -> None:
        world = World()
        one, two = world.near.bridge(), world.near.bridge()
        one.join(world.near.port(0))
        one.join(world.near.port(1))
        two.join(world.near.port(2))
        two.join(world.near.port(0))
        assert one.members == (world.near.port(1),)
        assert world.near.port(0).bridge is two
        assert [hears(x) for x in await levels(world, 0)] == [False, False, True, False]
        one.leave(world.near.port(0))
        assert world.near.port(0).bridge is two

    run(story)


def test_bridges_come_back_when_closed_and_are_not_endless() -> None:
    async def story() -> None:
        session = World().near
        for _ in range(100):
            session.bridge().close()
        bridges: list[Bridge] = [session.bridge() for _ in range(4)]
        with pytest.raises(MediaError, match="in use"):
            session.bridge()
        assert session.open_bridges == 4
        bridges[2].close()
        bridges[2].close()
        assert session.bridge().number == bridges[2].number
        with pytest.raises(MediaError, match="closed"):
            bridges[2].join(session.port(0))

    run(story)


def test_a_conference_of_all_sums_without_the_speaker() -> None:
    async def story() -> None:
        world = World(channels=8)
        bridge = world.near.bridge()
        for n in range(8):
            bridge.join(world.near.port(n))
        heard = np.array(await levels(world, 3))
        assert not hears(heard[3])
        assert np.delete(heard, 3) == pytest.approx(-10.0, abs=0.5)

    run(story)


def test_who_is_apart_neither_hears_nor_is_heard_in_whatever_bridge() -> None:
    async def story() -> None:
        world = World()
        ports = [world.near.port(n) for n in range(3)]
        first, second = world.near.bridge(), world.near.bridge()
        for port in ports[:2]:
            first.join(port)
        ports[0].apart(True)
        assert not any(map(hears, await levels(world, 0)))
        assert not hears((await levels(world, 1))[0])
        second.join(ports[2])
        second.join(ports[0])
        assert not hears((await levels(world, 2))[0])
        ports[0].apart(False)
        assert hears((await levels(world, 2))[0])
        first.join(ports[0], talk=0)
        ports[0].apart(True)
        ports[0].apart(False)
        assert not hears((await levels(world, 0))[1]), "its own gains hold again"
        assert hears((await levels(world, 1))[0])
        ports[0].apart(True)
        await ports[0].reset()
        assert not ports[0].is_apart

    run(story)
