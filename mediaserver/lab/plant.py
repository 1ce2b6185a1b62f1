"""A whole plant in one process: the server on near boards, the exchange on the far ones.

Virtual boards have a far end always, real ones where the configuration says that a span is wired to
another of this machine. Both ends tick under one clock, in real time (one native thread for both
engines) or in virtual time (`VirtualLoop`), so no octet is lost between them.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from drivers.boards.cesopsn.board import CesopsnBoard
from drivers.boards.virtual.board import SpanSpec, VirtualBoard, make_pair
from mediaserver.app.boards import open_far, open_real
from mediaserver.app.daemon import App
from mediaserver.app.engine import make_session
from mediaserver.bus import Bus
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.config.settings import Settings
from mediaserver.lab.exchange import Exchange
from mediaserver.media.clockwork import RealTime, Virtual


class Plant:
    """Made inside the running loop; whether time is virtual is the loop's kind."""

    def __init__(self, settings: Settings) -> None:
        loop = asyncio.get_running_loop()
        self.settings = settings
        self.clock = Clock(loop)
        self.bus = Bus()
        near, far = _virtual(settings)
        near += open_real(settings)
        far += open_far(settings)
        self.near_boards, self.far_boards = near, far
        self._faulty = [b for b in near if isinstance(b, VirtualBoard | CesopsnBoard)]
        session = make_session(settings, near, self.clock, self.bus)
        self.app = App(settings, near, session, self.bus, self.clock)
        far_session = make_session(settings, far, self.clock, Bus())
        self.exchange = Exchange(settings, far, far_session, self.clock)
        sessions = (session, far_session)
        self.clockwork = (
            Virtual(sessions, loop)
            if isinstance(loop, VirtualLoop)
            else RealTime(sessions, settings.media.realtime_priority)
        )

    async def start(self, *, cti: bool = True) -> None:
        """Clock first: lines and phones need it. Raises what App.start raises."""
        self.clockwork.start()
        self.app.feed.board.realtime = self.clockwork.realtime
        try:
            await self.app.start(cti=cti)
        except BaseException:
            self.clockwork.stop()
            raise
        self.exchange.lines.start()

    async def lines_up(self, within_s: float = 10.0, stop: asyncio.Event | None = None) -> bool:
        """Wait until calls can be made on every span; False if not in time, or on `stop`."""
        signallings = [*self.app.lines.signallings(), *self.exchange.lines.signallings()]
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not all(signalling.up for signalling in signallings):
            if loop.time() >= end or (stop is not None and stop.is_set()):
                return False
            await asyncio.sleep(0.05)
        return True

    async def stop(self) -> None:
        try:
            await self.app.stop()
        finally:
            self.exchange.lines.stop()
            self.clockwork.stop()
            for board in (*self.near_boards, *self.far_boards):
                board.close()

    def octets_lost(self) -> dict[str, int]:
        """Octets lost without anybody's order, by where: on a line, or on the way to recordings."""
        lost = {
            f"line {status['name']} (at {board.name})": _lost(status)
            for board in (*self.near_boards, *self.far_boards)
            for status in board.status()
        }
        lost["recordings"] = int(self.app.session.engine.counters()["tap_dropped_octets"])
        return {where: octets for where, octets in lost.items() if octets}

    def board_of(self, span: str) -> VirtualBoard | CesopsnBoard:
        """The near board that has `span`, if faults can be ordered of it. Raises KeyError."""
        for board in self._faulty:
            if any(each.name == span for each in board.spans):
                return board
        raise KeyError(span)


def _lost(status: dict[str, Any]) -> int:
    wire = status.get("wire")
    return int(wire["lost_octets"] if wire else status["rx_gaps"] + status["tx_gaps"])


def _virtual(settings: Settings) -> tuple[list[Any], list[Any]]:
    """Far spans have the near ones' names: each is the other end of that line."""
    near, far = [], []
    for board in settings.boards:
        if board.type != "virtual":
            continue
        specs = [SpanSpec.of(s.kind, s.name, s.name, s.ports) for s in board.spans]
        pair = make_pair(
            specs,
            seed=board.seed,
            block=settings.media.block_ms * 8,
            law=settings.media.law,
            names=(board.name, f"{board.name} far"),
        )
        near.append(pair[0])
        far.append(pair[1])
    return near, far


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the daemon until `stop` is set; a virtual board's far end waits for calls."""
    plant = Plant(settings)
    await plant.start()
    try:
        await stop.wait()
    finally:
        await plant.stop()


def run(settings: Settings) -> None:
    """The daemon in the foreground, until SIGINT or SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(settings, stop)

    asyncio.run(main())
