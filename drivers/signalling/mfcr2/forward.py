"""The outgoing register: sends the called number, and whatever else is asked for.

What: one forward signal at a time, on until a backward signal answers it
(compelled), the next one as that has ended; or at a pulsed backward signal.
How: a table for the rhythm, and one method a request for the meaning (variants.toml
gives each backward signal its request). Ends with one outcome, told to the owner.
Limits: echo suppressors and language are answered as a plain subscriber's call on a
terrestrial circuit answers; no register signals of transit exchanges.
Source: ITU-T Q.441 (meaning), Q.442 (pulses), Q.457 to Q.476 (procedure, timers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from drivers.cause import Cause
from drivers.events import Number
from drivers.said import Said
from drivers.signalling.cas_words import say, word
from drivers.signalling.mfcr2.variant import ANSWERS, R2Settings, Timers, Variant
from drivers.signalling.table import Table


class ForwardState(Enum):
    IDLE = "idle"
    SENDING = "sending"  # a forward signal is on
    ANSWERED = "answered"  # the backward signal that answered it is still on
    WAITING = "waiting"  # nothing to send: for a pulse, or further digits
    DONE = "done"


_S = ForwardState
_STOP = {"stop": (_S.IDLE, "_quiet")}

TABLE: Table[ForwardState] = Table(
    "R2 outgoing register",
    _S.IDLE,
    "begin signal silence send wait finish digits timer fail stop",
    {
        _S.IDLE: {"begin": (_S.SENDING, "_first")},
        _S.SENDING: {
            "signal": (_S.ANSWERED, "_take"),
            "timer": (_S.DONE, "_expire"),
            **_STOP,
        },
        _S.ANSWERED: {
            "silence": (_S.ANSWERED, "_go_on"),
            "send": (_S.SENDING, "_send"),
            "wait": (_S.WAITING, "_wait"),
            "finish": (_S.DONE, "_finish"),
            "fail": (_S.DONE, "_fail"),
            "timer": (_S.DONE, "_expire"),
            **_STOP,
        },
        _S.WAITING: {
            "signal": (_S.ANSWERED, "_take"),
            "digits": (_S.SENDING, "_further"),
            "timer": (_S.DONE, "_expire"),
            **_STOP,
        },
        _S.DONE: _STOP,
    },
)


class ForwardOwner(Protocol):
    """Who has the register: sends its signals, keeps its timer, hears how it ended."""

    def send_signal(self, signal: int, name: Said | str) -> None: ...

    def stop_signal(self) -> None: ...

    def set_register_timer(self, after_ms: int | None) -> None: ...

    def called_line(self, outcome: Said | str, cause: int) -> None:
        """`cause` 0: the called line is free; else why the call does not get there."""


@dataclass(slots=True)
class Outgoing:
    """What the register has to say. `complete` false: more digits may come (overlap)."""

    called: str
    calling: Number = field(default_factory=Number)
    complete: bool = True


def signal_of(digit: str) -> int:
    """The group I signal of a digit. Raises ValueError for what is none."""
    if len(digit) != 1 or digit not in "0123456789":
        raise ValueError(f"{digit!r} has no R2 signal: only digits have")
    return int(digit) or 10


class ForwardRegister:
    """`begin`, then what is heard: `signal` (1–15) and `silence`; `timer` as it was set."""

    def __init__(
        self, owner: ForwardOwner, variant: Variant, settings: R2Settings, timers: Timers
    ) -> None:
        self._owner, self._variant, self._settings = owner, variant, settings
        self._timers = timers
        self.state = TABLE.start
        self._say = Outgoing("")
        self._context = "dnis"  # what backward signals mean: dnis, ani, answers
        self._place = 0  # of the called digit sent last
        self._ani_place = -1
        self._ended = False  # end of the called number has been sent
        self._hungry = False  # for a called digit that is not there yet
        self._next: tuple[int, Said | str] | None = None  # the signal to send, and its name
        self._outcome = ("", 0)

    def begin(self, say: Outgoing) -> None:
        """Send the first digit of `say.called`, which has at least one."""
        self._say, self._context = say, "dnis"
        self._place, self._ani_place, self._ended = 0, -1, False
        self._hungry, self._next, self._outcome = False, None, ("", 0)
        self._move("begin")

    def signal(self, signal: int) -> None:
        self._move("signal", signal)

    def meaning(self, signal: int) -> Said | str:
        """What a backward signal stands for now, in words; for the trace."""
        table = {
            "dnis": self._variant.dnis,
            "ani": self._variant.ani,
            "answers": self._variant.answers_for(self._settings.category),
        }[self._context]
        return word(table.get(signal, "nothing"))

    def silence(self) -> None:
        self._move("silence")

    def timer(self) -> None:
        self._move("timer")

    def stop(self) -> None:
        self._move("stop")

    def digits(self, more: str, complete: bool) -> None:
        """Further digits of the called number (overlap)."""
        self._say.called += more
        self._say.complete = complete
        if self._place + 1 < len(self._say.called) or (complete and self._can_end()):
            self._move("digits")

    def _move(self, event: str, signal: int = 0) -> None:
        self.state, action = TABLE.rows[self.state][event]
        if action in ("_take", "_fail"):
            getattr(self, action)(signal)
        elif action:
            act: Callable[[], None] = getattr(self, action)
            act()

    # ---- the rhythm

    def _first(self) -> None:
        self._next = self._digit()
        self._send()

    def _send(self) -> None:
        assert self._next is not None
        self._owner.send_signal(*self._next)
        self._owner.set_register_timer(self._timers.forward_on_ms)

    def _take(self, signal: int) -> None:
        """A backward signal: it is understood now, and acted upon as it ends."""
        self._owner.stop_signal()
        self._owner.set_register_timer(self._timers.backward_off_ms)
        self._next, self._hungry = None, False
        if self._context == "answers":
            self._take_answer(signal)
            return
        table = self._variant.dnis if self._context == "dnis" else self._variant.ani
        asked = table.get(signal)
        if asked is None:
            self._move("fail", signal)
            return
        act: Callable[[], None] = getattr(self, f"_asked_{asked}")
        act()

    def _take_answer(self, signal: int) -> None:
        answer = self._variant.answers_for(self._settings.category).get(signal)
        if answer is None:
            self._move("fail", signal)
            return
        self._outcome = (answer, ANSWERS[answer])

    def _go_on(self) -> None:
        if self._hungry:
            self._asked_next_dnis()  # digits may have come meanwhile
        if self._outcome[0]:
            self._move("finish")
        else:
            self._move("send" if self._next else "wait")

    def _wait(self) -> None:
        self._owner.set_register_timer(self._timers.forward_off_ms)

    def _further(self) -> None:
        self._asked_next_dnis()
        self._send()

    def _finish(self) -> None:
        self._owner.set_register_timer(None)
        outcome, cause = self._outcome
        self._owner.called_line(word(outcome), cause)

    def _fail(self, signal: int) -> None:
        self._quiet()
        said = say("cas.unheard_of", signal=signal)
        self._owner.called_line(said, int(Cause.PROTOCOL_ERROR))

    def _expire(self) -> None:
        self._quiet()
        self._owner.called_line(word("register timer expired"), int(Cause.RECOVERY_ON_TIMER))

    def _quiet(self) -> None:
        self._owner.stop_signal()
        self._owner.set_register_timer(None)

    # ---- what is asked for

    def _asked_next_dnis(self) -> None:
        self._context, self._hungry = "dnis", False
        if self._place + 1 < len(self._say.called):
            self._place += 1
            self._next = self._digit()
        elif self._say.complete and self._can_end():
            self._ended = True
            self._next = (self._variant.end_of_dnis, word("end of called number"))
        else:
            self._hungry = True

    def _asked_same_dnis(self) -> None:
        self._back(0)

    def _asked_back_1(self) -> None:
        self._back(1)

    def _asked_back_2(self) -> None:
        self._back(2)

    def _asked_back_3(self) -> None:
        self._back(3)

    def _asked_restart(self) -> None:
        self._back(self._place)

    def _asked_category(self) -> None:
        self._context, self._ani_place = "ani", -1
        if self._variant.ka:
            self._next = _of("ka", self._variant.ka, self._settings.ka)
        else:
            self._next = self._category("category")

    def _asked_ani(self) -> None:
        self._ani_place += 1
        calling = self._say.calling
        if (calling.withheld or not calling.digits) and self._variant.ani_restricted:
            self._next = (self._variant.ani_restricted, word("calling number not available"))
        elif not calling.withheld and self._ani_place < len(calling.digits):
            digit = calling.digits[self._ani_place]
            self._next = (signal_of(digit), say("cas.calling.digit", digit=digit))
            return
        else:
            self._next = (self._variant.end_of_ani, word("end of calling number"))
        if self._variant.ani_end_returns:
            self._context = "dnis"

    def _asked_group_b(self) -> None:
        self._context = "answers"
        self._next = self._category("kd" if self._variant.ka else "category")

    def _asked_complete(self) -> None:
        self._outcome = ("free_charge", 0)

    def _asked_congestion(self) -> None:
        self._outcome = ("congestion", ANSWERS["congestion"])

    def _asked_unallocated(self) -> None:
        self._outcome = ("unallocated", ANSWERS["unallocated"])

    def _asked_country_code(self) -> None:
        self._next = (12, word("request not accepted"))

    def _asked_echo_suppressor(self) -> None:
        self._next = (12, word("request not accepted"))

    def _asked_language(self) -> None:
        self._next = (10, word("discriminating digit 0"))

    def _asked_nature_of_circuit(self) -> None:
        self._next = (13, word("no satellite link"))

    # ---- inside

    def _back(self, places: int) -> None:
        self._context, self._ended = "dnis", False
        self._place = max(self._place - places, 0)
        self._next = self._digit()

    def _digit(self) -> tuple[int, Said]:
        digit = self._say.called[self._place]
        return signal_of(digit), say("cas.called.digit", digit=digit)

    def _can_end(self) -> bool:
        return bool(self._variant.end_of_dnis) and not self._ended

    def _category(self, name: str) -> tuple[int, Said]:
        return _of(name, self._variant.categories, self._settings.category)


def _of(name: str, words: Mapping[int, str], signal: int) -> tuple[int, Said]:
    """A signal that tells who calls: "ka", "kd" or "category"."""
    return signal, say(f"cas.{name}.sent", category=word(words.get(signal, "spare")))
