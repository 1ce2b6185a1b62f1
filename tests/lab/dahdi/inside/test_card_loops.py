"""What a card does with its octets by itself: loops for tests, joined timeslots, its canceller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.base import SpanKind
from drivers.boards.dahdi import proc
from drivers.boards.dahdi.board import DahdiBoard, DahdiSpec, make_board
from drivers.boards.dahdi.device import Control
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR
from tests.lab.dahdi.inside.sound import carried

pytestmark = pytest.mark.usefixtures("cards")
BLOCK = 80
LISTEN_S = 0.6
E1 = SpanKind.E1


@pytest.fixture(autouse=True)
def no_loops() -> Iterator[None]:
    yield
    control = Control()
    for span in (NEAR, FAR):
        control.maintain(span, "off")
    control.close()


def noise(seed: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-8000, 8000, 8000, np.int16)


class Ends:
    """Both ends of the pair say something of their own on their first channel."""

    def __init__(self, board: DahdiBoard, engine: Engine) -> None:
        self.board, self.engine = board, engine
        self.said = noise(1), noise(2)
        for channel, samples in zip((0, 30), self.said, strict=True):
            engine.play(channel, samples, loop=True)

    async def heard(self) -> list[str]:
        """What the near and the far end hear: "own", "other" or "nothing"."""
        await asyncio.sleep(0.3)
        rings = Ring(1 << 15), Ring(1 << 15)
        for channel, ring in zip((0, 30), rings, strict=True):
            self.engine.tap(channel, ring, mode="rx")
        await asyncio.sleep(LISTEN_S)
        for channel, ring in zip((0, 30), rings, strict=True):
            self.engine.untap(channel, ring)
        found = []
        for k, ring in enumerate(rings):
            octets = ring.read()
            whole = [carried(said, octets) > 0.9 * len(octets) for said in self.said]
            names = [name for name, is_it in zip(("near", "far"), whole, strict=True) if is_it]
            own = ("near", "far")[k]
            found.append("nothing" if not names else "own" if names == [own] else "other")
        return found


@asynccontextmanager
async def ends(**audio: int) -> AsyncIterator[Ends]:
    specs = [DahdiSpec(f"E1-{n}", E1, n) for n in (NEAR, FAR)]
    board = make_board("lab", specs, block=BLOCK, **audio)
    engine = Engine(60, block=BLOCK)
    for place, span in enumerate(board.spans):
        engine.attach(30 * place, span.port)
    thread = EngineThread([engine], priority=50)
    thread.start()
    try:
        yield Ends(board, engine)
    finally:
        thread.stop()
        board.close()


def test_each_loop_sends_back_what_it_is_to() -> None:
    """local: what we send comes back to us; line, payload: what the far end sends goes back."""

    async def test() -> None:
        control = Control()
        async with ends() as both:
            assert await both.heard() == ["other", "other"]
            for what, wanted in (
                ("local", ["own", "other"]),
                ("line", ["other", "own"]),
                ("off", ["other", "other"]),
                ("payload", ["other", "own"]),
                ("off", ["other", "other"]),
            ):
                control.maintain(NEAR, what)
                assert await both.heard() == wanted, what
                looped = bool(control.span(NEAR).alarms & card.LOOPBACK)
                assert looped == (what != "off")
                assert not both.board.spans[0].alarms, "a loop is no alarm"
        control.close()

    asyncio.run(test())


def test_an_alarm_lets_nothing_through() -> None:
    async def test() -> None:
        async with ends() as both:
            card.put("e1/inside/span1/alarms", card.BLUE)
            assert await both.heard() == ["nothing", "other"]
            card.put("e1/inside/span1/alarms", 0)
            assert await both.heard() == ["other", "other"]

    asyncio.run(test())


def test_two_in_talk_are_joined_by_the_card_and_parted_when_one_hangs_up() -> None:
    """The near end's channels 1 and 2 are in talk: who calls at the far end's 1 hears 2's party."""

    async def test() -> None:
        async with ends() as both:
            engine = both.engine
            for channel in (0, 1):
                engine.stop(channel)
                engine.join(channel, 1)
            second = noise(3)
            engine.play(31, second, loop=True)
            await asyncio.sleep(1.2)
            assert both.board.spans[0].status()["joined"] == [1, 2]
            ring = Ring(1 << 15)
            engine.tap(30, ring, mode="rx")
            await asyncio.sleep(LISTEN_S)
            octets = ring.read()
            assert carried(second, octets) > 0.9 * len(octets)
            engine.reset(0)
            await asyncio.sleep(0.5)
            assert both.board.spans[0].status()["joined"] == []
            ring.read()
            await asyncio.sleep(LISTEN_S)
            assert carried(second, ring.read()) < 100

    asyncio.run(test())


def test_a_cards_own_canceller_takes_the_place_of_the_kernels() -> None:
    async def test() -> None:
        async with ends(echo_taps=256):
            told = proc.read(NEAR)
            assert told is not None
            assert told.cancellers == {"LABCARD": 31}, "where a card has one, DAHDI takes it"
            assert told.cancelling == 30
            assert card.get("e1/inside/span1/cancellers") == 30
        assert card.get("e1/inside/span1/cancellers") == 0
        told = proc.read(NEAR)
        assert told is not None and told.cancelling == 0

    asyncio.run(test())
