"""A server of a few lines, without sounds, under virtual time, and faults set on its lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mediaserver.config.load import from_dict
from mediaserver.lab.plant import Plant
from mediaserver.linedoctor.checks import Run
from mediaserver.linedoctor.verdict import Verdict
from mediaserver.linedoctor.wanted import Wanted
from tests.app.plants import virtually

__all__ = ["LineWorld", "hybrid", "virtually", "world"]


def hybrid(loss_db: float, delay_ms: float) -> npt.NDArray[np.float32]:
    """An echo path of a known loss that begins after a delay."""
    start = int(delay_ms * 8)
    path = np.zeros(start + 32)
    path[start:] = np.exp(-np.arange(32) / 5.0) * np.cos(np.arange(32) * 1.1)
    path *= 10 ** (-loss_db / 20) / np.linalg.norm(path)
    return path.astype(np.float32)


class LineWorld:
    """The plant, and short ways to set a fault and to check a channel."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.doctor = plant.app.doctor
        self.tasks: list[asyncio.Future[Any]] = []  # what sounds at far ends

    def fault(self, span: str, channel: int | None = None, **settings: Any) -> None:
        """Of what the server receives."""
        self.plant.board_of(span).fault(span, "near", channel, **settings)

    async def run(self, line: str, *checks: str, **wanted: Any) -> Run:
        run = self.doctor.checks.start(line, checks, Wanted(**wanted), "test")
        assert run.task is not None
        await asyncio.wait([run.task])
        return run

    async def check(self, line: str, check: str, **wanted: Any) -> Verdict:
        run = await self.run(line, check, **wanted)
        assert run.state == "done", run.error
        (verdict,) = run.verdicts
        return verdict


SPANS: list[dict[str, Any]] = [
    {"name": "E1-1", "kind": "e1", "signalling": "pri", "side": "user"},
    {"name": "FXS-1", "kind": "fxs", "ports": 2},
    {"name": "FXO-1", "kind": "fxo", "ports": 2},
]


@asynccontextmanager
async def world(
    path: Path, spans: Sequence[dict[str, Any]] = SPANS, **over: Any
) -> AsyncIterator[LineWorld]:
    """A started plant whose lines are up; stopped at the end."""
    data = {
        "server": {"data_dir": str(path)},
        "recording": {"enabled": False},
        "board": [{"name": "lab", "type": "virtual", "span": list(spans)}],
        **over,
    }
    plant = Plant(from_dict(data, path))
    await plant.start(cti=False)
    try:
        assert await plant.lines_up()
        # The exchange answers whoever lifts: a quiet termination.
        plant.exchange.lines.on_offer = lambda leg, setup: leg.answer()
        yield LineWorld(plant)
    finally:
        await plant.stop()
