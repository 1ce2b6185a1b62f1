"""Everything the tone maker makes is heard in it, at the right time and level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp_ext import tone_plan
from mediaserver.audio import tones
from mediaserver.audio.hear import Heard, listen
from mediaserver.audio.sound import Pcm, Sound
from mediaserver.audio.spectrum import likeness, strongest_hz

PROMPTS = Path("/usr/share/asterisk/sounds")


def _sound(*sides: Pcm) -> Sound:
    length = max(map(len, sides))
    pcm = np.stack([np.pad(side, (0, length - len(side))) for side in sides], axis=1)
    names = ("",) if len(sides) == 1 else ("left", "right")
    return Sound("x.wav", np.ascontiguousarray(pcm), names, 8000, "PCM_16")


def _line(samples: Pcm) -> Pcm:
    """With a second before it, and a line's noise."""
    framed = tones.framed(samples, before_s=1, after_s=1)
    return framed + tones.noise(seconds=len(framed) / 8000, level_dbm0=-60)[: len(framed)]


def _heard(samples: Pcm, plan: str = "cn", *, mfr2: bool = False) -> list[Heard]:
    return listen(_sound(_line(samples)), plan, mfr2=mfr2)


def test_keys_as_a_string_and_one_by_one() -> None:
    string, *keys = _heard(tones.dtmf("159D#", level_dbm0=-12, twist_db=3))
    assert (string.kind, string.what) == ("keys", "159D#")
    assert [key.what for key in keys] == list("159D#")
    for number, key in enumerate(keys):
        assert key.start_s == pytest.approx(1 + 0.16 * number, abs=0.01)
        assert key.end_s - key.start_s == pytest.approx(0.08, abs=0.01)
        assert key.level_dbm0 == pytest.approx(-12 + 10 * np.log10(1 + 10**0.3), abs=0.5)
        assert "twist +3" in key.detail or "twist +2.9" in key.detail


def test_a_pause_ends_a_string_of_keys() -> None:
    pause = tones.silence(seconds=0.8)
    both = np.concatenate([tones.dtmf("12", level_dbm0=-9), pause, tones.dtmf("34", level_dbm0=-9)])
    assert [each.what for each in _heard(both) if each.kind == "keys"] == ["12", "34"]


def test_caller_id_in_dtmf_is_read() -> None:
    string = _heard(tones.dtmf("D13800000001C", level_dbm0=-9))[0]
    assert string.detail == "caller ID in DTMF: number 13800000001"


@pytest.mark.parametrize("name", ["dial", "ringback", "busy", "congestion", "special_dial"])
def test_national_tones(name: str) -> None:
    heard = _heard(tones.national("cn", name, seconds=9))
    assert [each.kind for each in heard] == ["tone"]
    words = {"ringback": "ring-back tone"}.get(name, f"{name.replace('_', ' ')} tone")
    assert heard[0].what == words
    assert heard[0].start_s == pytest.approx(1, abs=0.03)
    assert heard[0].level_dbm0 == pytest.approx(-10, abs=0.3)
    last = {"ringback": 6.0}.get(name, 9.0)
    assert heard[0].end_s == pytest.approx(1 + last, abs=0.75)


def test_tones_of_another_country() -> None:
    assert [each.what for each in _heard(tones.national("us", "busy", seconds=4), "us")] == [
        "busy tone"
    ]
    with pytest.raises(tone_plan.UnknownTone, match="there are cn"):
        listen(_sound(tones.silence(seconds=1)), "xx")


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (tones.calling(seconds=10, level_dbm0=-15), "fax calling tone (CNG)"),
        (tones.answer(seconds=3, level_dbm0=-15), "fax or modem answer tone (CED)"),
        (tones.answer(seconds=3, level_dbm0=-15, reversals=True), "modem answer"),
        (tones.answer(seconds=3, level_dbm0=-15, reversals=True, modulated=True), "modem answer"),
    ],
)
def test_fax_and_modem(samples: Pcm, says: str) -> None:
    (heard,) = _heard(samples)
    assert heard.kind == "fax"
    assert heard.what.startswith(says)


@pytest.mark.parametrize(("modem", "name"), [("bell202", "Bell 202"), ("v23", "V.23")])
@pytest.mark.parametrize("called", [True, False])
def test_caller_id_and_its_modem(modem: str, name: str, called: bool) -> None:
    message = tones.caller_message("13800000001", "Wang Li", "11271030")
    (heard,) = _heard(tones.caller(message, modem=modem, level_dbm0=-16, called=called))
    assert heard.kind == "caller-id"
    assert heard.what == "number 13800000001, name Wang Li, time 11-27 10:30"
    assert heard.detail.startswith(name)
    assert heard.start_s == pytest.approx(1, abs=0.05)
    assert heard.level_dbm0 == pytest.approx(-16, abs=1)


def test_a_message_without_a_number_says_why() -> None:
    message = tones.caller_message(None, None, "11271030")
    assert _heard(tones.caller(message, level_dbm0=-16))[0].what.startswith("number not available")


def test_register_signals_only_where_they_are_asked_for() -> None:
    forward = tones.registers([1, 7, 15], level_dbm0=-11)
    backward = tones.registers([2, 6], backward=True, china=True, level_dbm0=-11)
    both = np.concatenate([forward, backward])
    heard = _heard(both, mfr2=True)
    words = [each.what for each in heard if each.kind == "mfr2"]
    assert words == ["forward 1", "forward 7", "forward 15", "backward 2", "backward 6"]
    assert heard[0].start_s == pytest.approx(1, abs=0.01)
    assert "mfr2" not in {each.kind for each in _heard(both)}


def test_each_side_is_told_apart() -> None:
    heard = listen(_sound(tones.dtmf("7", level_dbm0=-9), tones.dtmf("8", level_dbm0=-9)))
    assert {(each.side, each.what) for each in heard} == {("left", "7"), ("right", "8")}


@pytest.mark.skipif(not PROMPTS.exists(), reason="no recorded speech is installed")
def test_speech_is_voice_and_nothing_else() -> None:
    path = next(PROMPTS.glob("en_US*/vm-intro.wav"))
    samples, _ = soundfile.read(path, dtype="int16")
    heard = listen(_sound(samples.astype(np.float32)), mfr2=True)
    assert {each.kind for each in heard} == {"voice"}
    assert sum(each.end_s - each.start_s for each in heard) > 3


def test_silence_and_a_single_sample_hold_nothing() -> None:
    assert listen(_sound(tones.silence(seconds=5)), mfr2=True) == []
    assert listen(_sound(np.ones(1, dtype=np.float32)), mfr2=True) == []
    assert listen(_sound(tones.noise(seconds=5, level_dbm0=-55)), mfr2=True) == []


def test_what_is_none_of_it_is_described() -> None:
    (sine,) = _heard(tones.sine(1004, seconds=2, level_dbm0=0))
    assert (sine.kind, sine.what) == ("sound", "tone of 1004 Hz")
    assert sine.level_dbm0 == pytest.approx(0, abs=0.1)
    (noise,) = _heard(tones.noise(seconds=2, level_dbm0=-20))
    assert noise.what == "noise"
    (swept,) = _heard(tones.sweep(300, 3400, seconds=3, level_dbm0=-10))
    assert swept.what == "sound"


def test_a_frequency_is_found_between_the_bins() -> None:
    for hz in (300.3, 1004.0, 1020.5, 3399.7):
        samples = tones.sine(hz, seconds=1, level_dbm0=-20)
        assert strongest_hz(samples) == pytest.approx(hz, abs=0.1)
    assert strongest_hz(np.zeros(100, dtype=np.float32)) == 0
    assert likeness(np.zeros(100, dtype=np.float32)) == "sound"


def test_levels_are_those_of_the_file() -> None:
    ((_, level, peak),) = _sound(tones.sine(1000, seconds=1, level_dbm0=-7)).levels()
    assert (level, peak) == (pytest.approx(-7, abs=0.01), pytest.approx(-7, abs=0.01))
