"""Audio through the real driver, octet for octet."""

from __future__ import annotations

import asyncio

import numpy as np

from drivers.base import SpanKind
from drivers.boards.dahdi.board import DahdiBoard, DahdiSpec, make_board
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside.sound import carried

BLOCK = 80
SECONDS = 4
LEAST = 8000 * SECONDS - 4000  # octets in one piece: all but the start


def boards() -> DahdiBoard:
    specs = [DahdiSpec("near", SpanKind.E1, 1), DahdiSpec("far", SpanKind.E1, 2)]
    return make_board("lab", specs, block=BLOCK, prefill=1)


def test_sixty_channels_carry_octets_unchanged_both_ways() -> None:
    async def run() -> None:
        board = boards()
        engines = [Engine(30, block=BLOCK), Engine(30, block=BLOCK)]
        rng = np.random.default_rng(7)
        sent, heard = [], []
        for engine, span in zip(engines, board.spans, strict=True):
            engine.attach(0, span.port)
            tone = rng.integers(-8000, 8000, (30, 8000), dtype=np.int16)
            rings = [Ring(1 << 16) for _ in range(30)]
            for c in range(30):
                engine.play(c, np.ascontiguousarray(tone[c]), loop=True)
                engine.tap(c, rings[c], mode="rx")
            sent.append(tone)
            heard.append(rings)
        thread = EngineThread(engines, priority=50)
        thread.start()
        await asyncio.sleep(SECONDS)
        thread.stop()
        for span in board.spans:
            lost = span.status()
            assert lost["rx_gaps"] == lost["tx_gaps"] == 0
        for here, there in ((0, 1), (1, 0)):
            for c in range(30):
                assert carried(sent[here][c], heard[there][c].read()) >= LEAST
        board.close()

    asyncio.run(run())
