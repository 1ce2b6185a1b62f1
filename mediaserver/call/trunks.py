"""Trunk groups: which of a group's channels carries the next outgoing call.

Hunting from opposite ends keeps the two sides of a trunk from seizing the same
channel (glare): the user side counts up, the network side down, as exchanges do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.cause import Cause
from mediaserver.call.lines import Lines, NoChannel, Slot

_ORDER: dict[str, Callable[[list[Slot]], Slot]] = {
    "ascending": lambda idle: idle[0],
    "descending": lambda idle: idle[-1],
    "least-used": lambda idle: min(idle, key=lambda slot: slot.idle_since_ms),
}


class TrunkGroup:
    """Spans hunted as one. `select` is "ascending", "descending" or "least-used"."""

    def __init__(self, name: str, spans: Sequence[str], select: str, lines: Lines) -> None:
        self.name = name
        self.spans = tuple(spans)
        self._pick = _ORDER[select]
        self._lines = lines

    def pick(self, avoid: frozenset[str] = frozenset()) -> Slot:
        """An idle channel, none of those named in `avoid`.

        Raises NoChannel with cause 34 when all are in use, 38 when the whole
        group is down (Q.850).
        """
        slots = [slot for span in self.spans for slot in self._lines.slots(span)]
        idle = [slot for slot in slots if slot.usable and slot.channel.name not in avoid]
        if idle:
            return self._pick(idle)
        down = not any(slot.signalling.up and not slot.signalling.span.alarms for slot in slots)
        raise NoChannel(
            f"trunk group {self.name}", Cause.NETWORK_OUT_OF_ORDER if down else Cause.NO_CHANNEL
        )
