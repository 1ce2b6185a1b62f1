"""Variants as data: sound as shipped, and what is wrong with one is named."""

from __future__ import annotations

import pytest

from drivers.cause import Cause
from drivers.signalling.mfcr2.variant import (
    ANSWERS,
    REFUSALS,
    R2Settings,
    _read,
    load,
    make,
    names,
    problems,
)
from tests.drivers.mfcr2.pair import VARIANTS


def test_the_five_variants_are_there_and_sound() -> None:
    assert names() == list(VARIANTS)
    for name in names():
        assert problems(load(name)) == []


def test_an_unknown_variant_names_the_known() -> None:
    with pytest.raises(ValueError, match="'xx'; there are itu, cn, ar, br, mx"):
        load("xx")


def test_what_the_facts_say() -> None:
    itu, cn, ar, br, mx = map(load, VARIANTS)
    assert (itu.cd, cn.cd) == (0b01, 0b11)
    assert (itu.end_of_dnis, cn.end_of_dnis, mx.end_of_dnis) == (15, 0, 0)
    assert [v.end_of_ani for v in (itu, cn, ar, br, mx)] == [15, 15, 12, 15, 15]
    assert [v.ani_restricted for v in (itu, cn, ar, br, mx)] == [12, 0, 15, 12, 15]
    assert (itu.signal("dnis", "category"), cn.signal("dnis", "category")) == (5, 6)
    assert (mx.signal("ani", "ani"), mx.signal("ani", "next_dnis")) == (1, 5)
    assert ar.timers.reanswer_ms == 400 and itu.timers.reanswer_ms == 0
    assert br.collect == 8 and cn.forced_release and not itu.forced_release
    assert max(*cn.dnis, *cn.ani, *(s for t in cn.answers for s in t.signals)) <= 6


@pytest.mark.parametrize("name", VARIANTS)
def test_every_refusal_has_a_signal_that_says_why(name: str) -> None:
    variant = load(name)
    for category in range(16):
        answers = variant.answers_for(category)
        assert ANSWERS[answers[variant.free(category, True)]] == 0
        assert ANSWERS[answers[variant.free(category, False)]] == 0
        for cause in (*REFUSALS, 34, 42, 127, 88):
            assert ANSWERS[answers[variant.refusal(category, cause)]] > 0
        assert ANSWERS[answers[variant.refusal(category, 17)]] == Cause.USER_BUSY


def test_chinas_busy_depends_on_kd() -> None:
    cn = load("cn")
    assert cn.answers_for(3)[4] == "busy_or_congestion"
    assert cn.answers_for(2)[4] == "congestion"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dnis": {"1": "next_dnis"}}, "dnis: no group_b"),
        ({"dnis": {"1": "nonsense"}}, "nonsense is no request"),
        ({"answers": [{"signals": {"6": "free_charge", "3": "maybe"}}]}, "maybe is no answer"),
        ({"answers": [{"signals": {"6": "free_charge"}}]}, "neither free nor busy"),
        ({"china_backward": True}, "backward signal 7 cannot be heard"),
        ({"ani_when": "often"}, "ani_when is 'often'"),
    ],
)
def test_what_is_wrong_with_a_variant_is_named(change: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make("test", _read()["itu"] | change)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"variant": "no"}, "no R2 variant"),
        ({"ani": "often"}, "early, late, never"),
        ({"dnis_length": 40}, "dnis_length is 40"),
        ({"category": 16}, "category is 16"),
        ({"timers": {"nap_ms": 1}}, "no R2 timer is called 'nap_ms'"),
        ({"timers": {"seize_ack_ms": -1}}, "seize_ack_ms is -1"),
    ],
)
def test_settings_that_cannot_be(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        R2Settings(**wrong)


def test_settings_are_filled_in_from_the_variant() -> None:
    variant, filled, timers = R2Settings(variant="cn", timers={"interdigit_ms": 4000}).resolve()
    assert (filled.ani, filled.ani_after, filled.category, filled.ka) == ("early", 1, 3, 1)
    assert filled.forced_release is True
    assert (timers.interdigit_ms, timers.pulse_ms) == (4000, variant.timers.pulse_ms)
    assert R2Settings(variant="cn", forced_release=False).resolve()[1].forced_release is False
