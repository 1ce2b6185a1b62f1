"""One generator of a channel (the player, or the tones) and whoever waits for it.

What: a generator does one thing at a time; the next replaces it. A turn's
future gives True when it was heard to the end and False when it was stopped or
replaced. Cancelling the future stops the generator, unless somebody else's turn
has begun meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from mediaserver.media.errors import MediaError

if TYPE_CHECKING:
    from mediaserver.media.session import MediaSession

Issue = Callable[[int], int]  # token → the command's sequence number


class Generator:
    """`halt` issues the engine's stop command."""

    def __init__(self, session: MediaSession, halt: Callable[[], int]) -> None:
        self._session = session
        self._halt = halt
        self._turn: asyncio.Future[bool] | None = None

    @property
    def busy(self) -> bool:
        return self._turn is not None

    def begin(self, issue: Issue) -> asyncio.Future[bool]:
        self.forget()
        token, turn = self._session.open_turn()
        self._turn = turn
        turn.add_done_callback(self._ended)
        try:
            self._session.command(lambda: issue(token))
        except MediaError:
            self.forget()
            raise
        return turn

    def stop(self) -> None:
        """Silence it; harmless when nothing sounds."""
        if self._turn is not None:
            self.forget()
            self._session.command(self._halt)

    def forget(self) -> None:
        """Whoever waits is told False; the engine is not told anything."""
        turn, self._turn = self._turn, None
        if turn is not None and not turn.done():
            turn.set_result(False)

    def _ended(self, turn: asyncio.Future[bool]) -> None:
        if self._turn is not turn:
            return
        self._turn = None
        if turn.cancelled():
            self._session.command(self._halt)
