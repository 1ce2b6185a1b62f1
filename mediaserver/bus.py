"""Typed topics inside the daemon: publish an event, whoever asked for its class hears it.

Delivery is synchronous and in order of subscription, on the control loop. A
subscriber that raises is logged and the others still hear the event: one
faulty listener never stops a call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from mediaserver.events import Event

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Event)


class Bus:
    """One daemon's events; whoever publishes knows nobody who listens."""

    def __init__(self) -> None:
        self._subscribers: dict[type[Event], list[Callable[[Event], None]]] = {}

    def subscribe(self, kind: type[E], listener: Callable[[E], None]) -> Callable[[], None]:
        """Call `listener` with each event of class `kind` or below; returns the undo."""
        listeners = self._subscribers.setdefault(kind, [])
        listeners.append(listener)  # type: ignore[arg-type]
        return lambda: listeners.remove(listener)  # type: ignore[arg-type]

    def publish(self, event: Event) -> None:
        """Hand `event` to everyone who asked for its class or one above it, now."""
        for kind in type(event).__mro__:
            for listener in tuple(self._subscribers.get(kind, ())):
                try:
                    listener(event)
                except Exception:
                    log.exception("listener %r failed on %r", listener, event)
