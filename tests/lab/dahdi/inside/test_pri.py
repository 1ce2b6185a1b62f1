"""ISDN PRI over the real driver: its HDLC carries libpri's frames, both sides ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers import registry
from drivers.base import SetupRequest, SpanKind
from drivers.boards.dahdi import DahdiSpec, make_board
from drivers.events import Alerting, Connected, Disconnected, LineEvent, Number, Released, Setup

SPECS = (DahdiSpec("net", SpanKind.E1, 1), DahdiSpec("user", SpanKind.E1, 2))


class Sides:
    """Both ends of the pair; calls are answered as they come."""

    def __init__(self) -> None:
        self.board = make_board("lab", SPECS, prefill=3)
        self.heard: dict[str, list[LineEvent]] = {"net": [], "user": []}
        self.ends = {}
        for span, side in zip(self.board.spans, ("network", "user"), strict=True):
            end = registry.signalling("pri", span, side=side)
            end.sink = lambda event, name=span.name: self._on_line(name, event)
            span.watch(end.sink)
            self.ends[span.name] = end

    def _on_line(self, name: str, event: LineEvent) -> None:
        self.heard[name].append(event)
        if isinstance(event, Setup):
            self.ends[name].alerting(event.ref)
            self.ends[name].answer(event.ref)
        elif isinstance(event, Disconnected):
            self.ends[name].release(event.ref, event.cause)

    def count(self, name: str, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.heard[name])

    async def until(self, what: Callable[[], bool], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not what():
                await asyncio.sleep(0.05)

    async def up(self) -> None:
        for end in self.ends.values():
            end.start()
        await self.until(lambda: all(end.up for end in self.ends.values()))

    def close(self) -> None:
        for end in self.ends.values():
            end.stop()
        self.board.close()


def test_thirty_calls_at_once_are_set_up_answered_and_cleared() -> None:
    async def run() -> None:
        sides = Sides()
        await sides.up()
        net = sides.ends["net"]
        refs = [
            net.setup(SetupRequest(0, Number(f"6688{n:04}"), Number("13800138000")))
            for n in range(30)
        ]
        await sides.until(lambda: sides.count("net", Connected) == 30)
        assert sides.count("net", Alerting) == 30
        setups = [event for event in sides.heard["user"] if isinstance(event, Setup)]
        assert sorted(event.called.digits for event in setups) == [f"6688{n:04}" for n in range(30)]
        assert len({event.channel for event in setups}) == 30
        for ref in refs:
            net.release(ref, 16)
        await sides.until(
            lambda: sides.count("net", Released) == sides.count("user", Released) == 30
        )
        sides.close()

    asyncio.run(run())
