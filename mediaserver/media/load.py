"""What the engine leaves out when ticks take too long, told on the bus and as an alarm.

What: each change of the engine's load shedding becomes a LoadShed event; the alarm "load" stands
for as long as anything is left out, and says what.
"""

from __future__ import annotations

import logging

from dsp_ext.event import SHED_LEVELS, Event
from mediaserver.alarms import alarm, say
from mediaserver.alarms import left_out as told
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.events import LoadShed

log = logging.getLogger(__name__)


class LoadWatch:
    """`shed(event)` takes the engine's SHED events."""

    def __init__(self, clock: Clock, bus: Bus | None) -> None:
        self._clock = clock
        self._bus = bus
        self.left_out: tuple[str, ...] = ()  # of SHED_LEVELS, now

    def shed(self, event: Event) -> None:
        """From the session: another level."""
        level, before, percent = event.a, event.b, round(100 * event.x)
        left_out = self.left_out = SHED_LEVELS[1 : level + 1]
        if level > before:
            said = say("alarm.load", percent=percent, left_out=told(left_out))
            log.warning("load: %s", said)
        else:
            again = say(f"shed.{SHED_LEVELS[before]}")
            said = say("alarm.load.less", percent=percent, again=again)
            if left_out:
                said = say("alarm.load.still", less=said, left_out=told(left_out))
            log.info("load: %s", said)
        if self._bus is not None:
            stamp = self._clock.stamp()
            self._bus.publish(
                LoadShed(level=level, before=before, left_out=left_out, percent=percent, **stamp)
            )
            self._bus.publish(alarm("load", level > 0, said, **stamp))
