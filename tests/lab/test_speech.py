"""Finding speech in recordings: the right words, whole, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mediaserver.lab import speech

RATE = 8000


def words(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Something like speech: noise in syllables, its own for each seed."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    envelope = np.clip(np.sin(2 * np.pi * 3 * np.arange(count) / RATE + seed), 0, None)
    return (rng.standard_normal(count) * envelope * 4000).astype(np.int16)


def recorded(said: np.ndarray, at: int = 5000, total: int = 60000) -> np.ndarray:
    out = np.random.default_rng(0).standard_normal(total).astype(np.float32) * 10
    out[at : at + len(said)] += said
    return out


def test_what_was_said_is_found_where_it_was_said() -> None:
    found = speech.match(recorded(words(1)), words(1))
    assert found.whole
    assert found.at_ms == 625


def test_other_words_are_not_found() -> None:
    assert speech.match(recorded(words(1)), words(2)).found == 0


def test_a_gap_shows_in_the_piece_it_touches() -> None:
    broken = recorded(words(1))
    broken[5000 + RATE : 5000 + RATE + RATE // 2] = 0
    found = speech.match(broken, words(1))
    assert not found.whole
    assert found.found == found.pieces - 1


def test_a_slip_shows_from_there_on() -> None:
    slipped = recorded(words(1))
    slipped = np.delete(slipped, slice(5000 + 3 * RATE // 2, 5000 + 3 * RATE // 2 + 40))
    assert not speech.match(slipped, words(1)).whole


@pytest.mark.parametrize("total", [0, 100])
def test_a_recording_too_short_holds_nothing(total: int) -> None:
    assert not speech.match(np.zeros(total, np.float32), words(1)).whole
