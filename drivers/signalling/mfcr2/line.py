"""Line signalling of one both-way R2 circuit: the A and B bits, in both directions.

What: seizing, answer, clear-forward, clear-back, forced release, blocking, release
guard, metering pulses, double answer and double seizure, as one table.
How: a pattern counts once it has stood for the recognition time, and one that can
only be a fault in this state (`FAULTS`) for much longer, so that hits on the line
clear nothing. Answer, clear-back and blocking look alike on the wire; the state
tells them apart. C and D are sent as the variant says and never looked at.
Limits: knows nothing of numbers; what happens is told to its owner by word.
Source: ITU-T Q.421 (codes), Q.422 (procedure), Q.424 (recognition, abnormal
conditions); forced release, metering and double answer are national practice.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from drivers.signalling.mfcr2.variant import Timers
from drivers.signalling.table import Table


class LineState(Enum):
    OUT = "out"  # not started, or the span is in alarm: we send blocked
    IDLE = "idle"
    FAR_BLOCKED = "far_blocked"
    BLOCKED = "blocked"  # by us
    SEIZING = "seizing"
    NO_ACK = "no_ack"  # seized, nothing came back: kept up until it does, or long enough
    SEIZED = "seized"  # acknowledged to us
    TALKING = "talking"  # they answered
    WAVERING = "wavering"  # clear-back or 00 in talk: the end, a metering pulse, a second answer?
    OVER = "over"  # the far end is done; we have not cleared yet
    CLEARING = "clearing"  # clear-forward sent
    DOUBLE = "double"  # both ends seized
    TAKEN = "taken"  # they seized, we acknowledged
    ANSWERED = "answered"  # we answered
    FIRST_ANSWER = "first_answer"  # double answer: the first, then the gap
    GAP = "gap"
    METERING = "metering"  # a metering pulse is on
    DISMISSED = "dismissed"  # we are done with their call; they have not cleared yet
    CLEARED = "cleared"  # they cleared; our side has not let go yet
    GUARD = "guard"  # both idle, for the guard time


_S = LineState
_LOST = {"rx_10": (_S.CLEARING, "_lost")}
_GONE = {
    "rx_10": (_S.CLEARED, "_they_clear"),
    "rx_01": (_S.CLEARED, "_they_fail"),
    "rx_11": (_S.CLEARED, "_they_fail"),
}
_ALARM = {"alarm": (_S.OUT, "_go_out")}

TABLE: Table[LineState] = Table(
    "R2 line",
    _S.OUT,
    "start alarm block unblock seize answer answer_twice meter hang_up force"
    " rx_00 rx_01 rx_10 rx_11 timer",
    {
        _S.OUT: {"start": (_S.IDLE, "_come_in")},
        _S.IDLE: {
            "seize": (_S.SEIZING, "_seize"),
            "block": (_S.BLOCKED, "_block"),
            "rx_00": (_S.TAKEN, "_acknowledge"),
            "rx_11": (_S.FAR_BLOCKED, "_they_block"),
            "rx_01": (_S.FAR_BLOCKED, "_they_block"),
            **_ALARM,
        },
        _S.FAR_BLOCKED: {
            "rx_10": (_S.IDLE, "_they_unblock"),
            # Idle for less than the recognition time: some call as soon as they come up.
            "rx_00": (_S.TAKEN, "_taken_at_once"),
            "block": (_S.BLOCKED, "_block"),
            **_ALARM,
        },
        _S.BLOCKED: {"unblock": (_S.IDLE, "_unblock"), **_ALARM},
        # ---- our calls
        _S.SEIZING: {
            "rx_11": (_S.SEIZED, "_acknowledged"),
            "rx_00": (_S.DOUBLE, "_both_seize"),
            "rx_01": (_S.CLEARING, "_lost"),
            "timer": (_S.NO_ACK, "_not_acknowledged"),
            "hang_up": (_S.NO_ACK, "_hold"),
            **_ALARM,
        },
        _S.NO_ACK: {
            "rx_11": (_S.CLEARING, "_clear_forward"),
            "rx_01": (_S.CLEARING, "_clear_forward"),
            "rx_00": (_S.DOUBLE, "_both_seize"),
            "timer": (_S.CLEARING, "_clear_forward"),
            **_ALARM,
        },
        _S.SEIZED: {
            "rx_01": (_S.TALKING, "_they_answer"),
            "rx_00": (_S.OVER, "_they_force"),
            **_LOST,
            "timer": (_S.OVER, "_no_answer"),
            "hang_up": (_S.CLEARING, "_clear_forward"),
            **_ALARM,
        },
        _S.TALKING: {
            "rx_11": (_S.WAVERING, "_waver"),
            "rx_00": (_S.WAVERING, "_waver"),
            **_LOST,
            "hang_up": (_S.CLEARING, "_clear_forward"),
            **_ALARM,
        },
        _S.WAVERING: {
            "rx_01": (_S.TALKING, "_metered"),
            "timer": (_S.OVER, "_they_clear_back"),
            **_LOST,
            "hang_up": (_S.CLEARING, "_clear_forward"),
            **_ALARM,
        },
        _S.OVER: {
            **_LOST,
            "timer": (_S.CLEARING, "_clear_forward"),
            "hang_up": (_S.CLEARING, "_clear_forward"),
            **_ALARM,
        },
        _S.CLEARING: {
            "rx_10": (_S.GUARD, "_guard"),
            "timer": (_S.FAR_BLOCKED, "_not_confirmed"),
            **_ALARM,
        },
        _S.DOUBLE: {"timer": (_S.CLEARING, "_clear_forward"), **_ALARM},
        # ---- their calls
        _S.TAKEN: {
            **_GONE,
            "answer": (_S.ANSWERED, "_answer"),
            "answer_twice": (_S.FIRST_ANSWER, "_answer_first"),
            "hang_up": (_S.DISMISSED, "_dismiss"),
            "force": (_S.DISMISSED, "_force"),
            **_ALARM,
        },
        _S.ANSWERED: {
            **_GONE,
            "meter": (_S.METERING, "_meter"),
            "hang_up": (_S.DISMISSED, "_clear_back"),
            "force": (_S.DISMISSED, "_force"),
            **_ALARM,
        },
        _S.FIRST_ANSWER: {
            **_GONE,
            "timer": (_S.GAP, "_gap"),
            "hang_up": (_S.DISMISSED, "_clear_back"),
            "force": (_S.DISMISSED, "_force"),
            **_ALARM,
        },
        _S.GAP: {
            **_GONE,
            "timer": (_S.ANSWERED, "_answer"),
            "hang_up": (_S.DISMISSED, "_clear_back"),
            "force": (_S.DISMISSED, "_force"),
            **_ALARM,
        },
        _S.METERING: {
            **_GONE,
            "timer": (_S.ANSWERED, "_answer"),
            "hang_up": (_S.DISMISSED, "_clear_back"),
            "force": (_S.DISMISSED, "_force"),
            **_ALARM,
        },
        _S.DISMISSED: {**_GONE, "timer": (_S.DISMISSED, "_insist"), **_ALARM},
        _S.CLEARED: {
            "hang_up": (_S.GUARD, "_release_guard"),
            "timer": (_S.GUARD, "_release_guard"),
            **_ALARM,
        },
        _S.GUARD: {"timer": (_S.IDLE, "_idle"), **_ALARM},
    },
)

#: Patterns no working far end sends in these states: they must stand for `fault_ms`.
FAULTS = frozenset(
    {(state, "rx_10") for state in (_S.SEIZED, _S.TALKING, _S.WAVERING, _S.OVER)}
    | {(_S.SEIZING, "rx_01"), (_S.NO_ACK, "rx_01"), (_S.IDLE, "rx_01"), (_S.SEIZED, "rx_00")}
    | {
        (state, pattern)
        for state, row in TABLE.rows.items()
        for pattern in ("rx_01", "rx_11")
        if row[pattern][1] == "_they_fail"
    }
)

#: What a pattern is called, by who sends it when; for the trace.
SENT = {
    "idle": 0b10,
    "seize": 0b00,
    "seizure acknowledged": 0b11,
    "answer": 0b01,
    "clear-forward": 0b10,
    "clear-back": 0b11,
    "forced release": 0b00,
    "release guard": 0b10,
    "blocked": 0b11,
}


class LineOwner(Protocol):
    """Who has the line: puts bits on it, keeps its timer, hears what happens."""

    def send_bits(self, ab: int, name: str) -> None: ...

    def set_line_timer(self, after_ms: int | None) -> None: ...

    def happened(self, what: str) -> None: ...


class LineMachine:
    """`feed` takes a recognised AB pattern, `do` a wish, `timer` the end of the timer set.

    The owner hears: taken, acknowledged, no_ack, double, answered, over, forced,
    no_answer, lost, cleared, failed, metered, far_blocked, idle, out, unconfirmed.
    """

    def __init__(self, owner: LineOwner, timers: Timers, may_force: bool) -> None:
        self._owner, self._timers, self._may_force = owner, timers, may_force
        self.state = TABLE.start
        self.heard = 0b11
        self._sent = ""

    def feed(self, ab: int) -> None:
        self.heard = ab
        self._move(f"rx_{ab:02b}")

    def do(self, word: str) -> None:
        """A wish of ours: one of the table's words."""
        self._move(word)

    def timer(self) -> None:
        self._move("timer")

    def patience_ms(self, ab: int) -> int:
        """How long a pattern must stand to count now."""
        fault = (self.state, f"rx_{ab:02b}") in FAULTS
        return self._timers.fault_ms if fault else self._timers.recognition_ms

    def _move(self, word: str) -> None:
        self.state, action = TABLE.rows[self.state][word]
        if action:
            act: Callable[[], None] = getattr(self, action)
            act()

    def _send(self, name: str, timer_ms: int | None = None) -> None:
        self._sent = name
        self._owner.send_bits(SENT[name], name)
        self._owner.set_line_timer(timer_ms)

    def _tell(self, what: str, timer_ms: int | None = None) -> None:
        self._owner.set_line_timer(timer_ms)
        self._owner.happened(what)

    # ---- out and in

    def _go_out(self) -> None:
        self._send("blocked")
        self._owner.happened("out")

    def _come_in(self) -> None:
        self._send("idle")
        self._owner.happened("idle")
        self._again()

    def _block(self) -> None:
        self._send("blocked")
        self._owner.happened("blocked")

    def _unblock(self) -> None:
        self._come_in()

    def _they_block(self) -> None:
        self._tell("far_blocked")

    def _they_unblock(self) -> None:
        self._tell("idle")

    def _idle(self) -> None:
        self._tell("idle")
        self._again()

    def _again(self) -> None:
        """What stands on the line may mean something else now."""
        if self.state is LineState.IDLE:
            self._move(f"rx_{self.heard:02b}")

    # ---- our calls

    def _seize(self) -> None:
        self._send("seize", self._timers.seize_ack_ms)

    def _acknowledged(self) -> None:
        self._tell("acknowledged")

    def _not_acknowledged(self) -> None:
        self._tell("no_ack", self._timers.seize_hold_ms)

    def _hold(self) -> None:
        """Clear-forward may only follow the acknowledgement (Q.422)."""
        self._owner.set_line_timer(self._timers.seize_hold_ms)

    def _both_seize(self) -> None:
        self._tell("double", self._timers.double_seizure_ms)

    def _they_answer(self) -> None:
        self._tell("answered")

    def _waver(self) -> None:
        self._owner.set_line_timer(self._timers.reanswer_ms)

    def _metered(self) -> None:
        self._tell("metered")

    def _they_clear_back(self) -> None:
        self._tell("over" if self.heard == 0b11 else "forced", self._timers.clear_back_ms)

    def _they_force(self) -> None:
        self._tell("forced", self._timers.clear_back_ms)

    def _no_answer(self) -> None:
        self._tell("no_answer", self._timers.clear_back_ms)

    def _lost(self) -> None:
        self._clear_forward()
        self._owner.happened("lost")

    def _clear_forward(self) -> None:
        self._send("clear-forward", self._timers.clear_forward_ms)
        if self.heard == 0b10:
            self._move("rx_10")

    def _not_confirmed(self) -> None:
        self._tell("unconfirmed")

    # ---- their calls

    def _acknowledge(self) -> None:
        self._send("seizure acknowledged")
        self._owner.happened("taken")

    def _taken_at_once(self) -> None:
        self._owner.happened("idle")
        self._acknowledge()

    def _answer(self) -> None:
        self._send("answer")

    def _answer_first(self) -> None:
        self._send("answer", self._timers.double_answer_ms)

    def _gap(self) -> None:
        self._send("clear-back", self._timers.double_answer_ms)

    def _meter(self) -> None:
        self._send("clear-back", self._timers.metering_pulse_ms)

    def _dismiss(self) -> None:
        self._owner.set_line_timer(self._timers.clear_back_ms)

    def _clear_back(self) -> None:
        self._send("clear-back", self._timers.clear_back_ms)

    def _force(self) -> None:
        self._send("forced release", self._timers.clear_back_ms)

    def _insist(self) -> None:
        """They do not clear: forced release, where the far end knows it, and clear-back by turns.

        Forced release looks like a seizure. Where a hit on the line made both ends believe that
        they were seized, two ends that kept it up would hold each other for ever."""
        if self._may_force:
            self._send("clear-back" if self._sent == "forced release" else "forced release")
        self._owner.set_line_timer(self._timers.clear_back_ms)

    def _they_clear(self) -> None:
        self._owner.set_line_timer(self._timers.let_go_ms)
        self._owner.happened("cleared")

    def _they_fail(self) -> None:
        self._owner.set_line_timer(self._timers.let_go_ms)
        self._owner.happened("failed")

    def _release_guard(self) -> None:
        self._send("release guard", self._timers.release_guard_ms)

    def _guard(self) -> None:
        self._owner.set_line_timer(self._timers.release_guard_ms)
