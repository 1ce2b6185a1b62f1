"""What analog lines do in a country, out of countries.toml, and what a span may set of its own.

What: `facts("cn")` gives ring cadences, flash window, pulses and timings; `AnalogSettings` is that
with what the span's configuration says. How: each country has the default's values but for those
it names; what is read is checked, so that a window nobody can hit is found before a line is up.
Source: the file names it for each country, with how sure it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from drivers.signalling.analog import callerid
from drivers.signalling.analog.callerid import Scheme

FILE = Path(__file__).with_name("countries.toml")

#: Which cadence a call rings with.
RINGS = ("external", "internal", "queue")
#: How a far end's hanging up shows on an exchange line.
DISCONNECTS = ("busy", "current", "polarity", "silence")
#: How its answer does.
ANSWERS = ("tones", "polarity", "dialled")

Ms = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A country's lines; all in ms, countries.toml says what each is."""

    ring: Ms
    ring_internal: Ms
    ring_queue: Ms
    flash: tuple[int, int]
    flash_send: int
    pulse_break: tuple[int, int]
    pulse_digit: int
    pulse_send: tuple[int, int, int]
    off_hook: int
    dial_tone_wait: int
    dial_blind: int
    dtmf_send: tuple[int, int]
    seize_guard: int
    current_break: tuple[int, int]
    polarity_guard: int
    howler_after: int
    howler: int
    recall: int

    def cadence(self, ring: str) -> Ms:
        """The bell's cadence for one of RINGS."""
        return {"internal": self.ring_internal, "queue": self.ring_queue}.get(ring, self.ring)

    def problems(self) -> list[str]:
        """What a test holds against the data; empty when it is sound."""
        found = []
        for name in ("ring", "ring_internal", "ring_queue"):
            cadence = getattr(self, name)
            if len(cadence) % 2 or not 2 <= len(cadence) <= 16 or min(cadence) < 200:
                found.append(f"{name}: bursts and pauses of 200 ms and more, in pairs, at most 16")
        for name in ("flash", "pulse_break", "current_break"):
            low, high = getattr(self, name)
            if not 0 < low < high:
                found.append(f"{name}: the least comes first")
        if self.pulse_break[1] >= self.flash[0]:
            found.append("a pulse must be shorter than a flash")
        if not self.flash[0] <= self.flash_send <= self.flash[1]:
            found.append("the flash we send is outside the window")
        if not self.pulse_break[0] < self.pulse_send[0] <= self.pulse_break[1]:
            found.append("the pulses we send are outside the window")
        return found


@cache
def _read() -> Mapping[str, Any]:
    with FILE.open("rb") as file:
        return tomllib.load(file)


def countries() -> tuple[str, ...]:
    """Codes of the countries there is data for, China first."""
    return tuple(_read()["country"])


@cache
def facts(country: str) -> LineFacts:
    """A country's lines; the default's for a country there is no data for."""
    data = _read()
    merged = {**data["default"], **data["country"].get(country, {})}
    values: dict[str, Any] = {}
    for each in fields(LineFacts):
        value = merged[each.name]
        values[each.name] = tuple(value) if isinstance(value, list) else value
    return LineFacts(**values)


@dataclass(frozen=True, slots=True)
class AnalogSettings:
    """What one span's ports do.

    answer : what counts as the answer to a call on an exchange line, one of ANSWERS
    answer_after_s : a dialled call of which nothing else is known counts as answered; 0: never
    disconnect : what counts as the far end's hanging up, of DISCONNECTS; an FXS port, which is
        the exchange to its telephone, does the first of them
    dial : "dtmf" or "pulse"; wait_dial_tone : dial only when the exchange says so
    polarity_on_answer : FXS: reverse the line while a call from it is answered
    call_waiting : another call may wait at a telephone in talk, or (FXO) the exchange may say in
        talk that one waits and whose it is; on all ports, none, or which
    scheme : how caller ID is sent to telephones and heard on exchange lines; None: it is not
    names : the characters of callers' names
    """

    facts: LineFacts = field(default_factory=lambda: facts("cn"))
    answer: str = "tones"
    answer_after_s: float = 30.0
    disconnect: tuple[str, ...] = ("current", "busy")
    dial: str = "dtmf"
    wait_dial_tone: bool = True
    polarity_on_answer: bool = False
    call_waiting: bool | tuple[int, ...] = False
    scheme: Scheme | None = None
    names: str = "latin-1"

    def waits_at(self, port: int) -> bool:
        """Whether there is call waiting on a port."""
        allowed = self.call_waiting
        return allowed if isinstance(allowed, bool) else port in allowed

    @classmethod
    def of(cls, country: str = "cn", caller_id: str = "", **options: Any) -> AnalogSettings:
        """From plain words; `caller_id` is a scheme's name, "off", or "" for the country's own.

        Raises ValueError for a word that is none of those there are.
        """
        how, names = callerid.of_country(country, caller_id), callerid.charset(country)
        made = cls(facts(country), scheme=how, names=names, **options)
        for name, given, allowed in (
            ("answer", (made.answer,), ANSWERS),
            ("disconnect", made.disconnect, DISCONNECTS),
            ("dial", (made.dial,), ("dtmf", "pulse")),
        ):
            for word in given:
                if word not in allowed:
                    raise ValueError(f"{name} is {word!r}; it can be {', '.join(allowed)}")
        return made
