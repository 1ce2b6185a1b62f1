"""The line machine by itself: each state, and what stands on the line against all order."""

from __future__ import annotations

from collections import deque

import pytest

from drivers.signalling.mfcr2.line import TABLE, LineMachine, LineState
from drivers.signalling.mfcr2.variant import R2Settings

STATES = list(LineState)
NEVER_OUT = [state for state in STATES if state is not LineState.OUT]
ENDS_OF_CALLS = {LineState.CLEARING, LineState.GUARD, LineState.CLEARED, LineState.DISMISSED}


class Owner:
    """Notes what the machine says: names of bits sent, words told, the timer that runs."""

    def __init__(self) -> None:
        _, _, timers = R2Settings().resolve()
        self.sent: list[str] = []
        self.told: list[str] = []
        self.timer_ms: int | None = None
        self.machine = LineMachine(self, timers, may_force=True)
        self.machine.heard = 0b10

    def send_bits(self, ab: int, name: str) -> None:
        self.sent.append(name)

    def set_line_timer(self, after_ms: int | None) -> None:
        self.timer_ms = after_ms

    def happened(self, what: str) -> None:
        self.told.append(what)

    def hear(self, word: str) -> None:
        if word.startswith("rx_"):
            self.machine.feed(int(word[3:], 2))
        elif word == "timer":
            self.machine.timer()
        else:
            self.machine.do(word)


def way_to(state: LineState) -> list[str]:
    """The words that lead there, the fewest, without an alarm on the way."""
    ways: dict[LineState, list[str]] = {TABLE.start: []}
    queue = deque([TABLE.start])
    while state not in ways:
        at = queue.popleft()
        for word, (target, _) in TABLE.listed[at].items():
            if target not in ways and word != "alarm":
                ways[target] = [*ways[at], word]
                queue.append(target)
    return ways[state]


def at(state: LineState) -> Owner:
    owner = Owner()
    for word in way_to(state):
        owner.hear(word)
    assert owner.machine.state is state
    owner.sent.clear()
    owner.told.clear()
    return owner


@pytest.mark.parametrize("state", NEVER_OUT)
def test_an_alarm_takes_the_circuit_out_from_anywhere(state: LineState) -> None:
    owner = at(state)
    owner.hear("alarm")
    assert owner.machine.state is LineState.OUT
    assert (owner.sent, owner.told, owner.timer_ms) == (["blocked"], ["out"], None)
    owner.machine.heard = 0b10
    owner.hear("start")
    assert owner.machine.state is LineState.IDLE and owner.sent[-1] == "idle"


@pytest.mark.parametrize("pattern", ["rx_01", "rx_11"])
def test_what_is_no_idle_takes_an_idle_circuit_out_of_use_until_it_is(pattern: str) -> None:
    owner = at(LineState.IDLE)
    owner.hear(pattern)
    assert owner.machine.state is LineState.FAR_BLOCKED and owner.told == ["far_blocked"]
    owner.hear("seize")
    assert owner.sent == [], "nothing is seized that the far end has blocked"
    owner.hear("rx_10")
    assert owner.machine.state is LineState.IDLE and owner.told[-1] == "idle"


def test_a_far_end_that_calls_as_soon_as_it_is_unblocked_is_answered() -> None:
    """Its idle was shorter than what is recognised, as with libopenr2."""
    owner = at(LineState.FAR_BLOCKED)
    owner.hear("rx_00")
    assert owner.machine.state is LineState.TAKEN
    assert owner.sent == ["seizure acknowledged"] and owner.told == ["idle", "taken"]


def test_both_ends_blocked_is_free_when_both_are() -> None:
    owner = at(LineState.FAR_BLOCKED)
    owner.machine.heard = 0b11
    owner.hear("block")
    assert owner.machine.state is LineState.BLOCKED and owner.sent == ["blocked"]
    owner.hear("unblock")
    assert owner.machine.state is LineState.FAR_BLOCKED and owner.sent[-1] == "idle"
    owner.hear("rx_10")
    assert owner.machine.state is LineState.IDLE


@pytest.mark.parametrize("state", [LineState.SEIZING, LineState.NO_ACK])
def test_an_answer_to_a_seizure_ends_it(state: LineState) -> None:
    """Answered before it is acknowledged: the far end is not where we are."""
    owner = at(state)
    owner.hear("rx_01")
    assert owner.machine.state is LineState.CLEARING and owner.sent == ["clear-forward"]


@pytest.mark.parametrize(
    "state",
    [
        LineState.SEIZED,
        LineState.TALKING,
        LineState.WAVERING,
        LineState.OVER,
    ],
)
def test_a_far_end_that_is_idle_in_our_call_has_lost_it(state: LineState) -> None:
    owner = at(state)
    owner.hear("rx_10")
    assert owner.told[-1] == "lost" and owner.sent == ["clear-forward"]
    assert owner.machine.state in (LineState.CLEARING, LineState.GUARD)


@pytest.mark.parametrize(
    "state",
    [
        LineState.TAKEN,
        LineState.ANSWERED,
        LineState.FIRST_ANSWER,
        LineState.GAP,
        LineState.METERING,
        LineState.DISMISSED,
    ],
)
@pytest.mark.parametrize(
    ("pattern", "told"), [("rx_10", "cleared"), ("rx_01", "failed"), ("rx_11", "failed")]
)
def test_whatever_follows_a_seizure_but_itself_ends_their_call(
    state: LineState, pattern: str, told: str
) -> None:
    owner = at(state)
    owner.hear(pattern)
    assert owner.machine.state is LineState.CLEARED and owner.told == [told]
    assert owner.timer_ms == 5000, "our own side is given time to let go"
    owner.hear("hang_up")
    assert owner.sent == ["release guard"] and owner.machine.state is LineState.GUARD


@pytest.mark.parametrize(
    ("state", "sent"),
    [
        (LineState.ANSWERED, ["clear-back"]),
        (LineState.FIRST_ANSWER, ["clear-back"]),
        (LineState.GAP, ["clear-back"]),
        (LineState.METERING, ["clear-back"]),
        (LineState.TAKEN, []),
    ],
)
def test_our_hanging_up_of_their_call_waits_for_them_to_clear(
    state: LineState, sent: list[str]
) -> None:
    owner = at(state)
    owner.hear("hang_up")
    assert owner.machine.state is LineState.DISMISSED and owner.sent == sent
    assert owner.timer_ms == 90_000
    insisted = []
    for _ in range(4):
        owner.hear("timer")
        insisted.append(owner.sent[-1])
    assert insisted == ["forced release", "clear-back"] * 2, "by turns, for ever"


@pytest.mark.parametrize(
    "state",
    [
        LineState.TAKEN,
        LineState.ANSWERED,
        LineState.FIRST_ANSWER,
        LineState.GAP,
        LineState.METERING,
    ],
)
def test_forced_release_from_anywhere_in_their_call(state: LineState) -> None:
    owner = at(state)
    owner.hear("force")
    assert owner.machine.state is LineState.DISMISSED and owner.sent == ["forced release"]


@pytest.mark.parametrize(
    "state", [LineState.SEIZED, LineState.TALKING, LineState.WAVERING, LineState.OVER]
)
def test_our_hanging_up_of_our_call_clears_forward_at_once(state: LineState) -> None:
    owner = at(state)
    owner.hear("hang_up")
    assert owner.machine.state is LineState.CLEARING and owner.sent == ["clear-forward"]
    assert owner.timer_ms == 10_000


def test_before_the_acknowledgement_a_seizure_is_kept_up() -> None:
    """Clear-forward may only follow it (Q.422)."""
    owner = at(LineState.SEIZING)
    owner.hear("hang_up")
    assert owner.machine.state is LineState.NO_ACK and owner.sent == []
    owner.hear("rx_11")
    assert owner.machine.state is LineState.CLEARING and owner.sent == ["clear-forward"]


@pytest.mark.parametrize("state", [LineState.SEIZING, LineState.NO_ACK])
def test_a_seizure_that_meets_ours_is_glare_however_late(state: LineState) -> None:
    owner = at(state)
    owner.hear("rx_00")
    assert owner.machine.state is LineState.DOUBLE and owner.told == ["double"]
    assert owner.timer_ms == 150


def test_a_pattern_that_is_no_fault_of_the_line_means_what_it_says() -> None:
    owner = at(LineState.SEIZED)
    owner.hear("rx_00")
    assert owner.told == ["forced"] and owner.machine.state is LineState.OVER
    owner = at(LineState.SEIZED)
    owner.hear("timer")
    assert owner.told == ["no_answer"] and owner.machine.state is LineState.OVER


@pytest.mark.parametrize(("pattern", "told"), [("rx_11", "over"), ("rx_00", "forced")])
def test_the_end_of_a_talk_is_told_as_it_came(pattern: str, told: str) -> None:
    owner = at(LineState.TALKING)
    owner.hear(pattern)
    assert owner.machine.state is LineState.WAVERING and owner.told == []
    owner.hear("timer")
    assert owner.told == [told] and owner.machine.state is LineState.OVER
    owner = at(LineState.TALKING)
    owner.hear(pattern)
    owner.hear("rx_01")
    assert owner.told == ["metered"] and owner.machine.state is LineState.TALKING
