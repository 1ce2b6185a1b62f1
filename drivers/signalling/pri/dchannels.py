"""Which D channel carries the signalling of a group of interfaces (NFAS), and when it moves.

What: a group has one D channel, or a primary and others that stand in for it. The
one in use stays in use for as long as it can be: one that comes back later waits
its turn, so that a line that flaps does not drag every call to and fro. Only a
better one that comes up for the first time takes over, for at the start they come
up in any order.
Sans-I/O. Source: T1.607 annex F and Q.931 annex F (backup of D channels), without
their SERVICE messages for D channels, which libpri has not.
"""

from __future__ import annotations


class DChannels:
    """Places from 0, the primary's first. `active` is the one in use, or the last that was."""

    def __init__(self, count: int) -> None:
        self._up = [False] * count
        self._lost = [False] * count  # its line is in alarm
        self._new = [True] * count  # has never been up
        self.active = 0

    def __len__(self) -> int:
        return len(self._up)

    def usable(self, d: int) -> bool:
        return self._up[d] and not self._lost[d]

    @property
    def any(self) -> bool:
        """Whether signalling is possible at all."""
        return any(self.usable(d) for d in range(len(self)))

    def came_up(self, d: int) -> None:
        self._up[d] = True

    def went_down(self, d: int) -> None:
        self._up[d] = False

    def line(self, d: int, lost: bool) -> None:
        """The line it is on went into alarm, or out of it."""
        self._lost[d] = lost

    def choose(self) -> bool:
        """Settle which is active; whether that is another one now."""
        usable = [d for d in range(len(self)) if self.usable(d)]
        before = self.active
        if usable and (not self.usable(before) or (usable[0] < before and self._new[usable[0]])):
            self.active = usable[0]
        for d in usable:
            self._new[d] = False
        return self.active != before
