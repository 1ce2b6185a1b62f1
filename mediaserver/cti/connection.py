"""One client's connection: lines in, replies and events out, and no more than its share of us.

Requests are carried out one after another, in order. What a client can cost is
bounded: a line (64 KiB), the time to log in and to finish a line, the requests
waiting (reading pauses), requests a second (one error, then closed) and what
lies unsent (1 MB, then closed). Replay is paced by the socket, so that it never
counts as unsent. A closing connection still reads, and throws away, for a
moment: otherwise the kernel would reset it and our last words be lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Protocol

from mediaserver.cti.feed import Feed
from mediaserver.cti.limits import Limits, TokenBucket
from mediaserver.cti.messages import (
    CtiError,
    Identity,
    Request,
    as_request,
    decode,
    ok,
    refuse,
    refused,
    request_id,
)
from mediaserver.cti.methods import METHODS
from mediaserver.cti.requests import Requests

log = logging.getLogger(__name__)
_REPLAY_ROOM = 256 * 1024  # replay waits while more than this lies unsent


class Host(Protocol):
    """What a connection is of: the server, as far as it needs it."""

    limits: Limits
    requests: Requests
    feed: Feed
    dropped: int  # clients that did not read

    def who_is(self, transport: asyncio.Transport) -> tuple[str, Identity | None]: ...
    def admit(self, connection: Connection) -> CtiError | None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """`address` is who the client counts as for the caps: an IP address or a Unix uid."""

    def __init__(self, server: Host) -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self.address = ""
        self.local: Identity | None = None
        self.identity: Identity | None = None
        self.subscribed = False
        self._replayed: int | None = None  # while replaying: the last seq written
        self._buffer = bytearray()
        self._requests: deque[tuple[int | str | None, Request | CtiError]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._last_words: bytes | None = None  # set: no more input, this after pending replies
        self._closing = False  # nothing more is sent
        self._thrown_away = 0
        self._line_timer: asyncio.TimerHandle | None = None
        self._login_timer: asyncio.TimerHandle | None = None
        self._cut_timer: asyncio.TimerHandle | None = None
        self._bucket = self._allowance(1.0)

    # ---- asyncio.Protocol ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_REPLAY_ROOM, low=_REPLAY_ROOM // 4)
        self.address, self.local = self._server.who_is(transport)
        refusal = self._server.admit(self)
        if refusal is not None:
            self.send(refuse(None, refusal))
            self._closing = True
            transport.close()
            return
        self._login_timer = self._loop.call_later(
            self._limits.login_s, self._too_slow, "login.late"
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self.subscribed = False
        for timer in (self._line_timer, self._login_timer, self._cut_timer):
            if timer is not None:
                timer.cancel()
        self._requests.clear()  # the one being carried out is: it may be half done
        self._server.gone(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._throw_away(len(data))
            return
        self._buffer += data
        lines = self._buffer.split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            if len(line) > self._limits.max_line:
                self._end_long_line()
            if self._deaf:
                return
            self._line(bytes(line))
        if len(self._buffer) > self._limits.max_line:
            self._end_long_line()
        elif not self._deaf:
            self._time_line(fresh=bool(lines))

    @property
    def _deaf(self) -> bool:
        return self._closing or self._last_words is not None

    def _throw_away(self, octets: int) -> None:
        self._thrown_away += octets
        if self._thrown_away > self._limits.max_unsent:
            self._transport.abort()

    def eof_received(self) -> bool:
        """The client sends no more: answer what is pending, then close."""
        if self._worker is None or self._closing:
            return False
        self._worker.add_done_callback(lambda _: self._transport.close())
        return True

    def resume_writing(self) -> None:
        self._replay()

    def _allowance(self, factor: float) -> TokenBucket:
        limits = self._limits
        rate, burst = limits.requests_per_s * factor, limits.request_burst * factor
        return TokenBucket(rate, burst, self._loop.time())

    # ---- lines in ----------------------------------------------------------------

    def _time_line(self, fresh: bool) -> None:
        """A begun line must end in time; `fresh`: an earlier one just did."""
        if fresh or not self._buffer:
            self._stop_line_timer()
        if self._buffer and self._line_timer is None and self._transport.is_reading():
            self._line_timer = self._loop.call_later(
                self._limits.line_s, self._too_slow, "line.slow"
            )

    def _stop_line_timer(self) -> None:
        if self._line_timer is not None:
            self._line_timer.cancel()
            self._line_timer = None

    def _end_long_line(self) -> None:
        limit = self._limits.max_line
        self.end(refused("line_too_long", "line.long", limit=limit))

    def _too_slow(self, why: str) -> None:
        self.end(refused("timeout", why))

    def _line(self, line: bytes) -> None:
        if not line.strip():
            return
        request: Request | CtiError
        cost, ident = 1.0, None
        try:
            message = decode(line)
            ident = request_id(message)
            request = as_request(message)
            if request.method in METHODS:
                cost = METHODS[request.method].cost
        except CtiError as error:
            request = error
        if not self._bucket.take(cost, self._loop.time()):
            rate = self._limits.requests_per_s
            self.end(refused("too_many_requests", "requests.fast", rate=rate), ident)
            return
        self._requests.append((ident, request))
        if self._worker is None:
            self._worker = self._loop.create_task(self._work())
        if len(self._requests) >= self._limits.max_pending:
            self._transport.pause_reading()
            self._stop_line_timer()

    async def _work(self) -> None:
        try:
            while self._requests and not self._closing:
                ident, request = self._requests.popleft()
                if isinstance(request, CtiError):
                    self.send(refuse(ident, request))
                else:
                    await self._answer(request)
                if len(self._requests) < self._limits.max_pending // 2 and not self._closing:
                    self._transport.resume_reading()
        finally:
            self._worker = None
            if self._last_words is not None:
                self._finish(self._last_words)

    async def _answer(self, request: Request) -> None:
        try:
            result = await self._server.requests.answer(self, request)
        except CtiError as error:
            self.send(refuse(request.id, error))
        else:
            self.send(ok(request.id, result))
            self._replay()

    # ---- Session -----------------------------------------------------------------

    def log_in(self, identity: Identity) -> None:
        self.identity = identity
        if identity.trusted:
            self._bucket = self._allowance(self._limits.trusted_factor)
        if self._login_timer is not None:
            self._login_timer.cancel()
            self._login_timer = None

    def subscribe(self, after: int) -> None:
        """Events after `after` follow the reply; a second subscription replaces the first."""
        self.subscribed = True
        self._replayed = after

    # ---- lines out -----------------------------------------------------------------

    def event(self, line: bytes) -> None:
        """A new event of the feed; while replaying it will come from there in its turn."""
        if self.subscribed and self._replayed is None:
            self.send(line)

    def heartbeat(self, line: bytes) -> None:
        if self.subscribed and self._replayed is None:
            self.send(line)

    def send(self, line: bytes) -> None:
        if self._closing or self._transport.is_closing():
            return
        self._transport.write(line)
        if self._transport.get_write_buffer_size() > self._limits.max_unsent:
            log.warning("CTI client %s does not read: dropped", self.address)
            self._server.dropped += 1
            self._closing = True
            self._transport.abort()

    def _replay(self) -> None:
        feed = self._server.feed
        while self._replayed is not None and not self._closing:
            if self._replayed == feed.seq:
                self._replayed = None
            elif not feed.has_after(self._replayed):
                self.end(refused("snapshot_needed", "replay.slow"))
            elif self._transport.get_write_buffer_size() > _REPLAY_ROOM:
                return  # resume_writing goes on
            else:
                self.send(feed.line_after(self._replayed))
                if self._replayed is not None:
                    self._replayed += 1

    # ---- the end ---------------------------------------------------------------------

    def end(self, error: CtiError, ident: int | str | None = None) -> None:
        """Take no more input; answer what was asked before, then say why, and close."""
        if self._deaf:
            return
        log.info("CTI client %s closed: %s", self.address, error.message)
        self._last_words = refuse(ident, error)
        self._buffer.clear()
        self._stop_line_timer()
        self._transport.resume_reading()
        if self._worker is None:
            self._finish(self._last_words)

    def _finish(self, last_words: bytes) -> None:
        self.send(last_words)
        self.close()

    def close(self) -> None:
        """Send what is to be sent, say that no more comes, cut after `linger_s` at the latest."""
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        self.subscribed = False
        self._buffer.clear()
        self._requests.clear()
        self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._cut_timer = self._loop.call_later(self._limits.linger_s, self._transport.abort)
