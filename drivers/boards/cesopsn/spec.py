"""What one E1 over IP is set up with."""

from __future__ import annotations

from dataclasses import dataclass

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class CesopsnSpec:
    """One span: where we listen, who the far end is, and what both have agreed on.

    `jitter_ms`: how long a packet waits for its turn, at least and at most. `line_clock`: the far
    end's clock is the media engine's.
    """

    name: str
    local: Address
    remote: Address
    timeslots: tuple[int, ...] = tuple(range(1, 32))
    packet_ms: int = 5
    cas: bool = False
    rtp: bool = False
    jitter_ms: tuple[float, float] = (5, 60)
    line_clock: bool = False
