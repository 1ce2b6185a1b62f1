"""Caller ID on analog lines: how a country sends it, what a call's message is, when it is sent.

What: `scheme` gives what callerid.toml says of a way to send it; `Sender` turns a call's caller
into the steps that ring a telephone and show it: alert, message or keys, bell, each at its time;
or that tell a telephone in talk of it.
How: steps are data, so that a test reads them; announce.py walks them.
Limits: a message that does not fit the pause between two rings goes without the name, and if it
still does not fit, not at all. Japan's and Russia's ways need the telephone's answer: none here.
Source: GR-30, GR-575, EN 300 659-1, -2 and -3, YDN 069; callerid.toml has it for each scheme.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from drivers.base import AlertTone, FskMessage, Keys, SetupRequest
from drivers.events import Number
from dsp_ext import callerid
from dsp_ext.callerid import CallerId, CallerIdError

FILE = Path(__file__).with_name("callerid.toml")

#: What a name may have, as GR-30 and EN 300 659-3 practice goes.
NAME_OCTETS = 20
NUMBER_DIGITS = 20
_BITS_MS = 1.2  # 1200 bit/s


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to send caller ID; callerid.toml says what each value is."""

    name: str
    by: str
    modem: str
    format: str
    call_type: bool
    before: bool
    reversal: bool
    reversal_gap: int
    alert: str
    alert_on: int
    alert_gap: int
    after_ring: int
    ring_gap: int
    seizure_bits: int
    mark_bits: int
    level_dbm0: float
    start: str
    stop: str
    absent: tuple[str, ...]
    keys: tuple[int, ...]
    hear_ms: int
    waiting: bool
    cas_on: int
    cas_gap: int
    ack: str
    ack_within: int
    after_ack: int
    waiting_mark_bits: int

    @property
    def heard_by(self) -> str:
        """What a receiver listens for: the modem, or "dtmf"."""
        return self.modem if self.by == "fsk" else "dtmf"


@cache
def _read() -> Mapping[str, Any]:
    with FILE.open("rb") as file:
        return tomllib.load(file)


def schemes() -> tuple[str, ...]:
    return tuple(_read()["scheme"])


@cache
def scheme(name: str) -> Scheme:
    """Raises KeyError for a name there is not."""
    data = _read()
    merged = {**data["default"], **data["scheme"][name], "name": name}
    values: dict[str, Any] = {}
    for each in fields(Scheme):
        value = merged[each.name]
        values[each.name] = tuple(value) if isinstance(value, list) else value
    return Scheme(**values)


def of_country(country: str, wish: str = "") -> Scheme | None:
    """The scheme a line uses: `wish` by name, "" for the country's own, None for "off".

    A country there is no data for has GR-30's. Raises ValueError for a name that is none.
    """
    name = wish or _read()["country"].get(country, {}).get("scheme", "bellcore")
    if name == "off":
        return None
    if name not in schemes():
        raise ValueError(f"caller_id is {name!r}; it can be off, {', '.join(schemes())}")
    return scheme(name)


def charset(country: str) -> str:
    """The characters of names on a country's lines."""
    return str(_read()["country"].get(country, {}).get("names", "latin-1"))


# ---- steps


@dataclass(frozen=True, slots=True)
class Wait:
    ms: float


@dataclass(frozen=True, slots=True)
class Reverse:
    on: bool


@dataclass(frozen=True, slots=True)
class ShortRing:
    ms: int


@dataclass(frozen=True, slots=True)
class Bell:
    """Ring in the call's cadence from now on."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Call waiting tone, once."""


@dataclass(frozen=True, slots=True)
class Apart:
    """The telephone and its other party do not hear each other, or do again."""

    on: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert in talk; the telephone answers with one of `keys` before the time is over."""

    tone: AlertTone
    keys: str
    within_ms: int


Piece = FskMessage | AlertTone | Keys
Step = Wait | Reverse | ShortRing | Bell | Burst | Apart | Alert | Piece


def pause_of(cadence: tuple[int, ...]) -> tuple[int, int]:
    """(when it begins, how long it is) of a cadence's longest pause, in ms."""
    place = max(range(1, len(cadence), 2), key=lambda at: cadence[at])
    return sum(cadence[:place]), cadence[place]


def waiting_alone(pause_ms: int) -> tuple[Step, ...]:
    """What tells a telephone in talk of another call, and not whose; `pause_ms` between bursts."""
    return (Burst(), Wait(pause_ms), Bell())


class Sender:
    """Steps of one span's telephones; `names` is the character set of names."""

    def __init__(self, how: Scheme, names: str) -> None:
        self.scheme = how
        self._names = names

    def call(
        self, request: SetupRequest, cadence: tuple[int, ...], now: datetime
    ) -> tuple[Step, ...]:
        """What rings a telephone and shows the caller."""
        caller = self.caller(request, now)
        how = self.scheme
        if how.before:
            piece = self._piece(caller)
            return (*self._before(piece), Bell()) if piece else (Bell(),)
        begins, lasts = pause_of(cadence)
        room = lasts - how.after_ring - how.ring_gap
        for each in (caller, replace(caller, name=None, name_absent=None)):
            piece = self._piece(each)
            if piece is not None and self._ms(piece) <= room:
                return (Bell(), Wait(begins + how.after_ring), piece)
        return (Bell(),)

    def messages(self, waiting: bool) -> tuple[Step, ...]:
        """What tells an idle telephone whether messages wait; nothing where DTMF cannot."""
        how = self.scheme
        if how.by != "fsk":
            return ()
        if how.format == "sdmf":
            octets = callerid.encode_sdmf_messages(waiting)
        else:
            octets = callerid.encode_mdmf(CallerId(messages_waiting=waiting))
        message = self._message(octets)
        return self._before(message) if how.before else (Wait(how.after_ring), message)

    def waiting(self, request: SetupRequest, now: datetime, pause_ms: int) -> tuple[Step, ...]:
        """What tells a telephone in talk of another call, and whose it is where it answers.

        The first burst of call waiting tone, the message, and from then on (Bell) the tone.
        """
        how = self.scheme
        message = self._piece(self.caller(request, now)) if how.waiting else None
        if not isinstance(message, FskMessage):
            return waiting_alone(pause_ms)
        message = replace(message, seizure_bits=0, mark_bits=how.waiting_mark_bits)
        first, *rest = waiting_alone(pause_ms)
        return (
            first,
            Apart(True),
            Wait(how.cas_gap),
            Alert(AlertTone(how.cas_on), how.ack, how.ack_within),
            Wait(how.after_ack),
            message,
            Apart(False),
            *rest,
        )

    def caller(self, request: SetupRequest, now: datetime) -> CallerId:
        """What the message says of the calling party."""
        calling, time = request.calling, f"{now:%m%d%H%M}"
        kind = 1 if self.scheme.call_type else None
        if calling.withheld:
            return CallerId(time=time, number_absent="P", name_absent="P", call_type=kind)
        digits = "".join(key for key in calling.digits if key in "0123456789*#")[:NUMBER_DIGITS]
        return CallerId(
            number=digits or None,
            name=self._name(request.name),
            time=time,
            number_absent=None if digits else "O",
            call_type=kind,
        )

    def _name(self, name: str) -> str | None:
        """In the octets of the country's characters; None for what has none in them."""
        kept = b""
        for letter in name:
            try:
                octets = letter.encode(self._names)
            except UnicodeEncodeError:
                return None
            if len(kept) + len(octets) > NAME_OCTETS:
                break
            kept += octets
        return kept.decode("latin-1") or None

    # ---- inside

    def _before(self, piece: Piece) -> tuple[Step, ...]:
        how = self.scheme
        steps: list[Step] = []
        if how.reversal:
            steps += [Reverse(True), Wait(how.reversal_gap)]
        if how.alert == "tone":
            steps += [AlertTone(how.alert_on), Wait(how.alert_gap)]
        elif how.alert == "ring":
            steps += [ShortRing(how.alert_on), Wait(how.alert_gap)]
        steps += [piece, Wait(how.ring_gap)]
        return (*steps, Reverse(False)) if how.reversal else tuple(steps)

    def _piece(self, caller: CallerId) -> Piece | None:
        """The message of a call; None where there is nothing to send."""
        how = self.scheme
        if how.by == "dtmf":
            return self._keys(caller)
        try:
            if how.format == "sdmf":
                return self._message(callerid.encode_sdmf(caller))
            return self._message(callerid.encode_mdmf(caller))
        except CallerIdError:
            return None

    def _keys(self, caller: CallerId) -> Keys | None:
        how = self.scheme
        on, off = how.keys
        try:
            return Keys(callerid.encode_dtmf(caller, start=how.start, stop=how.stop), on, off)
        except CallerIdError:
            code = how.absent[1 if caller.number_absent == "P" else 0]
            return Keys(code, on, off) if code else None

    def _message(self, octets: bytes) -> FskMessage:
        how = self.scheme
        return FskMessage(octets, how.modem, how.level_dbm0, how.seizure_bits, how.mark_bits)

    def _ms(self, piece: Piece) -> float:
        if isinstance(piece, FskMessage):
            return (piece.seizure_bits + piece.mark_bits + 10 * len(piece.octets)) / _BITS_MS
        return 0.0


def party(caller: CallerId, names: str) -> tuple[Number, str]:
    """Number and name of a message that was heard, as line events have them."""
    if caller.number is None:
        restricted = 0x20 if caller.number_absent == "P" else 0
        return Number(presentation=restricted), ""
    digits = "".join(key for key in caller.number if key in "0123456789*#+")
    name = (caller.name or "").encode("latin-1").decode(names, "replace")
    return Number(digits), "".join(letter for letter in name if letter.isprintable()).strip()
