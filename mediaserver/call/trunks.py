"""Trunk groups: which of a group's channels carries the next outgoing call, and as what number.

Hunting from opposite ends keeps the two sides of a trunk from seizing the same
channel (glare): the user side counts up, the network side down, as exchanges do.
Channels may be reserved for one direction; a group that cannot carry a call may
name another that is tried after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.cause import RETRY_ELSEWHERE, Cause
from drivers.events import Number
from mediaserver.call.lines import Lines, NoChannel, Slot
from mediaserver.call.numbering import TYPES, NumberRule, outgoing

HUNTING = ("ascending", "descending", "cyclic", "least-used")


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """How a group hunts, what it keeps free, and what numbers look like on it.

    keep_for_incoming, keep_for_outgoing : idle channels the other direction may not take
    caller : the calling number sent with every call; "" sends the one the call has
    then : the group that is tried when this one cannot carry a call; "" for none
    then_on : causes (Q.850) of a refusal after which the call is tried elsewhere
    """

    select: str = "ascending"
    keep_for_incoming: int = 0
    keep_for_outgoing: int = 0
    rules: tuple[NumberRule, ...] = ()
    caller: str = ""
    caller_type: str = "unknown"
    then: str = ""
    then_on: frozenset[int] = RETRY_ELSEWHERE


class TrunkGroup:
    """Spans hunted as one."""

    def __init__(
        self, name: str, spans: Sequence[str], settings: TrunkSettings, lines: Lines
    ) -> None:
        self.name = name
        self.spans = tuple(spans)
        self.settings = settings
        self._lines = lines
        self._last = -1  # place of the channel hunted last

    def _slots(self) -> list[Slot]:
        return [slot for span in self.spans for slot in self._lines.slots(span)]

    def pick(self, avoid: frozenset[str] = frozenset()) -> Slot:
        """An idle channel, none of those named in `avoid`.

        Raises NoChannel with cause 34 when all are in use or kept for incoming calls, 38 when
        the whole group is down (Q.850).
        """
        slots = self._slots()
        free = self._free(slots, avoid)
        if free:
            self._last = self._choose(free, slots)
            return slots[self._last]
        down = not any(slot.signalling.up and not slot.signalling.span.alarms for slot in slots)
        raise NoChannel(
            f"trunk group {self.name}", Cause.NETWORK_OUT_OF_ORDER if down else Cause.NO_CHANNEL
        )

    def can_carry(self) -> bool:
        """Whether `pick` would find a channel now."""
        return bool(self._free(self._slots(), frozenset()))

    def _free(self, slots: list[Slot], avoid: frozenset[str]) -> list[int]:
        """Places of the channels an outgoing call may take."""
        idle = [at for at, slot in enumerate(slots) if slot.usable]
        if len(idle) <= self.settings.keep_for_incoming:
            return []
        return [at for at in idle if slots[at].channel.name not in avoid]

    def _choose(self, free: list[int], slots: list[Slot]) -> int:
        select = self.settings.select
        if select == "descending":
            return free[-1]
        if select == "cyclic":
            return next((at for at in free if at > self._last), free[0])
        if select == "least-used":
            return min(free, key=lambda at: slots[at].idle_since_ms)
        return free[0]

    def may_come_in(self) -> bool:
        """Whether a call that has just taken a channel leaves enough for outgoing ones."""
        kept = self.settings.keep_for_outgoing
        return not kept or sum(slot.usable for slot in self._slots()) >= kept

    def called(self, number: str) -> Number:
        """The called number as this trunk wants it."""
        return outgoing(number, self.settings.rules)

    def calling(self, number: str) -> Number:
        """The calling number as this trunk shows it."""
        if self.settings.caller:
            return Number(self.settings.caller, ton=TYPES[self.settings.caller_type])
        return Number(number)
