"""The tone that is on a line, and fax modems over loops and between two channels."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from dsp_ext import tone_plan
from dsp_ext.tone import Program, Segment
from dsp_ext.units import peak
from mediaserver.linedoctor.tones import shape
from tests.linedoctor.plants import LineWorld, hybrid, virtually, world
from tests.linedoctor.test_checks import E1, PORTS


def far_tone(lines: LineWorld, program: Program) -> None:
    """The exchange sends a tone on FXO-1/1."""
    far = next(s for b in lines.plant.far_boards for s in b.spans if s.name == "FXO-1")
    lines.tasks.append(lines.plant.exchange.session.port(far.channels[0].index).tone(program))


def test_a_known_busy_tone_is_named_with_its_cadence(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            busy = tone_plan.plan("cn").program("busy")
            lines.plant.exchange.lines.on_offer = lambda leg, setup: (
                leg.answer(),
                asyncio.get_running_loop().call_later(0.2, far_tone, lines, busy),
            )[0]
            verdict = await lines.check("FXO-1/1", "tone")
            assert verdict.state == "ok" and verdict.text.startswith("busy"), verdict
            assert verdict.figures["hz_1"] == pytest.approx(450, abs=2)
            assert verdict.figures["on_ms"] == pytest.approx(350, abs=20)
            assert verdict.figures["off_ms"] == pytest.approx(350, abs=20)

    virtually(work)


def test_no_tone_and_one_nobody_knows(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            none = await lines.check("FXO-1/1", "tone")
            assert none.state == "warn" and "--number" in none.todo
            strange = Program.from_segments([Segment((950.0,), 130, 2870, -12.0)], repeat_from=0)
            lines.plant.exchange.lines.on_offer = lambda leg, setup: (
                leg.answer(),
                asyncio.get_running_loop().call_later(0.2, far_tone, lines, strange),
            )[0]
            told = await lines.check("FXO-1/1", "tone")
            assert told.figures["hz_1"] == pytest.approx(950, abs=2)
            assert told.figures["on_ms"] == pytest.approx(130, abs=20)
            assert told.figures["off_ms"] == pytest.approx(2870, abs=20)

    virtually(work)


def test_shapes_of_tones() -> None:
    n = np.arange(8000 * 8)
    both = peak(-13) * (np.sin(2 * np.pi * 480 * n / 8000) + np.sin(2 * np.pi * 620 * n / 8000))
    gated = both * (n % 8000 < 4000)
    found = shape(gated + np.random.default_rng(1).normal(0, 20, len(n)))
    assert found is not None
    assert sorted(found.hz) == pytest.approx([480, 620], abs=2)
    assert (found.on_ms, found.off_ms) == (500, 500)
    assert found.level_dbm0 == pytest.approx(-10, abs=0.5)
    steady = shape(peak(-20) * np.sin(2 * np.pi * 425 * n / 8000))
    assert steady is not None and (steady.on_ms, steady.off_ms) == (0, 0)
    assert shape(np.zeros(8000)) is None and shape(np.zeros(0)) is None


@pytest.mark.parametrize(
    ("modem", "rate"), [("v27ter", 4800), ("v29", 9600), ("v17", 14_400), ("v17", 7200)]
)
def test_modems_train_over_a_good_loop(tmp_path: Path, modem: str, rate: int) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            lines.fault("E1-1", 9, loop=True, delay_ms=30, noise_dbm0=-55.0)
            verdict = await lines.check("E1-1/9", "modem", modem=modem, rate=rate)
            assert verdict.state == "ok", verdict
            assert "trained" in verdict.text and "no error" in verdict.text
            assert verdict.figures["bits"] > 4.5 * rate
            assert verdict.figures["snr_db"] > 24
            assert verdict.figures["in_dbm0"] == pytest.approx(-13, abs=1.5)

    virtually(work)


def test_a_modem_names_what_a_bad_line_does_to_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            none = await lines.check("E1-1/9", "modem")
            assert none.state == "bad" and "nothing comes back" in none.text
            lines.fault("E1-1", 10, loop=True, noise_dbm0=-14.0)
            drowned = await lines.check("E1-1/10", "modem", modem="v17")
            assert drowned.state == "bad" and "noise" in drowned.todo
            lines.fault("E1-1", 11, loop=True, delay_ms=50)
            loop = asyncio.get_running_loop()
            loop.call_later(3.0, lambda: lines.fault("E1-1", slip=40))
            slipped = await lines.check("E1-1/11", "modem")
            assert slipped.state == "bad", slipped
            lines.fault("E1-1", 12, loop=True, noise_dbm0=-33.0)
            noisy = await lines.check("E1-1/12", "modem")
            quiet = await lines.check("E1-1/12", "modem", modem="v27ter", rate=2400)
            assert noisy.figures["snr_db"] < 24 and quiet.state == "ok"

    virtually(work)


def test_a_modem_between_two_channels_and_bits_both_ways(tmp_path: Path) -> None:
    """FXS-1/1 and FXS-1/2 are joined at the far end."""

    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            far = next(s for b in lines.plant.far_boards for s in b.spans if s.name == "FXS-1")
            session = lines.plant.exchange.session
            bridge = session.bridge()
            for channel in far.channels:
                bridge.join(session.port(channel.index))
            await asyncio.sleep(0.1)
            verdict = await lines.check("FXS-1/1", "modem", far="FXS-1/2")
            assert verdict.state == "ok", verdict
            bits = await lines.check("FXS-1/1", "bert", far="FXS-1/2", seconds=4)
            assert bits.state == "ok", bits
            assert bits.figures["there_bits"] > 200_000 and bits.figures["back_bits"] > 200_000
            assert not any(lines.plant.app.lines.slot(f"FXS-1/{n}").testing for n in (1, 2))

    virtually(work)


def test_a_rate_the_modem_has_not_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, E1) as lines:
            verdict = await lines.check("E1-1/9", "modem", modem="v29", rate=14_400)
            assert verdict.state == "bad" and "9600, 7200" in verdict.text

    virtually(work)


@pytest.mark.parametrize("dial", ["dtmf", "pulse"])
def test_a_number_is_dialled_on_an_exchange_line(tmp_path: Path, dial: str) -> None:
    """The exchange's register gives dial tone, takes the digits and rings a quiet termination."""
    ports = [{**span, "analog": {"dial": dial}} for span in PORTS]

    async def work() -> None:
        async with world(tmp_path, ports) as lines:
            exchange = lines.plant.exchange
            called: list[str] = []

            def ring(leg: object, setup: object) -> bool:
                called.append(setup.called.digits)  # type: ignore[attr-defined]
                leg.answer()  # type: ignore[attr-defined]
                return True

            keys: list[object] = []
            line = exchange.lines.slot("FXO-1/1").channel.index
            exchange.session.port(line).on_digit(keys.append)
            exchange.on_ring = ring
            exchange.lines.on_offer = exchange._offered
            lines.fault("FXO-1", 1, noise_dbm0=-58.0)
            verdict = await lines.check("FXO-1/1", "noise", number="8101")
            assert called == ["8101"]
            assert bool(keys) is (dial == "dtmf")
            assert verdict.state == "ok", verdict
            assert verdict.figures["noise_dbm0"] == pytest.approx(-58, abs=1)

    virtually(work)


def test_what_a_pulse_line_cannot_dial_is_said(tmp_path: Path) -> None:
    ports = [{**span, "analog": {"dial": "pulse"}} for span in PORTS]

    async def work() -> None:
        async with world(tmp_path, ports) as lines:
            run = await lines.run("FXO-1/1", "noise", number="*21")
            assert run.state == "failed" and "'*21' cannot be dialled by pulse" in str(run.error)

    virtually(work)


def test_an_echo_path_and_a_loop_are_told_apart(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            lines.fault("FXS-1", 1, hybrid=hybrid(12.0, 4.0))
            verdict = await lines.check("FXS-1/1", "modem")
            # An echo is a loop with a loss: the modem hears itself well enough.
            assert verdict.figures["in_dbm0"] == pytest.approx(-25, abs=2)

    virtually(work)


def test_an_exchange_lines_busy_tone_is_learned_and_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            odd = Program.from_segments([Segment((620,), 300, 300, -15)], repeat_from=0)
            lines.plant.exchange.lines.on_offer = lambda leg, setup: (
                leg.answer(),
                asyncio.get_running_loop().call_later(0.2, far_tone, lines, odd),
            )[0]
            verdict = await lines.check("FXO-1/1", "learn")
            assert verdict.state == "ok" and "learned" in verdict.text, verdict
            assert (verdict.figures["on_ms"], verdict.figures["off_ms"]) == pytest.approx(
                (300, 300), abs=20
            )
            known = lines.plant.app.busy_tones.known("FXO-1/1")
            assert known is not None and known.on_ms == verdict.figures["on_ms"]
            refused = await lines.check("FXS-1/1", "learn")
            assert refused.state == "bad" and "no exchange line" in refused.text

    virtually(work)


def test_there_is_nothing_to_learn_of_silence_and_of_known_tones(tmp_path: Path) -> None:
    async def work() -> None:
        async with world(tmp_path, PORTS) as lines:
            silent = await lines.check("FXO-1/1", "learn")
            assert silent.state == "warn" and "--number" in silent.todo
            busy = tone_plan.plan("cn").program("busy")
            lines.plant.exchange.lines.on_offer = lambda leg, setup: (
                leg.answer(),
                asyncio.get_running_loop().call_later(0.2, far_tone, lines, busy),
            )[0]
            known = await lines.check("FXO-1/1", "learn")
            assert known.state == "ok" and "nothing to learn: busy" in known.text
            assert lines.plant.app.busy_tones.known("FXO-1/1") is None

    virtually(work)


def test_the_far_end_of_an_r2_line_is_told_of_the_test(tmp_path: Path) -> None:
    async def work() -> None:
        r2 = [{"name": "E1-1", "kind": "e1", "signalling": "mfcr2"}]
        async with world(tmp_path, r2) as lines:
            far = lines.plant.exchange.lines.slot("E1-1/5")
            lines.fault("E1-1", 5, loop=True)
            running = asyncio.ensure_future(lines.check("E1-1/5", "bert", seconds=4))
            await asyncio.sleep(2)
            assert not far.usable
            verdict = await running
            await asyncio.sleep(1)
            assert verdict.state == "ok", verdict
            assert far.usable and lines.plant.app.lines.slot("E1-1/5").usable

    virtually(work)
