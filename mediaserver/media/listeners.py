"""Who wants to hear of one kind of event on a channel."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
Heard = TypeVar("Heard")


class Listeners(Generic[Heard]):
    """Listeners in the order they came; one that fails keeps no other from hearing."""

    def __init__(self, what: str, channel: int) -> None:
        self._name = f"channel {channel}: {what} listener"
        self._listeners: list[Callable[[Heard], None]] = []

    def add(self, listener: Callable[[Heard], None]) -> Callable[[], None]:
        """Gives the undo, which may be called again."""
        self._listeners.append(listener)

        def undo() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return undo

    def tell(self, event: Heard) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("%s failed", self._name)

    def clear(self) -> None:
        self._listeners.clear()
