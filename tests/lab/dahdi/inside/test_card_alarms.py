"""A hundred alarms on a card's E1 in calls; and the card pulled out and put back.

The calls of another pair of spans go on through all of it, and in alarms none of their octets is
lost.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from drivers.base import SpanKind
from drivers.boards.dahdi.board import DahdiBoard, DahdiSpec, make_board
from drivers.boards.dahdi.span import DahdiE1Span
from drivers.cause import Cause
from dsp_ext import g711
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR
from tests.lab.dahdi.inside.pri_pair import PriPair, until

BLOCK = 80
ALARMS = 100
CALLS = range(1, 6)
GUARD_S = 0.1
SPAN1, SPAN2 = "e1/inside/span1", "e1/inside/span2"
#: What stands at one end while the other hears of it.
KINDS = (card.RED | card.LOS, card.BLUE, card.RED | card.LFA, card.RED)
E1 = SpanKind.E1


class Talk:
    """What one channel hears of another that says the same second of noise all the time."""

    def __init__(self, engine: Engine, near: int, far: int) -> None:
        samples = np.random.default_rng(6).integers(-8000, 8000, 8000, np.int16)
        self._said = g711.alaw_encode(samples)
        self._ring = Ring(1 << 20)
        self._place = -1  # in what is said, of the next octet; -1: not known yet
        self.octets = 0
        engine.play(far, samples, loop=True)
        engine.tap(near, self._ring, mode="rx")

    def begin(self) -> None:
        """From here on nothing may be lost."""
        self._ring.read()

    def check(self) -> None:
        """All that came since the last time is what was said, without a gap."""
        got = np.frombuffer(self._ring.read(), np.uint8)
        if self._place < 0:
            self._place = bytes(np.tile(self._said, 2)).find(bytes(got[:64]))
            assert self._place >= 0, "what was said is not heard"
        wanted = np.resize(np.roll(self._said, -self._place), len(got))
        wrong = np.flatnonzero(wanted != got)
        assert not len(wrong), f"octet {self.octets + int(wrong[0])} of the other call is wrong"
        self._place = (self._place + len(got)) % len(self._said)
        self.octets += len(got)


@asynccontextmanager
async def lines() -> AsyncIterator[tuple[DahdiBoard, PriPair, Talk]]:
    """Calls on the card's pair (21, 22), and one on 3 and 4, which may lose nothing."""
    ours, others = (NEAR, FAR), (3, 4)
    numbers = (*ours, *others)
    specs = [DahdiSpec(f"E1-{n}", E1, n) for n in numbers]
    board = make_board("lab", specs, block=BLOCK)
    engine = Engine(120, block=BLOCK)
    for place, span in enumerate(board.spans):
        engine.attach(30 * place, span.port)
    ends = {span.number: span for span in board.spans if isinstance(span, DahdiE1Span)}
    pair, other = (PriPair(ends[a], ends[b], GUARD_S) for a, b in (ours, others))
    thread = EngineThread([engine], priority=50)
    thread.start()
    try:
        await until(lambda: pair.up and other.up)
        await other.call(range(1, 2))
        talk = Talk(engine, *(30 * numbers.index(n) for n in others))
        await asyncio.sleep(0.5)
        talk.begin()
        yield board, pair, talk
        assert other.causes(0) == other.causes(1) == [], "the other call is up"
        talk.check()
        lost = {each["name"]: each["rx_gaps"] + each["tx_gaps"] for each in board.status()}
        assert [lost[f"E1-{n}"] for n in others] == [0, 0]
    finally:
        pair.stop()
        other.stop()
        thread.stop()
        board.close()


def open_files() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.usefixtures("cards")
def test_a_hundred_alarms_end_all_calls_with_a_cause_and_leave_nothing_behind() -> None:
    async def test() -> None:
        async with lines() as (board, pair, talk):
            files = open_files()
            for n in range(ALARMS):
                await until(lambda: pair.up and pair.idle(CALLS))
                await pair.call(CALLS)
                here, there = (SPAN1, SPAN2) if n % 2 else (SPAN2, SPAN1)
                card.put(f"{here}/alarms", KINDS[n % len(KINDS)])
                card.put(f"{there}/alarms", card.YELLOW)
                for k in (0, 1):
                    await until(lambda k=k: len(pair.causes(k)) == len(CALLS))
                    assert set(pair.causes(k)) == {Cause.DESTINATION_OUT_OF_ORDER}
                for span in (here, there):
                    card.put(f"{span}/alarms", 0)
                talk.check()
            await until(lambda: pair.up and pair.idle(CALLS))
            assert [end._link.calls() for end in pair.ends if end._link] == [[], []]
            assert open_files() == files
            assert not any(span.alarms for span in board.spans)
            assert talk.octets > 8000 * GUARD_S * ALARMS

    asyncio.run(test())


@pytest.mark.usefixtures("cards")
def test_a_card_pulled_out_in_calls_ends_them_and_works_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    """DAHDI sleeps in whoever asks a channel just gone: the other call must not wait for it."""

    async def test() -> None:
        async with lines() as (board, pair, talk):
            near, far = board.spans[:2]
            files = open_files()
            await pair.call(CALLS)
            await asyncio.to_thread(card.pull, "e1")
            for k in (0, 1):
                await until(lambda k=k: len(pair.causes(k)) == len(CALLS))
                assert set(pair.causes(k)) == {Cause.DESTINATION_OUT_OF_ORDER}
            await until(lambda: near.broken and far.broken)
            assert not pair.up
            talk.check()
            await asyncio.to_thread(card.plug, "e1")
            await asyncio.to_thread(card.set_up, tmp_path, card.e1())
            await until(lambda: not near.broken and not far.broken, 90)
            await until(lambda: pair.up and pair.idle(CALLS), 90)
            await pair.call(CALLS)
            assert open_files() == files

    asyncio.run(test())
