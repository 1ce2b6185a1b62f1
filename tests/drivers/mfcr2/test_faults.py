"""What goes wrong on R2 lines: glare, silence, wrong tones at every step, hits, alarms.

Nothing hangs: every call clears with a cause and the circuit carries the next one.
"""

from __future__ import annotations

import pytest

from drivers.cause import Cause
from drivers.events import (
    ChannelState,
    Connected,
    Disconnected,
    Released,
    Setup,
    SignallingFault,
)
from drivers.signalling.mfcr2.backward import BackwardState
from drivers.signalling.mfcr2.line import LineState
from drivers.signalling.mfcr2.outputs import SendBits
from tests.drivers.mfcr2.pair import VARIANTS, Pair, each_ended_once, signals

ALL = pytest.mark.parametrize("variant", VARIANTS)
#: Longer than every timer of a call that has stopped in the middle.
LONG_S = 400.0


def settle(pair: Pair, called: str = "12") -> None:
    """Whatever is left of calls is given up by those who made them; then a call must work."""
    pair.bits, pair.tones = (lambda _, abcd: abcd), (lambda _, signal: signal)
    pair.decide = lambda *_: 0
    for side in "ab":
        pair.do(side, "release", 16)
    for side in "ab":  # what a fault held back is heard now, as on a line that is mended
        sent = [out.abcd for out in pair.sent[pair.other(side)] if isinstance(out, SendBits)]
        pair.take(side, pair.ends[side].feed_bits(sent[-1], pair.now))
    pair.run(LONG_S)
    assert pair.idle() and pair.silent(), (pair.trace["a"][-12:], pair.trace["b"][-12:])
    for side in "ab":
        assert list(each_ended_once(pair.log[side])) == []
    done = len(pair.of("a", Connected))
    pair.call(called, "3")
    pair.run(15)
    pair.do("b", "answer")
    pair.run(1)
    assert len(pair.of("a", Connected)) == done + 1
    pair.do("a", "release", 16)
    pair.run(2)
    assert pair.idle() and pair.silent()


# ---- seizing


@ALL
def test_both_ends_seize_at_once_and_both_let_go(variant: str) -> None:
    pair = Pair(variant, dnis_length=2)
    refs = {side: pair.call(side=side) for side in "ab"}
    pair.run(2)
    for side in "ab":
        assert pair.of(side, Disconnected)[0].cause == Cause.CHANNEL_UNAVAILABLE
        assert pair.of(side, Released)[0].ref == refs[side]
    settle(pair)


def test_a_seizure_that_meets_a_seizure_is_kept_up_for_its_time() -> None:
    pair = Pair("itu")
    begin = pair.now
    for side in "ab":
        pair.call(side=side)
    pair.run(0.1)
    assert pair.ends["a"].line.state is LineState.DOUBLE
    pair.run(0.5)
    assert pair.idle() and pair.now - begin >= 0.1


@ALL
def test_both_ends_believe_that_they_were_seized(variant: str) -> None:
    pair = Pair(variant, forced_release=True)
    for side in "ab":  # a hit on the line; nobody seized
        pair.take(side, pair.ends[side].feed_bits(0b0001, pair.now))
    pair.run(0.05)
    settle(pair)


def test_a_seizure_nobody_acknowledges() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.bits = lambda side, abcd: None if side == "b" else abcd
    pair.call()
    pair.run(1.9)
    assert pair.names("a") == []
    pair.run(0.2)
    assert pair.of("a", Disconnected)[0].cause == Cause.CHANNEL_UNAVAILABLE
    assert pair.of("a", SignallingFault)[0].what == "seizure is not acknowledged"
    assert pair.ends["a"].line.state is LineState.NO_ACK  # the seizure is kept up
    pair.run(3)
    assert pair.names("a") == ["Disconnected", "Released"]
    settle(pair)


def test_a_late_acknowledgement_is_followed_by_clear_forward() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.bits = lambda side, abcd: None if side == "a" else abcd
    pair.call()
    pair.run(2.5)
    pair.take("a", pair.ends["a"].feed_bits(0b1101, pair.now))
    pair.run(0.1)
    assert pair.ends["a"].line.state is LineState.CLEARING
    settle(pair)


def test_a_caller_who_goes_before_the_acknowledgement() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.call()
    pair.do("a", "release", 16)
    pair.run(2)
    assert pair.names("a") == ["Released"] and pair.names("b") == []
    settle(pair)


# ---- blocking


@ALL
def test_a_blocked_circuit_takes_no_call_and_is_free_again(variant: str) -> None:
    pair = Pair(variant)
    pair.do("b", "block", True)
    pair.run(0.2)
    assert pair.of("a", ChannelState)[-1] == ChannelState("a", 1, False, "blocked by the far end")
    assert pair.of("b", ChannelState)[-1].reason == "blocked"
    assert not pair.ends["a"].idle and not pair.ends["b"].idle
    pair.do("b", "block", False)
    pair.run(0.2)
    assert pair.of("a", ChannelState)[-1].in_service and pair.of("b", ChannelState)[-1].in_service
    settle(pair)


def test_blocking_waits_for_the_call_to_end() -> None:
    pair = Pair("cn", dnis_length=6)
    pair.talk()
    pair.do("b", "block", True)
    pair.run(1)
    assert pair.ends["b"].line.state is LineState.ANSWERED
    pair.do("a", "release", 16)
    pair.run(1)
    assert pair.ends["b"].line.state is LineState.BLOCKED
    assert pair.ends["a"].line.state is LineState.FAR_BLOCKED
    pair.do("b", "block", False)
    pair.run(1)
    settle(pair)


def test_both_ends_may_block() -> None:
    pair = Pair("itu")
    for side in "ab":
        pair.do(side, "block", True)
    pair.run(1)
    for side in "ab":
        pair.do(side, "block", False)
    pair.run(1)
    settle(pair)


# ---- timers


def test_a_forward_signal_nobody_answers() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.tones = lambda side, signal: None
    pair.call()
    pair.run(14.5)
    assert "Disconnected" not in pair.names("a")
    pair.run(1.5)
    assert pair.of("a", Disconnected)[0].cause == Cause.RECOVERY_ON_TIMER
    assert "register timer expired" in [fault.what for fault in pair.of("a", SignallingFault)]
    settle(pair)


def test_a_backward_signal_that_does_not_end() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.tones = lambda side, signal: None if side == "a" and signal == 0 else signal
    pair.call()
    pair.run(7)
    assert pair.of("a", Disconnected)[0].cause == Cause.RECOVERY_ON_TIMER
    settle(pair)


def test_a_forward_signal_that_does_not_end() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.tones = lambda side, signal: None if side == "b" and signal == 0 else signal
    pair.call()
    pair.run(16)
    assert pair.of("a", Disconnected)[0].cause in (Cause.NO_CHANNEL, Cause.RECOVERY_ON_TIMER)
    settle(pair)


def test_an_incoming_register_that_hears_nothing_says_congestion() -> None:
    pair = Pair("itu", dnis_length=2, b={"timers": {"register_ms": 10_000}})
    pair.tones = lambda side, signal: None if side == "b" else signal
    pair.call()
    pair.run(15.5)
    assert signals(pair.sent["b"]) == [4]
    assert pair.of("b", SignallingFault) and pair.names("b") == []
    assert pair.of("a", Disconnected)[0].cause == Cause.NO_CHANNEL
    settle(pair)


def test_no_forward_signal_is_asked_for_any_more() -> None:
    pair = Pair("cn", dnis_length=3, b={"timers": {"interdigit_ms": 60_000}})
    pair.call("12", "3")
    pair.run(35)
    assert pair.of("a", Disconnected)[0].cause == Cause.RECOVERY_ON_TIMER
    settle(pair, "123")


def test_the_far_end_gives_up_while_we_decide() -> None:
    pair = Pair(
        "itu",
        dnis_length=2,
        a={"timers": {"forward_on_ms": 3000}},
        b={"timers": {"decide_ms": 20_000}},
    )
    pair.decide = lambda *_: None
    pair.call()
    pair.run(10)
    assert pair.names("b") == ["Setup", "Disconnected", "Released"]
    assert pair.names("a") == ["Disconnected", "Released"]
    settle(pair)


def test_a_category_that_ends_before_we_have_decided() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.decide = lambda *_: None
    pair.call()
    pair.run(8)
    assert pair.names("b") == ["Setup"]
    pair.take("b", pair.ends["b"].feed_tone(0, pair.now))
    pair.run(0.01)
    assert pair.of("b", Disconnected)[0].cause == Cause.PROTOCOL_ERROR
    settle(pair)


def test_a_digit_that_crosses_a_pulse_is_not_taken_for_its_answer() -> None:
    pair = Pair("cn", ani="never")
    pair.call("6")
    while pair.ends["b"].backward.state is not BackwardState.PULSING:
        pair.run(0.01)
    pair.tones = lambda side, signal: None
    for signal, seconds in ((8, 0.16), (0, 0.15), (3, 0.1)):
        pair.take("b", pair.ends["b"].feed_tone(signal, pair.now))
        pair.run(seconds)
    assert pair.ends["b"].backward.heard.category == 3
    assert pair.of("b", Setup)[0].called.digits == "6"
    settle(pair)


def test_an_answer_to_a_pulse_may_begin_within_its_guard_time() -> None:
    pair = Pair("cn", ani="never")
    pair.call("6")
    while pair.ends["b"].backward.state is not BackwardState.GUARDING:
        pair.run(0.01)
    pair.tones = lambda side, signal: None
    pair.take("b", pair.ends["b"].feed_tone(2, pair.now))
    pair.run(0.2)
    assert pair.of("b", Setup)[0].category == "toll"
    settle(pair)


def test_nobody_answers() -> None:
    pair = Pair("cn", dnis_length=6)
    pair.call()
    pair.run(75)
    assert pair.of("a", Disconnected)[0].cause == Cause.NO_ANSWER
    settle(pair)


def test_a_release_the_far_end_does_not_confirm_takes_the_circuit_out_of_service() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.talk(called="12")
    pair.bits = lambda side, abcd: None
    pair.do("a", "release", 16)
    pair.run(11)
    assert pair.names("a")[-1] == "Released"
    assert pair.of("a", ChannelState)[-1].reason == "release not confirmed"
    assert not pair.ends["a"].idle
    settle(pair)


def test_our_own_side_does_not_let_go() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.talk(called="12")
    pair._event = lambda side, event: pair.log[side].append(event)  # type: ignore[method-assign]
    pair.do("a", "release", 16)
    pair.run(1)
    assert pair.ends["b"].line.state is LineState.CLEARED
    pair.run(5)
    assert pair.names("b")[-2:] == ["Disconnected", "Released"] and pair.idle()


def test_a_called_party_that_hangs_up_and_a_caller_that_does_not() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.talk(called="12")
    pair._event = lambda side, event: pair.log[side].append(event)  # type: ignore[method-assign]
    pair.do("b", "release", 16)
    pair.run(80)
    assert pair.ends["a"].line.state is LineState.OVER
    pair.run(15)
    assert pair.names("a")[-2:] == ["Disconnected", "Released"] and pair.idle()


# ---- tones


@ALL
@pytest.mark.parametrize("side", ["a", "b"])
def test_every_wrong_tone_at_every_step(variant: str, side: str) -> None:
    """The n-th signal a side hears is another one; each way it ends, the circuit works again."""
    steps = _signals_heard(variant, side)
    most = 6 if variant == "cn" and side == "a" else 15
    assert steps >= 5
    for step in range(steps):
        for wrong in range(1, most + 1):
            pair = Pair(variant, dnis_length=2)
            pair.tones = _Instead(side, step, wrong)
            pair.call("12", "3")
            pair.run(LONG_S)
            settle(pair)


class _Instead:
    """Changes the n-th signal that reaches a side."""

    def __init__(self, side: str, step: int, wrong: int) -> None:
        self.side, self.step, self.wrong, self.heard = side, step, wrong, 0

    def __call__(self, side: str, signal: int) -> int:
        if side != self.side or not signal:
            return signal
        self.heard += 1
        return self.wrong if self.heard == self.step + 1 else signal


def _signals_heard(variant: str, side: str) -> int:
    pair = Pair(variant, dnis_length=2)
    pair.call("12", "3")
    pair.run(15)
    return len(signals(pair.sent[pair.other(side)]))


@ALL
@pytest.mark.parametrize("side", ["a", "b"])
def test_a_tone_out_of_nowhere_at_any_time(variant: str, side: str) -> None:
    for step in range(1, 40, 3):
        pair = Pair(variant, dnis_length=2)
        pair.call("12", "3")
        pair.run(0.05 * step)
        pair.take(side, pair.ends[side].feed_tone(step % 15 + 1, pair.now))
        pair.run(0.05)
        pair.take(side, pair.ends[side].feed_tone(0, pair.now))
        pair.run(LONG_S)
        settle(pair)


@ALL
@pytest.mark.parametrize("side", ["a", "b"])
def test_every_tone_lost_once(variant: str, side: str) -> None:
    for step in range(_signals_heard(variant, side)):
        pair = Pair(variant, dnis_length=2)
        pair.tones = _Instead(side, step, None)  # type: ignore[arg-type]
        pair.call("12", "3")
        pair.run(LONG_S)
        settle(pair)


def test_a_signal_that_means_nothing_clears_with_a_cause() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.tones = _Instead("a", 1, 9)
    pair.call()
    pair.run(5)
    assert pair.of("a", Disconnected)[0].cause == Cause.PROTOCOL_ERROR
    settle(pair)


def test_the_itu_signals_only_transit_exchanges_use_are_answered() -> None:
    for signal, answer in {11: 12, 12: 10, 13: 13, 14: 12}.items():
        pair = Pair("itu", dnis_length=2)
        pair.tones = _Instead("a", 0, signal)
        pair.call()
        pair.run(2)
        assert signals(pair.sent["a"])[1] == answer
        settle(pair)


def test_address_complete_without_group_b() -> None:
    pair = Pair("itu", dnis_length=2)
    pair.tones = _Instead("a", 0, 6)
    pair.call()
    pair.run(2)
    assert pair.names("a") == ["Alerting"]
    settle(pair)


@pytest.mark.parametrize(
    ("signal", "sent"),
    [(2, [1, 2, 1]), (7, [1, 2, 3, 1]), (8, [1, 2, 3, 4, 1]), (1, [1, 2, 3, 4, 5])],
)
def test_digits_are_sent_again_as_asked(signal: int, sent: list[int]) -> None:
    pair = Pair("itu", ani="never", dnis_length=9)
    pair.tones = _Instead("a", len(sent) - 2, signal)
    pair.call("12345")
    pair.run(5)
    assert signals(pair.sent["a"])[: len(sent)] == sent


def test_the_whole_number_again() -> None:
    pair = Pair("br", ani="never", dnis_length=9)
    pair.tones = _Instead("a", 2, 2)
    pair.call("12345")
    pair.run(5)
    assert signals(pair.sent["a"])[:6] == [1, 2, 3, 1, 2, 3]


# ---- line hits, alarms


@ALL
@pytest.mark.parametrize("side", ["a", "b"])
def test_hits_on_the_line_change_nothing(variant: str, side: str) -> None:
    pair = Pair(variant, dnis_length=6)
    pair.talk()
    for pattern in range(16):
        right = pair.line[side]
        pair.take(side, pair.ends[side].feed_bits(pattern, pair.now))
        pair.run(0.015)
        pair.take(side, pair.ends[side].feed_bits(right, pair.now))
        pair.run(0.5)
    assert "Disconnected" not in pair.names("a") + pair.names("b")
    settle(pair)


def test_the_c_and_d_bits_are_not_looked_at() -> None:
    pair = Pair("cn", dnis_length=6)
    pair.bits = lambda side, abcd: abcd & 0b1100
    pair.talk()
    settle(pair)


@ALL
@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("ab", [0b00, 0b01, 0b10, 0b11])
def test_a_wrong_pattern_that_stays_clears_or_waits(variant: str, side: str, ab: int) -> None:
    """Whatever stands on the line for long in talk, both ends are usable once it is right."""
    pair = Pair(variant, dnis_length=6)
    pair.talk()
    pair.bits = lambda where, abcd: None if where == side else abcd
    pair.take(side, pair.ends[side].feed_bits(ab << 2 | 1, pair.now))
    pair.run(LONG_S)
    settle(pair)


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.1, 0.5, 2.0, 8.0])
def test_an_alarm_ends_the_call_at_any_moment(moment: float) -> None:
    pair = Pair("cn", dnis_length=6)
    pair.call()
    pair.run(moment)
    for side in "ab":
        pair.do(side, "alarm", int(Cause.DESTINATION_OUT_OF_ORDER))
    pair.run(1)
    assert pair.of("a", Released)[0].cause == Cause.DESTINATION_OUT_OF_ORDER
    assert pair.silent() and not pair.ends["a"].in_service
    for side in "ab":
        pair.do(side, "start", pair.line[side])
    pair.run(1)
    settle(pair)


def test_a_call_in_talk_whose_far_end_went_away() -> None:
    pair = Pair("itu", dnis_length=6)
    pair.talk()
    pair.take("a", pair.ends["a"].feed_bits(0b1001, pair.now))
    pair.run(0.4)
    assert pair.of("a", Disconnected) == []  # it might be a hit
    pair.run(0.2)
    assert pair.of("a", Disconnected)[0].cause == Cause.NETWORK_OUT_OF_ORDER
    settle(pair)
