"""Calls between two circuits of ours: five variants, both directions, every answer."""

from __future__ import annotations

import pytest

from drivers.cause import Cause
from drivers.events import (
    Connected,
    Disconnected,
    Metering,
    Released,
    Setup,
)
from drivers.signalling.mfcr2.line import LineState
from drivers.signalling.mfcr2.outputs import SendBits, SendTone
from drivers.signalling.mfcr2.variant import ANSWERS, load
from tests.drivers.mfcr2.pair import VARIANTS, Pair, signals

TALK = ["Alerting", "Connected"]
BOTH = pytest.mark.parametrize("side", ["a", "b"])
ALL = pytest.mark.parametrize("variant", VARIANTS)


def at_rest(pair: Pair) -> bool:
    return pair.idle() and pair.silent() and all(end.in_service for end in pair.ends.values())


@ALL
@BOTH
def test_a_call_is_set_up_answered_and_cleared_by_the_caller(variant: str, side: str) -> None:
    pair = Pair(variant, dnis_length=6)
    far = pair.other(side)
    ref = pair.call("668801", "13912345678", side)
    pair.run(15)
    setup = pair.of(far, Setup)[0]
    assert (setup.called.digits, setup.calling.digits) == ("668801", "13912345678")
    assert not setup.calling.withheld and setup.channel == 1
    assert setup.category == load(variant).categories[load(variant).category_out]
    assert pair.names(side) == ["Alerting"] and pair.silent()
    pair.do(far, "answer")
    pair.run(1)
    assert pair.names(side) == TALK
    pair.do(side, "release", 16)
    pair.run(1)
    assert pair.of(side, Released) == [Released(side, ref, 16)]
    assert pair.names(far) == ["Setup", "Disconnected", "Released"]
    assert at_rest(pair)


@ALL
@BOTH
def test_the_called_side_hangs_up_first(variant: str, side: str) -> None:
    pair = Pair(variant, dnis_length=6)
    far = pair.other(side)
    pair.talk(side)
    pair.do(far, "release", 16)
    pair.run(4)
    assert pair.of(side, Disconnected)[0].cause == 16
    assert pair.names(far) == ["Setup", "Released"]
    assert pair.names(side) == [*TALK, "Disconnected", "Released"]
    assert at_rest(pair)


@ALL
@BOTH
@pytest.mark.parametrize("cause", [17, 1, 34, 27, 22, 4, 21, 16, 127])
def test_a_call_is_refused_in_group_b(variant: str, side: str, cause: int) -> None:
    pair = Pair(variant, dnis_length=6)
    far = pair.other(side)
    pair.decide = lambda *_: cause
    pair.call(side=side)
    pair.run(15)
    table = load(variant)
    word = table.answers_for(table.category_out)[table.refusal(table.category_out, cause)]
    assert [event.cause for event in pair.of(side, Disconnected)] == [ANSWERS[word]]
    assert pair.of(far, Released)[0].cause == cause
    assert pair.names(side) == ["Disconnected", "Released"]
    assert at_rest(pair)


def test_what_group_b_can_say_the_caller_gets_to_know() -> None:
    for variant, told in {
        "itu": {17: 17, 1: 1, 34: 34, 27: 27, 4: 4},
        "br": {17: 17, 1: 1, 34: 34, 27: 27, 22: 22},
        "mx": {17: 17, 1: 17, 34: 34},
        "ar": {17: 17, 1: 1, 34: 34, 27: 27},
        "cn": {17: 17, 1: 1},
    }.items():
        table = load(variant)
        for cause, heard in told.items():
            signal = table.refusal(table.category_out, cause)
            assert ANSWERS[table.answers_for(table.category_out)[signal]] == heard, variant


@ALL
def test_free_of_charge_where_the_variant_can_say_so(variant: str) -> None:
    pair = Pair(variant, dnis_length=6, charge=False)
    pair.talk()
    has = "free_no_charge" in load(variant).answers[0].signals.values()
    last = signals(pair.sent["b"])[-1]
    said = load(variant).answers_for(load(variant).category_out)[last]
    assert said == ("free_no_charge" if has else "free_charge")


@ALL
def test_a_number_of_unknown_length_ends_by_signal_or_by_a_pause(variant: str) -> None:
    pair = Pair(variant, ani="early")
    pair.call("66880123")
    pair.run(30)
    setup = pair.of("b", Setup)[0]
    assert (setup.called.digits, setup.calling.digits) == ("66880123", "13800000001")
    assert pair.names("a") == ["Alerting"]
    end = load(variant).end_of_dnis
    assert (15 in signals(pair.sent["a"])[-2:]) == bool(end)


@ALL
def test_a_caller_who_withholds_the_number(variant: str) -> None:
    pair = Pair(variant, dnis_length=6)
    pair.call(withheld=True)
    pair.run(15)
    calling = pair.of("b", Setup)[0].calling
    assert calling.digits == ""
    assert calling.withheld == (load(variant).ani_restricted != 0)


@ALL
@pytest.mark.parametrize("when", ["early", "late", "never"])
def test_the_callers_number_is_asked_for_when_it_is_wanted(variant: str, when: str) -> None:
    pair = Pair(variant, dnis_length=6, ani=when, ani_after=2)
    pair.call("123456", "987")
    pair.run(15)
    setup = pair.of("b", Setup)[0]
    assert setup.called.digits == "123456"
    assert setup.calling.digits == ("" if when == "never" else "987")
    category = load(variant).signal("dnis", "category")
    place = {"early": 1, "late": 5}.get(when)
    asked = signals(pair.sent["b"])
    assert asked.index(category) == place if place is not None else category not in asked


@ALL
def test_a_caller_number_longer_than_wanted(variant: str) -> None:
    pair = Pair(variant, dnis_length=6, ani_length=4)
    pair.call("123456", "987654321")
    pair.run(15)
    wanted = "987654321" if variant == "cn" else "9876"  # China's has to be heard to its end
    assert pair.of("b", Setup)[0].calling.digits == wanted


@ALL
def test_a_one_digit_number_and_no_number_of_the_caller(variant: str) -> None:
    pair = Pair(variant, dnis_length=1)
    pair.call("0", "")
    pair.run(15)
    assert pair.of("b", Setup)[0].called.digits == "0"
    assert pair.names("a") == ["Alerting"]


@ALL
def test_overlap_sending_goes_on_as_digits_come(variant: str) -> None:
    pair = Pair(variant, dnis_length=8, ani="never")
    pair.call("66", complete=False)
    pair.run(1.5)
    pair.do("a", "digits", "8801")
    pair.run(2)
    pair.do("a", "digits", "23")
    pair.run(5)
    assert pair.of("b", Setup)[0].called.digits == "66880123"
    assert pair.names("a") == ["Alerting"]


def test_overlap_can_be_completed_without_a_digit() -> None:
    pair = Pair("itu", ani="never")
    pair.call("66", complete=False)
    pair.run(1.5)
    pair.do("a", "digits", "")
    pair.run(1.0)
    assert pair.of("b", Setup)[0].called.digits == "66"
    assert 15 in signals(pair.sent["a"])


def test_nobody_decides_and_the_line_is_told_as_free() -> None:
    pair = Pair("cn", dnis_length=6)
    pair.decide = lambda *_: None
    pair.call()
    pair.run(8)
    assert pair.names("a") == []
    pair.run(10)
    assert pair.names("a") == ["Alerting"]


def test_an_answer_before_the_register_is_done_waits_for_it() -> None:
    pair = Pair("cn", dnis_length=6)
    pair.decide = lambda *_: None
    pair.call()
    pair.run(6.5)
    assert pair.names("b") == ["Setup"]
    pair.do("b", "answer")
    assert pair.ends["b"].line.state is LineState.TAKEN
    pair.run(1)
    assert pair.names("a") == TALK
    tone = max(i for i, out in enumerate(pair.sent["b"]) if isinstance(out, SendTone))
    answer = pair.sent["b"].index(SendBits(0b0111))
    assert answer > tone and pair.silent()


def test_an_answer_that_came_too_late_does_not_answer_the_next_call() -> None:
    pair = Pair("itu", dnis_length=6, timers={"answer_delay_ms": 2000})
    pair.call()
    pair.run(15)
    pair.do("b", "answer")
    pair.do("a", "release", 16)
    pair.run(0.5)
    assert pair.idle()
    pair.call()
    pair.run(3)
    assert pair.names("a") == ["Alerting", "Released"]


@ALL
def test_the_bits_on_the_wire_are_the_variants(variant: str) -> None:
    pair = Pair(variant, dnis_length=6)
    pair.talk()
    pair.do("b", "release", 16)
    pair.run(4)
    cd = {"cn": 0b11}.get(variant, 0b01)
    sent = {s: [o.abcd for o in pair.sent[s] if isinstance(o, SendBits)] for s in "ab"}
    assert [bits & 3 for side in "ab" for bits in sent[side]] == [cd] * 8
    assert [bits >> 2 for bits in sent["a"]] == [0b10, 0b00, 0b10]
    assert [bits >> 2 for bits in sent["b"]] == [0b10, 0b11, 0b01, 0b11, 0b10]


# ---- national practice


@pytest.mark.parametrize("variant", ["cn", "br"])
def test_forced_release_of_a_call_that_was_never_answered(variant: str) -> None:
    pair = Pair(variant, dnis_length=6)
    pair.call()
    pair.run(15)
    pair.do("b", "release", 19)
    pair.run(2)
    assert pair.of("a", Disconnected)[0].cause == Cause.NORMAL_UNSPECIFIED
    assert pair.of("b", Released)[0].cause == 19
    assert at_rest(pair)


@pytest.mark.parametrize("variant", ["cn", "br", "itu"])
def test_forced_release_in_talk_is_understood(variant: str) -> None:
    pair = Pair(variant, dnis_length=6)
    pair.talk()
    pair.take("a", pair.ends["a"].feed_bits(0b0001, pair.now))
    pair.run(5)
    assert pair.of("a", Disconnected)[0].cause == Cause.NORMAL_UNSPECIFIED
    assert at_rest(pair)


def test_without_forced_release_an_unanswered_call_ends_with_the_caller() -> None:
    pair = Pair("itu", dnis_length=6)
    pair.call()
    pair.run(15)
    pair.do("b", "release", 19)
    pair.run(60)
    assert pair.ends["b"].line.state is LineState.DISMISSED
    pair.do("a", "release", 16)
    pair.run(1)
    assert pair.of("b", Released)[0].cause == 19 and at_rest(pair)


def test_metering_pulses_are_counted_and_do_not_end_the_call() -> None:
    pair = Pair("ar", dnis_length=6)
    pair.talk()
    for _ in range(3):
        pair.do("b", "meter")
        pair.run(2)
    assert [event.pulses for event in pair.of("a", Metering)] == [1, 2, 3]
    assert "Disconnected" not in pair.names("a")
    pair.do("b", "release", 16)
    pair.run(2)
    assert pair.names("a")[-2:] == ["Disconnected", "Released"] and at_rest(pair)


def test_a_metering_pulse_sent_as_00_counts_too() -> None:
    pair = Pair("ar", dnis_length=6)
    pair.talk()
    pair.take("a", pair.ends["a"].feed_bits(0b0001, pair.now))
    pair.run(0.2)
    pair.take("a", pair.ends["a"].feed_bits(0b0101, pair.now))
    pair.run(2)
    assert len(pair.of("a", Metering)) == 1 and "Disconnected" not in pair.names("a")


def test_double_answer_is_lived_through_where_it_is_known() -> None:
    pair = Pair("br", dnis_length=6, b={"double_answer": True})
    pair.call()
    pair.run(15)
    pair.do("b", "answer")
    pair.run(5)
    bits = [o.abcd >> 2 for o in pair.sent["b"] if isinstance(o, SendBits)]
    assert bits == [0b10, 0b11, 0b01, 0b11, 0b01]
    assert len(pair.of("a", Connected)) == 1 and "Disconnected" not in pair.names("a")
    assert pair.ends["b"].line.state is LineState.ANSWERED


def test_double_answer_drops_a_caller_whose_exchange_clears_at_once() -> None:
    pair = Pair("br", dnis_length=6, a={"timers": {"reanswer_ms": 0}}, b={"double_answer": True})
    pair.call()
    pair.run(15)
    pair.do("b", "answer")
    pair.run(5)
    assert pair.names("b")[-2:] == ["Disconnected", "Released"] and at_rest(pair)


def test_a_marked_collect_call_is_refused_and_nobody_is_told() -> None:
    pair = Pair("br", dnis_length=6, a={"category": 8}, b={"block_collect": True})
    pair.call()
    pair.run(15)
    assert pair.of("b", Setup) == [] and pair.names("b") == []
    assert pair.of("a", Disconnected)[0].cause == Cause.USER_BUSY
    assert at_rest(pair)


def test_a_collect_call_is_offered_where_it_is_not_refused() -> None:
    pair = Pair("br", dnis_length=6, a={"category": 8})
    pair.call()
    pair.run(15)
    assert pair.of("b", Setup)[0].category == "collect call"


def test_chinas_toll_kd_and_ka() -> None:
    pair = Pair("cn", dnis_length=6, category=2, ka=5)
    pair.decide = lambda *_: 34
    pair.call()
    pair.run(15)
    assert pair.ends["b"].backward.heard.ka == 5
    assert pair.of("b", Setup)[0].category == "toll"
    assert pair.of("a", Disconnected)[0].cause == Cause.NO_CHANNEL


def test_the_trace_tells_a_call_in_words() -> None:
    pair = Pair("cn", dnis_length=2)
    pair.call("12", "3")
    pair.run(10)
    at_a, at_b = pair.trace["a"], pair.trace["b"]
    assert "→ seize 0011" in at_a and "→ seizure acknowledged 1111" in at_b
    assert "→ forward 1 KA (ordinary, billed by period)" in at_a
    assert "← backward 6 category" in at_a and "← forward 1 called digit 1" in at_b
    assert "← forward 3 KD: local" in at_b and "← forward 15 calling number: no more" in at_b
    assert "  called line: free, charge" in at_a
