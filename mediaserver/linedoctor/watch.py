"""Watches every span in service, second by second: errors, defects, alarms.

What: once a second each board's status is held against the second before; what came to its counters
is that second's errors, a standing RED, AIS or LOS is its defect. Sure seconds go to the history.
How: by the loop's time, without drift; seconds the loop could not keep are counted with the next,
as seconds that had no errors, so that the time observed is right.
Limits: a remote alarm (RAI) is the far end's defect and none of ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from drivers.base import Board
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.events import SpanChanged
from mediaserver.linedoctor.counts import Counts, counts_of
from mediaserver.linedoctor.g826 import Availability, Second, Totals, totals_of
from mediaserver.linedoctor.history import LineHistory

log = logging.getLogger(__name__)

SECOND_S = 1.0
SAVE_S = 60
_NOT_OURS = frozenset({"rai"})


class _Watched:
    """One span."""

    def __init__(self, counts: Counts) -> None:
        self.first = self.counts = counts
        self.availability = Availability()
        self.totals = Totals()  # of the sure seconds since the start


class LineWatch:
    """Of the boards of one server."""

    def __init__(
        self, boards: Sequence[Board], history: LineHistory, clock: Clock, bus: Bus
    ) -> None:
        self._boards = boards
        self._history = history
        self._clock = clock
        self._spans: dict[str, _Watched] = {}
        self._alarms: dict[str, frozenset[str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._unsaved_s = 0
        bus.subscribe(SpanChanged, self._changed)

    def start(self) -> None:
        """From the loop's next second on."""
        for status in self.statuses():
            self._spans[status["name"]] = _Watched(counts_of(status))
            self._stand(status["name"], frozenset(status["alarms"]))
        loop = asyncio.get_running_loop()
        self._next = loop.time() + SECOND_S
        self._timer = loop.call_at(self._next, self._tick)

    def stop(self) -> None:
        """Count what was kept back, and write."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        for name, span in self._spans.items():
            self._sure(name, span, span.availability.end())
        self._history.save()

    # ---- looking

    def statuses(self) -> Iterable[dict[str, Any]]:
        """Every span's entry now; of a board that cannot say, none."""
        for board in self._boards:
            try:
                yield from board.status()
            except Exception:
                log.exception("a board does not tell how its spans are")

    def counted(self, span: str) -> tuple[Totals, Counts, bool]:
        """(sure seconds, what the board counted, whether it is available) since the start."""
        watched = self._spans[span]
        return (
            watched.totals,
            watched.counts.since(watched.first),
            watched.availability.available,
        )

    # ---- each second

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        passed = max(1, 1 + int((loop.time() - self._next) / SECOND_S))
        self._next += passed * SECOND_S
        self._timer = loop.call_at(self._next, self._tick)
        begun = self._clock.utc() - timedelta(seconds=passed)
        for status in self.statuses():
            self._second(status, begun, passed)
        self._unsaved_s += passed
        if self._unsaved_s >= SAVE_S:
            self._unsaved_s = 0
            self._history.save()

    def _second(self, status: dict[str, Any], begun: Any, passed: int) -> None:
        name = status["name"]
        span = self._spans.setdefault(name, _Watched(counts_of(status)))
        now = counts_of(status)
        new, span.counts = now.since(span.counts), now
        defect = bool(set(status["alarms"]) - _NOT_OURS)
        for k in range(passed):
            second = Second(begun + timedelta(seconds=k), defect=defect)
            if k == 0:
                second = Second(
                    begun, new.errored_blocks, defect, new.slips, new.lost_ms, new.lost_out_ms
                )
            self._sure(name, span, span.availability.add(second))

    def _sure(self, name: str, span: _Watched, seconds: list[tuple[Second, bool]]) -> None:
        for second, available in seconds:
            span.totals.add(totals_of(second, available))
            self._history.count(name, second, available)

    # ---- alarms

    def _changed(self, event: SpanChanged) -> None:
        self._stand(event.span, frozenset(event.alarms))

    def _stand(self, span: str, alarms: frozenset[str]) -> None:
        before = self._alarms.get(span, frozenset())
        self._alarms[span] = alarms
        for alarm in sorted(alarms ^ before):
            self._history.alarm(span, alarm, alarm in alarms)
