"""Trace rows as a capture file that Wireshark reads.

What: the classic libpcap format, link type 177 (LAPD frames as Linux captures
them: a 16-octet header tells direction and side, then the frame without FCS).
Limits: rows without octets (R2 exchanges) are left out.
Source: the libpcap file format and its link-type list; linux/if_packet.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

LINKTYPE_LINUX_LAPD = 177
_SNAP = 65535
_TO_US, _FROM_US = 0, 4  # packet types "host" and "outgoing"
_ARPHRD_LAPD, _ETH_P_LAPD = 8445, 0x0030
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def header() -> bytes:
    """What a capture file begins with."""
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _SNAP, LINKTYPE_LINUX_LAPD)


def records(rows: Iterable[dict[str, Any]], *, network: bool) -> bytes:
    """The rows' frames; `network`: we are the network's side of the line."""
    return b"".join(_record(row, network) for row in rows if row["hex"])


def _record(row: dict[str, Any], network: bool) -> bytes:
    frame = bytes.fromhex(row["hex"])
    kind = _FROM_US if row["direction"] == "out" else _TO_US
    pseudo = struct.pack(">HHHB7xH", kind, _ARPHRD_LAPD, 1, network, _ETH_P_LAPD)
    since = datetime.fromisoformat(row["utc"]) - _EPOCH
    seconds = since.days * 86400 + since.seconds
    size = len(pseudo) + len(frame)
    return struct.pack("<IIII", seconds, since.microseconds, size, size) + pseudo + frame
