"""What answers a call: the quality rows' trials, fewer of them, and noise that is no voice."""

from __future__ import annotations

import pytest

from bench.quality import progress_answers as quality
from tests.dsp.progress_line import names
from tests.dsp.signals import noise


@pytest.mark.parametrize("kind", quality.KINDS)
def test_what_answers_is_told_and_nothing_else(kind: str) -> None:
    mine, theirs = quality.shares_right(kind, 60, seed=3)
    assert mine == 100
    assert 0 < theirs <= mine, "the peer hears some of the same"


def test_a_voice_is_told_within_two_seconds() -> None:
    pytest.importorskip("soundfile")
    share, count = quality.voices_told(80)
    if not count:
        pytest.skip("Debian's asterisk prompts are not installed")
    assert share >= quality.VOICE_GOAL


@pytest.mark.parametrize("level_dbm0", [-40, -25, -10])
@pytest.mark.parametrize("seed", range(4))
def test_noise_that_begins_and_stays_is_no_voice(level_dbm0: float, seed: int) -> None:
    assert names(noise(level_dbm0, 40_000, seed)) == []
