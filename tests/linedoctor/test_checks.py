"""Each check names the fault that was set on the line, with its figure."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from drivers.base import SetupRequest
from drivers.events import Number
from dsp_ext.units import peak
from mediaserver.call.leg import LegState
from mediaserver.linedoctor.bits import bounds
from mediaserver.linedoctor.verdict import CannotCheck
from mediaserver.linedoctor.wanted import Wanted
from tests.linedoctor.plants import LineWorld, hybrid, virtually, world

E1 = [{"name": "E1-1", "kind": "e1", "signalling": "pri", "side": "user"}]
PORTS = [
    {"name": "FXS-1", "kind": "fxs", "ports": 2},
    {"name": "FXO-1", "kind": "fxo", "ports": 2},
]


@pytest.mark.parametrize(("loss_db", "delay_ms"), [(8.0, 0.0), (15.0, 20.0), (26.0, 60.0)])
def test_echo_is_told_with_its_loss_and_delay(
    tmp_path: Path, loss_db: float, delay_ms: float
) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXO-1", 1, hybrid=hybrid(loss_db, delay_ms), noise_dbm0=-60.0)
            verdict = await lines.check("FXO-1/1", "echo")
            assert verdict.state == "ok", verdict
            assert verdict.figures["erl_db"] == pytest.approx(loss_db, abs=0.5)
            assert verdict.figures["delay_ms"] == pytest.approx(delay_ms, abs=1.0)
            assert verdict.figures["erle_db"] > 10
            assert verdict.figures["noise_dbm0"] == pytest.approx(-59, abs=3)

    virtually(work)


def test_a_bad_hybrid_a_loop_and_a_line_without_echo(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXO-1", 1, hybrid=hybrid(3.0, 5.0))
            bad = await lines.check("FXO-1/1", "echo")
            assert bad.state == "bad" and "impedance" in bad.todo
            assert bad.figures["erl_db"] == pytest.approx(3, abs=0.5)
            lines.fault("FXS-1", 1, loop=True)
            looped = await lines.check("FXS-1/1", "echo")
            assert looped.state == "bad" and "comes back whole" in looped.todo
            none = await lines.check("FXS-1/2", "echo")
            assert none.state == "ok" and none.text.startswith("none")

    virtually(work)


@pytest.mark.parametrize("level", [-58.0, -50.0, -40.0])
def test_noise_is_measured_within_a_decibel(tmp_path: Path, level: float) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXS-1", 2, noise_dbm0=level)
            verdict = await lines.check("FXS-1/2", "noise")
            assert verdict.figures["noise_dbm0"] == pytest.approx(level, abs=1.0)
            assert verdict.figures["noise_dbm0p"] == pytest.approx(level - 3.6, abs=1.0)
            assert verdict.state == {-58.0: "ok", -50.0: "warn", -40.0: "bad"}[level], verdict

    virtually(work)


def test_a_line_that_is_not_quiet_is_told_from_a_noisy_one(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            await sound(lines, "FXS-1", 0, 1004.0, -20.0)
            verdict = await lines.check("FXS-1/1", "noise")
            assert verdict.state == "warn" and "tone of 1004 Hz" in verdict.text
            assert "--number" in verdict.todo

    virtually(work)


async def sound(lines: LineWorld, span: str, place: int, hz: float, level: float) -> None:
    """A tone out of the far end of a channel, for ten seconds."""
    far = next(s for b in lines.plant.far_boards for s in b.spans if s.name == span)
    n = np.arange(80_000)
    wave = (peak(level) * np.sin(2 * np.pi * hz * n / 8000)).astype(np.int16)
    port = lines.plant.exchange.session.port(far.channels[place].index)
    lines.tasks.append(asyncio.ensure_future(port.play(wave)))
    await asyncio.sleep(0.1)


@pytest.mark.parametrize(("hz", "mains"), [(50.0, 50), (49.9, 50), (60.0, 60), (150.0, 50)])
def test_hum_is_measured_within_a_decibel(tmp_path: Path, hz: float, mains: int) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXS-1", 1, noise_dbm0=-62.0)
            await sound(lines, "FXS-1", 0, hz, -45.0)
            verdict = await lines.check("FXS-1/1", "hum")
            assert verdict.figures["hum_hz"] == mains
            assert verdict.figures["hum_dbm0"] == pytest.approx(-45, abs=1.0)
            assert verdict.state == "warn" and "earth loop" in verdict.todo

    virtually(work)


def test_no_hum_is_found_in_noise_nor_in_speech_like_tones(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXS-1", noise_dbm0=-45.0)
            assert (await lines.check("FXS-1/1", "hum")).figures["hum_hz"] == 0
            await sound(lines, "FXS-1", 1, 325.0, -20.0)
            assert (await lines.check("FXS-1/2", "hum")).figures["hum_hz"] == 0

    virtually(work)


@pytest.mark.parametrize("pattern", ["2047", "32767"])
@pytest.mark.parametrize("rate", [1e-5, 1e-3])
def test_bit_errors_of_a_loop_are_all_counted(tmp_path: Path, pattern: str, rate: float) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            lines.fault("E1-1", 7, loop=True, bit_error_rate=rate)
            verdict = await lines.check("E1-1/7", "bert", pattern=pattern, seconds=20)
            found = verdict.figures
            assert found["bits"] == pytest.approx(20 * 64_000, rel=0.01)
            low, high = bounds(round(rate * found["bits"]), found["bits"])
            assert 0.5 * low < found["error_rate"] < 1.5 * high
            assert found["at_least_rate"] <= found["error_rate"] <= found["at_most_rate"]
            counted = (await lines.doctor.overview())["spans"][0]["since_start"]["bit_errors"]
            assert found["bit_errors"] == pytest.approx(counted, abs=rate * 8 * 8000)
            assert verdict.state == ("bad" if found["error_rate"] > 1e-3 else "warn")

    virtually(work)


def test_a_good_loop_is_good_and_says_how_sure_that_is(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            lines.fault("E1-1", 7, loop=True, delay_ms=35)
            verdict = await lines.check("E1-1/7", "bert", seconds=10)
            assert verdict.state == "ok" and "no error" in verdict.text
            assert verdict.figures["at_most_rate"] == pytest.approx(3.0 / 640_000, rel=0.02)

    virtually(work)


def test_slips_of_a_loop_are_exact(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            lines.fault("E1-1", loop=True, delay_ms=50)
            loop = asyncio.get_running_loop()
            for at, octets in ((2.0, 3), (4.0, -1), (6.0, -1), (8.0, 120)):
                loop.call_later(at, lambda octets=octets: lines.fault("E1-1", slip=octets))
            verdict = await lines.check("E1-1/7", "bert", seconds=12)
            assert (verdict.figures["slips"], verdict.figures["slipped_octets"]) == (4, 121)
            assert verdict.figures["bit_errors"] == verdict.figures["losses"] == 0
            assert verdict.state == "bad" and "clock" in verdict.todo

    virtually(work)


def test_no_loop_and_an_altered_one_are_told_apart(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            none = await lines.check("E1-1/3", "bert", seconds=3)
            assert none.state == "bad" and "not looped" in none.text
            lines.fault("E1-1", 4, loop=True, gain_db=-3.0)
            altered = await lines.check("E1-1/4", "bert", seconds=3)
            assert altered.state == "bad" and "altered" in altered.text
            lines.fault("E1-1", 5, loop=True)
            asyncio.get_running_loop().call_later(1.5, lambda: lines.fault("E1-1", 5, loop=False))
            opened = await lines.check("E1-1/5", "bert", seconds=3)
            assert opened.state == "bad" and "is away now" in opened.text

    virtually(work)


def test_a_line_in_alarm_is_not_measured(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            lines.plant.board_of("E1-1").alarm("E1-1", True)
            await asyncio.sleep(1)
            verdict = await lines.check("E1-1/3", "bert", seconds=3)
            assert verdict.state == "bad" and "in alarm: red" in verdict.text

    virtually(work)


def test_a_channel_under_test_is_out_of_service_and_back_after(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            slot = lines.plant.app.lines.slot("FXS-1/1")
            run = lines.doctor.checks.start("FXS-1/1", ["noise", "hum"], Wanted(), "test")
            await asyncio.sleep(1)
            assert slot.testing and not slot.usable and slot.shown == "blocked"
            with pytest.raises(CannotCheck, match="already"):
                lines.doctor.checks.start("FXS-1/1", ["hum"], Wanted(), "test")
            stopped = await lines.doctor.checks.stop(run.number, "test")
            assert stopped.state == "stopped"
            assert not slot.testing and slot.usable and slot.shown == "idle"

    virtually(work)


def test_an_exchange_line_is_lifted_and_put_down(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            slot = lines.plant.app.lines.slot("FXO-1/1")
            lines.doctor.checks.start("FXO-1/1", ["noise"], Wanted(), "test")
            await asyncio.sleep(1)
            assert slot.leg is not None and slot.leg.role == "test"
            board = lines.plant.near_boards[0]
            assert board.status()[1]["off_hook"] == [1]
            await asyncio.sleep(12)
            assert slot.leg is None and board.status()[1]["off_hook"] == []

    virtually(work)


def test_a_line_in_a_call_is_refused_and_cleared_by_force(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            slot = lines.plant.app.lines.slot("FXS-1/1")
            leg = lines.plant.app.lines.dial(slot, "party", "8001", SetupRequest(1, Number("")))
            await leg.wait(LegState.CONNECTED)
            refused = await lines.run("FXS-1/1", "noise")
            assert refused.state == "failed" and "a call is on FXS-1/1" in str(refused.error)
            assert "--force" in str(refused.advice) and leg.state is LegState.CONNECTED
            listened = await lines.run("FXS-1/1", "figures")
            assert listened.state == "done" and leg.state is LegState.CONNECTED
            forced = await lines.run("FXS-1/1", "noise", force=True)
            assert forced.state == "done" and forced.verdicts[0].state == "ok"
            assert leg.state is LegState.RELEASED
            assert slot.usable

    virtually(work)


def test_a_call_offered_to_a_tested_channel_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            far = lines.plant.exchange.lines
            lines.doctor.checks.start("FXS-1/1", ["noise"], Wanted(), "test")
            await asyncio.sleep(0.5)
            leg = far.dial(far.slot("FXS-1/1"), "caller", "1", SetupRequest(1, Number("")))
            await asyncio.sleep(2)
            assert lines.plant.app.lines.slot("FXS-1/1").leg is None
            leg.clear()
            await asyncio.sleep(6)
            assert lines.plant.app.lines.slot("FXS-1/1").usable

    virtually(work)


def test_unknown_checks_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            for checks in ([], ["nothing"]):
                with pytest.raises(CannotCheck, match="no check"):
                    lines.doctor.checks.start("FXS-1/1", checks, Wanted(), "test")

    virtually(work)


def test_bounds_of_a_rate_are_poissons() -> None:
    assert bounds(0, 0) == (0.0, 1.0)
    low, high = bounds(0, 1_000_000)
    assert low == 0 and high == pytest.approx(3.0e-6, rel=0.01)
    low, high = bounds(10, 1_000_000)
    assert low == pytest.approx(4.80e-6, rel=0.01) and high == pytest.approx(18.4e-6, rel=0.01)
