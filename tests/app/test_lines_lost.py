"""The agents' trunk fails: while it rings there, in talk, and while callers wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from drivers.events import Alarm
from mediaserver import events as ev
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Answerer, Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, perform, running, virtually

pytestmark = needs_sounds

TO_ERIN = (Step(wait_s=4), Step(key="1"), Step(wait_s=100, may_clear=True))
ERIN = Answerer(
    name="erin", line="E1-2", number="8101", ring_s=5, steps=(Step(wait_s=60, may_clear=True),)
)


def over(*agents: str) -> dict[str, Any]:
    queue = {"name": "sales", "agents": list(agents), "ring_s": 15}
    return {"queue": [queue, {"name": "support"}]}


def outage(plant: Plant, at_s: float, for_s: float) -> None:
    """An alarm on the PBX's span."""
    board = plant.board_of("E1-2")
    loop = asyncio.get_running_loop()
    loop.call_later(at_s, board.alarm, "E1-2", True, "near")
    loop.call_later(at_s + for_s, board.alarm, "E1-2", False, "near")


def test_the_trunk_fails_while_an_agent_there_is_rung(tmp_path: Path) -> None:
    """The agent is missed, is not tried again over a dead line, and the next one has the call."""

    async def work() -> None:
        async with running(tmp_path, **over("erin", "alice")) as plant:
            offered: list[str] = []
            plant.bus.subscribe(ev.AgentOffered, lambda e: offered.append(e.agent))
            outage(plant, at_s=6, for_s=30)
            await perform(plant, caller("anna", "1", *TO_ERIN), answerers=(ALICE, ERIN))
            assert offered == ["erin", "alice"]
            assert calls(plant)["1"].agent == "alice"
            assert plant.app.acd.agents["erin"].state.value == "ready"

    virtually(work)


def test_the_trunk_fails_in_talk(tmp_path: Path) -> None:
    """The call ends and its record says why; the agent is there again with the line."""

    async def work() -> None:
        async with running(tmp_path, **over("erin")) as plant:
            outage(plant, at_s=15, for_s=20)
            await perform(plant, caller("anna", "1", *TO_ERIN), answerers=(ERIN,))
            row = calls(plant)["1"]
            assert (row.agent, row.cleared_by) == ("erin", "line")
            assert row.detail == f"alarm: {Alarm.RED.value}"
            await asyncio.sleep(30)
            await perform(
                plant, caller("bert", "2", *TO_ERIN[:2], Step(wait_s=12)), answerers=(ERIN,)
            )
            assert calls(plant)["2"].agent == "erin"

    virtually(work)


def test_callers_wait_for_the_trunk_to_come_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **over("erin")) as plant:
            outage(plant, at_s=1, for_s=20)
            anna = caller("anna", "1", *TO_ERIN[:2], Step(wait_s=60))
            await perform(plant, anna, answerers=(ERIN,))
            row = calls(plant)["1"]
            assert row.agent == "erin"
            assert row.wait_ms < 40_000

    virtually(work)
