"""The voice detector: on noise, on real prompts in noise, and its events."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import vad
from tests.dsp.signals import noise, silence


def test_steady_noise_is_no_speech() -> None:
    detector = vad.VoiceDetector(3)
    pcm = np.stack([noise(level, 80000, 3) for level in (-60, -45, -30)], axis=1)
    detector.process(pcm[:24000].copy())
    assert not detector.process(pcm[24000:].copy())
    assert not detector.speaking().any()


def test_speech_begins_and_ends_with_its_hangover() -> None:
    detector = vad.VoiceDetector(1, hangover_ms=200)
    burst = np.concatenate([silence(500), noise(-20, 8000, 1), silence(1500)])
    begun, ended = detector.process(burst[:, None].copy())
    assert begun.speaking and 520 <= begun.at_ms <= 570
    assert not ended.speaking and 1690 <= ended.at_ms <= 1790
    assert detector.silent_ms()[0] == pytest.approx(1500, abs=80)


def test_noise_after_speech_does_not_hold_it_on() -> None:
    pcm = np.stack([noise(-40, 8 * 4000, seed) for seed in range(200)], axis=1)
    pcm[24_000:28_000] += noise(-15, 4000, 999)[:, None]
    detector = vad.VoiceDetector(200)
    ended = [e.at_ms for e in detector.process(pcm) if not e.speaking and e.at_ms > 3500]
    assert len(ended) == 200
    assert max(ended) <= 3500 + 250 + 100


def test_a_click_is_no_speech() -> None:
    clicks = silence(3000)
    clicks[4000::8000] = 20000
    assert not vad.VoiceDetector(1).process(clicks[:, None].copy())


def test_real_prompts_are_found_in_noise() -> None:
    pytest.importorskip("soundfile")
    from bench.quality import vad as quality_vad

    try:
        for snr_db, hits, false in quality_vad.rates(40.0, (20, 10, 5)):
            assert hits > 0.95, snr_db
            assert false < 0.05, snr_db
    except FileNotFoundError as fault:
        pytest.skip(str(fault))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_block_lengths_do_not_matter(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pcm = rng.uniform(-1, 1, (2400, 3)).astype(np.float32)
    pcm *= np.float32(data.draw(st.sampled_from([0.0, 30.0, 32768.0])))
    lengths = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=5))
    whole = vad.VoiceDetector(3)
    events, parts, at = whole.process(pcm), [], 0
    detector = vad.VoiceDetector(3)
    turns = itertools.cycle(lengths)
    while at < len(pcm):
        n = next(turns)
        parts += detector.process(np.ascontiguousarray(pcm[at : at + n]))
        at += n
    assert [(e.channel, e.speaking, e.at_ms) for e in parts] == [
        (e.channel, e.speaking, e.at_ms) for e in events
    ]


def test_wrong_input_is_refused() -> None:
    for hangover in (9, 5001):
        with pytest.raises(ValueError, match="hangover"):
            vad.VoiceDetector(1, hangover_ms=hangover)
    with pytest.raises(TypeError, match="hangover"):
        vad.VoiceDetector(1, hangover_ms=20.0)
    detector = vad.VoiceDetector(2)
    with pytest.raises(TypeError):
        detector.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="NaN"):
        detector.process(np.full((1, 2), np.nan, dtype=np.float32))
    with pytest.raises(IndexError):
        detector.reset(2)
    assert detector.process(np.zeros((0, 2), dtype=np.float32)) == []
