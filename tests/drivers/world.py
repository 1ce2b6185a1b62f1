"""A loop whose time jumps to the next timer, and wires that carry nothing."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class JumpSelector(selectors.DefaultSelector):
    """Never waits for time: what it would have waited is added to the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class JumpLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = JumpSelector()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run on virtual time; any exception in a callback fails the test."""
    loop = JumpLoop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    try:
        result = loop.run_until_complete(coroutine)
    finally:
        loop.close()
    assert not errors, errors
    return result


class StillWire:
    """Stands in for the media wire where only signalling is tested; notes what it is told."""

    def __init__(self, channels: int, seed: int) -> None:
        self.channels, self.seed = channels, seed
        self.a, self.b = object(), object()
        self.told: list[tuple[Any, ...]] = []

    def fault(self, toward: str, channel: int | None = None, **settings: Any) -> None:
        self.told.append(("fault", toward, channel, settings))

    def slip(self, toward: str, octets: int) -> None:
        self.told.append(("slip", toward, octets))

    def lose(self, toward: str, blocks: int) -> None:
        self.told.append(("lose", toward, blocks))

    def clear(self, toward: str | None = None) -> None:
        self.told.append(("clear", toward))

    def counters(self) -> dict[str, dict[str, int]]:
        return {"a": {"blocks": 0}, "b": {"blocks": 0}}
