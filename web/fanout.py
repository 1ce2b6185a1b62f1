"""One stream of messages handed to many browsers, none of which can hold up another.

Each subscriber has a bounded queue. One that falls behind loses its queue and
gets a fresh snapshot instead: what it shows is then late, never wrong. Messages
carry the daemon's event number, which is never used again, not even after its
restart; a browser that comes back names the last it saw and is given what it
missed, or a snapshot when that is no longer kept.
"""

from __future__ import annotations

import json
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mediaserver.cti.mirror import Mirror

Row = dict[str, Any]

#: Events kept for browsers that come back.
KEPT = 2_000
#: Messages a browser may be behind before it is given a snapshot.
BEHIND = 500


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event; `data` is JSON on one line."""

    kind: str  # "snapshot" | "change" | "link" | "beat"
    data: str
    id: str = ""

    def frame(self) -> str:
        head = f"id: {self.id}\n" if self.id else ""
        return f"{head}event: {self.kind}\ndata: {self.data}\n\n"


class TooMany(RuntimeError):
    """No more live connections are accepted."""


def utc_now() -> str:
    """Now, as people and scripts write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def to_json(data: Any) -> str:
    """JSON on one line, as an event's data must be."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)


class Subscriber:
    """One browser's queue. Use as a context manager so that it is always let go."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._queue: queue.Queue[Message] = queue.Queue(BEHIND)
        self._stale = False

    def offer(self, message: Message) -> None:
        """Called with the fan-out's lock held."""
        if self._stale:
            return
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self._stale = True

    def next(self, timeout_s: float) -> Message | None:
        """The next message, or None when none came in time."""
        if self._stale:
            return self._fanout.refresh(self)
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def beat(self) -> Message:
        """A sign of life, with the state of the link."""
        return self._fanout.beat()

    def restart(self) -> None:
        """Drop what is queued; called with the fan-out's lock held."""
        self._queue = queue.Queue(BEHIND)
        self._stale = False

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self._fanout.leave(self)


class Fanout:
    """The board, the last events, and everyone who listens. Safe from any thread."""

    def __init__(
        self, limit: int = 96, kept: int = KEPT, clock: Callable[[], str] = utc_now
    ) -> None:
        self._lock = threading.Lock()
        self._mirror: Mirror | None = None
        self._base = 0  # every event after this one is kept
        self._kept: deque[Message] = deque()
        self._keep = kept
        self._subscribers: set[Subscriber] = set()
        self._limit = limit
        self._clock = clock
        self._link: Row = {"up": False, "since_utc": clock(), "reason": "starting"}

    # ---- what comes in ---------------------------------------------------

    def load(self, snapshot: Row) -> None:
        """Begin anew from a CTI snapshot, which is this object's to keep."""
        with self._lock:
            self._mirror = Mirror(snapshot)
            self._base = self._mirror.seq
            self._kept.clear()
            self._hand_out(self._snapshot(self._mirror))

    def apply(self, event: Row) -> None:
        """Take in one CTI event; one already known changes nothing."""
        with self._lock:
            if self._mirror is None or event["seq"] <= self._mirror.seq:
                return
            self._mirror.apply(event)
            message = Message("change", to_json(event), str(event["seq"]))
            self._kept.append(message)
            if len(self._kept) > self._keep:
                self._base = int(self._kept.popleft().id)
            self._hand_out(message)

    def link(self, up: bool, reason: str = "") -> None:
        """The connection to the daemon came or went; saying the same twice is harmless."""
        with self._lock:
            if self._link["up"] == up and (up or self._link["reason"] == reason):
                return
            changed = self._link["up"] != up
            since = self._clock() if changed else self._link["since_utc"]
            self._link = {"up": up, "since_utc": since, "reason": reason}
            self._hand_out(self._status("link"))

    # ---- what goes out ---------------------------------------------------

    def subscribe(self, last_id: str = "") -> Subscriber:
        """Queue up the link's state and what was missed since `last_id`, then live messages.

        Raises TooMany at the limit, so that pages still find a thread."""
        with self._lock:
            if len(self._subscribers) >= self._limit:
                raise TooMany(f"{self._limit} live connections are open")
            subscriber = Subscriber(self)
            subscriber.offer(self._status("link"))
            for message in self._missed(last_id):
                subscriber.offer(message)
            self._subscribers.add(subscriber)
            return subscriber

    def refresh(self, subscriber: Subscriber) -> Message:
        """A fallen-behind subscriber starts over from the present."""
        with self._lock:
            subscriber.restart()
            if self._mirror is None:
                return self._status("link")
            subscriber.offer(self._status("link"))
            return self._snapshot(self._mirror)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; doing so twice is harmless."""
        with self._lock:
            self._subscribers.discard(subscriber)

    def beat(self) -> Message:
        """A sign of life, with the state of the link."""
        with self._lock:
            return self._status("beat")

    @property
    def link_state(self) -> Row:
        """`up`, since when, and why it is not."""
        with self._lock:
            return dict(self._link)

    @property
    def listeners(self) -> int:
        """How many browsers listen."""
        with self._lock:
            return len(self._subscribers)

    # ---- with the lock held ----------------------------------------------

    def _hand_out(self, message: Message) -> None:
        for subscriber in self._subscribers:
            subscriber.offer(message)

    def _snapshot(self, mirror: Mirror) -> Message:
        body = {**mirror.snapshot, "utc": self._clock()}
        return Message("snapshot", to_json(body), str(mirror.seq))

    def _status(self, kind: str) -> Message:
        return Message(kind, to_json({"utc": self._clock(), "link": self._link}))

    def _missed(self, last_id: str) -> list[Message]:
        if self._mirror is None:
            return []
        if last_id.isascii() and last_id.isdigit() and len(last_id) < 19:
            seq = int(last_id)
            missed = self._mirror.seq - seq
            if self._base <= seq and 0 <= missed <= BEHIND // 2:
                return list(self._kept)[len(self._kept) - missed :]
        return [self._snapshot(self._mirror)]
