"""Signalling as a card has it: bits beside their own timeslot, a D channel whose HDLC it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.base import SpanKind
from drivers.boards.dahdi import words
from drivers.boards.dahdi.board import DahdiSpec
from drivers.boards.dahdi.device import Control
from drivers.boards.dahdi.span import DahdiE1Span
from drivers.cause import Cause
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR
from tests.lab.dahdi.inside.pri_pair import PriPair, until
from tests.lab.dahdi.inside.test_lines import running

CALLS = range(1, 11)


@pytest.fixture(autouse=True)
def plugged() -> Iterator[None]:
    with card.loaded(), card.plugged("e1"):
        yield


@asynccontextmanager
async def ends() -> AsyncIterator[list[DahdiE1Span]]:
    specs = [DahdiSpec(f"E1-{n}", SpanKind.E1, n) for n in (NEAR, FAR)]
    async with running(*specs) as board:
        yield [span for span in board.spans if isinstance(span, DahdiE1Span)]


def uses() -> list[str]:
    """What each timeslot of the near span is."""
    control = Control()
    first = card.SPANS["e1"][NEAR]
    found = [control.channel(first + slot) for slot in range(31)]
    line = words.line_words(control.span(NEAR).lineconfig)
    control.close()
    return [line, *(words.signalling_word(each.signalling) for each in found)]


def test_bits_travel_and_stand_still_in_alarm(tmp_path: Path) -> None:
    card.set_up(tmp_path, card.e1("cas"))
    assert uses() == ["CAS HDB3 CRC4", *["CAS"] * 15, "not configured", *["CAS"] * 15]

    async def test() -> None:
        async with ends() as (near, far):
            heard: list[tuple[int, int]] = []
            far.on_bits(lambda channel, abcd: heard.append((channel, abcd)))
            for abcd in (0b1001, 0b0101, 0b1101):
                for channel in (1, 17, 31):
                    near.send_bits(channel, abcd)
                    await until(lambda c=channel, abcd=abcd: (c, abcd) in heard)
                    assert far.bits(channel) == abcd
            card.put("e1/inside/span2/alarms", card.BLUE)
            await until(lambda: bool(far.alarms))
            near.send_bits(1, 0b0101)
            await asyncio.sleep(0.2)
            assert far.bits(1) == 0b1101
            card.put("e1/inside/span2/alarms", 0)
            await until(lambda: far.bits(1) == 0b0101)

    asyncio.run(test())


def test_calls_over_a_d_channel_whose_hdlc_the_card_does(tmp_path: Path) -> None:
    card.set_up(tmp_path, card.e1(hdlc="hardhdlc"))
    assert uses()[16] == "D channel (card's HDLC)"

    async def test() -> None:
        async with ends() as (near, far):
            pair = PriPair(near, far, guard_s=0.2)
            await until(lambda: pair.up)
            for _ in range(2):
                for ref in await pair.call(CALLS):
                    pair.ends[0].release(ref, Cause.NORMAL)
                await until(lambda: [len(pair.causes(k)) for k in (0, 1)] == [len(CALLS)] * 2)
                assert {*pair.causes(0), *pair.causes(1)} == {Cause.NORMAL}
                card.put("e1/inside/span1/alarms", card.RED)
                await until(lambda: not pair.up)
                card.put("e1/inside/span1/alarms", 0)
                await until(lambda: pair.up and pair.idle(CALLS))
            pair.stop()

    asyncio.run(test())
