"""What a check is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """seconds : how long a check measures; 0: as long as it needs for a sure figure

    number : what to dial first; force : clear a call that is on the channel
    pattern : of the bit error test; far : a second channel, "E1-2/1", at which what was sent
        arrives, for checks that can work between two; modem, rate : of the modem test,
        in bit/s; 0: the modem's highest
    """

    seconds: float = 0.0
    number: str = ""
    force: bool = False
    pattern: str = "2047"
    far: str = ""
    modem: str = "v29"
    rate: int = 0

    def long(self, usual_s: float) -> float:
        """Seconds to measure when a check usually takes `usual_s`."""
        return self.seconds or usual_s
