"""Whose telephones are to show that messages wait.

What: `MessagesWaiting` has it shown at the telephone (lamp, dial tone, display), and keeps it over
restarts. Whoever keeps the messages says so through the CTI method "message_waiting".
Limits: telephones on ports of ours alone; how many messages wait is not told.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mediaserver.call.lines import Lines, NoChannel
from mediaserver.db.statefile import StateFile

log = logging.getLogger(__name__)

FILE = "messages-waiting.json"


class NoTelephone(Exception):
    """A line that has no telephone of ours."""


class MessagesWaiting:
    """By a line's name ("FXS-1/3"). `path` None keeps it in memory alone."""

    def __init__(self, lines: Lines, path: Path | None = None) -> None:
        self._lines = lines
        self._file = StateFile(path)
        self._waiting: set[str] = set()

    def start(self) -> None:
        """Show what was to be shown when the server ended."""
        for line in _names(self._file.read()):
            try:
                self._show(line, True)
            except NoTelephone as error:
                log.info("messages waiting: %s", error)

    def waiting(self) -> list[str]:
        """Lines on which messages wait."""
        return sorted(self._waiting)

    def set(self, line: str, on: bool) -> None:
        """Raises NoTelephone."""
        self._show(line, on)
        self._file.save(self.waiting())

    async def close(self) -> None:
        """Until all is kept."""
        await self._file.close()

    def _show(self, line: str, on: bool) -> None:
        try:
            slot = self._lines.slot(line)
        except NoChannel:
            raise NoTelephone(f"there is no line {line}") from None
        show: Any = getattr(slot.signalling, "set_message_waiting", None)
        if show is None:
            raise NoTelephone(f"{line} has no telephone")
        show(slot.channel.number, on)
        (self._waiting.add if on else self._waiting.discard)(line)


def _names(found: Any) -> list[str]:
    return [str(line) for line in found] if isinstance(found, list) else []
