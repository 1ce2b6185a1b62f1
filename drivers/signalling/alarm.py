"""A span alarm has to last before it takes calls down.

What: short alarms (a slip of the connector, a switch-over) pass unnoticed by
the calls; after the guard time the calls are given up at once.
Source: 2.5 s as in G.775/G.732 practice for clearing on loss of frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.events import Alarm, LineEvent, SpanAlarm

GUARD_S = 2.5


class AlarmGuard:
    """Follows one span's alarms. `changed` is called when the first begins or the last ends.

    `expired` is called once when alarms have lasted `guard_s` seconds without a gap. Neither is
    called before `start` or after `stop`.
    """

    def __init__(
        self, changed: Callable[[], None], expired: Callable[[], None], guard_s: float = GUARD_S
    ) -> None:
        self._changed, self._expired, self._guard_s = changed, expired, guard_s
        self._alarms: set[Alarm] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._running = False

    @property
    def active(self) -> bool:
        return bool(self._alarms)

    def start(self, alarms: frozenset[Alarm]) -> None:
        """Take over the alarms that stand already."""
        self._running = True
        for alarm in alarms:
            self._set(alarm, True)

    def watch(self, event: LineEvent) -> None:
        """To be given to `Span.watch`."""
        if self._running and isinstance(event, SpanAlarm):
            self._set(event.alarm, event.active)

    def stop(self) -> None:
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._alarms.clear()

    def _set(self, alarm: Alarm, active: bool) -> None:
        before = self.active
        if active:
            self._alarms.add(alarm)
        else:
            self._alarms.discard(alarm)
        if self.active == before:
            return
        if self.active:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._guard_s, self._expire)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed()

    def _expire(self) -> None:
        self._timer = None
        self._expired()
