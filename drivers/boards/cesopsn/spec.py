"""What one E1 over IP is set up with."""

from __future__ import annotations

from dataclasses import dataclass

Address = tuple[str, int]
#: The delay grows when packets come late, and no sooner: so what is allowed costs nothing.
MOST_MS = 200.0


@dataclass(frozen=True, slots=True)
class CesopsnSpec:
    """One span: where we listen, who the far end is, and what both have agreed on.

    `jitter_ms`: how long a packet waits for its turn, at least and at most; None: at least as long
    as what comes in one go, a block or a packet. `line_clock`: the far end's clock is the media
    engine's.
    """

    name: str
    local: Address
    remote: Address
    timeslots: tuple[int, ...] = tuple(range(1, 32))
    packet_ms: int = 5
    cas: bool = False
    rtp: bool = False
    jitter_ms: tuple[float, float] | None = None
    line_clock: bool = False

    def waits_ms(self, block_ms: float) -> tuple[float, float]:
        """How long a packet waits, at least and at most, with blocks of this length."""
        return self.jitter_ms or (max(block_ms, self.packet_ms), MOST_MS)
