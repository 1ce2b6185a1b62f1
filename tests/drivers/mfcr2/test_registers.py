"""The incoming register where the far end goes, says what cannot be, or does not fall silent."""

from __future__ import annotations

import pytest

from drivers.cause import Cause
from drivers.events import Disconnected, SignallingFault
from drivers.signalling.mfcr2.backward import BackwardState
from drivers.signalling.mfcr2.line import LineState
from tests.drivers.mfcr2.pair import Pair, signals
from tests.drivers.mfcr2.test_faults import settle

#: What brings the register of side b into a state.
SETTINGS = {
    BackwardState.LISTENING: {"variant": "itu", "dnis_length": 3},
    BackwardState.ANSWERING: {"variant": "itu", "dnis_length": 3},
    BackwardState.DECIDING: {"variant": "itu", "dnis_length": 2},
    BackwardState.PULSING: {"variant": "cn", "ani": "never"},
    BackwardState.GUARDING: {"variant": "cn", "ani": "never"},
    BackwardState.GIVING_UP: {"variant": "itu", "dnis_length": 3},
}


def at(state: BackwardState) -> Pair:
    pair = Pair(**SETTINGS[state])
    pair.decide = lambda *_: None
    if state is BackwardState.GIVING_UP:
        pair.tones = lambda side, signal: 14 if side == "b" and signal else signal
    pair.call("12")
    for _ in range(20_000):
        if pair.ends["b"].backward.state is state:
            return pair
        pair.run(0.001)
    raise AssertionError(f"{state} is never reached")


@pytest.mark.parametrize("state", list(SETTINGS))
def test_a_caller_who_clears_ends_the_register_wherever_it_is(state: BackwardState) -> None:
    pair = at(state)
    pair.do("a", "release", 16)
    pair.run(0.06)
    end = pair.ends["b"]
    assert end.backward.state is BackwardState.IDLE
    assert end.line.state in (LineState.CLEARED, LineState.GUARD)
    assert pair.sounding["b"] is None, "nothing of the register is left on the line"
    told = [each.cause for each in pair.of("b", Disconnected)]
    assert told == ([Cause.NORMAL] if state is BackwardState.DECIDING else [])
    settle(pair, "12" if state is BackwardState.DECIDING else "123")


@pytest.mark.parametrize("signal", [11, 13, 14])
def test_a_forward_signal_that_means_nothing_is_answered_by_congestion(signal: int) -> None:
    pair = Pair("itu", dnis_length=3)
    pair.tones = lambda side, heard: signal if side == "b" and heard else heard
    pair.call("123")
    pair.run(0.5)
    assert signals(pair.sent["b"]) == [4], "at once, not when a timer has run out"
    assert pair.of("b", SignallingFault)[0].what == "register signalling failed"
    assert pair.of("a", Disconnected)[0].cause == Cause.NO_CHANNEL
    settle(pair, "123")


def test_a_forward_signal_that_does_not_end_is_given_up() -> None:
    pair = Pair("itu", dnis_length=2, b={"timers": {"register_ms": 4000}})
    pair.tones = lambda side, signal: None if side == "b" and signal == 0 else signal
    pair.call()
    pair.run(3.9)
    assert signals(pair.sent["b"]) == [5] and not pair.of("b", SignallingFault)
    pair.run(0.5)
    assert signals(pair.sent["b"]) == [5, 4]
    assert pair.of("b", SignallingFault)[0].what == "register signalling failed"
    settle(pair)
