"""D-channel frames for people to read: what each is, and what its elements say.

What: `decode` puts one frame into words; `Censor` takes out what was keyed
during a call, as it may be a PIN, before a frame is kept anywhere.
Limits: any octets give an answer; what is wrong with a frame is told in it.
Source: Q.921 3 (fields), 5.8.5 (commands); Q.931 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.signalling.pri import q931
from drivers.signalling.pri.q931_words import element

_UNNUMBERED = {
    0x6F: "SABME",
    0x0F: "DM",
    0x03: "UI",
    0x43: "DISC",
    0x63: "UA",
    0x87: "FRMR",
    0xAF: "XID",
}
_SUPERVISORY = {0x01: "RR", 0x05: "RNR", 0x09: "REJ"}
_OTHER_MESSAGES = {
    0x20: "USER INFORMATION",
    0x21: "SUSPEND REJECT",
    0x22: "RESUME REJECT",
    0x24: "HOLD",
    0x25: "SUSPEND",
    0x26: "RESUME",
    0x28: "HOLD ACKNOWLEDGE",
    0x2D: "SUSPEND ACKNOWLEDGE",
    0x2E: "RESUME ACKNOWLEDGE",
    0x30: "HOLD REJECT",
    0x31: "RETRIEVE",
    0x33: "RETRIEVE ACKNOWLEDGE",
    0x37: "RETRIEVE REJECT",
    0x60: "SEGMENT",
    0x64: "REGISTER",
    0x79: "CONGESTION CONTROL",
}
_MAINTENANCE = {0x0F: "SERVICE", 0x07: "SERVICE ACKNOWLEDGE"}
_MAINTENANCE_PROTOCOLS = (0x03, 0x43)  # of AT&T's and the national switch types
_CONNECT, _INFORMATION = 0x07, 0x7B
_KEYPAD, _CALLED = 0x2C, 0x70
_STAR = 0x2A


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame in words. `message` is "" for a frame that carries none.

    `reference` is the call reference's value, `from_origin` whether the sender is the end that
    made the call. `elements` are (name, content). `fault` says what is wrong, "" if nothing.
    """

    link: str
    message: str = ""
    reference: int | None = None
    from_origin: bool = True
    elements: tuple[tuple[str, str], ...] = ()
    fault: str = ""

    @property
    def title(self) -> str:
        """The message, or the link's own frame."""
        return self.message or self.link


def decode(frame: bytes) -> Decoded:
    """A frame, address octet first and without FCS, in words."""
    if len(frame) < 3:
        return Decoded("cut off", fault=f"{len(frame)} octets are no frame")
    link, information = _link(frame)
    fault = _fault(frame)
    if information is None:
        return Decoded(link, fault=fault)
    if len(information) < 4 or len(information) < 3 + (information[1] & 15):
        return Decoded(link, "cut off", fault=fault or f"{len(information)} octets of message")
    length = information[1] & 15
    cref = int.from_bytes(information[2 : 2 + length], "big")
    flag = bool(length and information[2] & 0x80)
    value = cref & ((1 << (8 * length - 1)) - 1) if length else None
    elements = [element(each, content, codeset) for each, content, codeset, _ in walk(information)]
    name = _name(information[0], information[2 + length])
    return Decoded(link, name, value, not flag, tuple(elements), fault)


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


def _link(frame: bytes) -> tuple[str, bytes | None]:
    """The frame in Q.921's words, and its information field where it has one."""
    control, after = frame[2], frame[3] if len(frame) > 3 else 0
    poll = " P/F" if after & 1 else ""
    if not control & 1:
        return f"I N(S)={control >> 1} N(R)={after >> 1}{poll}", frame[4:]
    if control & 3 == 1:
        name = _SUPERVISORY.get(control, f"supervisory 0x{control:02x}")
        return f"{name} N(R)={after >> 1}{poll}", None
    name = _UNNUMBERED.get(control & 0xEF, f"unnumbered 0x{control:02x}")
    return name + (" P/F" if control & 0x10 else ""), frame[3:] if name == "UI" else None


def _fault(frame: bytes) -> str:
    """What keeps the frame from libpri, in words."""
    try:
        q931.parse(frame)
    except q931.MalformedError as error:
        return str(error)
    return ""


def _name(protocol: int, kind: int) -> str:
    if protocol in _MAINTENANCE_PROTOCOLS:
        return _MAINTENANCE.get(kind, f"maintenance 0x{kind:02x}")
    known = q931.MESSAGES.get(kind) or _OTHER_MESSAGES.get(kind)
    return known or f"message 0x{kind:02x}"


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
