"""The signalling process of one span: libpri, and nothing the server cannot do without.

What: `python -m drivers.signalling.pri.process FD` serves the socket FD: the first
message says how to start; then frames and requests come in, frames and line
events go out. The process ends when the other end closes.
Source of the message forms: `ChildEnd._HANDLERS` and `PriChild`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from drivers.base import Channel, DriverError, EventSink, SetupRequest, SpanKind
from drivers.events import Alarm, ChannelState, Connected, LineEvent, Number, Released, Setup
from drivers.signalling.pri.calls import Adopted
from drivers.signalling.pri.pipe import Message, Pipe, pack_event, redirecting_of
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling

_REQUESTS = frozenset(
    (
        "acknowledge",
        "information",
        "proceeding",
        "alerting",
        "progress",
        "answer",
        "release",
        "restart",
        "drop_all",
        "ignore",
        "line_lost",
        "service",
        "transfer",
    )
)


_TUPLES = ("channels", "interfaces")  # lists, as JSON has it


class PipeSpan:
    """The D channel as the child sees it: frames go to and come from the pipe."""

    kind = SpanKind.E1
    channels: tuple[Channel, ...] = ()
    port = None
    alarms: frozenset[Alarm] = frozenset()

    def __init__(self, name: str, send: Callable[[Message], None]) -> None:
        self.name = name
        self._send = send
        self.receive: Callable[[bytes], None] = lambda frame: None

    def watch(self, on_alarm: EventSink) -> None:
        """Alarms are the parent's business."""

    def send_frame(self, frame: bytes) -> None:
        self._send({"frame": frame.hex()})

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        self.receive = receive


class ChildEnd:
    """Serves one pipe; `ended` is called when the parent has gone."""

    def __init__(self, end: socket.socket, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._line: PriSignalling | None = None
        self._span: PipeSpan | None = None
        self._pipe = Pipe(end, self._receive, self._closed)
        self._handlers: dict[str, Callable[[Any], None]] = {
            "start": self._start,
            "frame": self._frame,
            "setup": self._setup,
            "do": self._do,
            "ping": lambda number: self._pipe.send({"pong": number}),
        }

    def close(self) -> None:
        """End as a dying process would: the pipe closes, nothing more is said."""
        if self._line is not None:
            self._line.stop()
        self._pipe.close()

    def log(self, level: int, text: str) -> None:
        """Hand a log line to the parent."""
        self._pipe.send({"log": [level, text]})

    def _closed(self) -> None:
        if self._line is not None:
            self._line.stop()
        self._ended()

    def _receive(self, message: Message) -> None:
        for word, content in message.items():
            self._handlers[word](content)

    def _start(self, order: dict[str, Any]) -> None:
        given = order["settings"]
        settings = PriSettings(**given | {key: tuple(given[key]) for key in _TUPLES})
        self._span = PipeSpan(order["span"], self._pipe.send)
        self._line = PriSignalling(self._span, self._tell, settings)
        adopted = [Adopted(*each) for each in order["adopted"]]
        self._line.start(first_ref=order["first_ref"], adopted=adopted, out=order["out"])
        for channel in order["restart"]:
            self._line.restart(channel)

    def _frame(self, frame: str) -> None:
        if self._span is not None:
            self._span.receive(bytes.fromhex(frame))

    def _setup(self, order: dict[str, Any]) -> None:
        if self._line is None or self._span is None:
            return
        ref = order["ref"]
        request = SetupRequest(
            order["channel"],
            Number(**order["called"]),
            Number(**order["calling"]),
            order["name"],
            order["complete"],
            redirecting_of(order["redirecting"]),
            order["calling_subaddress"],
            order["called_subaddress"],
        )
        try:
            self._line.setup(request, ref)
        except DriverError as error:
            self.log(logging.WARNING, str(error))
            self._tell(Released(self._span.name, ref, error.cause))

    def _do(self, order: list[Any]) -> None:
        name, *given = order
        given = [Number(**each) if isinstance(each, dict) else each for each in given]
        if self._line is None or name not in _REQUESTS:
            return
        try:
            getattr(self._line, name)(*given)
        except DriverError as error:
            self.log(logging.INFO, str(error))

    def _tell(self, event: LineEvent) -> None:
        message: Message = {"event": pack_event(event)}
        if isinstance(event, Setup | Connected) and self._line is not None:
            message["cref"] = [event.ref, self._line.call_reference(event.ref)]
        if isinstance(event, ChannelState) and self._line is not None:
            message["off"] = self._line.switched_off(event.channel)
        self._pipe.send(message)


class _ToParent(logging.Handler):
    def __init__(self, child: ChildEnd) -> None:
        super().__init__()
        self._child = child

    def emit(self, record: logging.LogRecord) -> None:
        self._child.log(record.levelno, record.getMessage())


async def serve(end: socket.socket) -> None:
    """Serve until the parent closes its end."""
    over = asyncio.Event()
    child = ChildEnd(end, over.set)
    logging.basicConfig(level=logging.INFO, handlers=[_ToParent(child)])
    await over.wait()


def main() -> None:
    # Ctrl-C reaches the whole foreground group; the server decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
