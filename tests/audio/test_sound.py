"""Recordings are read whole or refused with what is wrong and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsp_ext import g711
from dsp_ext.units import dbm0_of
from mediaserver.audio import sound, tones, wav

TONE = tones.sine(1000, seconds=0.1, level_dbm0=-10)


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("law", wav.LAWS)
def test_what_is_written_is_read_back(tmp_path: Path, law: str) -> None:
    path = tmp_path / "x.wav"
    wav.write(path, TONE, law)
    heard = sound.read(path)
    assert heard.rate == 8000
    assert heard.sides == ("",)
    assert heard.encoding == {"alaw": "ALAW", "ulaw": "ULAW", "pcm": "PCM_16"}[law]
    if law == "pcm":
        wanted = np.rint(TONE)
    else:
        wanted = g711.decode(g711.encode(TONE[:, np.newaxis].copy(), law), law)[:, 0]
    assert np.array_equal(heard.pcm[:, 0], wanted)


def test_an_odd_number_of_octets_is_padded(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    wav.write(path, TONE[:799], "alaw")
    assert path.stat().st_size % 2 == 0
    assert len(sound.read(path).pcm) == 799


@pytest.mark.parametrize("rate", [6000, 11025, 16000, 44100, 48000])
def test_any_rate_becomes_8_khz_at_the_same_level(tmp_path: Path, rate: int) -> None:
    n = np.arange(rate)
    soundfile.write(tmp_path / "x.wav", 0.25 * np.sin(2 * np.pi * 1000 * n / rate), rate)
    heard = sound.read(tmp_path / "x.wav")
    assert abs(len(heard.pcm) - 8000) <= 1
    middle = heard.pcm[1000:7000, 0]
    assert dbm0_of(middle) == pytest.approx(dbm0_of(8192 * np.sin(np.arange(8000) / 8)), abs=0.1)


def test_both_sides_of_a_stereo_file(tmp_path: Path) -> None:
    both = np.stack([TONE / 32768, 0 * TONE], axis=1)
    soundfile.write(tmp_path / "x.wav", both, 8000, subtype="PCM_24")
    heard = sound.read(tmp_path / "x.wav")
    assert heard.sides == ("left", "right")
    assert [side for side, level, _ in heard.levels() if level > -50] == ["left"]
    soundfile.write(tmp_path / "x.wav", np.zeros((80, 3)), 8000)
    assert sound.read(tmp_path / "x.wav").sides == ("1", "2", "3")


GOOD = wav.octets(TONE, "alaw")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"RI", "not a WAV file: it begins with 'RI'"),
        (b"\0" * 100, "not a WAV file: it begins with 00 00"),
        (GOOD[:12], "cut short: it ends at octet 12 without a data chunk"),
        (GOOD[:30], "cut short in chunk 'fmt ' at octet 20: 18 octets are promised, 10 are there"),
        (GOOD[:-10], f"cut short at octet {len(GOOD) - 10}: the sound is 800 octets"),
        (GOOD[:12] + GOOD[50:], "comes before any fmt chunk"),
        (wav.octets(TONE[:0], "alaw"), "holds no sound"),
        (GOOD.replace(b"\x40\x1f\0\0", b"\x10\x00\0\0", 1), "sample rate 16 Hz; 4000 to 192000"),
        (GOOD.replace(b"\x06\0", b"\x77\x77", 1), "no WAV that can be decoded"),
    ],
)
def test_a_faulty_file_is_told_with_what_and_where(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(sound.NotHeard) as told:
        sound.read(path)
    assert says in str(told.value)
    assert str(path) in str(told.value)


def test_samples_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    values = np.zeros(100, dtype=np.float32)
    values[7] = np.nan
    soundfile.write(tmp_path / "x.wav", values, 8000, subtype="FLOAT")
    with pytest.raises(sound.NotHeard, match="sample 7 is no number"):
        sound.read(tmp_path / "x.wav")


def test_more_channels_than_a_line_has(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((8, 33)), 8000)
    with pytest.raises(sound.NotHeard, match="33 channels; up to 32"):
        sound.read(tmp_path / "x.wav")


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(GOOD[:200])
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    path = _file(tmp_path, bytes(content[: data.draw(st.integers(0, 200))]))
    try:
        heard = sound.read(path)
    except sound.NotHeard as told:
        assert str(path) in str(told)
    else:
        assert np.isfinite(heard.pcm).all()
