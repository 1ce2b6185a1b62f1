"""History of lines in the database: errors by quarter of an hour, alarms from when to when.

What: takes sure seconds and alarms of every span, and writes a row a span and quarter: each minute,
and when the quarter is over, so that a kill costs a minute of counting.
How: a row's key is when counting began in that quarter, which is its beginning or the server's
start; so a restart never writes over what was counted before it.
Limits: alarms that stood when the server was stopped end, as far as we know, at its next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mediaserver.clock import Clock
from mediaserver.db import line_queries
from mediaserver.db.store import Store, Unreachable, Upsert
from mediaserver.linedoctor.g826 import Second, Totals, quarter_of, totals_of

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)  # shown when nothing else is asked for


@dataclass(slots=True)
class _Open:
    """The quarter a span is in."""

    begun: datetime
    totals: Totals = field(default_factory=Totals)

    @property
    def quarter(self) -> datetime:
        return quarter_of(self.begun)


class LineHistory:
    """Counts and writes for all spans."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._alarms: dict[tuple[str, str], datetime] = {}

    async def start(self) -> None:
        """End alarms a stop or a kill left without an end."""
        try:
            rows = await self._store.read(line_queries.open_alarms)
        except Unreachable as error:
            log.warning("alarms of before the start stay without an end: %s", error)
            return
        now = self._clock.utc()
        ended = [_alarm_row(r.span, r.alarm, r.begun_utc, max(now, r.begun_utc)) for r in rows]
        if ended:
            await self._store.write(ended)

    def count(self, span: str, second: Second, available: bool) -> None:
        """One sure second of a span."""
        quarter = self._open.get(span)
        if quarter is None or quarter.quarter != quarter_of(second.begun):
            if quarter is not None:
                self._write(span, quarter)
            quarter = self._open[span] = _Open(second.begun)
        quarter.totals.add(totals_of(second, available))

    def alarm(self, span: str, alarm: str, active: bool) -> None:
        """An alarm begins or ends."""
        key, now = (span, alarm), self._clock.utc()
        if active and key not in self._alarms:
            self._alarms[key] = now
            self._store.write([_alarm_row(span, alarm, now, None)])
        elif not active and key in self._alarms:
            self._store.write([_alarm_row(span, alarm, self._alarms.pop(key), now)])

    def save(self) -> None:
        """Write what was counted since the last time."""
        for span, quarter in self._open.items():
            self._write(span, quarter)

    def _write(self, span: str, quarter: _Open) -> None:
        row = {"span": span, "begun_utc": quarter.begun, **asdict(quarter.totals)}
        self._store.write([Upsert("line_errors", row)]).add_done_callback(_told)

    # ---- looking

    async def errors(self, since: datetime, span: str = "") -> dict[str, dict[datetime, Totals]]:
        """By span and quarter, what was counted from `since` on. Raises Unreachable."""
        self.save()
        rows = await self._store.read(lambda s: line_queries.line_errors(s, since, span))
        found: dict[str, dict[datetime, Totals]] = {}
        for row in rows:
            quarters = found.setdefault(row.span, {})
            totals = quarters.setdefault(quarter_of(row.begun_utc), Totals())
            totals.add(Totals(**{name: getattr(row, name) for name in asdict(totals)}))
        return found

    async def alarms(self, since: datetime, span: str = "") -> list[Mapping[str, Any]]:
        """Alarms from `since` on, newest first: span, alarm, begun_utc, ended_utc or None."""
        rows = await self._store.read(lambda s: line_queries.line_alarms(s, since, span))
        return [
            {
                "span": row.span,
                "alarm": row.alarm,
                "begun_utc": row.begun_utc,
                "ended_utc": row.ended_utc,
            }
            for row in rows
        ]


def _alarm_row(span: str, alarm: str, begun: datetime, ended: datetime | None) -> Upsert:
    return Upsert(
        "line_alarms", {"span": span, "alarm": alarm, "begun_utc": begun, "ended_utc": ended}
    )


def _told(written: asyncio.Future[None]) -> None:
    """What could not be written is lost to history only; the store has raised its alarm."""
    if not written.cancelled() and (error := written.exception()) is not None:
        log.warning("errors of a line were not kept: %s", error)


def by_day(quarters: Mapping[datetime, Totals]) -> dict[datetime, Totals]:
    """The same by day (UTC)."""
    days: dict[datetime, Totals] = {}
    for begun, totals in quarters.items():
        day = begun.replace(hour=0, minute=0, second=0, microsecond=0)
        days.setdefault(day, Totals()).add(totals)
    return days
