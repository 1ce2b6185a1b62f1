"""The quality rows of the DTMF detector as tests: met, and able to miss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.quality import dtmf as quality_dtmf
from bench.quality import dtmf_bargein as quality_dtmf_bargein
from bench.quality import dtmf_talkoff as quality_dtmf_talkoff
from bench.report import Result
from bench.signals.dtmf_lines import Samples, over_the_line
from dsp_ext import dtmf

NAMES = [test["name"] for test in quality_dtmf.TESTS]


def _meets(result: Result) -> None:
    assert result.meets, f"{result.name}: {result.value} {result.unit}, goal {result.goal}"


@pytest.mark.parametrize("test", quality_dtmf.TESTS, ids=NAMES)
def test_limit(test: dict[str, Any]) -> None:
    _meets(quality_dtmf.limit(test))


def deaf(pcm: Samples) -> list[str]:
    return [""] * pcm.shape[1]


def eager(pcm: Samples) -> list[str]:
    return ["5" if line.any() else "" for line in pcm.T]


@pytest.mark.parametrize("test", quality_dtmf.TESTS, ids=NAMES)
def test_a_receiver_that_hears_nothing_or_anything_is_seen(test: dict[str, Any]) -> None:
    assert quality_dtmf.figure(deaf if test["want"] == "all" else eager, test) is None
    assert quality_dtmf.figure(eager, test) is None


def test_ten_thousand_keys_in_noise() -> None:
    _meets(quality_dtmf.random_keys())


@pytest.mark.parametrize("name", quality_dtmf.RECORDINGS)
def test_recordings_hold_no_keys(name: str) -> None:
    results = quality_dtmf.false_keys(name)
    if not results:
        pytest.skip(f"no recordings in {quality_dtmf.RECORDINGS[name]}")
    for result in results:
        _meets(result)


def test_a_key_within_a_recording_is_heard() -> None:
    """So that hearing none in all of them says something."""
    for samples in quality_dtmf.recordings(quality_dtmf.RECORDINGS["prompts"]):
        key = dtmf.generate("7")
        pause = np.zeros(800, dtype=np.float32)
        assert dtmf.decode(over_the_line(np.concatenate([samples, pause, key]))) == "7"
        break
    else:
        pytest.skip("no prompts")


@pytest.mark.parametrize("corpus", quality_dtmf_talkoff.CORPORA, ids=lambda corpus: corpus.name)
def test_voices_are_hardly_ever_keys(corpus: quality_dtmf_talkoff.Corpus) -> None:
    result = quality_dtmf_talkoff.talk_off(corpus, minutes=4)
    assert result.peer_value
    _meets(result)


def test_two_harmonics_of_a_voice_are_no_key() -> None:
    """Alone they are one, and as much noise beside them does no harm."""
    rng = np.random.default_rng(5)
    n = np.arange(1600)
    pitch = 2 * np.pi * 191.5 / 8000  # of which 4 and 7 times are the key 5's
    sines = {k: np.sin(k * pitch * n + rng.uniform(0, 6.3)) for k in range(1, 20)}
    pair = 4000 * sines.pop(4) + 3000 * sines.pop(7)
    others = 300 * np.sum(list(sines.values()), axis=0)
    noise = rng.normal(0, np.std(others), len(n))
    heard = [dtmf.decode(over_the_line(pair + left)) for left in (0 * pair, noise, others)]
    assert heard == ["5", "5", ""]


def test_keys_through_the_echo_of_prompts() -> None:
    results = quality_dtmf_bargein.barge_in(seconds=30)
    if not results:
        pytest.skip("no prompts")
    for result in results:
        _meets(result)
