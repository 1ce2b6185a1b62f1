"""Learning a busy tone that no plan knows, and what is never taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality import progress_learn as quality
from dsp_ext import progress, tone_plan
from tests.dsp.progress_line import bursts, heard, names
from tests.dsp.signals import Samples, silence, sine

COUNTRIES = tone_plan.countries()


@pytest.mark.parametrize("country", COUNTRIES)
def test_bent_unknown_busy_tones_of_every_cadence_are_learned_in_noise(country: str) -> None:
    assert quality.missed(country, 48, seed=7) == []


@pytest.mark.parametrize("country", ["cn", "uk", "us"])
@pytest.mark.parametrize("hz", [585, 592, 600, 605, 611])
def test_near_600_hz_where_a_tones_image_falls_on_it(country: str, hz: float) -> None:
    rng = np.random.default_rng(hz)
    signals = [quality.bursts((hz,), *cadence, rng) for cadence in quality.CADENCES]
    assert quality.told(country, signals) == [["learned_busy"]] * len(signals)


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_tone_of_the_plan_is_never_learned_however_long_it_sounds(country: str) -> None:
    assert quality.learned_of_the_plan(country, 2, seed=5) == 0


def test_a_learned_tone_is_told_once_and_ends() -> None:
    events = heard(np.concatenate([bursts((600,), 300, 200, 8), silence(2000)]))
    assert [(event.tone, event.ended) for event in events] == [
        ("learned_busy", False),
        ("learned_busy", True),
    ]
    begin, end = events
    assert begin.start_ms == pytest.approx(300, abs=20)
    assert begin.at_ms == pytest.approx(300 + 4 * 300 + 3 * 200, abs=50)
    assert begin.level_dbm0 == pytest.approx(-13, abs=0.5)
    assert end.at_ms < 300 + 8 * 500 + 600


@pytest.mark.parametrize("change", ["length", "pause", "level", "frequency"])
def test_bursts_that_differ_are_not_learned(change: str) -> None:
    def burst(k: int) -> Samples:
        odd = k % 2
        hz = 560 if odd and change == "frequency" else 340
        level = -21 if odd and change == "level" else -13
        on = 420 if odd and change == "length" else 300
        off = 420 if odd and change == "pause" else 300
        return np.concatenate([sine(hz, level, on), silence(off)])

    assert names(np.concatenate([burst(k) for k in range(8)])) == []


@pytest.mark.parametrize(("on_ms", "decay_s"), [(300, 0.2), (150, 0.5), (220, 0.7)])
def test_bursts_of_a_note_that_decays_are_not_learned(on_ms: float, decay_s: float) -> None:
    note = sine(560, -8, on_ms) * np.exp(-np.arange(8 * on_ms) / 8000 / decay_s)
    assert names(np.tile(np.concatenate([note, silence(200)]), 8).astype(np.float32)) == []


def test_a_tone_without_pauses_and_a_single_burst_are_not_learned() -> None:
    assert names(sine(560, -13, 6000)) == []
    assert names(np.concatenate([sine(560, -13, 300), silence(4000)])) == []


def test_speech_after_an_unknown_burst_is_told_as_voice() -> None:
    talk = np.random.default_rng(4).standard_normal(16_000) * 2000
    talk *= np.abs(np.sin(2 * np.pi * 3 * np.arange(16_000) / 8000))
    line = np.concatenate([bursts((560,), 300, 300, 1), talk]).astype(np.float32)
    assert names(line) == ["voice"]


def test_a_tone_learned_with_one_sound_is_not_told_of_another() -> None:
    detector = progress.ProgressDetector(1, learn=False)
    detector.know(0, *_learned(340))
    lead = silence(500)
    again = np.concatenate([lead, bursts((340,), 300, 300, 3)])
    other = np.concatenate([lead, bursts((560,), 300, 300, 3), silence(3000)])
    assert detector.process(other[:, None].copy()) == []
    assert [event.tone for event in detector.process(again[:, None].copy())] == ["learned_busy"]


def _learned(hz: float) -> tuple[int, int, int]:
    detector = progress.ProgressDetector(1)
    detector.process(np.concatenate([silence(300), bursts((hz,), 300, 300, 5)])[:, None].copy())
    learned: tuple[int, int, int] | None = detector.learned(0)
    assert learned is not None
    return learned
