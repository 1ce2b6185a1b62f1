"""Lines in service: what was set wrong is what is told, and kept over a restart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsp_ext.units import peak
from mediaserver.linedoctor.checks import NoLine
from mediaserver.linedoctor.g826 import Second, quarter_of
from mediaserver.linedoctor.wanted import Wanted
from tests.linedoctor.plants import hybrid, virtually, world

#: A plant of one span of two ports, for long times.
ONE = [{"name": "FXO-1", "kind": "fxo", "ports": 2}]


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(span for span in found["spans"] if span["name"] == name)


def findings(span: dict[str, Any]) -> dict[str, str]:
    return {each["what"]: each["state"] for each in span["findings"]}


def test_good_lines_are_good(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path) as lines:
            await asyncio.sleep(30)
            found = await lines.doctor.overview()
            assert found["history"]
            for span in found["spans"]:
                assert span["state"] == "ok", span
                assert span["day"]["seconds"] == pytest.approx(30, abs=2)
                assert span["day"]["es"] == span["day"]["uas"] == 0
                assert span["available"] and span["up"]

    virtually(work)


def test_each_fault_is_told_with_its_count(tmp_path: Path) -> None:
    """Bit errors, slips, lost blocks and an alarm, each on a line of its own or in its own time."""

    async def work() -> None:
        async with world(tmp_path) as lines:
            lines.fault("FXS-1", delay_ms=20)
            await asyncio.sleep(5)
            for _ in range(3):
                lines.fault("FXS-1", slip=-1)
                await asyncio.sleep(2)
            lines.fault("FXO-1", lose=7)
            lines.fault("E1-1", bit_error_rate=1e-6)
            await asyncio.sleep(20)
            lines.fault("E1-1", bit_error_rate=0.0)
            await asyncio.sleep(12)
            found = await lines.doctor.overview()
            slips = of(found, "FXS-1")
            assert slips["day"]["slips"] == 3 and findings(slips)["slips"] == "warn"
            gaps = of(found, "FXO-1")
            assert gaps["day"]["lost_ms"] == 70 and findings(gaps)["gaps"] == "warn"
            assert gaps["day"]["es"] == 1
            errors = of(found, "E1-1")
            # 20 s of 1.92 Mbit/s at 1e-6: 38 errors, all in seconds that are errored.
            assert 15 <= errors["since_start"]["bit_errors"] <= 70
            assert errors["day"]["bbe"] == errors["since_start"]["bit_errors"]
            assert 12 <= errors["day"]["es"] <= 20 and errors["day"]["ses"] == 0
            assert findings(errors)["errors"] == "warn"

    virtually(work)


def test_an_alarm_is_unavailable_time_and_a_row_of_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path) as lines:
            await asyncio.sleep(10)
            lines.plant.board_of("E1-1").alarm("E1-1", True)
            await asyncio.sleep(30)
            found = of(await lines.doctor.overview(), "E1-1")
            assert found["alarms"] == ["red"] and not found["available"]
            assert found["state"] == "bad"
            assert any("no signal" in each["text"] for each in found["findings"])
            lines.plant.board_of("E1-1").alarm("E1-1", False)
            await asyncio.sleep(25)
            found = await lines.doctor.span("E1-1", 1)
            assert found["available"] and not found["alarms"]
            (day,) = found["days"]
            assert day["uas"] == pytest.approx(30, abs=1) and day["ses"] == 0
            (alarm,) = found["alarm_history"]
            assert alarm["alarm"] == "red" and alarm["ended_utc"] is not None

    virtually(work)


def test_history_outlives_the_server_and_counts_on_in_the_same_quarter(tmp_path: Path) -> None:
    async def first() -> None:
        async with world(tmp_path, spans=ONE) as lines:
            lines.fault("FXO-1", lose=2)
            await asyncio.sleep(200)
            lines.plant.board_of("FXO-1").alarm("FXO-1", True)
            await asyncio.sleep(5)

    async def second() -> None:
        async with world(tmp_path, spans=ONE) as lines:
            await asyncio.sleep(1000)
            lines.fault("FXO-1", lose=3)
            await asyncio.sleep(20)
            found = await lines.doctor.span("FXO-1", 7)
            # Both runs begin at the same moment of virtual time: one row, written anew.
            quarters = found["quarters"]
            assert [q["lost_ms"] for q in quarters] == [30, 0]
            assert sum(q["seconds"] for q in quarters) == pytest.approx(1020, abs=2)
            (alarm,) = found["alarm_history"]
            assert alarm["ended_utc"] is not None

    virtually(first)
    virtually(second)


def test_a_quarter_is_the_sum_of_what_each_run_saw_of_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, spans=ONE) as lines:
            lines.fault("FXO-1", lose=2)
            await asyncio.sleep(100)
            watch = lines.doctor.watch
            watch.stop()
            lines.doctor.history._open.clear()
            watch.start()
            lines.fault("FXO-1", lose=3)
            await asyncio.sleep(100)
            found = await lines.doctor.span("FXO-1", 1)
            (quarter,) = found["quarters"]
            assert quarter["lost_ms"] == 50
            assert quarter["seconds"] == pytest.approx(200, abs=2)

    virtually(work)


def test_a_database_that_is_away_leaves_what_is_known_since_the_start(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, spans=ONE) as lines:
            lines.fault("FXO-1", lose=2)
            await asyncio.sleep(20)
            lines.plant.app.store.reached = False
            found = await lines.doctor.overview()
            assert not found["history"]
            assert of(found, "FXO-1")["day"] is None
            assert of(found, "FXO-1")["since_start"]["lost_ms"] == 20
            span = await lines.doctor.span("FXO-1", 7)
            assert span["quarters"] == span["days"] == span["alarm_history"] == []
            lines.plant.app.store.reached = True

    virtually(work)


def test_days_are_sums_of_quarters(tmp_path: Path) -> None:
    """26 hours of seconds, one in each quarter of an hour with a gap of 10 ms."""

    async def work() -> None:
        async with world(tmp_path, spans=ONE) as lines:
            lines.doctor.watch.stop()
            now = lines.plant.clock.utc()
            for ago in range(26 * 4, 0, -1):
                begun = quarter_of(now) - timedelta(minutes=15) * ago
                for at in (0, 1, 899):
                    second = Second(begun + timedelta(seconds=at), lost_ms=10 if at else 0)
                    lines.doctor.history.count("FXO-1", second, True)
            found = await lines.doctor.span("FXO-1", 3)
            assert 95 <= len(found["quarters"]) <= 97, "the last 24 hours"
            assert all(q["seconds"] == 3 and q["lost_ms"] == 20 for q in found["quarters"][1:-1])
            assert len(found["days"]) in (2, 3)
            assert sum(day["lost_ms"] for day in found["days"]) == 26 * 4 * 20
            assert found["days"][0]["begun_utc"] > found["days"][1]["begun_utc"]

    virtually(work)


def test_lines_that_are_not_there_are_told(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path) as lines:
            with pytest.raises(NoLine):
                await lines.doctor.span("E1-9", 1)
            for line in ("E1-1/99", "nothing", "E1-1/x"):
                with pytest.raises(NoLine):
                    lines.doctor.checks.start(line, ["figures"], Wanted(), "test")

    virtually(work)


def test_figures_of_a_channel_in_service(tmp_path: Path) -> None:
    """Noise in, a tone out, and the echo of that tone as the line's canceller sees it."""

    async def work() -> None:
        async with world(tmp_path) as lines:
            rng = np.random.default_rng(3)
            sent = rng.normal(0, peak(-15) / 2**0.5, 8000 * 10).astype(np.int16)
            lines.fault("FXO-1", 2, noise_dbm0=-62.0, hybrid=hybrid(20.0, 12.0))
            port = lines.plant.app.session.port(lines.plant.app.lines.slot("FXO-1/2").channel.index)
            port.echo()
            playing = asyncio.ensure_future(port.play(sent))
            await asyncio.sleep(4)
            verdict = await lines.check("FXO-1/2", "figures")
            found = verdict.figures
            assert found["out_dbm0"] == pytest.approx(-15, abs=0.5)
            assert found["in_dbm0"] == pytest.approx(-35, abs=1)
            assert found["echo_erl_db"] == pytest.approx(20, abs=1)
            assert found["echo_delay_ms"] == 10.0
            assert "20 dB down" in verdict.text
            assert not lines.plant.app.lines.slot("FXO-1/2").testing
            await playing

    virtually(work)


def test_two_that_a_driver_joins_are_not_called_silent(tmp_path: Path) -> None:
    """A card may keep what they say to itself: what is not heard is not measured. A level that is
    heard is told, joined or not, and silence of a channel that is not joined is silence."""

    async def work() -> None:
        async with world(tmp_path, spans=[{"name": "FXO-1", "kind": "fxo", "ports": 3}]) as lines:
            board = lines.plant.board_of("FXO-1")
            status = board.status
            board.status = lambda: [each | {"joined": [1, 2]} for each in status()]
            lines.fault("FXO-1", 2, noise_dbm0=-30.0)
            await asyncio.sleep(2)
            channels = (await lines.doctor.span("FXO-1", 1))["channels"]
            assert [each["joined"] for each in channels] == [True, True, False]
            levels = [each["in_dbm0"] for each in channels]
            assert levels[0] is None
            assert levels[1] == pytest.approx(-30, abs=1.5)
            assert levels[2] < -65

    virtually(work)
