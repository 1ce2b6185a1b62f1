"""D-channel frames for people to read: what each is, and what its elements say.

What: `decode` puts one frame into words; `Censor` takes out what was keyed
during a call, as it may be a PIN, before a frame is kept anywhere.
Limits: any octets give an answer; what is wrong with a frame is told in it.
Source: Q.921 3 (fields), 5.8.5 (commands); Q.931 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.said import Said
from drivers.signalling.pri import q931
from drivers.signalling.pri.q931_values import UNNUMBERED, say, value
from drivers.signalling.pri.q931_words import Content, element

_MAINTENANCE_PROTOCOLS = (0x03, 0x43)  # of AT&T's and the national switch types
_CONNECT, _INFORMATION = 0x07, 0x7B
_KEYPAD, _CALLED = 0x2C, 0x70
_STAR = 0x2A
_UI = 0x03


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame in words. `message` is None for a frame that carries none.

    `reference` is the call reference's value, `from_origin` whether the sender is the end that
    made the call. `elements` are (name, content). `fault` says what is wrong, None if nothing.
    """

    link: Content
    message: Said | None = None
    reference: int | None = None
    from_origin: bool = True
    elements: tuple[tuple[Said, Content], ...] = ()
    fault: Said | None = None

    @property
    def title(self) -> Content:
        """The message, or the link's own frame."""
        return self.message or self.link


def decode(frame: bytes) -> Decoded:
    """A frame, address octet first and without FCS, in words."""
    if len(frame) < 3:
        return Decoded(say("cut"), fault=say("no_frame", count=len(frame)))
    link, information = _link(frame)
    fault = _fault(frame)
    if information is None:
        return Decoded(link, fault=fault)
    if len(information) < 4 or len(information) < 3 + (information[1] & 15):
        fault = fault or say("no_message", count=len(information))
        return Decoded(link, say("cut"), fault=fault)
    length = information[1] & 15
    cref = int.from_bytes(information[2 : 2 + length], "big")
    flag = bool(length and information[2] & 0x80)
    number = cref & ((1 << (8 * length - 1)) - 1) if length else None
    elements = [element(each, content, codeset) for each, content, codeset, _ in walk(information)]
    name = _name(information[0], information[2 + length])
    return Decoded(link, name, number, not flag, tuple(elements), fault)


def walk(information: bytes) -> Iterator[tuple[int, bytes, int, int]]:
    """(identifier, content, codeset, where the content begins), as far as the octets go."""
    at = 3 + (information[1] & 15)
    codeset = locked = 0
    while at < len(information):
        identifier = information[at]
        at += 1
        if identifier & 0xF0 == 0x90:
            codeset = identifier & 7
            locked = locked if identifier & 8 else codeset
            continue
        if identifier & 0x80:
            yield identifier, b"", codeset, at
        else:
            length = information[at] if at < len(information) else 0
            yield identifier, information[at + 1 : at + 1 + length], codeset, at + 1
            at += 1 + length
        codeset = locked


def is_keepalive(frame: bytes) -> bool:
    """Whether it is a supervisory frame of the data link: they say only that all is well."""
    return len(frame) > 2 and frame[2] & 3 == 1


def _link(frame: bytes) -> tuple[Content, bytes | None]:
    """The frame in Q.921's words, and its information field where it has one."""
    control, after = frame[2], frame[3] if len(frame) > 3 else 0
    poll = _poll(after & 1)
    if not control & 1:
        return f"I N(S)={control >> 1} N(R)={after >> 1}{poll}", frame[4:]
    if control & 3 == 1:
        return value("supervisory", control, received=after >> 1, poll=poll), None
    kind = control & 0xEF
    shown = kind if kind in UNNUMBERED else control
    name = value("unnumbered", shown, poll=_poll(control & 0x10))
    return name, frame[3:] if kind == _UI else None


def _poll(bit: int) -> str:
    return " P/F" if bit else ""


def _fault(frame: bytes) -> Said | None:
    """What keeps the frame from libpri."""
    try:
        q931.parse(frame)
    except q931.MalformedError as error:
        return error.said
    return None


def _name(protocol: int, kind: int) -> Said:
    return value("maintenance" if protocol in _MAINTENANCE_PROTOCOLS else "message", kind)


class Censor:
    """Blots out keys pressed during calls, by following which calls are answered."""

    def __init__(self) -> None:
        self._answered: set[int] = set()

    def clean(self, frame: bytes) -> bytes:
        """The frame with keypad digits, and digits sent in a call in talk, as stars."""
        information = None if len(frame) < 5 else _link(frame)[1]
        if information is None or len(information) < 5 or information[0] != q931.PROTOCOL:
            return frame
        length = information[1] & 15
        if len(information) < 3 + length:
            return frame
        call = int.from_bytes(information[2 : 2 + length], "big") & 0x7FFF
        kind = information[2 + length]
        if kind == _CONNECT:
            self._answered.add(call)
        elif kind in (q931.RELEASE, q931.RELEASE_COMPLETE):
            self._answered.discard(call)
        in_talk = kind == _INFORMATION and call in self._answered
        start = len(frame) - len(information)
        out = bytearray(frame)
        for identifier, content, codeset, at in walk(information):
            if codeset == 0 and (identifier == _KEYPAD or (in_talk and identifier == _CALLED)):
                skip = 0 if identifier == _KEYPAD else 1
                stars = max(0, len(content) - skip)
                out[start + at + skip : start + at + skip + stars] = bytes([_STAR]) * stars
        return bytes(out)
