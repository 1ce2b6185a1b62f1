"""Cards that are there only after the start."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from drivers.base import SpanKind
from drivers.boards.dahdi._dahdi import lib
from drivers.boards.dahdi.board import DahdiSpec, make_board
from drivers.boards.dahdi.device import DahdiError
from drivers.events import Alarm
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside import dynamic
from tests.lab.dahdi.inside.sound import carried

E1 = SpanKind.E1
BLOCK = 80
PAIR, SPANS = "5", (9, 10)
OFF_HOOK = 0b1001


def test_a_card_that_appears_after_the_start_carries_calls_as_any_other() -> None:
    async def test() -> None:
        for end in (0, 1):
            dynamic.destroy(PAIR, end)
        board = make_board("lab", [DahdiSpec(f"E1-{n}", E1, n) for n in SPANS], block=BLOCK)
        near, far = board.spans
        engine, heard = Engine(60, block=BLOCK), Ring(1 << 17)
        said = np.random.default_rng(2).integers(-8000, 8000, 8000, np.int16)
        for first, span in ((0, near), (30, far)):
            engine.attach(first, span.port)
        engine.play(30, said, loop=True)
        thread = EngineThread([engine], priority=50)
        thread.start()
        far.send_bits(1, OFF_HOOK)
        await asyncio.sleep(1.5)
        assert near.alarms == far.alarms == {Alarm.RED}
        assert near.broken and near.bits(1) == 0b1111
        with pytest.raises(DahdiError, match="E1-9/1: loop: .*the card or its span is gone"):
            near.devices[0].loop(True)
        for end, span in enumerate(SPANS):
            dynamic.create(PAIR, end)
            dynamic.configure(span, lib.DAHDI_SIG_CAS, 0b0001)
        async with asyncio.timeout(90):  # it is asked for after 1, 2, 4, 8 … s
            while near.broken or far.broken or near.alarms or far.alarms:
                await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        assert near.bits(1) == OFF_HOOK, "what was to be sent before the card was there"
        engine.tap(0, heard, mode="rx")
        await asyncio.sleep(2.0)
        thread.stop()
        assert carried(said, heard.read()) > 8000
        assert [each["rx_gaps"] + each["tx_gaps"] for each in board.status()] == [0, 0]
        board.close()

    asyncio.run(test())
