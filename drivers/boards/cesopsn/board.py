"""E1 over IP: a board whose spans are UDP sockets, each to one far end (RFC 5086, CESoPSN).

What: a span opens its socket, gives its time slots to the media engine as a port, and tells frames
of the D channel or signalling bits, and alarms, in the words of `drivers.base`. The far end is a
gateway, or another server like this one: two on one machine need nothing else.
How: all octets go in the media thread (dsp_ext.cesop_port); what it has to tell comes by an eventfd
of each span into the loop.
Limits: nothing tells the ends what the other expects: time slots, packet length and RTP must be set
alike. Packets carry no proof of who sent them but their address: use them in networks of one's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterable
from typing import Any

from drivers.base import DriverError
from drivers.boards.cesopsn.span import CesopsnSpan
from drivers.boards.cesopsn.spec import CesopsnSpec

_log = logging.getLogger(__name__)

#: Expedited forwarding (RFC 3246), for routers that go by it.
_DSCP_EF = 46 << 2
_BUFFER = 1 << 20
_LOOK_S = 5.0


class CesopsnBoard:
    """Made inside the running loop. Raises DriverError naming the span and what it cannot have.

    `poll_s`: also look for news so often, for loops whose time is not the machine's.
    """

    def __init__(
        self,
        name: str,
        specs: Iterable[CesopsnSpec],
        *,
        block: int,
        law: str,
        poll_s: float | None = None,
    ) -> None:
        self.name = name
        self.spans: list[CesopsnSpan] = []
        self._sockets: list[socket.socket] = []
        self._loop = asyncio.get_running_loop()
        self._look_s = poll_s or _LOOK_S
        self._timer: asyncio.TimerHandle | None = None
        try:
            for spec in specs:
                self.spans.append(self._open(spec, block, law))
        except BaseException:
            self._close_sockets()
            raise
        for span in self.spans:
            self._loop.add_reader(span.eventfd, span.drain)
        self._look()

    def _open(self, spec: CesopsnSpec, block: int, law: str) -> CesopsnSpan:
        made = listen(spec)
        self._sockets.append(made)
        try:
            return CesopsnSpan(spec, made.fileno(), block, law)
        except (ValueError, OSError) as error:
            raise DriverError(f"{spec.name}: {error}") from None

    def close(self) -> None:
        """After the engine has stopped: it reads these sockets."""
        for span in self.spans:
            self._loop.remove_reader(span.eventfd)
        if self._timer is not None:
            self._timer.cancel()
        self._close_sockets()

    def status(self) -> list[dict[str, Any]]:
        """One entry a span, for the console."""
        return [span.status() for span in self.spans]

    # ---- faults, ordered as on the virtual board

    def alarm(self, span: str, on: bool, toward: str = "near") -> None:
        """Lose all packets towards one side: RED there, RAI at the other."""
        self._span(span).lose(toward, float(on))

    def d_channel(self, span: str, up: bool) -> None:
        """Cut the D channel in both directions, without any alarm; or mend it."""
        self._span(span).cut_d_channel(not up)

    def fault(self, span: str, toward: str, channel: int | None = None, **settings: Any) -> None:
        """loss_rate: share of the packets lost, 0 to 1. Raises ValueError for any other fault."""
        unknown = sorted(set(settings) - {"loss_rate"})
        if unknown or channel is not None:
            what = ", ".join(unknown) or f"channel {channel}"
            raise ValueError(
                f"{what}: an E1 over IP has loss_rate, alarm and d_channel, as a whole"
            )
        self._span(span).lose(toward, settings.get("loss_rate", 0.0))

    def _span(self, name: str) -> CesopsnSpan:
        for span in self.spans:
            if span.name == name:
                return span
        raise KeyError(f"board {self.name} has no span {name!r}")

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._look_s, self._look)
        for span in self.spans:
            span.look()

    def _close_sockets(self) -> None:
        for each in self._sockets:
            each.close()


def listen(spec: CesopsnSpec) -> socket.socket:
    """The span's socket. Raises DriverError where its address cannot be had."""
    host, port = spec.local
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        with contextlib.suppress(OSError):  # a wish
            if family == socket.AF_INET:
                made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _DSCP_EF)
            else:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _DSCP_EF)
        made.bind((host, port))
    except OSError as error:
        made.close()
        why = os.strerror(error.errno) if error.errno else str(error)
        raise DriverError(f"{spec.name}: cannot listen on {host} port {port}: {why}") from None
    return made


def make_board(
    name: str,
    specs: Iterable[CesopsnSpec],
    *,
    block: int = 80,
    law: str = "alaw",
    poll_s: float | None = None,
) -> CesopsnBoard:
    """A board of the spans in `specs`; see CesopsnBoard."""
    return CesopsnBoard(name, specs, block=block, law=law, poll_s=poll_s)
