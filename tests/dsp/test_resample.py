"""The resampler: pass band, stop band, delay, streaming."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from dsp_ext import resample

RATIOS = [(8000, 16000), (16000, 8000), (8000, 48000), (48000, 8000), (16000, 48000), (44100, 8000)]


def _tone(hz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return 10000 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def _db(value: np.ndarray) -> float:
    middle = value[len(value) // 4 : -len(value) // 4]
    return float(20 * np.log10(np.std(middle) / (10000 / np.sqrt(2)) + 1e-12))


@pytest.mark.parametrize(("from_hz", "to_hz"), RATIOS)
@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.85])
def test_the_pass_band_is_flat_and_in_time(from_hz: int, to_hz: int, part: float) -> None:
    hz = part * min(from_hz, to_hz) / 2
    made = resample.resample(_tone(hz, from_hz), from_hz, to_hz)
    assert abs(_db(made)) < 0.01
    assert _db(made - _tone(hz, to_hz)) < -80


@pytest.mark.parametrize(("from_hz", "to_hz"), [r for r in RATIOS if r[0] > r[1]])
@pytest.mark.parametrize("part", [1.0, 1.03, 1.2, 1.7, 1.99])
def test_what_would_alias_is_80_db_down(from_hz: int, to_hz: int, part: float) -> None:
    made = resample.resample(_tone(part * to_hz / 2 + 1, from_hz), from_hz, to_hz)
    assert _db(made) < -80


@pytest.mark.parametrize(("from_hz", "to_hz"), [r for r in RATIOS if r[0] < r[1]])
def test_a_sweep_has_no_images(from_hz: int, to_hz: int) -> None:
    t = np.arange(2 * from_hz) / from_hz
    sweep = 10000 * signal.chirp(t, 100, 2, 0.425 * from_hz) * np.hanning(len(t))
    made = resample.resample(sweep, from_hz, to_hz).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(made)) ** 2
    hz = np.fft.rfftfreq(len(made), 1 / to_hz)
    images = spectrum[hz > from_hz / 2].sum() / spectrum.sum()
    assert 10 * np.log10(images) < -80


@pytest.mark.parametrize(("from_hz", "to_hz"), RATIOS)
def test_the_filter_itself_as_scipy_sees_it(from_hz: int, to_hz: int) -> None:
    phases, delay = resample.design(from_hz, to_hz)
    up = phases.shape[0]
    whole = phases[:, ::-1].T.reshape(-1) / up
    half, rate = min(from_hz, to_hz) / 2, from_hz * up
    hz = np.concatenate(
        [np.linspace(0, 0.85 * half, 400), np.linspace(half, min(rate / 2, 8 * half), 400)]
    )
    gain = 20 * np.log10(np.abs(signal.freqz(whole, worN=hz, fs=rate)[1]) + 1e-12)
    assert np.abs(gain[:400]).max() < 0.01
    assert gain[400:].max() < -80
    assert 1000 * delay / to_hz < 5


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_blocks_of_any_length_give_the_same_stream(data: st.DataObject) -> None:
    from_hz, to_hz = data.draw(st.sampled_from(RATIOS))
    channels = data.draw(st.sampled_from([1, 3, 16, 20]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pcm = rng.uniform(-32768, 32768, (700, channels)).astype(np.float32)
    whole = resample.Resampler(channels, from_hz, to_hz).process(pcm)
    parts, at = [], 0
    stream = resample.Resampler(channels, from_hz, to_hz)
    turns = itertools.cycle([*data.draw(st.lists(st.integers(0, 200), max_size=5)), 77])
    while at < len(pcm):
        n = next(turns)
        parts.append(stream.process(np.ascontiguousarray(pcm[at : at + n])))
        at += n
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(whole) == -(-700 * to_hz // from_hz)


def test_a_channel_hears_only_itself_and_reset_forgets() -> None:
    pcm = np.zeros((160, 20), dtype=np.float32)
    pcm[:, 7] = 1000
    resampler = resample.Resampler(20, 8000, 16000)
    made = resampler.process(pcm)
    assert made[:, 7].any() and not np.delete(made, 7, axis=1).any()
    resampler.reset()
    assert np.array_equal(resampler.process(pcm), made)


def test_the_same_rate_changes_nothing() -> None:
    pcm = np.arange(300, dtype=np.float32)
    assert np.array_equal(resample.resample(pcm, 8000, 8000), pcm)


def test_wrong_input_is_refused() -> None:
    for rates in ((8000, 0), (3999, 8000), (8000, 192001), (8000, 7919)):
        with pytest.raises(ValueError):
            resample.Resampler(1, *rates)
    with pytest.raises(TypeError, match="from_hz"):
        resample.Resampler(1, 8000.0, 16000)
    with pytest.raises(TypeError, match="real"):
        resample.resample(np.zeros(5, dtype=complex), 8000, 16000)
    with pytest.raises(ValueError, match="shape"):
        resample.resample(np.zeros((2, 2, 2)), 8000, 16000)
    with pytest.raises(ValueError, match="NaN"):
        resample.resample(np.array([0.0, np.inf]), 8000, 16000)
    assert resample.resample(np.zeros(0), 8000, 16000).shape == (0,)
    assert len(resample.resample(np.ones(1), 8000, 16000)) == 2
