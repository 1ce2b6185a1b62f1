"""What is said as data, and put into words in one language or another."""

from __future__ import annotations

import json
import re

import pytest

from drivers.said import Said
from mediaserver.linedoctor.g826 import Totals
from mediaserver.linedoctor.say import say, together, words
from mediaserver.linedoctor.verdict import Verdict
from mediaserver.linedoctor.words import of_channel, of_span

PLACE = re.compile(r"(%\(\w+\)[^a-z]*[a-z])")


def test_what_went_over_a_wire_says_the_same() -> None:
    both = say("bert.both", there=together(parts()), back=say("bert.nothing"))
    data = json.loads(json.dumps(both.as_data()))
    assert words(data) == str(both)
    assert str(both).startswith("there: 5 of 800 bits wrong, 6.3e-03; 2 slips, -3 octets together")
    assert "; back: nothing comes back: the channel is not looped" in str(both)


def parts() -> list[Said]:
    return [
        say("bert.errors", errors=5, bits=800, rate=5 / 800),
        say("bert.slips", slips=2, octets=-3),
    ]


def test_a_language_puts_every_part_into_its_words() -> None:
    said = say("of", what=say("what.noise"), text=say("floor", level=say("silence")))
    assert words(said.as_data(), _loud) == "NOISE: SILENCE WHEN NOBODY SPEAKS"


def _loud(text: str) -> str:
    """English shouted, its places left as they are."""
    return "".join(part if part.startswith("%(") else part.upper() for part in PLACE.split(text))


def test_what_cannot_be_said_is_noticed_at_once() -> None:
    with pytest.raises(KeyError):
        say("no.such.sentence")
    with pytest.raises(KeyError):
        say("slips")


def test_nothing_together_is_nothing_and_one_is_itself() -> None:
    assert together([None, None]) is None and words(None) == ""
    assert together([None, say("silence")]) == say("silence")


def test_findings_and_verdicts_carry_code_values_and_english() -> None:
    totals = Totals(seconds=100, es=50, ses=1, slips=3, lost_ms=7)
    alarm, unavailable, errors, slips, gaps = of_span({"alarms": ["red"]}, totals, available=False)
    assert alarm.as_data()["said"] == {"code": "alarm.red", "values": {}}
    assert slips.as_data()["said"] == {"code": "slips", "values": {"slips": 3}}
    assert slips.as_data()["text"] == "3: the two ends are not on one clock"
    assert errors.as_data()["text"].startswith("50 errored and 1 severely errored of 100 usable")
    assert "50 % and 1 %; G.826 allows 4 % and 0.2 %" in errors.as_data()["text"]
    assert unavailable.as_data()["advice"]["code"] == "errors.unavailable.do"
    assert gaps.as_data()["said"]["values"] == {"lost_ms": 7, "lost_out_ms": 0}
    (strange,) = of_span({"alarms": ["los"]}, Totals(), available=True)
    assert str(strange.said) == "los: alarm"
    figures = {"in_dbm0": -3.0, "noise_dbm0": -90.0, "echo": None}
    loud, quiet, _echo = of_channel(figures)
    assert str(loud.said) == "-3 dBm0 received: loud, it may be cut off"
    assert str(quiet.said) == "silence when nobody speaks" and quiet.advice is None
    plain = Verdict("hum", "ok", say("hum.none")).as_data()
    assert plain["todo"] == "" and plain["advice"] is None
