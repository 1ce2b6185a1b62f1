"""What is held or trembles is no exchange's tone; what merely began badly is one."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import progress, tone_plan
from tests.dsp.progress_line import names
from tests.dsp.signals import Samples, noise, played, silence, sine

TONES = {"dial", "special_dial", "ringback", "busy", "congestion", "vacant", "learned_busy"}


def _swelling(samples: Samples, by: Samples) -> Samples:
    return (samples * by).astype(np.float32)


def _times(ms: float) -> Samples:
    return np.arange(round(8 * ms), dtype=np.float32) / 8000


@pytest.mark.parametrize("country", ["cn", "de", "us", "nz"])
@pytest.mark.parametrize("hz", [400, 425, 440, 450])
@pytest.mark.parametrize("rate_hz", [4.0, 6.0])
def test_tremolo_is_no_tone(country: str, hz: float, rate_hz: float) -> None:
    by = 1 + 0.5 * np.sin(2 * np.pi * rate_hz * _times(4000))
    assert not TONES & set(names(_swelling(sine(hz, -15, 4000), by), country))


@pytest.mark.parametrize("country", ["cn", "de", "us", "nz"])
@pytest.mark.parametrize("decay_s", [0.4, 1.0])
def test_notes_that_decay_are_no_tone(country: str, decay_s: float) -> None:
    note = _swelling(sine(440, -8, 2400), np.exp(-_times(2400) / decay_s))
    assert not TONES & set(names(note, country))
    repeated = np.tile(note[:4000], 8)
    assert not TONES & set(names(repeated, country))


@pytest.mark.parametrize("country", ["cn", "de"])
def test_a_note_that_swells_slowly_is_no_tone(country: str) -> None:
    by = np.interp(_times(3000), [0, 1.2, 3], [0.5, 1.2, 0.5])
    assert "dial" not in names(_swelling(sine(437, -15, 3000), by), country)


@pytest.mark.parametrize("snr_db", [15, 30])
@pytest.mark.parametrize("country", tone_plan.countries())
def test_a_dial_tone_in_noise_that_was_there_before_it(country: str, snr_db: float) -> None:
    plan = tone_plan.plan(country)
    level = max(part.level_dbm0 for part in plan.tones["dial"])
    for lead in (210, 230, 245):
        line = np.concatenate([silence(lead), played(plan.program("dial"), 3000)])
        assert "dial" in _alike(line + noise(level - snr_db, len(line), seed=lead), country)


def _alike(samples: Samples, country: str) -> set[str]:
    events = progress.ProgressDetector(1, country).process(samples[:, None].copy())
    return {name for event in events for name in (event.tone, *event.alike)}


def test_a_dial_tone_whose_level_settles_is_told_once_it_has() -> None:
    by = np.interp(_times(5000), [0, 1.5, 5], [0.3, 1, 1])
    assert names(_swelling(sine(450, -10, 5000), by)) == ["dial"]
