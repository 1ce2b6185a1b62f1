"""National variants of MFC/R2, out of variants.toml, and what a span may set of its own.

What: `Variant` says what each signal means, `R2Settings` what this trunk does.
How: a table may inherit from another; tables are replaced as a whole, timers key
by key. `load` checks what it reads, so that a signal nobody can hear or a word
nobody knows is found before a line is up.
Source: ITU-T Q.441 for the groups; the file names the rest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from drivers.cause import Cause

FILE = Path(__file__).with_name("variants.toml")

#: What a backward signal may ask for before group B.
REQUESTS = frozenset(
    {"next_dnis", "same_dnis", "back_1", "back_2", "back_3", "restart"}  # of called digits
    | {"category", "ani", "country_code", "language", "nature_of_circuit", "echo_suppressor"}
    | {"group_b", "complete", "congestion", "unallocated"}  # that end it
)
#: What group B says of the called line, and the Q.850 cause for the caller; 0: it is free.
ANSWERS: dict[str, int] = {
    "free_charge": 0,
    "free_no_charge": 0,
    "busy": Cause.USER_BUSY,
    "busy_or_congestion": Cause.USER_BUSY,
    "busy_or_unallocated": Cause.USER_BUSY,
    "congestion": Cause.NO_CHANNEL,
    "unallocated": Cause.UNALLOCATED,
    "out_of_order": Cause.DESTINATION_OUT_OF_ORDER,
    "information_tone": 4,
    "number_changed": 22,
}
#: Q.850 cause we refuse a call with → group B words for it, the best first.
_BUSY = ("busy", "busy_or_congestion", "busy_or_unallocated")
_JAM = ("congestion", "busy_or_congestion")
_VACANT = ("unallocated", "busy_or_unallocated")
REFUSALS: dict[int, tuple[str, ...]] = {
    Cause.UNALLOCATED: _VACANT,
    Cause.NO_ROUTE: _VACANT,
    Cause.INVALID_NUMBER: _VACANT,
    4: ("information_tone", *_VACANT),
    22: ("number_changed", "information_tone", *_VACANT),
    Cause.DESTINATION_OUT_OF_ORDER: ("out_of_order", *_JAM),
    Cause.NORMAL: _BUSY,
    Cause.USER_BUSY: _BUSY,
    Cause.REJECTED: _BUSY,
    Cause.NO_USER_RESPONDING: _BUSY,
    Cause.NO_ANSWER: _BUSY,
}
ANI_WHEN = ("early", "late", "never")


@dataclass(frozen=True, slots=True)
class Timers:
    """All in milliseconds; variants.toml says what each is."""

    recognition_ms: int
    fault_ms: int
    seize_ack_ms: int
    seize_hold_ms: int
    double_seizure_ms: int
    release_guard_ms: int
    clear_forward_ms: int
    let_go_ms: int
    answer_ms: int
    answer_delay_ms: int
    reanswer_ms: int
    clear_back_ms: int
    metering_pulse_ms: int
    double_answer_ms: int
    forward_on_ms: int
    forward_off_ms: int
    backward_off_ms: int
    register_ms: int
    interdigit_ms: int
    pulse_ms: int
    pulse_guard_ms: int
    decide_ms: int


@dataclass(frozen=True, slots=True)
class Answers:
    """One group B table; `categories` empty: for every category."""

    categories: tuple[int, ...]
    signals: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Variant:
    """`dnis` and `ani` are backward signal → request, while called or calling digits are sent."""

    name: str
    title: str
    cd: int
    china_backward: bool
    end_of_dnis: int
    end_of_ani: int
    ani_restricted: int
    ani_end_returns: bool
    ani_when: str
    ani_after: int
    forced_release: bool
    category_out: int
    ka_out: int
    collect: int
    dnis: Mapping[int, str]
    ani: Mapping[int, str]
    answers: tuple[Answers, ...]
    categories: Mapping[int, str]
    ka: Mapping[int, str]
    timers: Timers

    def signal(self, context: str, word: str) -> int:
        """The backward signal for a request, 0 where the variant has none."""
        table = self.dnis if context == "dnis" else self.ani
        return next((signal for signal, each in table.items() if each == word), 0)

    def answers_for(self, category: int) -> Mapping[int, str]:
        """Group B as it is read after this category."""
        for table in self.answers:
            if not table.categories or category in table.categories:
                return table.signals
        return self.answers[-1].signals

    def free(self, category: int, charge: bool) -> int:
        """The group B signal for a free line; without charge where the variant can say so."""
        words = ("free_charge",) if charge else ("free_no_charge", "free_charge")
        return _first(self.answers_for(category), words)

    def refusal(self, category: int, cause: int) -> int:
        """The group B signal that says best why the call is refused."""
        words = REFUSALS.get(cause, ()) + _JAM + _BUSY
        return _first(self.answers_for(category), words)


def _first(table: Mapping[int, str], words: tuple[str, ...]) -> int:
    return next((s for word in words for s, each in table.items() if each == word), 0)


def names() -> list[str]:
    """The variants there are."""
    return [name for name in _read() if name != "defaults"]


@cache
def load(name: str) -> Variant:
    """The variant of that name. Raises ValueError, naming those there are or what is wrong."""
    if name not in names():
        raise ValueError(f"no R2 variant is called {name!r}; there are {', '.join(names())}")
    return make(name, _read()[name])


def make(name: str, own: Mapping[str, Any]) -> Variant:
    """A variant from a table as in the file. Raises ValueError for what cannot be."""
    data = _over(_read()["defaults"], _inherited(own))
    variant = Variant(
        name=name,
        title=data["title"],
        cd=int(data["cd"], 2),
        dnis=_signals(data["dnis"]),
        ani=_signals(data["ani"]),
        answers=tuple(
            Answers(tuple(each.get("categories", ())), _signals(each["signals"]))
            for each in data["answers"]
        ),
        categories=_signals(data["categories"]),
        ka=_signals(data.get("ka", {})),
        timers=Timers(**data["timers"]),
        **{key: data[key] for key in _PLAIN},
    )
    if wrong := problems(variant):
        raise ValueError(f"R2 variant {name}: {'; '.join(wrong)}")
    return variant


_PLAIN = (
    "china_backward",
    "end_of_dnis",
    "end_of_ani",
    "ani_restricted",
    "ani_end_returns",
    "ani_when",
    "ani_after",
    "forced_release",
    "category_out",
    "ka_out",
    "collect",
)


def problems(variant: Variant) -> list[str]:
    """What a variant cannot be; empty when it is sound."""
    most = 6 if variant.china_backward else 15
    found = []
    tables = [variant.dnis, variant.ani, *(table.signals for table in variant.answers)]
    for table in tables:
        found += [f"backward signal {s} cannot be heard" for s in table if not 1 <= s <= most]
    for table in tables[:2]:
        found += [f"{word} is no request" for word in table.values() if word not in REQUESTS]
    for table in tables[2:]:
        found += [f"{word} is no answer" for word in table.values() if word not in ANSWERS]
        if "free_charge" not in table.values() or not variant.refusal(0, Cause.USER_BUSY):
            found.append("a group B table says neither free nor busy")
    needed = {"dnis": "next_dnis group_b congestion category", "ani": "ani group_b congestion"}
    for context, words in needed.items():
        found += [f"{context}: no {w}" for w in words.split() if not variant.signal(context, w)]
    if variant.ani_when not in ANI_WHEN:
        found.append(f"ani_when is {variant.ani_when!r}; it can be {', '.join(ANI_WHEN)}")
    return found


def _inherited(own: Mapping[str, Any]) -> dict[str, Any]:
    return _over(_read()[own["inherit"]], own) if "inherit" in own else dict(own)


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    data = {**under, **over}
    data["timers"] = {**under.get("timers", {}), **over.get("timers", {})}
    return data


def _signals(table: Mapping[str, str]) -> dict[int, str]:
    return {int(signal): word for signal, word in table.items()}


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class R2Settings:
    """What one trunk does. "" and 0 take what the variant says, or mean "not known".

    dnis_length : digits of the called number that come in; 0: told by the far end or a pause
    ani, ani_after, ani_length : when the caller's number is asked for, and at most how much of it
    category, ka : what we say of our callers (group II or KD; KA in China)
    charge : incoming calls are answered "free, charge" (group B)
    forced_release : None, or whether this side may send it
    block_collect : refuse calls the far end marks as collect calls
    double_answer : answer twice, which drops collect calls the far end does not mark
    timers : overrides, by the names of `Timers`
    """

    variant: str = "itu"
    dnis_length: int = 0
    ani: str = ""
    ani_after: int = 0
    ani_length: int = 0
    category: int = 0
    ka: int = 0
    charge: bool = True
    forced_release: bool | None = None
    block_collect: bool = False
    double_answer: bool = False
    timers: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        load(self.variant)
        if self.ani not in ("", *ANI_WHEN):
            raise ValueError(f"ani is {self.ani!r}; it can be {', '.join(ANI_WHEN)}")
        for name, most in (("dnis_length", 32), ("ani_after", 32), ("ani_length", 32)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; it can be 0 to {most}")
        for name in ("category", "ka"):
            if not 0 <= getattr(self, name) <= 15:
                raise ValueError(f"{name} is {getattr(self, name)}; it can be 1 to 15")
        for name, value in self.timers.items():
            if name not in TIMER_NAMES:
                raise ValueError(f"no R2 timer is called {name!r}")
            if not 0 <= value <= 600_000:
                raise ValueError(f"{name} is {value}; it can be 0 to 600000 ms")

    def resolve(self) -> tuple[Variant, R2Settings, Timers]:
        """The variant, these settings with its defaults filled in, and the timers that hold."""
        variant = load(self.variant)
        forced = variant.forced_release if self.forced_release is None else self.forced_release
        filled = R2Settings(
            **{each.name: getattr(self, each.name) for each in fields(self)}
            | {
                "ani": self.ani or variant.ani_when,
                "ani_after": self.ani_after or variant.ani_after,
                "category": self.category or variant.category_out,
                "ka": self.ka or variant.ka_out,
                "forced_release": forced,
            }
        )
        held = {name: getattr(variant.timers, name) for name in TIMER_NAMES}
        return variant, filled, Timers(**held | dict(self.timers))


TIMER_NAMES = tuple(each.name for each in fields(Timers))
