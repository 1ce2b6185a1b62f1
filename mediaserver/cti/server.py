"""Listens for CTI clients on a Unix socket and on TCP, and hands each event to all of them.

The Unix socket has mode 0600, and a peer of our own user (SO_PEERCRED) or root
is an admin once it says hello; TCP clients log in. Nothing here waits for a
client: see connection.py for what happens to those that do not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import struct
from collections import Counter
from pathlib import Path

from mediaserver.cti.connection import Connection
from mediaserver.cti.control import Control, Verify
from mediaserver.cti.feed import Feed
from mediaserver.cti.limits import Limits, LoginGuard
from mediaserver.cti.messages import (
    VERSION,
    CtiError,
    HeartbeatMessage,
    Identity,
    encode,
    iso,
    refused,
)
from mediaserver.cti.requests import Requests

log = logging.getLogger(__name__)
_UCRED = struct.Struct("3i")  # pid, uid, gid


class CannotListen(Exception):
    """An address cannot be listened on; the text says which, why and what to do."""


class CtiServer:
    """Made on the control loop; `start` listens, `close` ends it."""

    def __init__(
        self, feed: Feed, control: Control, verify: Verify, limits: Limits | None = None
    ) -> None:
        self.feed = feed
        self.limits = limits or Limits()
        loop = asyncio.get_running_loop()
        self.requests = Requests(feed, control, verify, LoginGuard(self.limits, loop.time))
        self.requests.cti_counters = self.counters
        self.dropped = 0  # clients that did not read
        self.refused = 0  # clients over a cap
        self.port = 0  # TCP port listened on, once started
        self._loop = loop
        self._connections: set[Connection] = set()
        self._per_address: Counter[str] = Counter()
        self._listeners: list[asyncio.Server] = []
        self._socket_path: Path | None = None
        self._unlisten = feed.listen(self._broadcast)
        self._heartbeat_timer: asyncio.TimerHandle | None = None
        self._all_gone = asyncio.Event()

    async def start(
        self, socket_path: Path | None, host: str = "", port: int | None = None
    ) -> None:
        """Listen. `socket_path` None: no Unix socket; `port` None: no TCP; 0: any free port.

        Raises CannotListen, with nothing left listening.
        """
        try:
            if socket_path is not None:
                await self._listen_unix(socket_path)
            if port is not None:
                await self._listen_tcp(host, port)
        except CannotListen:
            await self.close()
            raise
        self._beat()

    async def close(self) -> None:
        """Stop listening, close every connection, take the socket file away."""
        self._unlisten()
        self._unlisten = lambda: None
        if self._heartbeat_timer is not None:
            self._heartbeat_timer.cancel()
        for listener in self._listeners:
            listener.close()
        for connection in tuple(self._connections):
            connection.close()
        if self._connections:
            self._all_gone.clear()
            await self._all_gone.wait()
        if self._socket_path is not None:
            self._socket_path.unlink(missing_ok=True)

    def counters(self) -> dict[str, int]:
        return {
            "connections": len(self._connections),
            "subscribed": sum(c.subscribed for c in self._connections),
            "dropped": self.dropped,
            "refused": self.refused,
        }

    # ---- listening -----------------------------------------------------------------

    async def _listen_tcp(self, host: str, port: int) -> None:
        try:
            listener = await self._loop.create_server(lambda: Connection(self), host, port)
        except OSError as exc:
            raise CannotListen(_why_not(f"{host}:{port}", "[cti] port", exc)) from exc
        self._listeners.append(listener)
        self.port = listener.sockets[0].getsockname()[1]
        log.info("CTI listens on %s:%d", host, self.port)

    async def _listen_unix(self, path: Path) -> None:
        where = f"the socket {path}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            sock = _bind(path)
            listener = await self._loop.create_unix_server(lambda: Connection(self), sock=sock)
        except OSError as exc:
            raise CannotListen(_why_not(where, "[cti] socket", exc)) from exc
        self._listeners.append(listener)
        self._socket_path = path
        log.info("CTI listens on %s", path)

    # ---- for connections ---------------------------------------------------------------

    def who_is(self, transport: asyncio.Transport) -> tuple[str, Identity | None]:
        """The address a client counts under, and who it is if its socket proves that."""
        sock = transport.get_extra_info("socket")
        if sock.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):  # it may be gone already
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
            peer = transport.get_extra_info("peername")
            return (peer[0] if peer else "unknown"), None
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        _, uid, _ = _UCRED.unpack(raw)
        if uid in (0, os.geteuid()):
            return f"uid {uid}", Identity("local", "admin", trusted=True)
        return f"uid {uid}", None

    def admit(self, connection: Connection) -> CtiError | None:
        """Count a new connection in; an error when it is one too many."""
        self._connections.add(connection)
        self._per_address[connection.address] += 1
        limits = self.limits
        if (
            len(self._connections) <= limits.connections
            and self._per_address[connection.address] <= limits.connections_per_address
        ):
            return None
        self.refused += 1
        return refused("too_many_connections", "connections.many", address=connection.address)

    def gone(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._per_address[connection.address] -= 1
            if not self._per_address[connection.address]:
                del self._per_address[connection.address]
        if not self._connections:
            self._all_gone.set()

    # ---- events --------------------------------------------------------------------------

    def _broadcast(self, line: bytes) -> None:
        for connection in tuple(self._connections):
            connection.event(line)

    def _beat(self) -> None:
        message: HeartbeatMessage = {
            "v": VERSION,
            "event": "Heartbeat",
            "utc": iso(self.feed.clock.utc()),
            "seq": self.feed.seq,
        }
        line = encode(message)
        for connection in tuple(self._connections):
            connection.heartbeat(line)
        self._heartbeat_timer = self._loop.call_later(self.limits.heartbeat_s, self._beat)


def _bind(path: Path) -> socket.socket:
    """A socket bound to `path`, mode 0600 from its first moment."""
    if path.is_socket():
        _take_over(path)
    elif path.exists():
        raise OSError(errno.EEXIST, "there is a file of that name: move it away")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(sock.fileno(), 0o600)  # Linux gives the file this mode at bind
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    return sock


def _take_over(path: Path) -> None:
    """Remove a socket nobody listens on any more; OSError EADDRINUSE when somebody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass  # a full backlog: somebody listens
    raise OSError(errno.EADDRINUSE, "a server is listening")


def _why_not(where: str, key: str, exc: OSError) -> str:
    """What is wrong with an address, and the next step."""
    if exc.errno == errno.EADDRINUSE:
        return (
            f"{where} is in use by another process: stop it (is a mediaserver running already?), "
            f"or choose another {key} in the configuration"
        )
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"{where}: no permission: choose another {key}, or see `mediaserver doctor`"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{where} is no address of this machine: see [cti] host in the configuration"
    return f"cannot listen on {where}: {exc.strerror or exc}: see {key} in the configuration"
