"""Caller ID messages: what the octets of an FSK message, or a string of DTMF keys, say of a caller.

What: codes and reads the single and the multiple data message format (SDMF, MDMF) with their
checksum, and the DTMF forms of several countries.
How: an MDMF message is type, length, parameters of type, length and text, checksum; SDMF has date,
time and number without types. The checksum makes the sum of all octets 0 modulo 256.
Limits: a message carries up to 255 octets of parameters. Parameters this module has no field for
are kept in `other`, in order.
Source: GR-30 (FSK, SDMF and MDMF), EN 300 659-3 (parameters), YDN 069 (China), EN 300 659-1 annex B
(DTMF). The meaning of B00 and B10 is told differently by different sources; this is the usual one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SDMF_CALL = 0x04
SDMF_MESSAGES = 0x06
MDMF_CALL = 0x80
MDMF_MESSAGES = 0x82
SDMF_TYPES = (SDMF_CALL, SDMF_MESSAGES)
#: Types of message a receiver takes for the beginning of one: the four above, charge, SMS.
TYPES = (*SDMF_TYPES, MDMF_CALL, MDMF_MESSAGES, 0x86, 0x89)

TIME, NUMBER, NO_NUMBER, NAME, NO_NAME = 0x01, 0x02, 0x04, 0x07, 0x08
VISUAL, CALL_TYPE = 0x0B, 0x11
LONGEST = 255  # octets of a message without type, length and checksum

#: GR-1401: the indicator's octets, three times over against errors.
_SDMF_WAITING = {True: b"\x42" * 3, False: b"\x6f" * 3}

Absence = Literal["O", "P"]
_DTMF = re.compile(r"([ABD]?)([0-9*]*)(?:D([0-9*]*))?(?:B([0-9]*))?([C#]?)")
_DTMF_ABSENT: dict[str, Absence] = {"B00": "O", "B10": "P", "D1": "P", "D2": "O", "D3": "O"}


class CallerIdError(ValueError):
    """Octets or keys that are no caller ID message."""


@dataclass(frozen=True, slots=True)
class CallerId:
    """What a message says.

    number, name : digits, and text of the national character set (read as Latin-1)
    time : "MMDDHHMM"
    number_absent, name_absent : "O" not available, "P" withheld
    call_type : 1 voice, 2 ring back when free, 3 calling name, 0x81 message waiting
    messages_waiting : of the visual indicator
    other : (type, octets) of further parameters
    """

    number: str | None = None
    name: str | None = None
    time: str | None = None
    number_absent: Absence | None = None
    name_absent: Absence | None = None
    call_type: int | None = None
    messages_waiting: bool | None = None
    other: tuple[tuple[int, bytes], ...] = ()


def checksum(octets: bytes) -> int:
    """What makes the sum of all octets 0 modulo 256."""
    return -sum(octets) & 0xFF


def _message(kind: int, body: bytes) -> bytes:
    if len(body) > LONGEST:
        raise CallerIdError(f"a message has at most {LONGEST} octets, not {len(body)}")
    whole = bytes((kind, len(body))) + body
    return whole + bytes((checksum(whole),))


def _time(text: str) -> bytes:
    if not re.fullmatch(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d", text):
        raise CallerIdError(f"time must be MMDDHHMM, not {text!r}")
    return text.encode("ascii")


def _text(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise CallerIdError(f"{text!r} cannot be sent in Latin-1") from error


def encode_mdmf(caller: CallerId, kind: int | None = None) -> bytes:
    """The MDMF message with its checksum.

    kind : its type; None: message waiting when nothing else is said than that, else call set-up
    Raises CallerIdError for what is too long or cannot be coded.
    """
    parts: list[tuple[int, bytes]] = []
    if caller.call_type is not None:
        parts.append((CALL_TYPE, bytes((caller.call_type,))))
    if caller.time is not None:
        parts.append((TIME, _time(caller.time)))
    if caller.number is not None:
        parts.append((NUMBER, _text(caller.number)))
    elif caller.number_absent:
        parts.append((NO_NUMBER, _text(caller.number_absent)))
    if caller.name is not None:
        parts.append((NAME, _text(caller.name)))
    elif caller.name_absent:
        parts.append((NO_NAME, _text(caller.name_absent)))
    if caller.messages_waiting is not None:
        parts.append((VISUAL, b"\xff" if caller.messages_waiting else b"\x00"))
    parts += caller.other
    if kind is None:
        alone = [name for name, _ in parts] == [VISUAL]
        kind = MDMF_MESSAGES if alone else MDMF_CALL
    for name, value in parts:
        if len(value) > LONGEST:
            raise CallerIdError(f"parameter {name:#04x} is {len(value)} octets long")
    return _message(kind, b"".join(bytes((name, len(v))) + v for name, v in parts))


def encode_sdmf(caller: CallerId) -> bytes:
    """The SDMF message (time, and number or why there is none) with its checksum.

    Raises CallerIdError when there is no time, or neither number nor reason.
    """
    number = caller.number or caller.number_absent
    if caller.time is None or not number:
        raise CallerIdError("SDMF needs a time, and a number or the reason for its absence")
    return _message(SDMF_CALL, _time(caller.time) + _text(number))


def encode_sdmf_messages(waiting: bool) -> bytes:
    """The SDMF message that messages wait, or no longer do, with its checksum."""
    return _message(SDMF_MESSAGES, _SDMF_WAITING[waiting])


def decode(message: bytes) -> CallerId:
    """What a whole message, checksum included, says.

    Raises CallerIdError for a wrong checksum, a wrong length, or parameters that do not fit.
    """
    if len(message) < 3 or len(message) != message[1] + 3:
        raise CallerIdError(f"{len(message)} octets do not fit the length the message gives")
    if sum(message) & 0xFF:
        raise CallerIdError("the checksum is wrong")
    body = message[2:-1]
    if message[0] == SDMF_CALL:
        return _decode_sdmf(body)
    if message[0] in SDMF_TYPES:
        said = {octets: waiting for waiting, octets in _SDMF_WAITING.items()}
        if body in said:
            return CallerId(messages_waiting=said[body])
        return CallerId(other=((message[0], body),))
    return _decode_mdmf(body)


def _absence(value: bytes) -> Absence | None:
    return "P" if value == b"P" else "O" if value == b"O" else None


def _decode_sdmf(body: bytes) -> CallerId:
    if len(body) < 9:
        raise CallerIdError("SDMF is shorter than its date, time and a number")
    absent = _absence(body[8:])
    number = None if absent else body[8:].decode("latin-1")
    return CallerId(number=number, time=body[:8].decode("latin-1"), number_absent=absent)


def _decode_mdmf(body: bytes) -> CallerId:
    found: dict[int, bytes] = {}
    other: list[tuple[int, bytes]] = []
    known = (TIME, NUMBER, NO_NUMBER, NAME, NO_NAME, VISUAL, CALL_TYPE)
    at = 0
    while at < len(body):
        name, value = body[at], body[at + 2 : at + 2 + body[at + 1]] if at + 1 < len(body) else b""
        if at + 1 >= len(body) or len(value) != body[at + 1]:
            raise CallerIdError(f"parameter {name:#04x} is longer than the message")
        at += 2 + len(value)
        fits = len(value) == 1 or name not in (VISUAL, CALL_TYPE, NO_NUMBER, NO_NAME)
        if name in known and name not in found and fits:
            found[name] = value
        else:
            other.append((name, value))
    text = {name: value.decode("latin-1") for name, value in found.items()}
    return CallerId(
        number=text.get(NUMBER),
        name=text.get(NAME),
        time=text.get(TIME),
        number_absent=_absence(found.get(NO_NUMBER, b"")),
        name_absent=_absence(found.get(NO_NAME, b"")),
        call_type=found[CALL_TYPE][0] if CALL_TYPE in found else None,
        messages_waiting=found[VISUAL] != b"\x00" if VISUAL in found else None,
        other=tuple(other),
    )


def encode_dtmf(caller: CallerId, *, start: str = "D", stop: str = "C") -> str:
    """The keys that tell a number: China's and Taiwan's form, or another's by `start` and `stop`.

    Raises CallerIdError when there is no number of digits, or for other keys around it.
    """
    if not re.fullmatch(r"[ABD]?", start) or not re.fullmatch(r"[C#]", stop):
        raise CallerIdError(f"a number stands between A, B or D and C or #, not {start}…{stop}")
    if not caller.number or not re.fullmatch(r"[0-9*]{1,24}", caller.number):
        raise CallerIdError(f"no number of 1 to 24 digits to send: {caller.number!r}")
    return f"{start}{caller.number}{stop}"


def decode_dtmf(keys: str) -> CallerId:
    """What keys heard before the first ring say: D…C, A…C with D… or B…, A…#, D1#, or digits.

    A diverting number is in `other` under 0x1A. Raises CallerIdError for anything else.
    """
    text = keys.strip().upper()
    absent = _DTMF_ABSENT.get(text.rstrip("C#"))
    if absent:
        return CallerId(number_absent=absent)
    match = _DTMF.fullmatch(text)
    if not match or not (match[1] or match[5]):
        raise CallerIdError(f"{keys!r} is no caller ID in DTMF")
    start, number, diverting, code, _ = match.groups()
    if code:
        absent = _DTMF_ABSENT.get(f"B{code}", "O")
    if not number and not absent:
        raise CallerIdError(f"{keys!r} holds no number")
    return CallerId(
        number=number or None,
        number_absent=None if number else absent,
        other=((0x1A, diverting.encode("ascii")),) if diverting else (),
    )
