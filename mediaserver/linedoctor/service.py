"""The line doctor: every line in figures and plain words, while it is in service.

What: an overview of all spans, and one span with its history and channels. `checks` listens to
single channels, or takes them out of service and tests them.
Limits: history needs the database; without it the figures since the server's start remain.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from drivers.base import Board
from mediaserver.bus import Bus
from mediaserver.call.lines import Lines, Slot
from mediaserver.clock import Clock
from mediaserver.db.store import Store, Unreachable
from mediaserver.linedoctor import words
from mediaserver.linedoctor.checks import LineChecks, NoLine
from mediaserver.linedoctor.g826 import Totals
from mediaserver.linedoctor.history import LineHistory, by_day
from mediaserver.linedoctor.watch import LineWatch
from mediaserver.media.busytone import BusyTones
from mediaserver.media.session import MediaSession

log = logging.getLogger(__name__)

DAY = timedelta(days=1)


class LineDoctor:
    """Of one server's lines; `plan` is the country whose tones are on them,

    `busy` keeps the busy tones they have learned.
    """

    def __init__(
        self,
        lines: Lines,
        session: MediaSession,
        boards: Sequence[Board],
        store: Store,
        clock: Clock,
        bus: Bus,
        plan: str,
        busy: BusyTones,
    ) -> None:
        self._lines = lines
        self._session = session
        self._clock = clock
        self.history = LineHistory(store, clock)
        self.watch = LineWatch(boards, self.history, clock, bus)
        self.checks = LineChecks(lines, session, clock, plan, busy)

    async def start(self) -> None:
        """Once the store and the lines have started."""
        await self.history.start()
        self.watch.start()

    async def stop(self) -> None:
        """Before the lines are let go of and the store is closed."""
        await self.checks.close()
        self.watch.stop()

    # ---- spans

    async def overview(self) -> dict[str, Any]:
        """All spans: alarms, counts since the start and of the last 24 hours, findings."""
        day, told = await self._errors(self._clock.utc() - DAY)
        spans = []
        for status in self.watch.statuses():
            name = status["name"]
            recent = Totals()
            for totals in day.get(name, {}).values():
                recent.add(totals)
            spans.append(self._span(status) | {"day": asdict(recent) if told else None})
        return {"spans": spans, "history": told}

    async def span(self, name: str, days: int) -> dict[str, Any]:
        """One span: its quarters of the last 24 hours, its days, its alarms, its channels.

        Raises NoLine.
        """
        status = next((s for s in self.watch.statuses() if s["name"] == name), None)
        if status is None:
            raise NoLine(f"there is no span {name!r}")
        now = self._clock.utc()
        since = now - timedelta(days=days)
        errors, told = await self._errors(since, name)
        quarters = errors.get(name, {})
        last = {begun: totals for begun, totals in quarters.items() if begun > now - DAY}
        alarms = await self.history.alarms(since, name) if told else []
        return self._span(status) | {
            "history": told,
            "quarters": _rows(last),
            "days": _rows(by_day(quarters)),
            "alarm_history": [_as_text(alarm) for alarm in alarms],
            "channels": [self._channel(slot, status) for slot in self._lines.slots(name)],
        }

    async def _errors(
        self, since: datetime, span: str = ""
    ) -> tuple[dict[str, dict[datetime, Totals]], bool]:
        try:
            return await self.history.errors(since, span), True
        except Unreachable as error:
            log.warning("the history of lines cannot be read: %s", error)
            return {}, False

    def _span(self, status: Mapping[str, Any]) -> dict[str, Any]:
        name = status["name"]
        totals, counted, available = self.watch.counted(name)
        findings = [
            *words.of_span(status, totals, available),
            *words.of_framer(status.get("errors", {})),
        ]
        slots = self._lines.slots(name)
        return {
            "name": name,
            "kind": status["kind"],
            "up": slots[0].signalling.up if slots else False,
            "alarms": status["alarms"],
            "available": available,
            "since_start": asdict(totals) | {"bit_errors": counted.bits},
            "state": words.worst(findings),
            "findings": [each.as_data() for each in findings],
        }

    # ---- channels

    def _channel(self, slot: Slot, status: Mapping[str, Any]) -> dict[str, Any]:
        """`in_dbm0` is None where a driver that joins two in talk keeps what they say to itself."""
        port = self._session.port(slot.channel.index)
        level = port.level_dbm0
        joined = slot.channel.number in status.get("joined", ())
        return {
            "number": slot.channel.number,
            "state": slot.shown,
            "testing": slot.testing,
            "joined": joined,
            "in_dbm0": None if joined and level <= words.SILENCE_DBM0 else round(level, 1),
            "echo": _rounded(port.echo_figures),
        }


def _rounded(echo: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if echo is None else {name: round(value, 1) for name, value in echo.items()}


def _rows(totals: Mapping[datetime, Totals]) -> list[dict[str, Any]]:
    """Newest first."""
    return [
        {"begun_utc": begun.isoformat(), **asdict(totals[begun])}
        for begun in sorted(totals, reverse=True)
    ]


def _as_text(alarm: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "alarm": alarm["alarm"],
        "begun_utc": alarm["begun_utc"].isoformat(),
        "ended_utc": alarm["ended_utc"].isoformat() if alarm["ended_utc"] else None,
    }
