"""The way down to the engine: its commands in order, and who waits for their ends.

Commands go down a ring of fixed size; should it be full, they wait here in order and follow as the
engine acknowledges earlier ones, so that a storm of calls delays commands but loses none.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from dsp_ext import event as dsp
from mediaserver.media.errors import MediaError

log = logging.getLogger(__name__)

#: Commands that wait at most.
BACKLOG = 65_536

Command = Callable[[], int]  # gives the command's sequence number


class Commands:
    """To one `engine`. Futures belong to the running loop."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self._backlog: deque[tuple[Command, asyncio.Future[None] | None]] = deque()
        self._acks: dict[int, asyncio.Future[None]] = {}
        self._turns: dict[int, asyncio.Future[bool]] = {}
        self._token = 0

    def send(self, issue: Command) -> None:
        """Send a command, in order.

        Raises MediaError when the engine refuses its arguments, or too many wait already.
        """
        self._send(issue, None)

    def acked(self, issue: Command) -> asyncio.Future[None]:
        """As `send`; the future is done once the engine has applied it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._send(issue, done)
        return done

    def open_turn(self) -> tuple[int, asyncio.Future[bool]]:
        """A token for a player or tone command, and the future of its end."""
        self._token = self._token % 0x7FFF_FFFF + 1
        token = self._token
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._turns[token] = turn
        turn.add_done_callback(lambda _: self._turns.pop(token, None))
        return token, turn

    def flush(self) -> None:
        """Send those that wait, as far as there is room."""
        while self._backlog:
            issue, done = self._backlog[0]
            try:
                if not self._issue(issue, done):
                    return
            except MediaError as error:  # whoever asked for it has gone on
                log.error("a command that had to wait: %s", error)
                if done is not None and not done.done():
                    done.set_exception(error)
            self._backlog.popleft()

    def acknowledged(self, sequence: int) -> None:
        """The engine has applied a command."""
        done = self._acks.pop(sequence, None)
        if done is not None and not done.done():
            done.set_result(None)

    def turn_over(self, token: int, to_the_end: bool) -> None:
        """A player or a tone has ended."""
        turn = self._turns.get(token)
        if turn is not None and not turn.done():
            turn.set_result(to_the_end)

    def _send(self, issue: Command, done: asyncio.Future[None] | None) -> None:
        if self._backlog or not self._issue(issue, done):
            if len(self._backlog) >= BACKLOG:
                raise MediaError(f"{BACKLOG} media commands wait: the engine does not tick")
            self._backlog.append((issue, done))

    def _issue(self, issue: Command, done: asyncio.Future[None] | None) -> bool:
        try:
            sequence = issue()
        except dsp.RingFull:
            return False
        except (ValueError, dsp.NoSlot) as error:
            raise MediaError(str(error)) from error
        if done is not None:
            self._acks[sequence] = done
        return True
