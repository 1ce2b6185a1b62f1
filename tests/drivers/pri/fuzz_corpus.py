"""One good example of every Q.931 message, and what can be done to spoil it."""

from __future__ import annotations

import random
from collections.abc import Iterator


def ie(identifier: int, *content: int | bytes) -> bytes:
    """One information element."""
    data = b"".join(bytes([part]) if isinstance(part, int) else part for part in content)
    return bytes([identifier, len(data)]) + data


def facility(hexes: str) -> bytes:
    """A facility element with these octets."""
    return ie(0x1C, bytes.fromhex(hexes))


BEARER = ie(0x04, 0x80, 0x90, 0xA3)
CHANNEL = ie(0x18, 0xA1, 0x83, 0x81)
CAUSE = ie(0x08, 0x82, 0x90)
PROGRESS = ie(0x1E, 0x82, 0x88)
DISPLAY = ie(0x28, 0xB1, b"Li Mei")
COMPLETE = b"\xa1"
PARTIES = (
    ie(0x6C, 0x21, 0x83, b"755139")
    + ie(0x6D, 0x80, 0x50, b"12")
    + ie(0x70, 0x81, b"10086")
    + ie(0x71, 0x80, 0x50, b"27")
    + ie(0x74, 0x21, 0x01, 0x8F, b"1333")
)
NAME = facility("9faa068001008201008b0100a10a02010102010080024c69")
AOC_UNITS = facility("91a10e02010502012430060404a1020101")
AOC_CURRENCY = facility("91a11602010502012330 0e a10ca10a8103455552a203810105".replace(" ", ""))
DIVERTED = facility("91a11302010102010f300b0a01018403a1018000 0a0100".replace(" ", ""))
ECT = facility("91a106020107020106")
NI2_NAME = facility("9f8b0100a10e02010106072a8648ce15000430 00".replace(" ", ""))

#: Message type → its elements.
CORPUS: tuple[tuple[int, bytes], ...] = (
    (0x05, BEARER + CHANNEL + ie(0x1E, 0x81, 0x83) + DISPLAY + PARTIES + COMPLETE),
    (0x05, BEARER + CHANNEL + NAME + PARTIES + ie(0x2C, b"12") + ie(0x7E, 4, b"AB")),
    (0x05, BEARER + ie(0x18, 0xE9, 0x80, 0x83, 0x85) + DIVERTED + b"\x9e" + ie(5, b"x") + PARTIES),
    (0x05, ie(0x04, 0x88, 0x90, 0x21, 0x8F) + CHANNEL + NI2_NAME + ie(0x7C, 0x88, 0x90) + PARTIES),
    (
        0x05,
        BEARER + CHANNEL + ie(0x7D, 0x91, 0x81) + ie(0x29, 26, 11, 27, 12) + ie(0x78, 0xA1, b"1"),
    ),
    (0x0D, CHANNEL + PROGRESS),
    (0x02, CHANNEL + PROGRESS + DISPLAY),
    (0x01, CHANNEL + PROGRESS + NAME),
    (0x03, PROGRESS + CAUSE),
    (0x07, CHANNEL + ie(0x4C, 0x21, 0x83, b"10086") + ie(0x4D, 0x80, 0x50, b"3") + DISPLAY + NAME),
    (0x0F, CHANNEL),
    (0x45, CAUSE + PROGRESS + AOC_UNITS),
    (0x4D, CAUSE + AOC_CURRENCY + DISPLAY),
    (0x5A, ie(0x08, 0x82, 0x90, 0xC0)),
    (0x7B, ie(0x70, 0x81, b"55") + ie(0x2C, b"5")),
    (0x62, AOC_UNITS),
    (0x62, NAME + ECT),
    (0x62, DIVERTED + NI2_NAME),
    (0x6E, ie(0x27, 0xF9) + DISPLAY),
    (0x75, b""),
    (0x7D, ie(0x08, 0x82, 0x9E) + ie(0x14, 0x0A)),
    (0x46, CHANNEL + ie(0x79, 0x80)),
    (0x4E, CHANNEL + ie(0x79, 0x80)),
    (0x24, b""),
    (0x28, b""),
    (0x30, CAUSE),
    (0x31, CHANNEL),
    (0x33, CHANNEL),
    (0x37, CAUSE),
    (0x25, ie(0x10, b"1")),
    (0x26, ie(0x10, b"1")),
    (0x20, ie(0x7E, 4, b"AB")),
    (0x60, b""),
    (0x64, DIVERTED),
    (0x79, ie(0x08, 0x82, 0xAA)),
)
#: SERVICE and its acknowledgement for channel 5, as AT&T's and the national switch types have it,
#: also with the interface named.
SERVICES = tuple(
    bytes([protocol, 2, 0, 0, kind]) + ie(0x18, *channel) + ie(0x01, status)
    for protocol in (0x03, 0x43)
    for channel in ((0xA9, 0x83, 0x85), (0xE9, 0x81, 0x83, 0x85))
    for kind in (0x0F, 0x07)
    for status in (0xC0, 0xC2)
)
GLOBAL = (0x46, 0x4E)  # restarting is done with the global call reference


def whole(kind: int, elements: bytes, cref: int) -> bytes:
    """The message as it goes into an I frame."""
    reference = 0 if kind in GLOBAL else cref
    return b"\x08\x02" + reference.to_bytes(2, "big") + bytes([kind]) + elements


def spoilt(message: bytes) -> Iterator[bytes]:
    """Cut at every octet; every bit of every octet flipped; every octet inverted."""
    for at in range(len(message)):
        yield message[:at]
    for at, octet in enumerate(message):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            yield message[:at] + bytes([octet ^ mask]) + message[at + 1 :]


_TEMPTING = (0, 1, 0x7F, 0x80, 0xFF, 0x1C, 0x6C, 0x70, 0x74, 0x4C, 0x96, 0x9E)


def mutated(message: bytes, pick: random.Random) -> bytes:
    """One to four random changes."""
    body = bytearray(message)
    for _ in range(pick.randint(1, 4)):
        at = pick.randrange(len(body) + 1)
        how = pick.randrange(6)
        if how == 0 and at > 4:
            del body[at:]
        elif how == 1:
            body[at:at] = pick.randbytes(pick.randint(1, 8))
        elif how == 2:
            del body[at : at + pick.randint(1, 4)]
        elif how == 3 and at < len(body):
            body[at] ^= 1 << pick.randrange(8)
        elif how == 4 and at < len(body):
            body[at] = pick.choice(_TEMPTING)
        else:
            body += pick.choice(CORPUS)[1]
    return bytes(body[:260])
