"""Whole plants for tests: the server and the far exchange, under virtual time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from mediaserver.clock import VirtualLoop
from mediaserver.db import queries
from mediaserver.db.models import CallRow, StoryRow
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Answerer, Caller, Scenario, Step

T = TypeVar("T")

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
needs_sounds = [
    pytest.mark.skipif(not SOUNDS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

ALICE = Answerer(
    name="alice",
    line="FXS-1/1",
    ring_s=1,
    steps=(
        Step(say="conf-onlyperson", may_clear=True),
        Step(wait_s=60, may_clear=True),
        Step(hang_up=True),
    ),
)


def virtually(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` to its end under virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())  # type: ignore[arg-type]


@asynccontextmanager
async def running(tmp_path: Path, **over: Any) -> AsyncIterator[Plant]:
    """A started plant whose lines are up; stopped at the end."""
    plant = Plant(lab_settings.make(tmp_path, over))
    await plant.start(cti=False)
    try:
        assert await plant.lines_up()
        yield plant
    finally:
        await plant.stop()


def caller(name: str, number: str, *steps: Step, **more: Any) -> Caller:
    """Somebody who calls the main number over the E1."""
    given = {"line": "E1-1", "to": "668800", **more}
    return Caller(name=name, number=number, steps=steps, **given)


async def perform(
    plant: Plant,
    *callers: Caller,
    answerers: tuple[Answerer, ...] = (),
    limit_s: float = 600,
    judged: tuple[str, ...] = (),
) -> Run:
    """The callers' scenario on a running plant; every step (of `judged`) must go as scripted."""
    run = Run(plant, Scenario(title="test", caller=callers, answerer=answerers, limit_s=limit_s))
    verdicts = await run.perform()
    failed = [v for v in verdicts if not v.ok and (not judged or v.who in judged)]
    assert failed == []
    return run


def calls(plant: Plant) -> dict[str, CallRow]:
    """All records by caller's number, as they are in the database now."""
    with queries.session(plant.settings.database.url) as session:
        return {row.caller: row for row in session.scalars(select(CallRow))}


def story(plant: Plant, call_id: str) -> list[StoryRow]:
    with queries.session(plant.settings.database.url) as session:
        return queries.story(session, call_id)
