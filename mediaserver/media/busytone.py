"""Busy tones that lines have and no plan knows: learned once, known at the next call.

What: `BusyTones` keeps the last one learned on each line, over restarts too. A call gets what its
line knows, and tells what it learns.
Limits: one tone a line; one that a changed tone plan's detector could not have learned is passed
over by whoever uses it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsp_ext.progress_plan import BusyTone
from mediaserver.db.statefile import StateFile

log = logging.getLogger(__name__)

FILE = "busy-tones.json"


class BusyTones:
    """By a line's name ("FXO-1/2"). `path` None keeps them in memory alone."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = StateFile(path)
        self._known = _tones(self._file.read())

    def known(self, line: str) -> BusyTone | None:
        return self._known.get(line)

    def lines(self) -> Mapping[str, BusyTone]:
        """All that is known."""
        return dict(self._known)

    def learned(self, line: str, tone: BusyTone) -> None:
        """A line's busy tone, in place of what was known of it."""
        if self._known.get(line) == tone:
            return
        words = "%s: its busy tone is %g Hz, %d ms on, %d ms off"
        log.info(words, line, tone.hz, tone.on_ms, tone.off_ms)
        self._known[line] = tone
        self._save()

    def forget(self, line: str) -> bool:
        """Whether there was one."""
        found = self._known.pop(line, None) is not None
        if found:
            self._save()
        return found

    async def close(self) -> None:
        """Until all is kept."""
        await self._file.close()

    def _save(self) -> None:
        self._file.save({line: tone._asdict() for line, tone in sorted(self._known.items())})


def _tones(rows: Any) -> dict[str, BusyTone]:
    """Of what a file says, that which can be a tone."""
    found: dict[str, BusyTone] = {}
    for line, row in rows.items() if isinstance(rows, dict) else ():
        try:
            plan, sound, hz = str(row["plan"]), int(row["sound"]), float(row["hz"])
            found[line] = BusyTone(plan, sound, hz, int(row["on_ms"]), int(row["off_ms"]))
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            log.error("%s: its busy tone cannot be read: %r", line, error)
    return found
