"""A telephone's second call on the real modules: flash, hold, put down, rung back at once."""

from __future__ import annotations

import asyncio
from typing import Any

from drivers.base import RingChange, SetupRequest, SpanKind
from drivers.boards.dahdi.board import DahdiSpec
from drivers.events import CallEvent, Number, Released, Setup
from drivers.signalling.analog import PortState, analog
from tests.lab.dahdi.inside.test_lines import run, running, until


def test_a_flash_takes_the_second_call_and_put_down_the_telephone_rings_for_the_first() -> None:
    async def test() -> None:
        phones, lines = DahdiSpec("fxs", SpanKind.FXS, 7), DahdiSpec("fxo", SpanKind.FXO, 8)
        async with running(phones, lines) as board:
            fxs, fxo = board.spans
            told: list[Any] = []
            rings: list[object] = []
            exchange = analog(fxs, told.append, country="us", call_waiting=True)
            fxo.on_line(rings.append)
            await asyncio.sleep(2.5)  # the driver settles its ports
            exchange.start()

            def kinds() -> list[str]:
                return [type(event).__name__ for event in told if isinstance(event, CallEvent)]

            fxo.set_hook(1, True)
            await until(lambda: kinds() == ["Setup"])
            (first,) = (event.ref for event in told if isinstance(event, Setup))
            exchange.answer(first)
            second = exchange.setup(SetupRequest(1, Number()))
            await asyncio.sleep(1)
            fxo.flash(1)
            await until(lambda: kinds() == ["Setup", "Alerting", "Held", "Connected"])
            await asyncio.sleep(1.5)
            rings.clear()
            fxo.set_hook(1, False)
            await until(lambda: RingChange(1, True) in rings)
            assert Released("fxs", second, 16) in told
            assert exchange.state(1) is PortState.RINGING
            await asyncio.sleep(1)
            fxo.set_hook(1, True)
            await until(lambda: kinds()[-1] == "Retrieved")
            fxo.set_hook(1, False)
            await until(lambda: exchange.state(1) is PortState.IDLE)
            assert told[-1] == Released("fxs", first, 16)
            exchange.stop()

    run(test)
