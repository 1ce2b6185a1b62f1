"""An exchange whose busy tone no plan knows: learned in one call, known in the next, also after
a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dsp_ext.tone import Program, Segment
from mediaserver.call.leg import LegState
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Caller
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds

ODD = Program.from_segments([Segment((620,), 300, 300, -15)], repeat_from=0)
LINES: dict[str, Any] = {
    "board": [
        {
            "name": "virtual",
            "span": [
                {"name": "E1-1", "kind": "e1"},
                {"name": "E1-2", "kind": "e1", "side": "network"},
                {"name": "FXS-1", "kind": "fxs"},
                {"name": "FXO-1", "kind": "fxo", "ports": 2, "analog": {"disconnect": ["busy"]}},
            ],
        }
    ],
    "trunk_group": [
        {"name": "pstn", "spans": ["E1-1"]},
        {"name": "pbx", "spans": ["E1-2"]},
        {"name": "lines", "spans": ["FXO-1"]},
    ],
    "route": [{"called": "*", "trunk": "lines", "flow": "main"}],
}


async def bursts_until_cleared(plant: Plant, port: str) -> float:
    """How many bursts of the odd tone it takes to end a call on a port."""
    loop = asyncio.get_running_loop()
    far = plant.exchange.call(Caller(name="anna", line=port), "13800000001")
    await far.wait(LegState.CONNECTED)
    near = plant.app.lines.slot(port).leg
    assert near is not None
    began = loop.time()
    far.media.tone(ODD)
    async with asyncio.timeout(20):
        await near.wait(LegState.CLEARING, LegState.RELEASED)
    took = loop.time() - began
    far.clear()
    await far.wait(LegState.RELEASED)
    await asyncio.sleep(3)
    return took / 0.6


def test_a_lines_busy_tone_is_learned_once_and_kept_over_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **LINES) as plant:
            assert await bursts_until_cleared(plant, "FXO-1/1") > 3.5
            assert await bursts_until_cleared(plant, "FXO-1/1") < 2.5
            assert await bursts_until_cleared(plant, "FXO-1/2") > 3.5  # another line
            assert sorted(plant.app.busy_tones.lines()) == ["FXO-1/1", "FXO-1/2"]
        async with running(tmp_path, **LINES) as plant:
            assert await bursts_until_cleared(plant, "FXO-1/1") < 2.5
            assert plant.app.busy_tones.forget("FXO-1/1")
            assert await bursts_until_cleared(plant, "FXO-1/1") > 3.5

    virtually(work)
