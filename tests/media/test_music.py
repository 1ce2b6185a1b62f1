"""Music on hold: one round of all tunes, level, shared, quick to start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mediaserver.media import music
from mediaserver.media.cache import SoundCache
from mediaserver.media.errors import PromptMissing


def dbm0(samples: np.ndarray) -> float:
    mean_square = np.mean(np.square(samples.astype(float)))
    return float(10 * np.log10(mean_square / (32768**2 / 2)) + 3.14)


def tune(file: Path, seconds: int, amplitude: float, rate: int = 8000) -> None:
    noise = np.random.default_rng(seconds).uniform(-1, 1, (seconds * rate, 2))
    soundfile.write(file, amplitude * noise, rate)


@pytest.fixture
def tunes(tmp_path: Path) -> Path:
    where = tmp_path / "moh"
    where.mkdir()
    tune(where / "b-loud.wav", 2, 0.9)
    tune(where / "a-soft.wav", 1, 0.02, rate=16_000)
    return where


def test_tunes_follow_in_order_each_at_the_same_level(tunes: Path, tmp_path: Path) -> None:
    round_ = music.load(tunes, SoundCache(tmp_path / "cache"))
    assert round_.duration_ms == 3000
    assert dbm0(round_.samples[:8000]) == pytest.approx(-18, abs=0.1)
    assert dbm0(round_.samples[8000:]) == pytest.approx(-18, abs=0.1)


def test_peaks_are_not_clipped_for_the_level_s_sake() -> None:
    clicks = np.zeros(8000, np.int16)
    clicks[::1000] = 20_000
    levelled = music.level(clicks)
    assert 31_000 <= np.max(levelled) <= 31_500
    assert not music.level(np.zeros(100, np.int16)).any()


def test_the_second_start_computes_nothing_and_a_new_tune_is_noticed(
    tunes: Path, tmp_path: Path
) -> None:
    first = music.load(tunes, SoundCache(tmp_path / "cache"))
    again = SoundCache(tmp_path / "cache")
    assert np.array_equal(music.load(tunes, again).samples, first.samples)
    assert again.made == 0
    tune(tunes / "c-new.wav", 1, 0.5)
    assert music.load(tunes, again).duration_ms == 4000
    assert again.made == 1


def test_a_broken_tune_is_left_out_and_named(
    tunes: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tunes / "a-soft.wav").write_bytes(b"RIFFxxxxWAVE")
    assert music.load(tunes, SoundCache(tmp_path / "cache")).duration_ms == 2000
    assert "a-soft.wav" in caplog.text


@pytest.mark.parametrize("make", ["nothing", "empty", "rubbish"])
def test_no_music_is_told_with_the_place(tmp_path: Path, make: str) -> None:
    where = tmp_path / "moh"
    if make != "nothing":
        where.mkdir()
    if make == "rubbish":
        (where / "x.wav").write_bytes(b"x")
    with pytest.raises(PromptMissing, match=str(where)):
        music.load(where, SoundCache(tmp_path / "cache"))


def test_the_round_can_be_entered_anywhere_without_a_copy(tunes: Path, tmp_path: Path) -> None:
    round_ = music.load(tunes, SoundCache(tmp_path / "cache"))
    for ms in (0, 1, 1500, 2999, 3000, 100_000):
        view = round_.at(ms).samples
        assert np.array_equal(view, np.roll(round_.samples, -(ms * 8)))
        assert np.shares_memory(view, round_.twice)
        assert not view.flags.writeable


def test_one_file_may_be_the_music(tunes: Path, tmp_path: Path) -> None:
    cache = SoundCache(tmp_path / "cache")
    assert music.load(tunes / "b-loud.wav", cache).duration_ms == 2000
