"""The gain control: levels reached, noise left alone, nothing clipped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import agc, units
from tests.dsp.signals import noise, silence


def _bursts(level_dbm0: float, count: int, seed: int = 1) -> np.ndarray:
    """Speech-like: 0.6 s of noise, 0.4 s of silence, `count` times."""
    parts = [
        np.concatenate([noise(level_dbm0, 4800, seed + k), silence(400)]) for k in range(count)
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize("level", [-36, -28, -18, -10])
def test_speech_is_brought_to_the_target(level: float) -> None:
    control = agc.Agc(1)
    made = control.process(_bursts(level, 8)[:, None].copy())[:, 0]
    assert units.dbm0_of(made[-8000:-3600]) == pytest.approx(-18, abs=1.0)


def test_gain_stops_at_its_limits() -> None:
    control = agc.Agc(2, max_gain_db=6, max_loss_db=3)
    control.process(np.stack([_bursts(-40, 8), _bursts(-4, 8)], axis=1))
    assert control.gains_db() == pytest.approx([6, -3], abs=0.1)


def test_a_step_is_followed_without_overshoot() -> None:
    control = agc.Agc(1)
    control.process(_bursts(-30, 6)[:, None].copy())
    assert control.gains_db()[0] == pytest.approx(12, abs=1)
    loud = control.process(_bursts(-8, 2, seed=9)[:, None].copy())[:, 0]
    assert np.abs(loud).max() < 32700
    assert units.dbm0_of(loud[3200:4800]) < -14


def test_noise_alone_is_not_raised() -> None:
    control = agc.Agc(1)
    hiss = noise(-50, 80000, 4)[:, None].copy()
    made = control.process(hiss)
    assert np.array_equal(made, hiss)


def test_gain_stays_in_a_pause() -> None:
    control = agc.Agc(1)
    floor = noise(-60, 8 * 8000, 5)
    control.process((_bursts(-30, 8) + floor)[:, None].copy())
    before = control.gains_db()[0]
    control.process(np.tile(floor, 2)[:, None].copy())
    assert control.gains_db()[0] == pytest.approx(before, abs=1.0)


def test_each_channel_by_itself_on_and_off() -> None:
    control = agc.Agc(20)
    control.enable(3, False)
    pcm = np.stack([_bursts(-34, 6)] * 20, axis=1)
    made = control.process(pcm)
    assert np.array_equal(made[:, 3], pcm[:, 3])
    assert units.dbm0_of(made[-8000:-3600, 4]) > -21
    control.enable(3)
    assert control.gains_db()[3] == 0


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_input_stays_below_full_scale(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    control = agc.Agc(2, -6, 30, 30)
    scale = data.draw(st.sampled_from([0, 1, 300, 32768]))
    for _ in range(20):
        block = data.draw(st.integers(0, 300))
        pcm = (scale * rng.choice([-1, -0.5, 0, 1], (block, 2))).astype(np.float32)
        made = control.process(pcm)
        assert np.isfinite(made).all()
        assert np.abs(made).max(initial=0) <= 32600


def test_wrong_input_is_refused() -> None:
    for arguments in ((1, -41), (1, -5), (1, -18, 31), (1, -18, 10, -1), (1, float("nan"))):
        with pytest.raises(ValueError):
            agc.Agc(*arguments)
    control = agc.Agc(2)
    with pytest.raises(TypeError):
        control.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="infinity"):
        control.process(np.full((1, 2), np.inf, dtype=np.float32))
    with pytest.raises(IndexError):
        control.enable(2)
