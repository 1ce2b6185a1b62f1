"""Prompts by name, what they are made of, and what is said when they cannot be had."""

from __future__ import annotations

import asyncio
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from mediaserver.media import prompts as module
from mediaserver.media import speech, wavfile
from mediaserver.media.errors import PromptBroken, PromptError, PromptMissing
from mediaserver.media.prompts import Prompts
from tests.media.world import run, sine

needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="needs espeak-ng")


@dataclass
class Settings:
    directories: tuple[Path, ...]
    music: Path
    voice: str = "en"


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A directory of prompts: beep, and the digits' words, each of its own length."""
    root = tmp_path / "sounds"
    (root / "digits").mkdir(parents=True)
    soundfile.write(root / "beep.wav", sine(440, 100), 8000)
    names = [*map(str, range(21)), *map(str, range(30, 100, 10))]
    names += ["hundred", "thousand", "million", "minus", "star", "pound"]
    for length, name in enumerate(names, start=10):
        soundfile.write(root / "digits" / f"{name}.wav", np.full(length, length, np.int16), 8000)
    return root


@pytest.fixture
def prompts(sounds: Path, tmp_path: Path) -> Prompts:
    other = tmp_path / "other"
    other.mkdir()
    return Prompts(Settings((other, sounds), tmp_path / "moh"), tmp_path / "cache")


def words(prompts: Prompts, name: str) -> list[str]:
    """Which words a prompt is made of, by the mark each carries."""
    marks = {
        int(soundfile.read(path, dtype="int16")[0][0]): path.stem
        for path in (prompts._directories[1] / "digits").glob("*.wav")
    }
    samples, said = prompts.get(name).samples, []
    at = 0
    while at < len(samples):
        said.append(marks[int(samples[at])])
        at += int(samples[at])
    return said


def test_the_first_directory_that_has_it_counts(prompts: Prompts, tmp_path: Path) -> None:
    assert prompts.get("beep").duration_ms == 100
    soundfile.write(tmp_path / "other" / "beep.wav", sine(440, 200), 8000)
    assert prompts.get("beep").duration_ms == 100  # still in memory
    prompts.forget()
    assert prompts.get("beep").duration_ms == 200
    assert prompts.get("beep.wav").duration_ms == 200
    assert prompts.get(str(tmp_path / "sounds" / "beep.wav")).duration_ms == 100


def test_an_ordinary_file_is_heard_as_it_is(prompts: Prompts) -> None:
    assert np.array_equal(prompts.get("beep").samples, sine(440, 100))
    with pytest.raises(ValueError):
        prompts.get("beep").samples[0] = 1  # shared by all callers


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_any_rate_keeps_pitch_length_and_level(rate: int, channels: int, tmp_path: Path) -> None:
    tone = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    file = tmp_path / "tone.wav"
    soundfile.write(file, np.stack([tone] * channels, axis=1), rate, subtype="FLOAT")
    pcm = wavfile.decode(file.read_bytes(), "tone").astype(float)
    assert len(pcm) == 8000
    middle = pcm[1000:7000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 8000 / len(middle) == pytest.approx(1000, abs=2)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.25 / np.sqrt(2) * 32768, rel=0.01)


def test_nothing_above_4_khz_folds_into_speech(tmp_path: Path) -> None:
    file = tmp_path / "high.wav"
    soundfile.write(file, 0.5 * np.sin(2 * np.pi * 6000 * np.arange(48_000) / 48_000), 48_000)
    pcm = wavfile.decode(file.read_bytes(), "high").astype(float)
    assert np.sqrt(np.mean(pcm[500:-500] ** 2)) < 0.5 * 32768 * 10 ** (-50 / 20)


def test_what_was_resampled_once_is_taken_from_the_cache(prompts: Prompts, tmp_path: Path) -> None:
    file = tmp_path / "other" / "wide.wav"
    soundfile.write(file, 0.1 * np.ones(48_000), 48_000)
    first = prompts.get("wide").samples
    assert prompts.cache.made == 1
    prompts.forget()
    assert np.array_equal(prompts.get("wide").samples, first)
    assert prompts.cache.made == 1
    soundfile.write(file, 0.2 * np.ones(48_000), 48_000)
    prompts.forget()
    assert not np.array_equal(prompts.get("wide").samples, first)
    assert prompts.cache.made == 2


def test_a_spoilt_cache_is_made_anew(prompts: Prompts, tmp_path: Path) -> None:
    before = prompts.get("beep").samples
    for spoilt in (b"", b"\x93NUMPY rubbish", b"x" * 1000):
        for kept in (tmp_path / "cache").iterdir():
            kept.write_bytes(spoilt)
        prompts.forget()
        assert np.array_equal(prompts.get("beep").samples, before)
    for kept in (tmp_path / "cache").iterdir():
        np.save(kept.open("wb"), np.zeros(3))
    prompts.forget()
    assert np.array_equal(prompts.get("beep").samples, before)


def test_without_a_cache_prompts_are_heard_all_the_same(sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    settings = Settings((sounds,), tmp_path)
    assert Prompts(settings, tmp_path / "file" / "cache").get("beep").duration_ms == 100


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("number:0", "0"),
        ("number:7", "7"),
        ("number:20", "20"),
        ("number:21", "20 1"),
        ("number:100", "1 hundred"),
        ("number:317", "3 hundred 17"),
        ("number:1000", "1 thousand"),
        ("number:20042", "20 thousand 40 2"),
        ("number:999999999", "9 hundred 90 9 million 9 hundred 90 9 thousand 9 hundred 90 9"),
        ("number:-5", "minus 5"),
        ("digits:10*#", "1 0 star pound"),
    ],
)
def test_numbers_and_digits(prompts: Prompts, name: str, said: str) -> None:
    assert words(prompts, name) == said.split()


def test_number_by_its_value(prompts: Prompts) -> None:
    assert prompts.number(17).duration_ms == prompts.get("number:17", "en").duration_ms


@pytest.mark.parametrize(
    "name", ["number:", "number:x", "number:1000000000", "digits:", "digits:1a"]
)
def test_what_cannot_be_said(prompts: Prompts, name: str) -> None:
    with pytest.raises(PromptError, match=name):
        prompts.get(name)


def test_a_missing_prompt_says_where_it_was_sought(prompts: Prompts, sounds: Path) -> None:
    with pytest.raises(PromptMissing) as caught:
        prompts.get("nowhere")
    assert caught.value.name == "nowhere"
    assert str(sounds) in str(caught.value) and str(sounds) in caught.value.looked
    with pytest.raises(PromptMissing, match="/no/such"):
        prompts.get("/no/such")


@pytest.mark.parametrize("name", ["../sounds/beep", "digits/../../sounds/beep", "", "a\0b"])
def test_names_do_not_lead_out_of_the_directories(prompts: Prompts, name: str) -> None:
    with pytest.raises(PromptMissing):
        prompts.get(name)


def whole_wav(samples: int = 800) -> bytes:
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt
    body += b"data" + struct.pack("<I", 2 * samples) + b"\1\0" * samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"OggS" + b"\0" * 100, "not a WAV"),
        (whole_wav()[:500], "cut short"),
        (whole_wav()[:30], "cut short"),
        (whole_wav(0), "0 samples"),
        (whole_wav()[:20] + b"\xff\xff" + whole_wav()[22:], "not a WAV this library can read"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(
    prompts: Prompts, tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "other" / "wrong.wav"
    file.write_bytes(content)
    with pytest.raises(PromptBroken, match=reason) as caught:
        prompts.get("wrong")
    assert caught.value.file == str(file) and str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("rate", "shape", "reason"),
    [
        (8000, (8_000_001,), "1000 s long; at most 600"),
        (96_000, (100,), "96000 Hz"),
        (4000, (100,), "4000 Hz"),
        (8000, (100, 3), "3 channels"),
    ],
)
def test_a_file_out_of_bounds_is_refused(
    tmp_path: Path, rate: int, shape: tuple[int, ...], reason: str
) -> None:
    file = tmp_path / "odd.wav"
    soundfile.write(file, np.zeros(shape, np.int16), rate, subtype="PCM_U8")
    with pytest.raises(PromptBroken, match=reason):
        wavfile.decode(file.read_bytes(), str(file))


def test_a_loud_file_clips_and_does_not_wrap(tmp_path: Path) -> None:
    file = tmp_path / "loud.wav"
    soundfile.write(file, np.array([2.0, -2.0, 1.0, -1.0] * 50), 8000, subtype="FLOAT")
    samples = wavfile.decode(file.read_bytes(), "loud")
    assert set(samples.tolist()) == {32767, -32768}


def test_memory_is_bounded(prompts: Prompts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY", 4 * sine(440, 100).nbytes)
    for n in range(20):
        prompts.get(f"number:{n}")
        prompts.get("beep")
        assert sum(p.samples.nbytes for p in prompts._memory.values()) == prompts._octets
        assert prompts._octets <= module.MEMORY
    assert ("beep", "") in prompts._memory


def test_loading_does_not_hold_up_the_loop_and_memory_needs_no_thread(prompts: Prompts) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert (await prompts.load("beep")).duration_ms == 100
        assert loop.time() == 0  # virtual time stood still meanwhile
        await loop.shutdown_default_executor()
        assert (await prompts.load("beep")).duration_ms == 100

    run(story)


# ---- speech


@needs_espeak
def test_speech_is_made_once(prompts: Prompts) -> None:
    spoken = prompts.get("say:Good morning; $(reboot) `id`")
    assert 500 < spoken.duration_ms < 10_000
    prompts.forget()
    assert np.array_equal(prompts.get(spoken.name).samples, spoken.samples)
    assert prompts.cache.made == 1


@needs_espeak
def test_chinese_is_spoken_in_mandarin(prompts: Prompts) -> None:
    assert speech.voice_for("你好", "en") == "cmn"
    assert speech.voice_for("hello", "en-gb") == "en-gb"
    assert speech.voice_for("你好", "yue") == "yue"
    assert prompts.number(17, "zh").duration_ms > 200
    assert prompts.get("say:您好", "zh").duration_ms > 200


@needs_espeak
def test_an_unknown_voice_is_told() -> None:
    with pytest.raises(PromptError, match="espeak-ng -v nosuchvoice failed"):
        speech.speak("hello", "nosuchvoice")


def test_without_the_program_the_package_is_named() -> None:
    with pytest.raises(PromptMissing, match="Debian package espeak-ng"):
        speech.speak("hello", "en", program="espeak-not-there")


@pytest.mark.parametrize(("text", "voice"), [("", "en"), ("x" * 1001, "en"), ("hi", "--help")])
def test_speech_has_bounds(text: str, voice: str) -> None:
    with pytest.raises(PromptError):
        speech.speak(text, voice)


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "TIMEOUT_S", 0.05)
    program = tmp_path / "hangs"
    program.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    with pytest.raises(PromptError, match="took more than"):
        speech.speak("hello", "en", program=str(program))


@given(at=st.integers(0, 60), new=st.binary(min_size=1, max_size=8), cut=st.integers(0, 1700))
@hypothesis.settings(max_examples=300)
def test_whatever_is_in_a_file_it_is_sound_or_named_broken(at: int, new: bytes, cut: int) -> None:
    content = bytearray(whole_wav())
    content[at : at + len(new)] = new
    try:
        samples = wavfile.decode(bytes(content[: len(content) - cut]), "mutated.wav")
    except PromptBroken as error:
        assert error.file == "mutated.wav"
    else:
        assert samples.dtype == np.int16 and 0 < len(samples) <= 600 * 8000
