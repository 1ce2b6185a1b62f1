"""Log lines from a line that may shout: so many a minute, then a count of the rest."""

from __future__ import annotations

import logging

LINES_A_MINUTE = 20
_WINDOW_S = 60.0


class LineLog:
    """Logs for one span. `now` is seconds of any monotonic clock."""

    def __init__(self, logger: logging.Logger, span: str) -> None:
        self._logger, self._span = logger, span
        self._begun = float("-inf")
        self._written = self.suppressed = 0

    def write(self, level: int, text: str, now: float) -> None:
        if now - self._begun >= _WINDOW_S:
            if self.suppressed:
                self._logger.warning("%s: %d more lines not shown", self._span, self.suppressed)
            self._begun, self._written, self.suppressed = now, 0, 0
        if self._written >= LINES_A_MINUTE:
            self.suppressed += 1
            return
        self._written += 1
        self._logger.log(level, "%s: %s", self._span, text)
