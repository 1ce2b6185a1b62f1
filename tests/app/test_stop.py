"""Stopping the server in the middle of everything: all is told, written and let go of."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import soundfile

from mediaserver.app.daemon import RELEASE_S, STOP_S
from mediaserver.app.flows import check_flows
from mediaserver.config import ConfigError
from mediaserver.db import queries
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Scenario, Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, virtually

pytestmark = needs_sounds

STAY = (Step(wait_s=300, may_clear=True),)
#: In the greeting, in the menu's queue with nobody there, in talk, and dialling.
PEOPLE = (
    caller("greeted", "1", *STAY, at_s=9),
    caller("waiting", "2", Step(wait_s=4), Step(key="2"), *STAY),
    caller("talking", "3", Step(wait_s=4), Step(key="1"), *STAY),
    caller("dialling", "4", *STAY, to="66", overlap=True, at_s=5),
)


async def stopped(tmp_path: Path, *, far_end_hangs: bool) -> Plant:
    plant = Plant(lab_settings.make(tmp_path))
    await plant.start(cti=False)
    assert await plant.lines_up()
    scenario = Scenario(title="t", caller=PEOPLE, answerer=(ALICE,), limit_s=600)
    performing = asyncio.ensure_future(Run(plant, scenario).perform())
    await asyncio.sleep(10)
    states = sorted(call.state.value for call in plant.app.reception.calls.values())
    assert states == ["flow", "offered", "queued", "talking"]
    if far_end_hangs:
        plant.exchange.lines.stop()
    before = plant.clock.media_ms()
    await plant.stop()
    took_s = (plant.clock.media_ms() - before) / 1000
    assert took_s <= (STOP_S + RELEASE_S if far_end_hangs else 1.0)
    performing.cancel()
    await asyncio.wait([performing])
    return plant


@pytest.mark.parametrize("far_end_hangs", [False, True])
def test_a_stop_in_the_middle_of_calls(tmp_path: Path, far_end_hangs: bool) -> None:
    plant = virtually(lambda: stopped(tmp_path, far_end_hangs=far_end_hangs))
    rows = calls(plant)
    assert {row.state for row in rows.values()} == {"closed"}
    assert {(row.cause, row.cleared_by, row.detail) for row in rows.values()} == {
        (16, "system", "shutdown")
    }
    assert rows["3"].agent == "alice" and rows["3"].talk_ms > 0
    with queries.session(plant.settings.database.url) as session:
        tapes = [queries.recordings_of(session, rows[number].id)[0] for number in "23"]
    for tape in tapes:
        assert tape.state == "closed"
        heard = soundfile.info(Path(plant.settings.recording.directory) / tape.path)
        assert heard.duration == pytest.approx(tape.duration_ms / 1000, abs=0.001)
    if not far_end_hangs:
        assert plant.app.lines.legs() == []


def test_an_overflow_node_that_no_flow_has_is_named(tmp_path: Path) -> None:
    flow = tmp_path / "f.toml"
    flow.write_text(
        'name = "f"\nstart = "q"\n[node.q]\nkind = "queue"\nqueue = "sales"\n', encoding="utf-8"
    )
    over = {
        "flows": {"directory": str(tmp_path)},
        "route": [{"called": "1", "flow": "f"}],
        "queue": [{"name": "sales", "agents": [], "overflow_node": "sory"}],
    }
    with pytest.raises(ConfigError, match="overflow_node"):
        check_flows(lab_settings.make(tmp_path, over))
