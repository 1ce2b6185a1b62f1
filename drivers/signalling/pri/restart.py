"""Which channels wait for a RESTART, one at a time on the line.

Source: Q.931 5.5: RESTART is repeated when T316 runs out; a channel whose
RESTART stays unanswered is out of service until the data link comes back.
Sans-I/O: `due` says what to send now, `answered` and `expired` what came of it.
"""

from __future__ import annotations

from collections import deque


class RestartQueue:
    """Channels to bring to idle. Times in seconds of the caller's clock."""

    def __init__(self, t316_s: float, tries: int) -> None:
        self._t316 = t316_s
        self._tries = tries
        self._waiting: deque[int] = deque()
        self._failed: set[int] = set()
        self.current: int | None = None
        self._left = 0
        self.deadline: float | None = None

    def __contains__(self, channel: int) -> bool:
        """Whether the channel may carry no new call for now."""
        return channel == self.current or channel in self._failed or channel in self._waiting

    def add(self, channel: int) -> bool:
        """Queue a channel; False when it was queued already."""
        if channel == self.current or channel in self._waiting:
            return False
        self._failed.discard(channel)
        self._waiting.append(channel)
        return True

    def cancel(self, channel: int) -> bool:
        """Forget a channel that is not out on the line; False when it is, or was unknown."""
        if channel in self._waiting:
            self._waiting.remove(channel)
            return True
        if channel in self._failed:
            self._failed.discard(channel)
            return True
        return False

    def due(self, now: float) -> int | None:
        """The channel to send RESTART for now, if the line is free for one."""
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.popleft()
        self._left = self._tries - 1
        self.deadline = now + self._t316
        return self.current

    def answered(self, channel: int) -> bool:
        """RESTART ACKNOWLEDGE came; False when it was not for the one we sent."""
        if self.current is None or channel not in (self.current, -1):
            return False
        self.current, self.deadline = None, None
        return True

    def expired(self, now: float) -> tuple[int, bool] | None:
        """(channel, whether to send again) when T316 has run out by now."""
        if self.current is None or self.deadline is None or now < self.deadline - 1e-6:
            return None
        channel = self.current
        if self._left > 0:
            self._left -= 1
            self.deadline = now + self._t316
            return channel, True
        self._failed.add(channel)
        self.current, self.deadline = None, None
        return channel, False

    def link_lost(self) -> None:
        """The data link went: what was on the line, or failed, is to be sent again later."""
        if self.current is not None:
            self._waiting.appendleft(self.current)
        self.current, self.deadline = None, None
        self._waiting.extend(sorted(self._failed))
        self._failed.clear()
