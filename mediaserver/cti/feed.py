"""The event feed: every domain event becomes one numbered, encoded line, kept for replay.

Sequence numbers begin at the server's start in microseconds of UTC and count
by one, so that a number is not used again after a restart and a client that
comes back with an old one is told to take a snapshot. Lines are encoded once,
however many clients hear them; the newest `keep` are held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.cti.board import Board
from mediaserver.cti.messages import VERSION, EventMessage, encode, iso
from mediaserver.events import Event

KEEP = 10_000


class Feed:
    """The numbered lines of all events, from the bus to whoever listens."""

    def __init__(self, bus: Bus, board: Board, clock: Clock, keep: int = KEEP) -> None:
        self.board = board
        self.clock = clock
        self.seq = int(board.server.started.timestamp() * 1_000_000)
        self._lines: deque[bytes] = deque(maxlen=keep)
        self._listeners: list[Callable[[bytes], None]] = []
        self._leave = bus.subscribe(Event, self._publish)

    def close(self) -> None:
        """Hear no more events."""
        self._leave()

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `listener` with each new line; returns the undo."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def oldest(self) -> int:
        """The number after which everything is still here."""
        return self.seq - len(self._lines)

    def has_after(self, seq: int) -> bool:
        """Whether all events after `seq` are still here (and `seq` is one we gave)."""
        return self.oldest <= seq <= self.seq

    def line_after(self, seq: int) -> bytes:
        """The line of event `seq + 1`. IndexError when it is not here."""
        if not self.oldest <= seq < self.seq:
            raise IndexError(seq)
        return self._lines[seq - self.oldest]

    def _publish(self, event: Event) -> None:
        update = self.board.apply(event)
        message: EventMessage = {
            "v": VERSION,
            "seq": self.seq + 1,
            "event": update.word,
            "utc": iso(event.utc),
            "media_ms": event.media_ms,
            "call_id": getattr(event, "call_id", None),
            "data": update.data,
            "changes": update.changes,
        }
        line = encode(message)
        self.seq += 1
        self._lines.append(line)
        for listener in tuple(self._listeners):
            listener(line)
