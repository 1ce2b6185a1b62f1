"""Test tones are what they say: frequency, level, cadence; and what cannot be is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dsp_ext import fsk, mfr2
from dsp_ext.units import dbm0_of
from mediaserver.audio import tones, wav
from mediaserver.audio.sound import Pcm
from mediaserver.audio.spectrum import strongest_hz


def test_a_sine_has_its_level_and_frequency() -> None:
    samples = tones.sine(1020, seconds=2, level_dbm0=0)
    assert dbm0_of(samples) == pytest.approx(0, abs=0.01)
    assert strongest_hz(samples) == pytest.approx(1020, abs=0.1)


def test_a_sweep_spends_the_same_time_on_each_octave() -> None:
    samples = tones.sweep(400, 3200, seconds=6, level_dbm0=-10)
    for octave in range(3):
        middle = (octave + 0.5) * 2
        part = samples[int((middle - 0.02) * 8000) : int((middle + 0.02) * 8000)]
        assert strongest_hz(part) == pytest.approx(400 * 2 ** (octave + 0.5), rel=0.03)
    assert strongest_hz(tones.sweep(500, 500, seconds=1, level_dbm0=-10)) == pytest.approx(500)
    assert strongest_hz(tones.sweep(3000, 300, seconds=4, level_dbm0=-10)[-400:]) < 330


def test_reversals_turn_the_phase_each_450_ms() -> None:
    plain = tones.answer(seconds=2, level_dbm0=-12)
    turned = tones.answer(seconds=2, level_dbm0=-12, reversals=True)
    ratio = np.sign(plain * turned)[np.abs(plain) > 1]
    edges = np.flatnonzero(np.diff(ratio))
    assert len(edges) == 4
    same = np.abs(turned - plain) < 1
    assert same[:3600].all() and not same[3601:7200].all()


def test_ansam_swells_by_a_fifth_fifteen_times_a_second() -> None:
    samples = tones.answer(seconds=2, level_dbm0=-12, modulated=True)
    envelope = np.abs(samples[: 8000 // 2100 * 2100 * 2]).reshape(-1, 40).max(axis=1)
    assert envelope.max() / envelope.min() == pytest.approx(1.2 / 0.8, rel=0.1)


def test_cng_is_half_a_second_in_three_and_a_half() -> None:
    samples = tones.calling(seconds=7, level_dbm0=-10)
    on = np.abs(samples.reshape(-1, 80)).max(axis=1) > 100
    assert on.sum() == 100
    assert on[:50].all() and on[350:400].all()


@pytest.mark.parametrize("band", [False, True])
def test_noise_has_exactly_its_level_and_is_repeatable(band: bool) -> None:
    samples = tones.noise(seconds=1, level_dbm0=-20, band=band)
    assert dbm0_of(samples) == pytest.approx(-20, abs=0.001)
    assert np.array_equal(samples, tones.noise(seconds=1, level_dbm0=-20, band=band))
    assert not np.array_equal(samples, tones.noise(seconds=1, level_dbm0=-20, band=band, seed=2))
    spectrum = np.abs(np.fft.rfft(samples))
    outside = spectrum[:290].max()
    assert bool(outside < spectrum.mean() / 100) is band


def test_long_strings_of_keys() -> None:
    from dsp_ext import dtmf

    keys = "0123456789*#ABCD" * 5
    assert dtmf.decode(tones.dtmf(keys, level_dbm0=-9)) == keys


def test_register_signals_and_messages_are_read_by_the_kernels() -> None:
    signals = [1, 2, 6]
    made = tones.registers(signals, backward=True, china=True, level_dbm0=-11)
    assert mfr2.decode(made, "backward", china=True) == signals
    message = tones.caller_message("12345", "A", None)
    (got,) = fsk.receive(tones.caller(message, level_dbm0=-13))
    assert got.octets == message
    single = tones.caller_message("12345", None, "01020304", single=True)
    assert fsk.receive(tones.caller(single, level_dbm0=-13))[0].caller.number == "12345"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tones.sine(4000, seconds=1, level_dbm0=-9), "1 to 3999"),
        (lambda: tones.sine(1000, seconds=0, level_dbm0=-9), "more than 0"),
        (lambda: tones.sine(1000, seconds=1e9, level_dbm0=-9), "up to 3600"),
        (lambda: tones.sine(1000, seconds=1, level_dbm0=4), "3.14 are possible"),
        (lambda: tones.sine(1000, seconds=1, level_dbm0=float("nan")), "are possible"),
        (lambda: tones.noise(seconds=1, level_dbm0=0), "clipped"),
        (lambda: tones.dtmf("12x", level_dbm0=-9), "0-9 * # A-D"),
        (lambda: tones.dtmf("", level_dbm0=-9), "no keys"),
        (lambda: tones.dtmf("1", level_dbm0=2), "clipped"),
        (lambda: tones.dtmf("1", level_dbm0=-9, on_ms=0), "more than 0"),
        (lambda: tones.national("xx", "busy", seconds=1), "there are cn"),
        (lambda: tones.national("cn", "busi", seconds=1), "it has busy"),
        (lambda: tones.registers([16], level_dbm0=-11), "1 to 15"),
        (lambda: tones.registers([7], backward=True, china=True, level_dbm0=-11), "1 to 6"),
        (lambda: tones.caller_message("1", "名", None) and None, "Latin-1"),
        (lambda: tones.caller_message("1", None, "9999"), "MMDDHHMM"),
        (lambda: tones.framed(tones.silence(seconds=1), before_s=-1, after_s=0), "0 to"),
    ],
)
def test_what_cannot_be_made_is_told(make: Callable[[], Pcm], says: str) -> None:
    with pytest.raises(tones.NoTone, match=says.replace("*", r"\*")):
        make()


def test_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_text("kept")
    with pytest.raises(wav.Exists):
        wav.write(path, tones.silence(seconds=1), "alaw")
    assert path.read_text() == "kept"
    wav.write(path, tones.silence(seconds=1), "alaw", replace=True)
    assert path.read_bytes()[:4] == b"RIFF"
    assert list(tmp_path.iterdir()) == [path]
