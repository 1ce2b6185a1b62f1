"""A line that has gone silent: when that ends a call, and when not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from drivers.events import Disconnected
from mediaserver.call.leg import LegState
from mediaserver.call.silence import SilenceWatch
from mediaserver.clock import VirtualLoop


class Line:
    def __init__(self) -> None:
        self.media, self.channel, self.ref = self, self, 7
        self.span = "FXO-1"
        self.level_dbm0, self.held = -70.0, False
        self.told: list[Any] = []
        self.listeners: list[Any] = []
        self.kept = False

    def keep(self) -> None:
        self.kept = True

    def on_line(self, event: Any) -> None:
        self.told.append(event)

    def becomes(self, state: LegState) -> None:
        for listener in self.listeners:
            listener(self, LegState.OFFERED, state)


@pytest.mark.parametrize(
    ("speaks_at_s", "ends_at_s", "told"), [(99, 99, 1), (9, 99, 0), (99, 5, 0), (99, 11, 1)]
)
def test_a_call_ends_when_nothing_was_heard_for_so_long(
    speaks_at_s: int, ends_at_s: int, told: int
) -> None:
    async def story() -> None:
        line = Line()
        SilenceWatch(line, 10.0)  # type: ignore[arg-type]
        assert line.kept, "a driver that joins two may leave us silence"
        await asyncio.sleep(60)  # not answered yet
        line.becomes(LegState.CONNECTED)
        for second in range(18):
            line.level_dbm0 = -20.0 if second == speaks_at_s else -70.0
            if second == ends_at_s:
                line.becomes(LegState.CLEARING)
            await asyncio.sleep(1)
        assert line.told == [Disconnected("FXO-1", 7, 16)] * told

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())
