"""Two parties in talk, either of whom may put the other on hold.

What: joins the two in a bridge; who is held hears music until the other is back. How: a party that
holds is out of the bridge, as its channel may be in that of another call meanwhile.
Limits: two parties.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mediaserver.call.leg import Leg
from mediaserver.media.session import MediaPort, MediaSession

log = logging.getLogger(__name__)

#: Plays music on hold on a port until it is cancelled.
Music = Callable[[MediaPort], Awaitable[None]]


class Talk:
    """From its making until `close()`."""

    def __init__(self, media: MediaSession, legs: tuple[Leg, Leg], music: Music | None) -> None:
        self._bridge = media.bridge()
        self._legs = legs
        self._music = music
        self._playing: dict[Leg, asyncio.Future[None]] = {}
        try:
            for leg in legs:
                self.changed(leg)
        except BaseException:
            self.close()
            raise

    def changed(self, leg: Leg) -> None:
        """A party holds, or is back."""
        if leg.held:
            self._bridge.leave(leg.media)
        else:
            self._bridge.join(leg.media)
        first, second = self._legs
        self._entertain(first, second.held and not first.held)
        self._entertain(second, first.held and not second.held)

    def close(self) -> None:
        """They no longer hear each other, and no music."""
        self._bridge.close()
        for leg in self._legs:
            self._entertain(leg, False)

    def _entertain(self, leg: Leg, on: bool) -> None:
        if on and leg not in self._playing and self._music is not None:
            self._playing[leg] = playing = asyncio.ensure_future(self._music(leg.media))
            playing.add_done_callback(_look_at)
        elif not on and leg in self._playing:
            self._playing.pop(leg).cancel()


def _look_at(playing: asyncio.Future[None]) -> None:
    if not playing.cancelled() and (error := playing.exception()) is not None:
        log.error("music on hold: %s", error)
