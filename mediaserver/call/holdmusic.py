"""Music for a party that has nobody to hear, for as long as that is so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class HoldMusic:
    """`play()` plays to the party until it is cancelled."""

    def __init__(self, play: Callable[[], Awaitable[None]]) -> None:
        self._play = play
        self._playing: asyncio.Future[None] | None = None

    def wanted(self, on: bool) -> None:
        """Begin, or stop; harmless when it is so already."""
        if on and self._playing is None:
            self._playing = asyncio.ensure_future(self._play())
            self._playing.add_done_callback(_look_at)
        elif not on and self._playing is not None:
            self._playing.cancel()
            self._playing = None


def _look_at(playing: asyncio.Future[None]) -> None:
    if not playing.cancelled() and (error := playing.exception()) is not None:
        log.error("music on hold: %s", error)
