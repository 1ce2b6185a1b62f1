"""The incoming register: asks for the called number, the caller's, and its category.

What: answers each forward signal with the request for what is wanted next, and in
the end with what the called line is like (group B), which its owner decides.
How: a table for the rhythm; `_request` says what is wanted next. Where the far end
has no more to send and no signal to say so, a pause ends the number and the next
request goes out as a pulse.
Limits: the caller's number cannot be asked for after such a pause, as only A-3 and
A-4 are pulsed.
Source: ITU-T Q.441, Q.442 (pulses), Q.457 to Q.476 (procedure, timers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from drivers.said import Said
from drivers.signalling.cas_words import say, word
from drivers.signalling.mfcr2.variant import R2Settings, Timers, Variant
from drivers.signalling.table import Table


class BackwardState(Enum):
    IDLE = "idle"
    LISTENING = "listening"  # no signal on the line
    ANSWERING = "answering"  # a backward signal is on, until the forward one ends
    DECIDING = "deciding"  # the category is on: what is the called line like?
    PULSING = "pulsing"  # a backward pulse is on
    GUARDING = "guarding"  # and its guard time, in which forward signals do not count
    GIVING_UP = "giving_up"  # the pulse that says congestion
    DONE = "done"


_S = BackwardState
_STOP = {"stop": (_S.IDLE, "_quiet")}

TABLE: Table[BackwardState] = Table(
    "R2 incoming register",
    _S.IDLE,
    "begin signal silence category decide lost pulse finish fail timer stop",
    {
        _S.IDLE: {"begin": (_S.LISTENING, "_listen")},
        _S.LISTENING: {
            "signal": (_S.ANSWERING, "_take"),
            "timer": (_S.LISTENING, "_pause"),
            "pulse": (_S.PULSING, "_pulse"),
            "fail": (_S.GIVING_UP, "_give_up"),
            **_STOP,
        },
        _S.ANSWERING: {
            "silence": (_S.LISTENING, "_listen"),
            "finish": (_S.DONE, "_finish"),
            "category": (_S.DECIDING, "_ask"),
            "fail": (_S.GIVING_UP, "_give_up"),
            "timer": (_S.GIVING_UP, "_give_up"),
            **_STOP,
        },
        _S.DECIDING: {
            "decide": (_S.ANSWERING, "_say_how"),
            "timer": (_S.ANSWERING, "_say_how"),
            "silence": (_S.DONE, "_lose"),
            **_STOP,
        },
        _S.PULSING: {"timer": (_S.GUARDING, "_guard"), **_STOP},
        _S.GUARDING: {"timer": (_S.LISTENING, "_listen_again"), **_STOP},
        _S.GIVING_UP: {"timer": (_S.DONE, "_gave_up"), **_STOP},
        _S.DONE: _STOP,
    },
)

MOST_DIGITS = 32


@dataclass(slots=True)
class Incoming:
    """What the far end has said. `category` is group II or KD, `ka` China's KA."""

    called: str = ""
    calling: str = ""
    withheld: bool = False
    category: int = 0
    ka: int = 0


class BackwardOwner(Protocol):
    """Who has the register: sends its signals, keeps its timer, decides, hears the end."""

    def send_signal(self, signal: int, name: Said | str) -> None: ...

    def stop_signal(self) -> None: ...

    def set_register_timer(self, after_ms: int | None) -> None: ...

    def offered(self, incoming: Incoming) -> None:
        """The numbers are known; `BackwardRegister.decide` is to follow."""

    def register_over(self, outcome: str) -> None:
        """`accepted`, `refused`, or `failed` (the far end has been told, if it listens)."""


class BackwardRegister:
    """`begin`, then what is heard: `signal` (1–15) and `silence`; `timer` as it was set."""

    def __init__(
        self, owner: BackwardOwner, variant: Variant, settings: R2Settings, timers: Timers
    ) -> None:
        self._owner, self._variant, self._settings = owner, variant, settings
        self._timers = timers
        self.state = TABLE.start
        self.heard = Incoming()
        self._sounding = 0
        self._context = "dnis"  # what backward signals mean: dnis, ani, answers
        self._complete = False  # the called number is
        self._asked_ani = False
        self._has_category = False
        self._refusal: int | None = None  # Q.850, 0 for free, None: not decided

    def begin(self) -> None:
        self.heard, self._context = Incoming(), "dnis"
        self._complete = self._asked_ani = self._has_category = False
        self._sounding, self._refusal = 0, None
        self._move("begin")

    @property
    def deciding(self) -> bool:
        return self.state is BackwardState.DECIDING

    def signal(self, signal: int) -> None:
        self._sounding = signal
        self._move("signal", signal)

    def meaning(self, signal: int) -> Said:
        """What a forward signal stands for now; for the trace."""
        variant = self._variant
        if self._context == "answers":
            name = "cas.kd" if variant.ka else "cas.category"
            return say(name, category=word(variant.categories.get(signal, "?")))
        if self._context == "ani" and not self._has_category:
            name = "cas.ka" if variant.ka else "cas.category"
            return say(name, category=word((variant.ka or variant.categories).get(signal, "?")))
        number = "cas.calling" if self._context == "ani" else "cas.called"
        return say(f"{number}.digit", digit=signal % 10) if signal <= 10 else say(f"{number}.end")

    def silence(self) -> None:
        self._sounding = 0
        last = self.state is BackwardState.ANSWERING and self._refusal is not None
        self._move("finish" if last else "silence")

    def timer(self) -> None:
        self._move("timer")

    def decide(self, cause: int) -> None:
        """What the called line is like: 0 free, else why not (Q.850)."""
        if self.deciding:
            self._refusal = cause
            self._move("decide")

    def stop(self) -> None:
        self._move("stop")

    def _move(self, event: str, signal: int = 0) -> None:
        self.state, action = TABLE.rows[self.state][event]
        if action == "_take":
            self._take(signal)
        elif action:
            act: Callable[[], None] = getattr(self, action)
            act()

    # ---- the rhythm

    def _listen(self) -> None:
        self._owner.stop_signal()
        waits = self.heard.called and self._context == "dnis" and not self._complete
        after = self._timers.interdigit_ms if waits else self._timers.register_ms
        self._owner.set_register_timer(after)

    def _listen_again(self) -> None:
        """After a pulse: what sounds now is an answer to it."""
        self._owner.set_register_timer(self._timers.register_ms)
        if self._sounding:
            self._move("signal", self._sounding)

    def _take(self, signal: int) -> None:
        self._owner.set_register_timer(self._timers.register_ms)
        if self._context == "answers":
            self.heard.category = signal
            self._move("category")
        elif self._understand(signal):
            self._answer(self._request())
        else:
            self._move("fail")

    def _pause(self) -> None:
        """Nothing came: the called number has ended, or the far end has."""
        if self.heard.called and self._context == "dnis" and not self._complete:
            self._complete = True
            self._context = "answers"
            self._move("pulse")
        else:
            self._move("fail")

    def _pulse(self) -> None:
        self._owner.send_signal(self._variant.signal("dnis", "group_b"), word("A-3 pulse"))
        self._owner.set_register_timer(self._timers.pulse_ms)

    def _guard(self) -> None:
        self._owner.stop_signal()
        self._owner.set_register_timer(self._timers.pulse_guard_ms - self._timers.pulse_ms)

    def _give_up(self) -> None:
        context = "ani" if self._context == "ani" else "dnis"
        signal = self._variant.signal(context, "congestion")
        self._owner.send_signal(signal, word("congestion pulse"))
        self._owner.set_register_timer(self._timers.pulse_ms)

    def _gave_up(self) -> None:
        self._quiet()
        self._owner.register_over("failed")

    def _ask(self) -> None:
        self._owner.set_register_timer(self._timers.decide_ms)
        self._owner.offered(self.heard)

    def _say_how(self) -> None:
        """Group B. Nobody decided: free, before the far end's forward timer ends the call."""
        cause = self._refusal = self._refusal or 0
        category = self.heard.category
        if cause:
            signal = self._variant.refusal(category, cause)
        else:
            signal = self._variant.free(category, self._settings.charge)
        answer = word(self._variant.answers_for(category)[signal])
        self._owner.send_signal(signal, say("cas.called_line.is", answer=answer))
        self._owner.set_register_timer(self._timers.register_ms)

    def _finish(self) -> None:
        self._quiet()
        self._owner.register_over("refused" if self._refusal else "accepted")

    def _lose(self) -> None:
        """The far end gave up while we made up our mind."""
        self._quiet()
        self._owner.register_over("failed")

    def _quiet(self) -> None:
        self._owner.stop_signal()
        self._owner.set_register_timer(None)

    # ---- what is heard, what is wanted

    def _understand(self, signal: int) -> bool:
        """Note what a forward signal says; whether it can be."""
        if self._context == "ani":
            return self._understand_caller(signal)
        if signal == self._variant.end_of_dnis and self.heard.called:
            self._complete = True
            return True
        if signal > 10 or len(self.heard.called) >= MOST_DIGITS:
            return False
        self.heard.called += str(signal % 10)
        self._complete = len(self.heard.called) == self._settings.dnis_length
        return True

    def _understand_caller(self, signal: int) -> bool:
        if not self._has_category:
            self._has_category = True
            if self._variant.ka:
                self.heard.ka = signal
            else:
                self.heard.category = signal
            return True
        if signal <= 10 and len(self.heard.calling) < MOST_DIGITS:
            self.heard.calling += str(signal % 10)
            return True
        # The number has ended, or there is none; what else it may be, there is no more to come.
        self.heard.withheld = signal == self._variant.ani_restricted and not self.heard.calling
        self._context = "dnis" if self._variant.ani_end_returns else "ani_over"
        return True

    def _request(self) -> str:
        """The word for what is wanted next."""
        onward = "group_b" if self._complete else "next_dnis"
        if self._context == "ani":
            most = self._settings.ani_length
            enough = most and len(self.heard.calling) >= most
            if enough and self._variant.signal("ani", onward):
                return onward
            return "ani"
        if self._context == "dnis" and self._wants_ani():
            return "category"
        return onward

    def _wants_ani(self) -> bool:
        if self._asked_ani or self._settings.ani == "never":
            return False
        if self._settings.ani == "early" and len(self.heard.called) >= self._settings.ani_after:
            return True
        return self._complete

    def _answer(self, wanted: str) -> None:
        table = "ani" if self._context in ("ani", "ani_over") else "dnis"
        self._owner.send_signal(self._variant.signal(table, wanted), word(wanted))
        if wanted == "category":
            self._context, self._asked_ani = "ani", True
        elif wanted == "group_b":
            self._context = "answers"
        elif wanted == "next_dnis":
            self._context = "dnis"
