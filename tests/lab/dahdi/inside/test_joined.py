"""Two in talk, joined by DAHDI itself: nothing is lost, and who listens in hears them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from drivers.base import SpanKind
from drivers.boards.dahdi.board import DahdiSpec, make_board
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside.sound import carried

BLOCK = 80
TALK_S = 2.0
#: Octets that must arrive in one piece of each talk: all but its beginning.
LEAST = int(8000 * (TALK_S - 0.7))
#: The last channel of each span, whose blocks are the clock until it is joined.
ONE, OTHER = 29, 59


class Lines:
    """Two parties (spans 1 and 3), each with something of its own to say; their lines end at our
    board (spans 2 and 4)."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.said = rng.integers(-8000, 8000, (2, 8000), dtype=np.int16)
        parties, ours = (
            [DahdiSpec(f"E1-{n}", SpanKind.E1, n) for n in two] for two in ((1, 3), (2, 4))
        )
        self.parties = make_board("parties", parties, block=BLOCK, join=False)
        self.board = make_board("ours", ours, block=BLOCK)
        self.far, self.near = (self._engine(board) for board in (self.parties, self.board))
        for channel, samples in zip((ONE, OTHER), self.said, strict=True):
            self.far.play(channel, samples, loop=True)
        self.thread = EngineThread([self.near, self.far], priority=50)

    @staticmethod
    def _engine(board: object) -> Engine:
        engine = Engine(60, block=BLOCK)
        for place, span in enumerate(board.spans):
            engine.attach(30 * place, span.port)
        return engine

    async def heard(self, engine: Engine, mode: str = "rx") -> tuple[int, int]:
        """How much of what the other said each end hears in one piece, in a talk's time."""
        rings = Ring(1 << 16), Ring(1 << 16)
        for channel, ring in zip((ONE, OTHER), rings, strict=True):
            engine.tap(channel, ring, mode=mode)
        await asyncio.sleep(TALK_S)
        for channel, ring in zip((ONE, OTHER), rings, strict=True):
            engine.untap(channel, ring)
        one, other = (ring.read() for ring in rings)
        if engine is self.far:
            return carried(self.said[1], one), carried(self.said[0], other)
        return carried(self.said[0], one), carried(self.said[1], other)

    def lost(self) -> list[int]:
        spans = [span.status() for board in (self.parties, self.board) for span in board.spans]
        return [each["rx_gaps"] + each["tx_gaps"] for each in spans]

    def joined(self) -> list[list[int]]:
        return [span.status()["joined"] for span in self.board.spans]

    def close(self) -> None:
        self.thread.stop()
        for board in (self.parties, self.board):
            board.close()


def run(test: Callable[[Lines], Awaitable[None]]) -> None:
    async def body() -> None:
        lines = Lines()
        lines.thread.start()
        try:
            await asyncio.sleep(0.5)
            await test(lines)
        finally:
            lines.close()

    asyncio.run(body())


def test_the_joined_hear_each_other_octet_for_octet() -> None:
    async def test(lines: Lines) -> None:
        for channel in (ONE, OTHER):
            lines.near.join(channel, 1)
        await asyncio.sleep(1.0)
        assert lines.joined() == [[31], [31]]
        assert min(await lines.heard(lines.far)) >= LEAST
        assert lines.near.counters()["joined"] == 2
        assert lines.lost() == [0, 0, 0, 0]

    run(test)


def test_a_recording_begun_in_mid_talk_has_what_both_say() -> None:
    """And the two go on hearing each other, by us; when it is over they are joined again."""

    async def test(lines: Lines) -> None:
        for channel in (ONE, OTHER):
            lines.near.join(channel, 1)
        await asyncio.sleep(1.0)
        for turn in range(1, 4):
            assert lines.joined() == [[31], [31]]
            recorded, heard = await asyncio.gather(lines.heard(lines.near), lines.heard(lines.far))
            assert min(*recorded, *heard) >= LEAST
            await asyncio.sleep(1.0)
            assert lines.near.counters()["joins"] == 2 * (turn + 1)
        assert lines.lost() == [0, 0, 0, 0]

    run(test)


def test_who_hung_up_is_not_heard_any_more() -> None:
    async def test(lines: Lines) -> None:
        for channel in (ONE, OTHER):
            lines.near.join(channel, 1)
        await asyncio.sleep(1.0)
        assert lines.joined() == [[31], [31]]
        lines.near.reset(ONE)
        await asyncio.sleep(0.2)
        assert lines.joined() == [[], []]
        assert max(await lines.heard(lines.far)) < 100

    run(test)
