"""Information elements of Q.931 in plain words, for people who read traces.

What: each element gets its name and its content as one line of text.
Limits: nothing here decides anything; what cannot be read is shown as hex, and
no content whatever raises.
Source: Q.931 4.5; the facility element: Q.932 8.2 (and `rose`).
"""

from __future__ import annotations

from collections.abc import Callable

from drivers import cause as causes
from drivers.signalling.pri import rose

TON = {0: "", 1: "international", 2: "national", 3: "network specific", 4: "subscriber"} | {
    6: "abbreviated"
}
NPI = {0: "unknown plan", 1: "ISDN", 3: "data", 4: "telex", 8: "national plan", 9: "private"}
_PRESENTATION = {1: "restricted", 2: "not available", 3: "reserved"}
_SCREENING = {0: "", 1: "verified", 2: "failed screening", 3: "network's"}
_LOCATION = {
    0: "user",
    1: "private network, near",
    2: "public network, near",
    3: "transit network",
    4: "public network, far",
    5: "private network, far",
    7: "international network",
    10: "beyond interworking",
}
_PROGRESS = {
    1: "not ISDN all the way",
    2: "the called end is not ISDN",
    3: "the calling end is not ISDN",
    4: "the call is back in the ISDN",
    5: "interworking changed the service",
    8: "tone or announcement in band",
}
_CAPABILITY = {
    0x00: "speech",
    0x08: "unrestricted digital",
    0x09: "restricted digital",
    0x10: "3.1 kHz audio",
    0x11: "unrestricted digital with tones",
    0x18: "video",
}
_LAYER1 = {1: "V.110", 2: "µ-law", 3: "A-law", 4: "G.721", 5: "G.722", 6: "H.221"}
_REASON = {
    0: "reason unknown",
    1: "busy",
    2: "no reply",
    4: "deflected",
    9: "out of order",
    10: "by the called end",
    15: "unconditional",
}
_STATE = {
    0: "null",
    1: "call initiated",
    2: "overlap sending",
    3: "outgoing call proceeding",
    4: "call delivered",
    6: "call present",
    7: "call received",
    8: "connect request",
    9: "incoming call proceeding",
    10: "active",
    11: "disconnect request",
    12: "disconnect indication",
    15: "suspend request",
    17: "resume request",
    19: "release request",
    22: "call abort",
    25: "overlap receiving",
    61: "restart request",
    62: "restart",
}
_NOTIFY = {
    0x00: "user suspended",
    0x01: "user resumed",
    0x02: "bearer changed",
    0x60: "call waits",
    0x68: "diversion activated",
    0x69: "transferred, ringing",
    0x6A: "transferred, answered",
    0x79: "on hold",
    0x7A: "retrieved",
    0x7B: "call is diverting",
}
_SIGNAL = {0: "dial tone", 1: "ringing tone", 2: "intercept", 3: "congestion", 4: "busy tone"} | {
    0x3F: "tones off",
    0x40: "ring",
}
_RESTART = {0: "the channels named", 6: "this interface", 7: "all interfaces"}


def text_of(data: bytes) -> str:
    """Characters of the line, UTF-8 or Latin-1, without any that steer a terminal."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _bearer(data: bytes) -> str:
    layer1 = next((octet & 0x1F for octet in data[2:] if octet & 0x60 == 0x20), None)
    mode = {0: "", 2: "packet"}.get(data[1] >> 5 & 3, "") if len(data) > 1 else ""
    capability = _CAPABILITY.get(data[0] & 0x1F, f"capability {data[0] & 0x1F}")
    law = "" if layer1 is None else _LAYER1.get(layer1, f"layer 1 {layer1}")
    return _join(capability, mode, law)


def _cause(data: bytes) -> str:
    at = 1 if data[0] & 0x80 else 2
    value = data[at] & 0x7F
    where = _LOCATION.get(data[0] & 15, f"location {data[0] & 15}")
    more = f"diagnostic {data[at + 1 :].hex()}" if data[at + 1 :] else ""
    return _join(f"{value} {causes.text(value)}", f"from {where}", more)


def _channel(data: bytes) -> str:
    first, how = data[0], "exclusive" if data[0] & 8 else "preferred"
    if first & 4:
        return _join("D channel", how)
    at = 1
    interface = ""
    if first & 0x40:
        interface = f"interface {data[at] & 0x7F}"
        at += 1
    if not first & 0x20:
        which = {0: "none", 1: "B1", 2: "B2", 3: "any"}[first & 3]
        return _join(f"channel {which}", how)
    which = {0: "no channel", 1: "", 2: "reserved", 3: "any channel"}[first & 3]
    if which:
        return _join(which, how, interface)
    numbers = data[at + 1 :]
    if data[at] & 0x10:
        return _join(f"slot map {numbers.hex()}", how, interface)
    channels = " ".join(str(octet & 0x7F) for octet in numbers)
    return _join(f"channel {channels}", how, interface)


def _number(data: bytes) -> str:
    """Octet 3, then 3a (presentation) and 3b (reason) as far as the chain goes on."""
    ton, npi = data[0] >> 4 & 7, data[0] & 15
    at, extra = 1, []
    while not data[at - 1] & 0x80 and at < min(3, len(data)):
        extra.append(data[at])
        at += 1
    shown = _PRESENTATION.get(extra[0] >> 5 & 3, "") if extra else ""
    screened = _SCREENING[extra[0] & 3] if extra else ""
    reason = _REASON.get(extra[1] & 15, f"reason {extra[1] & 15}") if len(extra) > 1 else ""
    digits = text_of(data[at:]) or "no digits"
    return _join(
        digits, TON.get(ton, f"type {ton}"), NPI.get(npi, f"plan {npi}"), shown, screened, reason
    )


def _subaddress(data: bytes) -> str:
    kind = {0: "NSAP", 2: "user's own"}.get(data[0] >> 4 & 7, f"type {data[0] >> 4 & 7}")
    body = data[1:]
    if data[0] >> 4 & 7 == 0 and body[:1] == b"\x50":  # X.213: IA5 characters follow
        return _join(text_of(body[1:]), kind)
    return _join(body.hex(), kind)


def _keypad(data: bytes) -> str:
    return f"{len(data)} keys (not shown)"


def _progress(data: bytes) -> str:
    value = data[1] & 0x7F
    where = _LOCATION.get(data[0] & 15, f"location {data[0] & 15}")
    return f"{value} {_PROGRESS.get(value, '')}".strip() + f", from {where}"


def _display(data: bytes) -> str:
    return text_of(data[1:] if data[:1] and data[0] & 0x80 else data)


def _of(table: dict[int, str], mask: int = 0x7F) -> Callable[[bytes], str]:
    return lambda data: table.get(data[0] & mask, f"{data[0] & mask}")


def _time(data: bytes) -> str:
    day = "-".join(f"{octet:02d}" for octet in data[:3])
    return f"{day} {':'.join(f'{octet:02d}' for octet in data[3:])}".strip()


def _user_user(data: bytes) -> str:
    return f"protocol {data[0]}, {text_of(data[1:])}"


#: identifier → (name, what its content says)
ELEMENTS: dict[int, tuple[str, Callable[[bytes], str]]] = {
    0x04: ("bearer capability", _bearer),
    0x08: ("cause", _cause),
    0x10: ("call identity", bytes.hex),
    0x14: ("call state", _of(_STATE, 0x3F)),
    0x18: ("channel", _channel),
    0x1C: ("facility", rose.words),
    0x1E: ("progress", _progress),
    0x20: ("network-specific facilities", bytes.hex),
    0x27: ("notification", _of(_NOTIFY)),
    0x28: ("display", _display),
    0x29: ("date and time", _time),
    0x2C: ("keypad", _keypad),
    0x34: ("signal", _of(_SIGNAL)),
    0x4C: ("connected number", _number),
    0x4D: ("connected sub-address", _subaddress),
    0x6C: ("calling number", _number),
    0x6D: ("calling sub-address", _subaddress),
    0x70: ("called number", _number),
    0x71: ("called sub-address", _subaddress),
    0x74: ("redirecting number", _number),
    0x76: ("redirection number", _number),
    0x78: ("transit network", bytes.hex),
    0x79: ("restart indicator", _of(_RESTART, 7)),
    0x7C: ("low layer compatibility", bytes.hex),
    0x7D: ("high layer compatibility", bytes.hex),
    0x7E: ("user to user", _user_user),
}
SINGLE = {0xA0: "more data", 0xA1: "sending complete"}


def element(identifier: int, content: bytes, codeset: int = 0) -> tuple[str, str]:
    """(name, content in words) of one element; hex for what is not known or cannot be read."""
    if identifier & 0x80:
        return SINGLE.get(identifier, f"element 0x{identifier:02x}"), ""
    found = ELEMENTS.get(identifier) if codeset == 0 else None
    if found is None:
        where = f" of codeset {codeset}" if codeset else ""
        return f"element 0x{identifier:02x}{where}", content.hex()
    name, words = found
    try:
        return name, words(content)
    except (IndexError, KeyError, ValueError):
        return name, f"cannot be read: {content.hex() or 'empty'}"
