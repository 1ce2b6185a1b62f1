"""Audio through the real driver, octet for octet."""

from __future__ import annotations

import asyncio

import numpy as np

from drivers.base import SpanKind
from drivers.boards.dahdi import DahdiBoard, DahdiSpec, make_board
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside.sound import carried

BLOCK = 80


def boards() -> DahdiBoard:
    specs = [DahdiSpec("near", SpanKind.E1, 1), DahdiSpec("far", SpanKind.E1, 2)]
    return make_board("lab", specs, block=BLOCK, prefill=3)


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
        await asyncio.sleep(4)
        thread.stop()
        for span in board.spans:
            print(
                span.status(), engines[0].counters()["ticks"], engines[0].counters()["missed_ticks"]
            )
        for here, there in ((0, 1), (1, 0)):
            for c in range(30):
                assert carried(sent[here][c], heard[there][c].read()) >= 8000
        board.close()

    asyncio.run(run())
