"""A caller may hang up at any moment; nothing stays behind at either end."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mediaserver.events import CallChanged
from mediaserver.lab.scenario import Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, perform, running, virtually

pytestmark = needs_sounds
MOMENTS = [0.02 + 0.17 * place for place in range(90)]


def test_hanging_up_at_every_moment(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One caller after the other, each a little longer: offered, greeting, menu, queue, talk."""
    found: set[str] = set()

    async def work() -> None:
        async with running(tmp_path) as plant:
            plant.bus.subscribe(
                CallChanged, lambda e: found.add(e.old) if e.new == "clearing" else None
            )
            people = [
                caller(
                    f"after {moment:.2f} s",
                    f"1380000{place:04d}",
                    Step(wait_s=min(moment, 4.0)),
                    *([Step(key="1"), Step(wait_s=moment - 4.0)] if moment > 4.0 else []),
                    Step(hang_up=True),
                    at_s=place * 20.0,
                )
                for place, moment in enumerate(MOMENTS)
            ]
            dialling = (Step(wait_s=0.5), Step(hang_up=True))
            people.append(
                caller("dialling", "13900000000", *dialling, to="66", overlap=True, at_s=10.0)
            )
            run = await perform(plant, *people, answerers=(ALICE,), limit_s=4000)
            assert len(run.conversations) == len(people)
            rows = calls(plant)
            assert len(rows) == len(people)
            assert {row.state for row in rows.values()} == {"closed"}
            assert {(row.cause, row.cleared_by) for row in rows.values()} == {(16, "caller")}
            assert plant.app.session.open_bridges == 0
            assert plant.app.recorder.active() == []

    with caplog.at_level(logging.WARNING):
        virtually(work)
    assert {"offered", "flow", "queued", "talking"} <= found
    ours = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert ours == [], [r.getMessage() for r in ours]
