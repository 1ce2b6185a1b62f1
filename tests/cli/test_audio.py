"""`mediaserver audio`: from the command line to the file and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

MAKERS = [
    ("dtmf", "0123456789*#"),
    ("plan", "cn", "busy"),
    ("plan", "us", "dial", "--level", "-20", "--seconds", "3"),
    ("mfr2", "1", "2", "--backward"),
    ("cng",),
    ("ced", "--reversals"),
    ("ansam", "--no-reversals"),
    ("callerid", "--number", "13800000001", "--name", "Wang Li"),
    ("sine", "440"),
    ("milliwatt", "--hz", "1020"),
    ("sweep", "--from", "200", "--to", "3800"),
    ("noise", "--band"),
    ("silence",),
]


@pytest.mark.parametrize("words", MAKERS, ids=" ".join)
@pytest.mark.parametrize("law", ["alaw", "ulaw", "pcm"])
def test_every_tone_is_made_and_heard(
    invoke: Invoke, tmp_path: Path, words: tuple[str, ...], law: str
) -> None:
    made = invoke("audio", "tone", *words, "-o", "x.wav", "--law", law)
    assert made.exit_code == 0, made.output
    assert made.output.startswith("x.wav: ")
    heard = invoke("audio", "decode", "x.wav", "--mfr2", "--json")
    assert heard.exit_code == 0, heard.output
    data = json.loads(heard.output)
    assert set(data) == {"file", "rate", "encoding", "seconds", "sides", "heard"}
    assert bool(data["heard"]) is (words != ("silence",))


def test_the_table_tells_keys_and_times(invoke: Invoke) -> None:
    invoke("audio", "tone", "dtmf", "4711#", "-o", "keys.wav", "--before", "1.5")
    output = invoke("audio", "decode", "keys.wav").output
    assert "keys 4711#" in output
    assert "0:01.50" in output
    assert "ALAW, 8000 Hz" in output


def test_nothing_heard_is_said(invoke: Invoke) -> None:
    invoke("audio", "tone", "silence", "-o", "x.wav")
    result = invoke("audio", "decode", "x.wav")
    assert result.exit_code == 0
    assert "Nothing is heard" in result.output


def test_a_file_is_replaced_by_force_only(invoke: Invoke) -> None:
    words = ("audio", "tone", "silence", "-o", "x.wav", "--seconds", "1")
    assert invoke(*words).exit_code == 0
    again = invoke(*words)
    assert again.exit_code == 1
    assert "x.wav is there already" in again.output
    assert "--force" in again.output
    assert invoke(*words, "--force").exit_code == 0


def test_the_doctor_says_what_ails_a_recording(invoke: Invoke) -> None:
    invoke("audio", "tone", "sine", "1000", "--level", "-4", "-o", "x.wav", "--after", "2")
    result = invoke("audio", "doctor", "x.wav")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "-4.0 dBm0 while it sounds: loud → lower it by 15 dB" in words
    data = json.loads(invoke("audio", "doctor", "x.wav", "--json").output)
    whats = {"level", "noise", "hum", "clipping", "offset", "clicks"}
    assert {remark["what"] for remark in data} == whats
    invoke("audio", "tone", "sine", "1000", "--level", "-15", "-o", "y.wav")
    assert invoke("audio", "doctor", "y.wav").exit_code == 0


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["decode", "none.wav"], 1, "none.wav: No such file"),
        (["decode", "."], 2, "directory"),
        (["decode", "bad.wav"], 2, "not a WAV file"),
        (["doctor", "bad.wav"], 2, "not a WAV file"),
        (["decode", "x.wav", "--plan", "xx"], 2, "there are cn"),
        (["tone", "plan", "cn", "?", "-o", "y.wav"], 2, "it has busy"),
        (["tone", "dtmf", "1"], 2, "--output"),
        (["tone", "sine", "x", "-o", "y.wav"], 2, "float"),
        (["tone", "sine", "1000", "-o", "no/y.wav"], 1, "no/y.wav: No such file"),
        (["tone", "noise", "--level", "0", "-o", "y.wav"], 2, "clipped"),
    ],
)
def test_faults_are_told(invoke: Invoke, args: list[str], code: int, says: str) -> None:
    Path("bad.wav").write_bytes(b"GIF89a" * 20)
    invoke("audio", "tone", "silence", "-o", "x.wav", "--seconds", "1")
    result = invoke("audio", *args)
    assert result.exit_code == code, result.output
    assert says in " ".join(result.output.split())
    assert not Path("y.wav").exists(), result.output
