"""Which called numbers a line answers to (MSN: multiple subscriber numbers).

A line that has numbers of its own takes calls to those only. The others are refused with
"unallocated number", or left to another terminal of the same line, which may answer them.
Source: EN 300 050 (MSN): a call that names no number is for every terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cause import Cause
from mediaserver.call.routing import Fit, fit


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """`patterns` as of routes, none: every number; `leave` calls to other numbers to others."""

    patterns: tuple[str, ...] = ()
    leave: bool = False

    def fit(self, digits: str, complete: bool) -> Fit:
        """PARTIAL while more digits may make it a number of this line, which NONE never is."""
        if not self.patterns or (complete and not digits):
            return Fit.FULL
        found = {fit(pattern, digits) for pattern in self.patterns}
        for how in (Fit.OPEN, Fit.FULL, Fit.PARTIAL):
            if how in found and not (complete and how is Fit.PARTIAL):
                return how
        return Fit.NONE

    @property
    def cause(self) -> int:
        """What a call to another number is cleared with, once something has been said to it."""
        return int(Cause.NON_SELECTED if self.leave else Cause.UNALLOCATED)


EVERY_NUMBER = OwnNumbers()
