"""What ails a recording is found, and nothing where nothing does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp_ext import g711
from dsp_ext.units import peak
from mediaserver.audio import tones
from mediaserver.audio.examine import Remark, clicks, examine
from mediaserver.audio.sound import Pcm, Sound

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
spoken = pytest.mark.skipif(not PROMPTS.exists(), reason="no recorded speech is installed")


def _coded(samples: np.ndarray) -> Pcm:
    pcm = np.clip(samples, -32768, 32767).astype(np.float32)[:, np.newaxis]
    return g711.decode(g711.encode(pcm))[:, 0]


def _speech(name: str, seconds: float, level_db: float = -6.0) -> Pcm:
    """A prompt, again and again with pauses, in a line's noise."""
    samples, _ = soundfile.read(PROMPTS / name, dtype="int16")
    part = np.concatenate([samples.astype(np.float32), np.zeros(8000, np.float32)])
    out = np.resize(part, int(seconds * 8000)) * 10 ** (level_db / 20)
    noise = np.random.default_rng(1).normal(0, peak(-65) / np.sqrt(2), len(out))
    return _coded(out + noise)


def _remarks(*sides: Pcm) -> dict[tuple[str, str], Remark]:
    names = ("",) if len(sides) == 1 else ("left", "right")
    pcm = np.ascontiguousarray(np.stack(sides, axis=1))
    found = examine(Sound("x.wav", pcm, names, 8000, "ALAW"))
    return {(remark.what, remark.side): remark for remark in found}


@spoken
def test_nothing_ails_good_speech() -> None:
    found = _remarks(_speech("vm-intro.wav", 20))
    assert {remark.state for remark in found.values()} == {"ok"}, found


@spoken
@pytest.mark.parametrize(("level_db", "says"), [(-24, "raise it by"), (7, "lower it by")])
def test_quiet_and_loud_speech(level_db: float, says: str) -> None:
    remark = _remarks(_speech("vm-intro.wav", 12, level_db))["level", ""]
    assert remark.state == "warn"
    assert remark.todo.startswith(says)


@spoken
def test_noise_in_the_pauses() -> None:
    speech = _speech("vm-intro.wav", 20)
    noisy = speech + tones.noise(seconds=20, level_dbm0=-42)
    remark = _remarks(noisy)["noise", ""]
    assert remark.state == "warn"
    assert remark.figures["noise_dbm0"] == pytest.approx(-42, abs=2)


@spoken
@pytest.mark.parametrize("mains", [50, 60])
def test_hum_under_speech(mains: int) -> None:
    n = np.arange(20 * 8000)
    hum = sum(peak(-46) * np.sin(2 * np.pi * mains * k * n / 8000) for k in (1, 3))
    remark = _remarks(_coded(_speech("vm-intro.wav", 20) + hum))["hum", ""]
    assert remark.state == "warn"
    assert remark.figures["hum_hz"] == mains
    assert remark.figures["hum_dbm0"] == pytest.approx(-43, abs=3)


def test_clipping_offset_and_clicks() -> None:
    sine = tones.sine(430, seconds=4, level_dbm0=-10)
    assert _remarks(np.clip(3.3 * sine, -20000, 20000))["clipping", ""].state == "warn"
    assert _remarks(sine)["clipping", ""].state == "ok"
    assert _remarks(sine + 300)["offset", ""].figures["offset"] == pytest.approx(300, abs=1)
    slipped = np.concatenate([sine[k * 1600 + 4 * k : (k + 1) * 1600 + 4 * k] for k in range(19)])
    assert _remarks(slipped)["clicks", ""].state == "warn"


@spoken
def test_clicks_are_found_where_they_are_and_not_in_speech() -> None:
    speech = _speech("vm-intro.wav", 20)
    assert len(clicks(speech)) <= 2
    struck = speech.copy()
    at = [16000 * k + 53000 // 8 for k in range(1, 9)]
    quiet = [k for k in at if np.abs(speech[k - 400 : k + 400]).max() < 2000]
    struck[quiet] += 9000
    assert quiet
    found = clicks(struck)
    for place in quiet:
        assert any(abs(moment - place / 8000) < 0.001 for moment in found)


@spoken
def test_echo_its_delay_and_its_loss() -> None:
    far = _speech("vm-intro.wav", 24)
    near = _speech("vm-goodbye.wav", 24, -10)
    near[6 * 8000 :] = _coded(np.zeros(len(near) - 6 * 8000))
    echo = np.concatenate([np.zeros(240, np.float32), far[:-240]]) * 10 ** (-14 / 20)
    found = _remarks(_coded(near + echo), far)
    remark = found["echo", "right → left"]
    assert remark.state == "warn"
    assert remark.figures["delay_ms"] == pytest.approx(30, abs=1)
    assert remark.figures["erl_db"] == pytest.approx(14, abs=1.5)
    assert found["echo", "left → right"].state == "ok"


@spoken
def test_two_who_speak_by_turns_are_no_echo() -> None:
    one, other = _speech("vm-intro.wav", 16), _speech("vm-goodbye.wav", 16)
    found = _remarks(one, other)
    assert found["echo", "right → left"].state == "ok"
    assert found["echo", "left → right"].state == "ok"


@pytest.mark.parametrize("samples", [1, 79, 80, 7999, 8000])
def test_any_length_and_silence(samples: int) -> None:
    silent = np.zeros(samples, np.float32)
    found = _remarks(silent, silent)
    assert found["level", "left"].text == "nothing sounds"
    assert np.isfinite([v for r in found.values() for v in r.figures.values()]).all()
