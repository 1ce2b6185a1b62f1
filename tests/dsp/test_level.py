"""The level meter and the units it reads in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import level, units
from tests.dsp.signals import noise, over_the_line, silence, sine


def _measure(samples: np.ndarray, block: int = 80) -> float:
    meter = level.LevelMeter(1)
    for start in range(0, len(samples) - block + 1, block):
        meter.process(np.ascontiguousarray(samples[start : start + block, None]))
    return float(meter.levels()[0])


@pytest.mark.parametrize("hz", [300, 404, 697, 1004, 1633, 2804, 3400])
@pytest.mark.parametrize("dbm0", [3, 0, -10, -25, -40])
def test_tones_read_within_a_tenth(hz: float, dbm0: float) -> None:
    assert _measure(sine(hz, dbm0, 600)) == pytest.approx(dbm0, abs=0.1)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_tones_read_within_a_tenth_over_the_line(law: str) -> None:
    assert _measure(over_the_line(sine(1004, -10, 600), law)) == pytest.approx(-10, abs=0.1)


@pytest.mark.parametrize("block", [1, 16, 80, 160, 333])
def test_any_block_length_reads_alike(block: int) -> None:
    assert _measure(sine(1004, -13, 800), block) == pytest.approx(-13, abs=0.1)


def test_silence_reads_minus_99_and_the_past_fades() -> None:
    assert _measure(silence(100)) == units.SILENCE_DBM0
    assert _measure(np.concatenate([sine(1004, 0, 200), silence(2000)])) == units.SILENCE_DBM0


def test_each_channel_reads_its_own() -> None:
    meter = level.LevelMeter(20)
    pcm = np.zeros((4000, 20), dtype=np.float32)
    for channel in range(20):
        pcm[:, channel] = sine(1004, -channel, 500)
    meter.process(pcm)
    assert meter.levels() == pytest.approx(-np.arange(20.0), abs=0.1)
    meter.reset(7)
    assert meter.levels()[7] == units.SILENCE_DBM0
    assert meter.levels()[8] == pytest.approx(-8, abs=0.1)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_peaks_are_taken_and_full_scale_is_counted(law: str) -> None:
    meter = level.LevelMeter(2)
    loud = np.stack([sine(1000, 6, 100), sine(1000, -10, 100)], axis=1).clip(-32768, 32767)
    heard = np.stack([over_the_line(loud[:, c].copy(), law) for c in (0, 1)], axis=1)
    meter.process(heard)
    assert meter.peaks().tolist() == np.abs(heard).max(axis=0).tolist()
    assert meter.peaks().tolist() == [0, 0]
    full = np.abs(heard) == np.abs(heard[:, 0]).max()
    assert meter.clipped().tolist() == [full[:, 0].sum(), 0]
    meter.reset(0)
    assert meter.clipped().tolist() == [0, 0]


@pytest.mark.parametrize("dbm0", [-65, -50, -35])
def test_the_noise_floor_reads_noise_under_speech(dbm0: float) -> None:
    floor = level.NoiseFloor(2)
    bursts = np.concatenate([np.concatenate([noise(-15, 4800, k), silence(400)]) for k in range(5)])
    hiss = noise(dbm0, len(bursts), 77)
    floor.process(np.stack([hiss, hiss + bursts], axis=1))
    assert floor.levels() == pytest.approx([dbm0, dbm0], abs=1.0)


def test_the_noise_floor_follows_down_at_once_and_up_in_two_seconds() -> None:
    floor = level.NoiseFloor(1)
    floor.process(noise(-40, 24000, 1)[:, None].copy())
    floor.process(noise(-60, 3200, 2)[:, None].copy())
    assert floor.levels()[0] == pytest.approx(-60, abs=1.5)
    floor.process(noise(-40, 8000, 3)[:, None].copy())
    assert floor.levels()[0] < -55
    floor.process(noise(-40, 8000, 4)[:, None].copy())
    assert floor.levels()[0] == pytest.approx(-40, abs=1)
    floor.process(silence(1000)[:, None].copy())
    assert floor.levels()[0] == units.SILENCE_DBM0
    floor.reset(0)
    assert floor.levels()[0] == pytest.approx(-44.5, abs=0.1)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_blocks_read_alike_and_finite(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    lengths = data.draw(st.lists(st.integers(0, 200), min_size=1, max_size=8))
    pcm = rng.uniform(-1, 1, (sum(lengths), 3)).astype(np.float32)
    pcm *= np.float32(data.draw(st.sampled_from([0.0, 1e-3, 32768.0])))
    whole, parts, meter = level.NoiseFloor(3), level.NoiseFloor(3), level.LevelMeter(3)
    whole.process(pcm)
    for end, n in zip(np.cumsum(lengths), lengths, strict=True):
        part = np.ascontiguousarray(pcm[end - n : end])
        parts.process(part)
        meter.process(part)
    assert whole.levels() == pytest.approx(parts.levels(), abs=0.01)
    assert np.isfinite(meter.levels()).all() and (meter.levels() <= 6.2).all()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(IndexError):
        level.NoiseFloor(2).reset(-1)
    with pytest.raises(ValueError, match="NaN"):
        level.NoiseFloor(1).process(np.full((1, 1), np.nan, dtype=np.float32))
    meter = level.LevelMeter(2)
    good = np.zeros((80, 2), dtype=np.float32)
    with pytest.raises(TypeError, match="float32"):
        meter.process(good.astype(np.float64))
    with pytest.raises(TypeError, match="NumPy"):
        meter.process([[0.0, 0.0]])
    with pytest.raises(ValueError, match="shape"):
        meter.process(good[:, :1].copy())
    with pytest.raises(ValueError, match="contiguous"):
        meter.process(np.asfortranarray(good))
    for bad in (np.nan, np.inf):
        broken = good.copy()
        broken[3, 1] = bad
        with pytest.raises(ValueError, match="NaN or infinity"):
            meter.process(broken)
    with pytest.raises(IndexError):
        meter.reset(2)
    with pytest.raises(ValueError, match="channels"):
        level.LevelMeter(0)
    with pytest.raises(TypeError, match="channels"):
        level.LevelMeter(1.5)


def test_units_agree_with_each_other() -> None:
    assert units.peak(units.FULL_SCALE_DBM0) == pytest.approx(32768)
    assert units.dbm0(units.peak(-17.0)) == pytest.approx(-17.0)
    assert units.dbm0(0.0) == units.SILENCE_DBM0
    assert units.dbm0_of(sine(1000, -6, 1000)) == pytest.approx(-6, abs=0.001)
    assert units.dbm0_of(np.zeros(0)) == units.SILENCE_DBM0
    assert units.dbm0_of(noise(-20, 80000, 1)) == pytest.approx(-20, abs=0.1)
