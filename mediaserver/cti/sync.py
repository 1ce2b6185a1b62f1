"""`SyncCtiClient`: the CTI client for code that blocks, in as many threads as it likes.

One connection, on a loop in a background thread. The board is mirrored here and
the newest events are kept, so that a hundred readers of `events()` cost the
server one subscription and no further snapshot.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from mediaserver.cti.client import Address, CtiClient, CtiUnavailable, Patience
from mediaserver.cti.mirror import Mirror

T = TypeVar("T")
KEEP = 10_000
_SLACK_S = 1.0  # beyond the client's own time-outs, so that those are the ones seen


@dataclass(slots=True)
class _Cursor:
    """How far one reader has come."""

    seq: int | None
    beats: int
    link: bool = True


class SyncCtiClient:
    """Thread-safe.

        with SyncCtiClient("var/cti.sock") as cti:   # start() … close()
            for message in cti.events():
                …

    `start()` does not wait for the server (see `connected`, `wait_connected`);
    `connect()` does, and raises. `events` False: no subscription, for a client
    that only asks.
    """

    def __init__(
        self,
        address: Address | str | Path,
        login: str = "",
        password: str = "",
        *,
        events: bool = True,
        patience: Patience | None = None,
        keep: int = KEEP,
    ) -> None:
        self._patience = patience or Patience()
        self._client = CtiClient(address, login, password, self._patience)
        if events:
            self._client.listen(self._heard)
        self._news = threading.Condition()
        self._mirror: Mirror | None = None
        self._kept: deque[dict[str, Any]] = deque()
        self._keep = keep
        self._base = 0  # all events after this one are kept
        self._link = False
        self._beat: dict[str, Any] = {}
        self._beats = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def connected(self) -> bool:
        """Whether the link is up and logged in."""
        return self._client.connected

    @property
    def address(self) -> Address:
        return self._client.address

    # ---- beginning and end -------------------------------------------------------

    def start(self) -> SyncCtiClient:
        """Begin to connect, in the background. A second call changes nothing."""
        self._launch(self._client.start_keeping)
        return self

    def connect(self) -> SyncCtiClient:
        """Connect now: CtiUnavailable or CtiError if the first attempt fails."""
        self._launch(lambda: None)
        try:
            self._do(self._client.start(), 2 * self._patience.connect_s)
        except BaseException:
            self.close()
            raise
        return self

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the link, and with events for the first snapshot; whether it came."""
        with self._news:
            return self._news.wait_for(lambda: self._link and self._mirror is not None, timeout_s)

    def close(self) -> None:
        """Close the link; every `events()` ends."""
        with self._news:
            if self._closed:
                return
            self._closed = True
            thread, loop = self._thread, self._loop
            self._news.notify_all()
        if thread is not None and loop is not None:
            asyncio.run_coroutine_threadsafe(self._client.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def __enter__(self) -> SyncCtiClient:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- asking ------------------------------------------------------------------

    def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        acting: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """The result. `acting` (login, role): for whom a trusted client asks.

        CtiError: refused. CtiUnavailable: no link, or no answer in time.
        """
        if self._loop is None or self._closed:
            raise CtiUnavailable("the client is not started")
        work = self._client.request(method, params, acting)
        return self._do(work, self._patience.request_s + _SLACK_S)

    def snapshot(self) -> dict[str, Any]:
        """The board as last heard (rows.Snapshot); do not change its rows.

        CtiUnavailable when there has never been a link. See `connected` for whether
        it is current. Engine counters are those of the last (re)connection: ask
        `request("status")` for new ones.
        """
        with self._news:
            if self._mirror is not None:
                return self._mirror.copy()
        return self.request("snapshot")

    def events(self, from_seq: int | None = None, idle_s: float = 6.0) -> Iterator[dict[str, Any]]:
        """What happens, until the client is closed; messages are shared, do not change them.

        Begins with {"event": "Snapshot", "seq", "snapshot"}, or, where all events
        after `from_seq` are still kept, with those. Then event messages and
        Heartbeat; Disconnected (also at the very start, without a link) and
        Connected; Snapshot again after a gap. {"event": "Idle"} after `idle_s`
        without anything, so that a writer can find out that its reader is gone.
        """
        cursor = _Cursor(from_seq, self._beats)
        while True:
            batch = self._next(cursor, idle_s)
            if batch is None:
                return
            yield from batch

    # ---- the readers -------------------------------------------------------------

    def _next(self, cursor: _Cursor, idle_s: float) -> list[dict[str, Any]] | None:
        with self._news:
            self._news.wait_for(lambda: self._closed or self._behind(cursor), idle_s)
            if self._closed:
                return None
            return self._take(cursor) or [{"event": "Idle"}]

    def _behind(self, cursor: _Cursor) -> bool:
        if cursor.link != self._link or cursor.beats != self._beats:
            return True
        return self._mirror is not None and cursor.seq != self._mirror.seq

    def _take(self, cursor: _Cursor) -> list[dict[str, Any]]:
        """Everything new to this reader, in order."""
        batch: list[dict[str, Any]] = []
        if cursor.link != self._link:
            cursor.link = self._link
            batch.append({"event": "Connected" if self._link else "Disconnected"})
        if self._mirror is not None:
            seq = self._mirror.seq
            if cursor.seq is None or not self._base <= cursor.seq <= seq:
                batch.append({"event": "Snapshot", "seq": seq, "snapshot": self._mirror.copy()})
            else:
                batch.extend(islice(self._kept, cursor.seq - self._base, None))
            cursor.seq = seq
        if cursor.beats != self._beats:
            cursor.beats = self._beats
            batch.append(self._beat)
        return batch

    # ---- the thread --------------------------------------------------------------

    def _launch(self, first: Callable[[], None]) -> None:
        with self._news:
            if self._thread is not None or self._closed:
                return
            self._loop = asyncio.new_event_loop()
            self._loop.call_soon(first)
            self._thread = threading.Thread(target=self._run, name="cti-client", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        assert self._loop is not None
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # closed by another thread a moment ago
            work.close()
            raise CtiUnavailable("the client is closed") from None
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise CtiUnavailable(f"no answer from {self.address}") from None

    def _heard(self, message: dict[str, Any]) -> None:
        """On the client's loop."""
        with self._news:
            word = message["event"]
            if "changes" in message:
                self._keep_event(message)
            elif word == "Snapshot":
                self._mirror = Mirror(message["snapshot"])
                self._kept.clear()
                self._base = message["seq"]
            elif word in ("Connected", "Disconnected"):
                self._link = word == "Connected"
            elif word == "Heartbeat":
                self._beat = message
                self._beats += 1
            self._news.notify_all()

    def _keep_event(self, message: dict[str, Any]) -> None:
        assert self._mirror is not None  # a snapshot comes before every event
        self._mirror.apply(message)
        self._kept.append(message)
        if len(self._kept) > self._keep:
            self._kept.popleft()
            self._base += 1
