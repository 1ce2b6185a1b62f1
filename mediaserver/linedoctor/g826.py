"""Errored seconds by G.826: what each second of a line was like, and how long it was usable.

What: a second is errored (ES) with one errored block or a defect, severely errored (SES) with a
defect or 30 % errored blocks. Ten severely errored seconds in a row begin unavailable time (UAS),
ten that are not end it, and each ten belong to what they begin; errors count in available time
alone. The errored blocks of seconds that are not severely errored are background errors (BBE).
How: a second is kept back while it may still turn out to belong to the other kind: nine at most.
Limits: a block is 1 ms of the line. Bit errors that are counted one by one are taken to lie apart,
as those of noise do; ten in a block then count as ten blocks, which only a burst shows.
Source: ITU-T G.826 4.1, 4.3, 7.1 and annex A.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

BLOCKS_A_SECOND = 1000
SEVERE_BLOCKS = 300
TURN = 10  # seconds in a row that begin or end unavailable time
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Second:
    """What was seen in a second: of what is received, and `lost_out_ms` of what was sent."""

    begun: datetime
    errored_blocks: int = 0
    defect: bool = False
    slips: int = 0
    lost_ms: int = 0
    lost_out_ms: int = 0

    @property
    def severe(self) -> bool:
        return self.defect or self.errored_blocks >= SEVERE_BLOCKS

    @property
    def errored(self) -> bool:
        return self.defect or self.errored_blocks > 0


@dataclass(slots=True)
class Totals:
    """Seconds observed and of each kind, and counts, over any time."""

    seconds: int = 0
    es: int = 0
    ses: int = 0
    uas: int = 0
    bbe: int = 0
    slips: int = 0
    lost_ms: int = 0
    lost_out_ms: int = 0

    def add(self, other: Totals) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def clean(self) -> bool:
        return not (self.es or self.uas or self.slips or self.lost_ms or self.lost_out_ms)


def quarter_of(at: datetime) -> datetime:
    """The beginning of the quarter of an hour `at` lies in."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


class Availability:
    """One line's seconds, each given back once it is sure what it was."""

    def __init__(self) -> None:
        self.available = True
        self._held: list[Second] = []  # of the other kind, in a row

    def add(self, second: Second) -> list[tuple[Second, bool]]:
        """(second, in available time) of those that are sure now, in order."""
        if second.severe == self.available:
            self._held.append(second)
            if len(self._held) < TURN:
                return []
            self.available = not self.available
            return self._release()
        return [*self._release(), (second, self.available)]

    def _release(self) -> list[tuple[Second, bool]]:
        held, self._held = self._held, []
        return [(each, self.available) for each in held]

    def end(self) -> list[tuple[Second, bool]]:
        """Those kept back, as they stand, when no more come."""
        return self._release()


def totals_of(second: Second, available: bool) -> Totals:
    """One sure second as totals."""
    counted = Totals(
        seconds=1, slips=second.slips, lost_ms=second.lost_ms, lost_out_ms=second.lost_out_ms
    )
    if not available:
        counted.uas = 1
        return counted
    counted.es, counted.ses = int(second.errored), int(second.severe)
    counted.bbe = 0 if second.severe else second.errored_blocks
    return counted
