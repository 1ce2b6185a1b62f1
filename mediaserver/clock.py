"""The control plane's clock, and an event loop whose time is the media clock.

`Clock` stamps events. `VirtualLoop` runs the same asyncio code under a virtual
clock: whenever nothing is ready it lets the media engines tick up to the next
timer (or until one of them posts an event) instead of sleeping, so an hour of
line time takes seconds and runs the same each time. While real work is out in
an executor thread (disk, database), virtual time stands still.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

#: Where virtual time begins, so that records of two runs are the same.
VIRTUAL_EPOCH = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)

#: Advance media by at most this many blocks; gives the number really done.
Advance = Callable[[int], int]


class Clock:
    """Media time in ms and UTC; monotonic, so a stepped wall clock moves no timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: datetime | None = None) -> None:
        self._loop = loop
        self._start = loop.time()
        self._epoch = epoch
        if epoch is None and isinstance(loop, VirtualLoop):
            self._epoch = VIRTUAL_EPOCH

    def media_ms(self) -> int:
        return round((self._loop.time() - self._start) * 1000)

    def utc(self) -> datetime:
        if self._epoch is None:
            return datetime.now(UTC)
        return self._epoch + timedelta(milliseconds=self.media_ms())

    def stamp(self) -> dict[str, Any]:
        """`media_ms` and `utc`, to be spread into an event's constructor."""
        return {"media_ms": self.media_ms(), "utc": self.utc()}


class _TickingSelector(selectors.DefaultSelector):
    """Instead of waiting for `timeout`, moves virtual time forward by whole blocks."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if self.loop.held:
            return super().select(None)  # only real work can wake us
        ready = super().select(0)
        if not ready:
            self.loop.advance(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time.

    `block_s` is one media block; `drive` gives it the media to tick and the
    function that hands on what the engines posted. Raises RuntimeError when
    nothing could ever happen again (no timer, no media activity to wait for
    within `idle_limit_s`), instead of spinning for ever.
    """

    def __init__(self, block_s: float = 0.010, idle_limit_s: float = 24 * 3600.0) -> None:
        selector = _TickingSelector()
        super().__init__(selector)
        selector.loop = self
        self._block_s = block_s
        self._blocks = 0
        self._advance: Advance | None = None
        self._after: Callable[[], None] | None = None
        self._idle_limit = int(idle_limit_s / block_s)
        self.held = 0

    def time(self) -> float:
        return self._blocks * self._block_s

    def drive(self, advance: Advance, after: Callable[[], None]) -> None:
        """From now on media ticks by `advance(blocks)`; `after()` drains the engines."""
        self._advance, self._after = advance, after

    def advance(self, timeout: float | None) -> None:
        if timeout is None:
            want = self._idle_limit
        else:
            want = max(1, math.ceil(timeout / self._block_s - 1e-6))  # timers lie on block edges
        done = want if self._advance is None else self._advance(want)
        self._blocks += done
        if self._after is not None:
            self._after()
        if timeout is None and done == want and not self._ready:  # type: ignore[attr-defined]
            raise RuntimeError("virtual time ran dry: no timer is set and no media event came")

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        """As asyncio's; virtual time is held until the work is done."""
        future = super().run_in_executor(executor, func, *args)
        self.held += 1
        future.add_done_callback(self._release)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As asyncio's, which waits for a thread of its own: that is real work too."""
        self.held += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self.held -= 1

    def _release(self, _: Any) -> None:
        self.held -= 1
