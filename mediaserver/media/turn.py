"""One generator of a channel (the player, or the tones) and whoever waits for it.

What: a generator does one thing at a time; the next replaces it. A turn's
future gives True when it was heard to the end and False when it was stopped or
replaced. Cancelling the future stops the generator, unless somebody else's turn
has begun meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mediaserver.media.commands import Commands
from mediaserver.media.errors import MediaError

Issue = Callable[[int], int]  # token → the command's sequence number


class Generator:
    """`halt` issues the engine's stop command."""

    def __init__(self, commands: Commands, halt: Callable[[], int]) -> None:
        self._commands = commands
        self._halt = halt
        self._turn: asyncio.Future[bool] | None = None
        self._held = False
        self._waiting: Callable[[], int] | None = None

    @property
    def busy(self) -> bool:
        return self._turn is not None

    def hold(self) -> None:
        """What is begun from now on waits for `resume`."""
        self._held = True

    def resume(self) -> None:
        """The turn that waits begins, if it is wanted still."""
        self._held = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._turn is not None:
            self._commands.send(waiting)

    def begin(self, issue: Issue) -> asyncio.Future[bool]:
        self.forget()
        token, turn = self._commands.open_turn()
        self._turn = turn
        turn.add_done_callback(self._ended)
        if self._held:
            self._waiting = lambda: issue(token)
            return turn
        try:
            self._commands.send(lambda: issue(token))
        except MediaError:
            self.forget()
            raise
        return turn

    def stop(self) -> None:
        """Silence it; harmless when nothing sounds."""
        if self._turn is not None:
            begun = self._waiting is None
            self.forget()
            if begun:
                self._commands.send(self._halt)

    def forget(self) -> None:
        """Whoever waits is told False; the engine is not told anything."""
        turn, self._turn, self._waiting = self._turn, None, None
        if turn is not None and not turn.done():
            turn.set_result(False)

    def _ended(self, turn: asyncio.Future[bool]) -> None:
        if self._turn is not turn:
            return
        begun = self._waiting is None
        self._turn = self._waiting = None
        if turn.cancelled() and begun:
            self._commands.send(self._halt)
