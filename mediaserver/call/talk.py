"""Two parties in talk, either of whom may put the other on hold.

What: joins the two in a bridge; who is held hears music until the other is back. How: a party that
holds is out of the bridge, as its channel may be in that of another call meanwhile.
Limits: two parties.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from mediaserver.call.holdmusic import HoldMusic
from mediaserver.call.leg import Leg
from mediaserver.media.session import MediaPort, MediaSession

#: Plays music on hold on a port until it is cancelled.
Music = Callable[[MediaPort], Awaitable[None]]


class Talk:
    """From its making until `close()`."""

    def __init__(self, media: MediaSession, legs: tuple[Leg, Leg], music: Music | None) -> None:
        self._bridge = media.bridge()
        self._legs = legs
        self._music = {leg: HoldMusic(partial(music, leg.media)) for leg in legs if music}
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
        for here, there in ((first, second), (second, first)):
            if here in self._music:
                self._music[here].wanted(there.held and not here.held)

    def close(self) -> None:
        """They no longer hear each other, and no music."""
        self._bridge.close()
        for music in self._music.values():
            music.wanted(False)
