"""National tone plans: all of them can be sounded, and sound as written."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import tone_plan
from dsp_ext.units import dbm0_of
from tests.dsp.signals import played

EVERY = [(c, t) for c in tone_plan.countries() for t in tone_plan.plan(c).tones]


def test_china_comes_first_among_twenty() -> None:
    assert tone_plan.countries()[0] == "cn"
    assert len(tone_plan.countries()) == 20


@pytest.mark.parametrize("country", tone_plan.countries())
def test_every_country_has_what_a_call_needs(country: str) -> None:
    plan = tone_plan.plan(country)
    assert {"dial", "ringback", "busy", "congestion"} <= set(plan.tones)
    assert len(plan.ring_cadence_ms) % 2 == 0 and all(ms > 0 for ms in plan.ring_cadence_ms)
    assert plan.name and plan.source


@pytest.mark.parametrize(("country", "name"), EVERY)
def test_every_tone_sounds_with_its_frequencies_and_level(country: str, name: str) -> None:
    segment = tone_plan.plan(country).tones[name][0]
    on_ms = segment.on_ms or 1000
    samples = played(tone_plan.program(country, name), on_ms)
    expected = segment.level_dbm0 + 10 * np.log10(len(segment.hz))
    assert dbm0_of(samples) == pytest.approx(expected, abs=1.0)
    spectrum = np.abs(np.fft.rfft(samples, 8000))
    strongest = int(spectrum.argmax())
    assert min(abs(strongest - hz) for hz in segment.hz) <= 25


def test_chinese_busy_is_450_hz_350_on_350_off() -> None:
    samples = played(tone_plan.program("cn", "busy"), 2800)
    loud = [dbm0_of(part) for part in samples.reshape(8, -1)]
    assert loud[0::2] == pytest.approx([-10.0] * 4, abs=0.05)
    assert loud[1::2] == [-99.0] * 4


@pytest.mark.parametrize("country", ["itu", "us", "uk", "de"])
def test_special_information_tone_is_played_once(country: str) -> None:
    assert tone_plan.program(country, "sit").duration_ms is not None
    assert tone_plan.program(country, "busy").repeats


def test_north_american_tones_have_levels_of_their_own() -> None:
    levels = {n: s[0].level_dbm0 for n, s in tone_plan.plan("us").tones.items()}
    assert (levels["dial"], levels["ringback"], levels["busy"]) == (-13, -19, -24)


def test_a_program_is_made_once() -> None:
    assert tone_plan.program("cn", "dial") is tone_plan.program("cn", "dial")
    assert "cn/dial" in repr(tone_plan.program("cn", "dial"))


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(tone_plan.UnknownTone, match=r"'xx'.*cn, itu"):
        tone_plan.plan("xx")
    with pytest.raises(KeyError, match=r"'engaged'.*busy"):
        tone_plan.program("cn", "engaged")
