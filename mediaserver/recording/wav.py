"""The header of a recording: RIFF WAVE, G.711, two channels.

What: format tag 6 (A-law) or 7 (µ-law), 8 kHz, one octet a sample, left then
right; a fmt chunk with cbSize and a fact chunk, as formats other than PCM need
(Multimedia Programming Interface and Data Specifications 1.0, 1991; RFC 2361).
Limits: sizes are 32 bits: 74 hours.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

RATE = 8000  # frames a second
CHANNELS = 2
HEADER_OCTETS = 58
#: Octets of one second of both directions.
SECOND = RATE * CHANNELS
#: What an idle line carries: the quietest code word.
SILENCE = {"alaw": b"\xd5", "ulaw": b"\xff"}
_TAGS = {"alaw": 6, "ulaw": 7}
_LAWS = {tag: law for law, tag in _TAGS.items()}
_LAYOUT = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")


class BrokenHeader(ValueError):
    """Not the header of a recording; says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What differs between recordings' headers. `law`: "alaw" or "ulaw"."""

    law: str
    octets: int  # of sound, both directions


def pack(header: Header) -> bytes:
    """`HEADER_OCTETS` octets. Raises KeyError for an unknown law."""
    octets = header.octets
    return _LAYOUT.pack(
        *(b"RIFF", HEADER_OCTETS - 8 + octets, b"WAVE"),
        *(b"fmt ", 18, _TAGS[header.law], CHANNELS, RATE, SECOND, CHANNELS, 8, 0),
        *(b"fact", 4, octets // CHANNELS),
        *(b"data", octets),
    )


def unpack(data: bytes) -> Header:
    """Read back what `pack` made. Raises BrokenHeader."""
    if len(data) < HEADER_OCTETS:
        raise BrokenHeader(f"{len(data)} octets; a recording's header has {HEADER_OCTETS}")
    fields = _LAYOUT.unpack_from(data)
    law, octets = _LAWS.get(fields[5], ""), fields[-1]
    if not law or _same(data) != _same(pack(Header(law, octets))):
        raise BrokenHeader("not the header of a recording made here")
    return Header(law, octets)


def _same(header: bytes) -> bytes:
    """The parts that do not depend on the length."""
    return header[:4] + header[8:46] + header[50:54]


def duration_ms(octets: int) -> int:
    """How long `octets` of both directions sound."""
    return octets * 1000 // SECOND
