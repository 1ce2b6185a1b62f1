"""A look into D-channel frames before libpri gets them.

What: finds the Q.931 message in a Q.921 frame, walks its information elements
and says what is wrong with it, so that nothing malformed reaches libpri
(version 1.6 reads past its buffer on bad number elements).
Limits: lengths and extension bits only; contents are libpri's business.
Source: Q.921 2 and 3 (frame format), Q.931 4.2 to 4.5 (message format).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.signalling.pri.q931_values import say, value

MAX_INFORMATION = 260  # Q.921 N201
PROTOCOL = 0x08

#: Message types that libpri has states for; others are told, and handed on for it to refuse.
MESSAGES = frozenset(
    {
        0x01,
        0x02,
        0x03,
        0x05,
        0x07,
        0x0D,
        0x0F,
        0x45,
        0x46,
        0x4D,
        0x4E,
        0x5A,
        0x62,
        0x6E,
        0x75,
        0x7B,
        0x7D,
    }
)
DISCONNECT, RELEASE, RELEASE_COMPLETE, STATUS, STATUS_ENQUIRY = 0x45, 0x4D, 0x5A, 0x7D, 0x75
RESTART, RESTART_ACK = 0x46, 0x4E
SERVICE, SERVICE_ACK = 0x0F, 0x07
#: Protocol discriminators of maintenance messages: AT&T's, and the national one of NI2.
MAINTENANCE = (0x03, 0x43)
_SERVICE_OCTETS = 10  # with a change status, and besides a channel and nothing else
CLEARING = frozenset({DISCONNECT, RELEASE, RELEASE_COMPLETE})

IE_STATUS = 0x01  # change status, of maintenance messages
IE_CAUSE, IE_CHANNEL, IE_PROGRESS, IE_RESTART = 0x08, 0x18, 0x1E, 0x79
#: Elements whose first octets are a chain ended by bit 8 (numbers, 4.5.8 to 4.5.10).
_CHAINED = {0x6C: 2, 0x70: 1, 0x4C: 2, 0x74: 3, 0x76: 2}
#: Fewest content octets an element can do with.
_SHORTEST = {0x04: 2, IE_CAUSE: 2, 0x14: 1, IE_CHANNEL: 1, IE_PROGRESS: 2, 0x79: 1}


class MalformedError(Exception):
    """A frame that must not be handed on; `layer` 2: drop it, 3: only its message is bad.

    what, detail : codes of `q931_values.SENTENCES`, the first without its "fault."; as attributes
    they are in English, and together in `said`.
    """

    def __init__(self, layer: int, what: str, detail: str, **values: object) -> None:
        part, more = say(f"fault.{what}"), say(detail, **values)
        self.said = say("malformed", what=part, detail=more)
        super().__init__(str(self.said))
        self.layer, self.what, self.detail = layer, str(part), str(more)


@dataclass(frozen=True, slots=True)
class Message:
    """One Q.931 message. `cref` is the 16-bit field as it stands on the line, flag included."""

    type: int
    cref: int
    elements: dict[int, bytes] = field(default_factory=dict)  # codeset 0, the first of each

    @property
    def name(self) -> str:
        return str(value("message", self.type))

    @property
    def inband(self) -> bool:
        """Progress indicator 8: a tone or announcement is on the channel (4.5.23)."""
        return self.elements.get(IE_PROGRESS, b"\0\0")[1] & 0x7F == 8

    @property
    def cause(self) -> int | None:
        """The cause value; None without a cause element (4.5.12, octet 3a skipped)."""
        content = self.elements.get(IE_CAUSE)
        if content is None:
            return None
        at = 1 if content[0] & 0x80 else 2
        return content[at] & 0x7F if at < len(content) else None


def parse(frame: bytes, maintenance: bool = False, nfas: bool = False) -> Message | None:
    """The Q.931 message in `frame` (address octet first, no FCS); None for a supervisory frame.

    `maintenance`: SERVICE messages, with a protocol discriminator of their own, are known too.
    `nfas`: what is said of channels in general may name their interface.
    Raises MalformedError with what is wrong and where.
    """
    information = _information(frame)
    if information is None:
        return None
    if len(information) > MAX_INFORMATION:
        raise MalformedError(3, "frame.long", "octets.information", count=len(information))
    if len(information) < 3:
        raise MalformedError(3, "message.short", "octets", count=len(information))
    if maintenance and information[0] in MAINTENANCE:
        return _maintenance(information, nfas)
    if information[0] != PROTOCOL:
        raise MalformedError(3, "discriminator", "octet", value=information[0])
    length = information[1]
    if length > 2:
        raise MalformedError(3, "reference", "length", value=length)
    if len(information) < length + 3:
        raise MalformedError(3, "message.short", "octets", count=len(information))
    cref = int.from_bytes(information[2 : 2 + length], "big")
    message = Message(information[2 + length], cref, _elements(information, length + 3))
    if length == 2 and cref & 0x7FFF == 0:
        _check_global(message, nfas)
    return message


def _maintenance(information: bytes, nfas: bool) -> Message:
    """SERVICE or its acknowledgement for one B channel; libpri takes no other with care.

    For a whole interface it would tell that the D channel went up or down.
    """
    if len(information) < 5 or information[1] != 2 or information[2] & 0x7F or information[3]:
        raise MalformedError(3, "reference", "service.reference")
    if information[4] not in (SERVICE, SERVICE_ACK):
        raise MalformedError(3, "message.unknown", "type", value=information[4])
    elements = _elements(information, 5)
    channel, status = elements.get(IE_CHANNEL, b""), elements.get(IE_STATUS, b"")
    if nfas and _names_interface(channel):
        channel = bytes((channel[0] & ~0x40,)) + channel[2:]
    one = len(channel) == 3 and channel[0] & 0x67 == 0x21 and channel[1] == 0x83
    if not one or not 0x81 <= channel[2] <= 0x9F:
        raise MalformedError(3, "channel", "service.channel")
    if len(status) != 1 or len(information) != _SERVICE_OCTETS + len(elements[IE_CHANNEL]):
        raise MalformedError(3, "element", "service.elements")
    return Message(information[4], 0, elements)


def _names_interface(channel: bytes) -> bool:
    """Whether a channel identification has an octet 3.1, and no more of it than one."""
    return len(channel) > 1 and channel[0] & 0x40 != 0 and channel[1] & 0x80 != 0


def enquiry(cref: int, side: str) -> bytes:
    """STATUS ENQUIRY for a call in a frame without number, as `side` receives it from its far end.

    `cref` as received frames have it.
    """
    address = 0x02 if side == "user" else 0x00  # commands of the network have C/R 1 (Q.921 3.3.2)
    return bytes((address, 0x01, 0x03, PROTOCOL, 2, *cref.to_bytes(2, "big"), STATUS_ENQUIRY))


def restarted(message: Message, own: int) -> frozenset[int] | None:
    """Interfaces a RESTART without channels is for; None: all. `own` has the D channel it came on.

    Class 6 is one interface, that of the channel identification or else the D channel's (4.5.25).
    """
    if message.elements.get(IE_RESTART, b"\x80")[0] & 7 == 7:
        return None
    channel = message.elements.get(IE_CHANNEL, b"")
    return frozenset({channel[1] & 0x7F if _names_interface(channel) else own})


def is_sabme(frame: bytes) -> bool:
    """Whether the far end sets the data link up anew; what was in flight is lost (Q.921 5.7)."""
    return len(frame) > 2 and frame[2] & 0xEF == 0x6F


def _information(frame: bytes) -> bytes | None:
    """The information field of an I or UI frame; None when there is none by right."""
    if len(frame) < 3:
        raise MalformedError(2, "frame.short", "octets", count=len(frame))
    if frame[0] & 0xFD or frame[1] != 0x01:
        raise MalformedError(2, "address", "address", sapi=frame[0], tei=frame[1])
    control = frame[2]
    if control & 3 != 3 and len(frame) < 4:
        raise MalformedError(2, "frame.short", "octets.control", count=len(frame), control=control)
    if control & 1 == 0:
        return frame[4:]
    if control & 0xEF == 0x03:
        return frame[3:]
    return None


def _elements(information: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    codeset = locked = 0
    while at < len(information):
        identifier = information[at]
        if identifier & 0x80:
            at += 1
            if identifier & 0xF0 == 0x90:
                codeset = identifier & 7
                if not identifier & 8:
                    locked = codeset
                continue
            codeset = locked
            continue
        if at + 2 > len(information):
            raise MalformedError(3, "element", "element.cut", identifier=identifier, at=at)
        content = information[at + 2 : at + 2 + information[at + 1]]
        if len(content) < information[at + 1]:
            raise MalformedError(
                3,
                "element",
                "element.long",
                identifier=identifier,
                at=at,
                said=information[at + 1],
                there=len(content),
            )
        if codeset == 0:
            _check(identifier, content, at)
            found.setdefault(identifier, content)
        codeset = locked
        at += 2 + len(content)
    return found


def _check_global(message: Message, nfas: bool) -> None:
    """Only restarting is done with the global call reference (5.8.3.2 f).

    libpri keeps one record for it for ever: what a stray message leaves there
    would spoil every RESTART sent later.
    """
    if message.type not in (RESTART, RESTART_ACK, STATUS):
        raise MalformedError(3, "reference", "global", message=value("message", message.type))
    channel = message.elements.get(IE_CHANNEL)
    plain = 0x24 if nfas and channel is not None and _names_interface(channel) else 0x64
    wrong = channel is not None and channel[0] & plain != 0x20
    # libpri takes none for all of them, and would end every call.
    if wrong or (_restarts_some(message) and not _names_channel(channel)):
        raise MalformedError(
            3,
            "channel",
            "global.channel",
            message=value("message", message.type),
            value=channel[0] if channel is not None else 0,
        )


def _restarts_some(message: Message) -> bool:
    """Whether it is RESTART of the channels it names (class 0, 4.5.25)."""
    indicator = message.elements.get(IE_RESTART, b"\x80")
    return message.type == RESTART and indicator[0] & 7 == 0


def _names_channel(channel: bytes | None) -> bool:
    """Whether a channel identification has a number, or a slot map with a bit in it (4.5.13)."""
    if channel is None:
        return False
    at = 2 if _names_interface(channel) else 1
    is_map = channel[at : at + 1] and channel[at] & 0x10
    return any(octet if is_map else octet & 0x7F for octet in channel[at + 1 :])


def _check(identifier: int, content: bytes, at: int) -> None:
    """Raise MalformedError unless the element's fixed octets are all there."""
    if len(content) < _SHORTEST.get(identifier, 0):
        raise MalformedError(
            3, "element", "element.short", identifier=identifier, at=at, got=len(content)
        )
    limit = _CHAINED.get(identifier)
    if limit is not None and not any(octet & 0x80 for octet in content[:limit]):
        raise MalformedError(3, "element", "element.header", identifier=identifier, at=at)
