"""The packet-loss concealer: what is heard in a gap, and beside libspandsp's on real speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import plc
from tests.dsp.signals import silence, sine


def _conceal(samples: np.ndarray, first: int, count: int, block: int = 80) -> np.ndarray:
    """`count` blocks lost from block `first` on."""
    concealer = plc.Concealer(1)
    flags = np.zeros((len(samples) // block, 1), dtype=bool)
    flags[first : first + count] = True
    return concealer.process(samples[:, None].copy(), flags)[:, 0]


def test_what_arrives_passes_untouched() -> None:
    tone = sine(440, -10, 200)
    assert np.array_equal(_conceal(tone, 0, 0), tone)


@pytest.mark.parametrize("hz", [80, 100, 125, 160, 200])
def test_a_lost_block_of_a_steady_voice_is_hardly_missed(hz: int) -> None:
    voice = sum(sine(hz * k, -15 - 3 * k, 400) for k in range(1, 6))
    made = _conceal(voice, 20, 1)
    error = np.std((made - voice)[1600:1680]) / np.std(voice[1600:1680])
    assert 20 * np.log10(error) < -15
    assert np.array_equal(made[1760:], voice[1760:])


def test_a_long_gap_fades_to_silence_and_stays_there() -> None:
    made = _conceal(sine(150, -10, 400), 10, 20)
    assert np.std(made[800:880]) > 4000
    assert np.std(made[1160:1240]) < np.std(made[800:880]) / 2
    assert not made[1280:2400].any()


def test_the_return_is_merged_not_clicked() -> None:
    tone = sine(150, -10, 600)
    steepest = np.abs(np.diff(tone)).max()
    for gap in (1, 3, 10):
        made = _conceal(tone, 20, gap)
        assert np.abs(np.diff(made)).max() < 2.5 * steepest


def test_a_gap_in_silence_is_silence_and_a_gap_at_the_start_too() -> None:
    assert not _conceal(silence(100), 5, 2).any()
    assert not _conceal(sine(200, -10, 100), 0, 3)[:240].any()


def test_channels_and_block_lengths_are_independent() -> None:
    tone, rng = sine(170, -12, 300), np.random.default_rng(2)
    pcm = np.stack([tone] * 20, axis=1)
    lost = rng.random((len(tone) // 40, 20)) < 0.2
    together = plc.Concealer(20).process(pcm, lost)
    for channel in (0, 7, 19):
        alone = plc.Concealer(1)
        flags = np.ascontiguousarray(lost[:, channel : channel + 1])
        parts = [
            alone.process(np.ascontiguousarray(tone[k * 8 : k * 8 + 8, None]), flags[k // 5])
            for k in range(len(tone) // 8)
        ]
        assert np.array_equal(np.concatenate(parts)[:, 0], together[:, channel])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_losses_give_finite_bounded_sound(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    concealer = plc.Concealer(3)
    scale = data.draw(st.sampled_from([0.0, 1.0, 32768.0]))
    for _ in range(data.draw(st.integers(1, 30))):
        block = data.draw(st.integers(0, 160))
        pcm = (rng.choice([-1, 1], (block, 3)) * scale).astype(np.float32)
        made = concealer.process(pcm, rng.random(3) < 0.5)
        assert made.shape == pcm.shape and np.isfinite(made).all()
        assert np.abs(made).max(initial=0) <= 3 * max(scale, 1)


def test_no_worse_than_libspandsp_on_real_speech() -> None:
    pytest.importorskip("bench.peers._media")
    from bench.quality import plc as quality_plc

    try:
        results = quality_plc.run(15.0, (0.05,))
    except FileNotFoundError as fault:
        pytest.skip(str(fault))
    assert all(result.meets for result in results), results


def test_wrong_input_is_refused() -> None:
    concealer = plc.Concealer(2)
    good, flags = np.zeros((80, 2), dtype=np.float32), np.zeros(2, dtype=bool)
    with pytest.raises(TypeError, match="bool"):
        concealer.process(good, [False, False])
    with pytest.raises(TypeError, match="bool"):
        concealer.process(good, flags.astype(int))
    with pytest.raises(ValueError, match="shape"):
        concealer.process(good, flags[:1])
    with pytest.raises(ValueError, match="equal blocks"):
        concealer.process(good, np.zeros((3, 2), dtype=bool))
    with pytest.raises(ValueError, match="NaN"):
        concealer.process(np.full((1, 2), np.nan, dtype=np.float32), flags)
    with pytest.raises(IndexError):
        concealer.reset(2)
