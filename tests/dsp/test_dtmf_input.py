"""DTMF's doors for recordings and for making keys: anything is refused in words or heard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsp_ext import dtmf, tone
from dsp_ext.units import SAMPLE_RATE, dbm0

KEYS = "159D"
DTYPES = ["float64", "float32", "float16", "int8", "int16", "int32", "uint16", "bool", "complex64"]


@given(
    samples=st.sampled_from(DTYPES).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0))
    ),
    rate=st.one_of(st.integers(3990, 200_000), st.floats(), st.booleans(), st.just(8000)),
)
@settings(max_examples=300, deadline=None)
def test_any_array_is_refused_in_words_or_heard(samples: Any, rate: Any) -> None:
    try:
        heard = dtmf.decode(samples, rate)
    except (TypeError, ValueError) as error:
        assert len(str(error)) > 10
    else:
        assert heard == ""  # a dozen samples are no key
        assert samples.ndim == 1
        assert np.isfinite(samples).all()


@given(
    cuts=st.lists(st.integers(0, 400), max_size=30),
    level=st.sampled_from([1.0, 300.0, 3e4, 1e9]),
    offset=st.sampled_from([0.0, 500.0, -3e4]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_heard_the_next_key_is(
    cuts: list[int], level: float, offset: float, seed: int
) -> None:
    """Noise and constants, in blocks of any lengths, also none: then silence and a key."""
    rng = np.random.default_rng(seed)
    detector = dtmf.DtmfDetector(1)
    for cut in cuts:
        noise = rng.uniform(-level, level, (cut, 1)) + offset
        detector.process(np.clip(noise, -1e9, 1e9).astype(np.float32))
    detector.process(np.zeros((500, 1), dtype=np.float32))
    after = np.concatenate([dtmf.generate("6"), np.zeros(400, dtype=np.float32)])
    assert [event.digit for event in detector.process(after[:, None].copy())] == ["6"]


@pytest.mark.parametrize(
    "rate", [4000, 7999, 8001, 11025, 12345, 16000, 22050, 44100, 48000, 191999]
)
def test_keys_at_any_rate(rate: int) -> None:
    n = np.arange(rate // 2)
    for key in "1234" if rate < 8000 else KEYS:
        place = tone.DTMF_KEYS.index(key)
        low, high = tone.DTMF_LOW_HZ[place // 4], tone.DTMF_HIGH_HZ[place % 4]
        sound = np.sin(2 * np.pi * low / rate * n) + np.sin(2 * np.pi * high / rate * n)
        assert dtmf.decode((sound * 4000).astype(np.int16), rate) == key


@pytest.mark.parametrize("rate", [0, -8000, 3999, 192001, 8000.5, 8000.0, True, "8000", None, 1e9])
def test_a_rate_that_is_none_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate must be a whole number"):
        dtmf.decode(np.zeros(8), rate)


@given(
    key=st.sampled_from(tone.DTMF_KEYS),
    level=st.floats(-40, -6),
    twist=st.floats(-10, 6),
    on_ms=st.integers(25, 500),
    off_ms=st.integers(0, 500),
)
@settings(max_examples=60, deadline=None)
def test_a_key_has_its_level_twist_and_length(
    key: str, level: float, twist: float, on_ms: int, off_ms: int
) -> None:
    sound = dtmf.generate(key, level, twist, on_ms, off_ms)
    on, off = on_ms * SAMPLE_RATE // 1000, off_ms * SAMPLE_RATE // 1000
    assert len(sound) == on + off
    assert not sound[on:].any()
    place = tone.DTMF_KEYS.index(key)
    n = np.arange(on)
    turns = [2 * np.pi * hz[at] / SAMPLE_RATE for hz, at in _places(place)]
    waves = np.stack([f(turn * n) for turn in turns for f in (np.sin, np.cos)], axis=1)
    found, *_ = np.linalg.lstsq(waves, sound[:on].astype(float), rcond=None)
    peaks = np.hypot(found[0::2], found[1::2])
    assert np.abs(waves @ found - sound[:on]).max() < 0.01 * peaks.min()
    assert dbm0(float(peaks[0])) == pytest.approx(level, abs=0.01)
    assert dbm0(float(peaks[1])) == pytest.approx(level + twist, abs=0.01)


def _places(place: int) -> list[tuple[tuple[int, ...], int]]:
    return [(tone.DTMF_LOW_HZ, place // 4), (tone.DTMF_HIGH_HZ, place % 4)]


def test_a_string_of_keys() -> None:
    sound = dtmf.generate("12#a", on_ms=60, off_ms=40)
    assert len(sound) == 4 * 100 * 8
    assert dtmf.decode(sound) == "12#A"
    assert dtmf.generate("").shape == (0,)


@pytest.mark.parametrize(
    ("what", "value"),
    [("digits", "1x"), ("digits", "ä"), ("on_ms", 0), ("on_ms", -1), ("off_ms", -1)]
    + [("level_dbm0", value) for value in (99.0, float("nan"), float("inf"))]
    + [("twist_db", value) for value in (99.0, float("nan"))],
)
def test_what_no_generator_makes_is_refused(what: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r".{10,}"):
        dtmf.generate(**{"digits": "5", what: value})
