"""Polarity, the lamp and the battery, on a card that has them; and on one that has not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from drivers.base import PolarityChange, SpanKind
from drivers.boards.dahdi.analog import DahdiAnalogSpan
from drivers.boards.dahdi.board import DahdiSpec
from drivers.events import ChannelState, LineEvent, Setup
from drivers.signalling.analog import PortState, analog
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import PORTS
from tests.lab.dahdi.inside.test_lines import run, running, until

SETTLES_S = 2.5  # until DAHDI believes what it hears of its ports


@pytest.fixture(autouse=True)
def whole_wires(request: pytest.FixtureRequest) -> Any:
    yield
    if "cards" in request.fixturenames:
        card.put("analog/inside/port3/cut", 0)


@asynccontextmanager
async def ports() -> AsyncIterator[tuple[DahdiAnalogSpan, DahdiAnalogSpan]]:
    """The card's FXS ports 1 and 2, and its FXO ports 3 and 4 at the other ends of the wires."""
    specs = DahdiSpec("fxs", SpanKind.FXS, PORTS), DahdiSpec("fxo", SpanKind.FXO, PORTS)
    async with running(*specs) as board:
        fxs, fxo = board.spans
        assert isinstance(fxs, DahdiAnalogSpan) and isinstance(fxo, DahdiAnalogSpan)
        await asyncio.sleep(SETTLES_S)
        yield fxs, fxo


def reversed_now() -> int:
    return card.get("analog/inside/port1/reversed")


@pytest.mark.usefixtures("cards")
def test_a_reversal_is_told_at_the_other_end_once_each_way() -> None:
    async def test() -> None:
        async with ports() as (fxs, fxo):
            heard: list[object] = []
            fxo.on_line(heard.append)
            for times, way in enumerate((True, False, True, False), 1):
                fxs.set_polarity(1, way)
                assert reversed_now() == way
                await until(lambda times=times: heard == [PolarityChange(3)] * times)
            assert fxs.counts.get("polarity") is None, "it is the far end that is told"

    run(test)


@pytest.mark.usefixtures("cards")
def test_the_lamp_of_a_telephone_is_lit_and_put_out() -> None:
    async def test() -> None:
        async with ports() as (fxs, _fxo):
            exchange = analog(fxs, lambda _event: None, country="us")
            exchange.start()
            for on in (True, False):
                exchange.set_message_waiting(2, on)
                await until(lambda on=on: card.get("analog/inside/port2/messages") == on)
                assert card.get("analog/inside/port1/messages") == 0
            exchange.stop()

    run(test)


@pytest.mark.usefixtures("cards")
def test_an_exchange_line_without_battery_is_out_of_service_until_it_has_one() -> None:
    async def test() -> None:
        async with ports() as (_fxs, fxo):
            heard: list[LineEvent] = []
            line = analog(fxo, heard.append, country="us")
            line.start()

            def told() -> list[tuple[int, bool]]:
                states = [each for each in heard if isinstance(each, ChannelState)]
                return [(each.channel, each.in_service) for each in states]

            card.put("analog/inside/port3/cut", 1)
            await until(lambda: told() == [(3, False)])
            assert (line.state(3), line.state(4)) == (PortState.DEAD, PortState.IDLE)
            card.put("analog/inside/port3/cut", 0)
            await until(lambda: told() == [(3, False), (3, True)])
            assert line.state(3) is PortState.IDLE
            line.stop()

    run(test)


def test_a_card_that_can_do_neither_says_so_once_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """DAHDI's dynamic spans have no polarity and no lamp."""
    caplog.set_level(logging.WARNING)

    async def test() -> None:
        phones, lines = DahdiSpec("fxs", SpanKind.FXS, 7), DahdiSpec("fxo", SpanKind.FXO, 8)
        async with running(phones, lines) as board:
            fxs, fxo = board.spans
            told: list[LineEvent] = []
            exchange = analog(fxs, told.append, country="us", polarity_on_answer=True)
            await asyncio.sleep(SETTLES_S)
            exchange.start()
            for _ in range(3):
                exchange.set_message_waiting(2, True)
                exchange.set_message_waiting(2, False)
            for times in (1, 2):
                fxo.set_hook(1, True)
                await until(lambda: sum(isinstance(e, Setup) for e in told) == times)  # noqa: B023
                ref = next(e.ref for e in reversed(told) if isinstance(e, Setup))
                exchange.answer(ref)
                await asyncio.sleep(0.5)
                assert exchange.state(1) is PortState.TALKING
                fxo.set_hook(1, False)
                await until(lambda: exchange.state(1) is PortState.IDLE)
            exchange.stop()

    run(test)
    lines = [record.getMessage() for record in caplog.records]
    assert sum("no polarity: " in line for line in lines) == 1, lines
    assert sum("no message waiting: " in line for line in lines) == 1, lines
    assert any("this card or its driver cannot do that" in line for line in lines), lines
