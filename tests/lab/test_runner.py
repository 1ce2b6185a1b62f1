"""What cannot be carried out is a failed verdict, never a silent success."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Answerer, Caller, Scenario, Step
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds

ANSWERED = Step(expect="answered")


def play(*steps: Step, answerer: tuple[Answerer, ...] = (), limit_s: float = 60) -> dict[str, str]:
    """A caller's steps; the failed verdicts, step by detail."""
    caller = Caller(name="anna", line="E1-1", number="1", to="668800", steps=steps)
    scenario = Scenario(title="t", caller=(caller,), answerer=answerer, limit_s=limit_s)
    return {v.step: v.detail for v in perform(scenario, virtual=True).verdicts if not v.ok}


def test_a_sound_that_is_not_there() -> None:
    failed = play(ANSWERED, Step(say="no-such-prompt"))
    assert "no-such-prompt" in str(failed)


def test_an_answerers_sound_that_is_not_there() -> None:
    alice = Answerer(name="alice", line="FXS-1/1", steps=(Step(say="no-such-prompt"),))
    steps = (ANSWERED, Step(wait_s=4), Step(key="1"), Step(wait_s=30, may_clear=True))
    assert "no-such-prompt" in str(play(*steps, answerer=(alice,)))


def test_what_was_heard_is_not_unheard() -> None:
    greeting = "say:Welcome to the call centre."
    failed = play(ANSWERED, Step(unheard=greeting), Step(wait_s=4), Step(unheard=greeting))
    assert list(failed) == [f"unheard {greeting}"] and "it was heard" in str(failed)


def test_a_scenario_that_does_not_end_leaves_no_call_behind() -> None:
    failed = play(ANSWERED, Step(hear="tone:howler", within_s=100), limit_s=8)
    assert list(failed) == ["ends in time"]


def test_a_fault_of_the_program_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Run, "_call", breaks)
    assert "broken" in str(play(ANSWERED))


def test_nothing_is_kept_of_a_performance_that_is_over(tmp_path: Path) -> None:
    """The demo has one after the other, for days."""

    async def scene() -> None:
        async with running(tmp_path) as plant:
            past = [weakref.ref(await _short(plant)) for _ in range(2)]
            await asyncio.sleep(60)
            gc.collect()
            assert past[0]() is None  # the exchange knows the last one

    async def _short(plant: Plant) -> Run:
        caller = Caller(name="anna", line="E1-1", number="1", to="668800", steps=(ANSWERED,))
        run = Run(plant, Scenario(title="t", caller=(caller,)))
        assert all(verdict.ok for verdict in await run.perform())
        return run

    virtually(scene)
