"""The walker: a flow that goes round without waiting for anything is stopped, the call ended."""

from __future__ import annotations

from pathlib import Path

from mediaserver.ivr import walker
from mediaserver.lab.scenario import Step
from tests.app.plants import caller, calls, needs_sounds, perform, running, story, virtually

pytestmark = needs_sounds

FLOW = """
name = "round"
start = "a"
[node.a]
kind = "answer"
next = "b"
[node.b]
kind = "answer"
next = "a"
"""


def test_a_flow_that_goes_round_for_ever_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "round.toml").write_text(FLOW, encoding="utf-8")
    over = {
        "flows": {"directory": str(tmp_path)},
        "route": [{"called": "668800", "flow": "round"}],
    }

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            await perform(plant, caller("anna", "1", Step(expect="released", cause=41)))
            row = calls(plant)["1"]
            assert row.detail == "the flow does not end"
            steps = [s for s in story(plant, row.id) if s.kind == "NodeEntered"]
            assert len(steps) == walker.MAX_STEPS

    virtually(work)
