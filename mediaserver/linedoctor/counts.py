"""What a board says of a span's errors, in the same words for every kind of board.

What: `Counts` since the board was opened, from an entry of its `status()`. A virtual wire counts
bits, blocks and slips; an E1 over IP missing octets and passed-over or repeated frames; DAHDI gaps
in its channels, blocks by which a card's clock made them slip, and what the framer of a card
counts: CRC-4 blocks, code violations, slips. Which of them a card's driver counts differs: the most
of those that tell the same is taken.
Limits: a counter that goes back (a card's were reset) counts as one that begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mediaserver.linedoctor.g826 import BLOCKS_A_SECOND

_OCTETS_A_MS = 8


@dataclass(frozen=True, slots=True)
class Counts:
    """bits: errors counted one by one; blocks: of 1 ms found errored; lost_ms, lost_out_ms: of what

    is received and of what is sent, missing.
    """

    bits: int = 0
    blocks: int = 0
    slips: int = 0
    lost_ms: int = 0
    lost_out_ms: int = 0

    def since(self, before: Counts) -> Counts:
        """What came to it after `before`."""
        return Counts(
            **{f.name: _gain(getattr(self, f.name), getattr(before, f.name)) for f in fields(self)}
        )

    @property
    def errored_blocks(self) -> int:
        return min(BLOCKS_A_SECOND, self.bits + self.blocks + self.lost_ms)


def _gain(now: int, before: int) -> int:
    return now - before if now >= before else now


def counts_of(status: Mapping[str, Any]) -> Counts:
    """From one span's entry of a board's status."""
    channels = max(1, len(status["channels"]))
    if "wire" in status:
        wire = status["wire"]
        lost = wire["lost_octets"] + wire["underrun_octets"]
        return Counts(bits=wire["bit_errors"], slips=wire["slips"], lost_ms=_ms(lost, channels))
    packets = status.get("packets", {})
    framer = status.get("errors", {})
    return Counts(
        bits=max(framer.get("bpv", 0), framer.get("cv", 0)),
        blocks=max(framer.get("crc4", 0), framer.get("fas", 0), framer.get("fe", 0)),
        slips=packets.get("slips_repeated", 0)
        + packets.get("slips_passed", 0)
        + framer.get("slips", 0)
        + status.get("slips", 0),
        lost_ms=_ms(status.get("rx_gaps", 0), channels),
        lost_out_ms=_ms(status.get("tx_gaps", 0), channels),
    )


def _ms(octets: int, channels: int) -> int:
    """The least time in which so many octets of all channels are missing, in whole ms."""
    return -(-octets // (channels * _OCTETS_A_MS))
