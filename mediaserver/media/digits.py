"""DTMF digits as the control plane hears them, with type-ahead.

What: `DigitQueue` keeps digits keyed before somebody asked for them (callers
who know the menu key ahead). Limits: at most `LIMIT` digits wait; a caller who
keys more than that without being listened to loses the newest (counted).
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

LIMIT = 64


@dataclass(frozen=True, slots=True)
class DigitEvent:
    """A digit pressed (`duration_ms` None) or let go. `at_ms` is media time of the start."""

    digit: str
    at_ms: int
    level_dbm0: float
    twist_db: float
    duration_ms: int | None = None


class DigitQueue:
    """Digits in the order keyed, for one reader."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._digits: deque[str] = deque()
        self._came = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._digits)

    def put(self, digit: str) -> None:
        if len(self._digits) >= self._limit:
            self.dropped += 1
            return
        self._digits.append(digit)
        self._came.set()

    def clear(self) -> str:
        """Forget what was keyed ahead; gives what it was."""
        ahead = "".join(self._digits)
        self._digits.clear()
        return ahead

    async def get(self, timeout_s: float | None = None) -> str | None:
        """The next digit, or None when none came within `timeout_s` (None: wait for ever)."""
        try:
            async with asyncio.timeout(None if self._digits else timeout_s):
                while not self._digits:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            return None
        return self._digits.popleft()
