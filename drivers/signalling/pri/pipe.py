"""Messages between a board's signalling process and the server: one JSON object a packet.

What: a Unix socket pair of kind SEQPACKET keeps messages apart; numbers, frames
(hex) and line events (class name and fields) travel as JSON.
Limits: 64 KiB a message; a peer that does not read for so long that the socket
fills up counts as dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
from collections.abc import Callable
from typing import Any

from drivers import events
from drivers.events import LineEvent, Number, Redirecting

_MAX = 65536
_EVENTS: dict[str, type[LineEvent]] = {
    name: kind
    for name, kind in vars(events).items()
    if isinstance(kind, type) and issubclass(kind, LineEvent)
}

Message = dict[str, Any]


def pack_event(event: LineEvent) -> list[Any]:
    """[class name, fields]; alarms never travel here."""
    return [type(event).__name__, dataclasses.asdict(event)]


def unpack_event(packed: list[Any]) -> LineEvent:
    """The event again. Raises ValueError for what is none."""
    try:
        name, fields = packed
        for key in ("called", "calling", "number"):
            if fields.get(key) is not None:
                fields[key] = Number(**fields[key])
        if "redirecting" in fields:
            fields["redirecting"] = redirecting_of(fields["redirecting"])
        return _EVENTS[name](**fields)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not a line event: {packed!r}") from error


def redirecting_of(fields: dict[str, Any] | None) -> Redirecting | None:
    """The redirecting party again."""
    if fields is None:
        return None
    return Redirecting(**fields | {"number": Number(**fields["number"])})


class Pipe:
    """One end. `receive` is called for each message, `closed` once when the other end is gone."""

    def __init__(
        self,
        end: socket.socket,
        receive: Callable[[Message], None],
        closed: Callable[[], None],
    ) -> None:
        self._socket, self._receive, self._closed = end, receive, closed
        self._loop = asyncio.get_running_loop()
        self._open = True
        end.setblocking(False)
        self._loop.add_reader(end, self._read)

    def send(self, message: Message) -> None:
        """Send at once; a full or broken pipe closes it."""
        if not self._open:
            return
        try:
            self._socket.send(json.dumps(message, separators=(",", ":")).encode())
        except OSError:
            self._loop.call_soon(self._break)

    def close(self) -> None:
        """Close without a word to `closed`."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        while self._open:
            try:
                data = self._socket.recv(_MAX)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._break()
                return
            with contextlib.suppress(json.JSONDecodeError, UnicodeDecodeError):
                message = json.loads(data)
                if isinstance(message, dict):
                    self._receive(message)

    def _break(self) -> None:
        if self._open:
            self.close()
            self._closed()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two joined ends that keep messages apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
