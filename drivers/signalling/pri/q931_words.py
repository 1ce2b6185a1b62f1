"""What Q.931's information elements say, for people who read traces.

What: each element gets its name and its content as one line, made of sentences and of what stands
in it (digits, names), for any language.
Limits: nothing here decides anything; what cannot be read is shown as hex, and
no content whatever raises.
Source: Q.931 4.5; the facility element: Q.932 8.2 (and `rose`).
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.said import Said
from drivers.signalling.pri import rose
from drivers.signalling.pri.q931_values import join, known, say, value

Content = Said | str


def text_of(data: bytes) -> str:
    """Characters of the line, UTF-8 or Latin-1, without any that steer a terminal."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _list(*parts: Content | None) -> Content:
    return join("list", [part for part in parts if part])


def _bearer(data: bytes) -> Content:
    layer1 = next((octet & 0x1F for octet in data[2:] if octet & 0x60 == 0x20), None)
    packet = len(data) > 1 and data[1] >> 5 & 3 == 2
    return _list(
        value("capability", data[0] & 0x1F),
        say("packet") if packet else None,
        None if layer1 is None else value("layer1", layer1),
    )


def _from(octet: int) -> Said:
    return say("from", where=value("location", octet & 15))


def _cause(data: bytes) -> Content:
    at = 1 if data[0] & 0x80 else 2
    number = data[at] & 0x7F
    more = data[at + 1 :].hex()
    return _list(
        say("cause", value=number, text=value("cause", number)),
        _from(data[0]),
        say("diagnostic", octets=more) if more else None,
    )


def _channel(data: bytes) -> Content:
    first, how = data[0], say("exclusive" if data[0] & 8 else "preferred")
    if first & 4:
        return _list(say("d"), how)
    at = 1
    interface = None
    if first & 0x40:
        interface = say("interface", number=data[at] & 0x7F)
        at += 1
    if not first & 0x20:
        return _list(known("basic", first & 3), how)
    if (which := known("channel", first & 3)) is not None:
        return _list(which, how, interface)
    numbers = data[at + 1 :]
    if data[at] & 0x10:
        return _list(say("slots", octets=numbers.hex()), how, interface)
    channels = " ".join(str(octet & 0x7F) for octet in numbers)
    return _list(say("channels", numbers=channels), how, interface)


def _number(data: bytes) -> Content:
    """Octet 3, then 3a (presentation) and 3b (reason) as far as the chain goes on."""
    ton, npi = data[0] >> 4 & 7, data[0] & 15
    at, extra = 1, []
    while not data[at - 1] & 0x80 and at < min(3, len(data)):
        extra.append(data[at])
        at += 1
    return _list(
        text_of(data[at:]) or say("digits.none"),
        value("ton", ton) if ton else None,
        value("npi", npi),
        known("presentation", extra[0] >> 5 & 3) if extra else None,
        known("screening", extra[0] & 3) if extra else None,
        value("reason", extra[1] & 15) if len(extra) > 1 else None,
    )


def _subaddress(data: bytes) -> Content:
    kind = data[0] >> 4 & 7
    body = data[1:]
    if kind == 0 and body[:1] == b"\x50":  # X.213: IA5 characters follow
        return _list(text_of(body[1:]), value("subaddress", kind))
    return _list(body.hex(), value("subaddress", kind))


def _keypad(data: bytes) -> Content:
    return say("keys", count=len(data))


def _progress(data: bytes) -> Content:
    number = data[1] & 0x7F
    text = known("progress", number)
    told = str(number) if text is None else say("cause", value=number, text=text)
    return _list(told, _from(data[0]))


def _display(data: bytes) -> Content:
    return text_of(data[1:] if data[:1] and data[0] & 0x80 else data)


def _of(table: str, mask: int = 0x7F) -> Callable[[bytes], Content]:
    return lambda data: known(table, data[0] & mask) or str(data[0] & mask)


def _time(data: bytes) -> Content:
    day = "-".join(f"{octet:02d}" for octet in data[:3])
    return f"{day} {':'.join(f'{octet:02d}' for octet in data[3:])}".strip()


def _user_user(data: bytes) -> Content:
    return _list(say("protocol", number=data[0]), text_of(data[1:]))


#: identifier → what its content says; the others' is shown as hex
_CONTENTS: dict[int, Callable[[bytes], Content]] = {
    0x04: _bearer,
    0x08: _cause,
    0x14: _of("state", 0x3F),
    0x18: _channel,
    0x1C: rose.said,
    0x1E: _progress,
    0x27: _of("notify"),
    0x28: _display,
    0x29: _time,
    0x2C: _keypad,
    0x34: _of("signal"),
    0x4C: _number,
    0x4D: _subaddress,
    0x6C: _number,
    0x6D: _subaddress,
    0x70: _number,
    0x71: _subaddress,
    0x74: _number,
    0x76: _number,
    0x79: _of("restart", 7),
    0x7E: _user_user,
}


def element(identifier: int, content: bytes, codeset: int = 0) -> tuple[Said, Content]:
    """(name, content) of one element; hex for what is not known or cannot be read."""
    if codeset and not identifier & 0x80:
        return say("element.of", value=identifier, codeset=codeset), content.hex()
    name = value("element", identifier)
    if identifier & 0x80:
        return name, ""
    words = _CONTENTS.get(identifier, bytes.hex)
    try:
        return name, words(content)
    except (IndexError, ValueError):
        return name, say("unreadable", octets=content.hex()) if content else say("empty")
