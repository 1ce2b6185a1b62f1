"""Placing an outgoing leg: to a port, or through a trunk group with one more try.

A call refused with a cause that speaks of this channel or trunk (as the group
has it, by default glare, no circuit and an exchange that stands still), or whose
line fails, is tried once more on another channel, then in the trunk group that
comes after this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from drivers.base import SetupRequest
from drivers.cause import Cause
from drivers.events import Number, Setup
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import Lines, NoChannel
from mediaserver.call.trunks import TrunkGroup


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ring: a port ("FXS-1/1"), or a number through a trunk group."""

    party: str
    line: str = ""
    trunk: str = ""
    number: str = ""

    @property
    def where(self) -> str:
        return self.line or f"{self.trunk}:{self.number}"


class NotAnswered(Exception):
    """The far end was not reached; `cause` is Q.850's word for why."""

    def __init__(self, target: Target, cause: int, reason: str) -> None:
        super().__init__(f"{target.where}: {reason}")
        self.cause = cause
        self.reason = reason


_REASONS: dict[int, str] = {
    Cause.USER_BUSY: "busy",
    Cause.NO_ANSWER: "no answer",
    Cause.NO_USER_RESPONDING: "no answer",
}
_TRIES = 2


class Dialler:
    """Places legs on `lines`; `groups` are the trunk groups by name."""

    def __init__(self, lines: Lines, groups: Mapping[str, TrunkGroup]) -> None:
        self._lines = lines
        self.groups = groups

    async def place(
        self,
        target: Target,
        role: str,
        ring_s: float,
        *,
        calling: str = "",
        name: str = "",
        came: Setup | None = None,
        ring: str = "external",
        on_leg: Callable[[Leg], None] | None = None,
    ) -> Leg:
        """Ring `target` until it answers; the connected leg.

        `came` is the SETUP of a call that is sent on: what it says of sub-addresses, and of who
        sent it on before, goes along. `ring` is how a telephone's bell tells where it is from.
        `on_leg` hears of each leg as it is dialled. Raises NoChannel when there is no channel,
        NotAnswered when it is busy, refuses, or does not answer within `ring_s`. Cancelled, it
        clears what it dialled.
        """
        failed: Exception | None = None
        tried: frozenset[str] = frozenset()
        for group in self._ways(target):
            try:
                request = SetupRequest(0, Number(target.number), Number(calling), name, ring=ring)
                leg = self._dial(target, group, role, _sent_on(request, came), tried)
            except NoChannel as error:
                failed = failed or error
                continue
            if on_leg is not None:
                on_leg(leg)
            cause = await self._answered(leg, ring_s)
            if cause is None:
                return leg
            tried |= {leg.line}
            failed = NotAnswered(target, cause, _REASONS.get(cause, "failed"))
            if group is None or not self._elsewhere(leg, cause, group):
                break
        assert failed is not None
        raise failed

    def _elsewhere(self, leg: Leg, cause: int, group: TrunkGroup) -> bool:
        """Whether it was the trunk that failed, not the party: its refusal, or its line."""
        refused = cause in group.settings.then_on or self._lines.trouble(leg)
        return leg.cleared_by_them and bool(refused)

    def _ways(self, target: Target) -> Iterator[TrunkGroup | None]:
        """The trunk group of each attempt a call may have; None: a line of its own."""
        if not target.trunk:
            yield None
            return
        seen: set[str] = set()
        name = target.trunk
        while name and name not in seen:
            seen.add(name)
            group = self.groups[name]
            for _ in range(_TRIES):
                yield group
            name = group.settings.then

    def reachable(self, target: Target) -> bool:
        """Whether a call to `target` could be placed now, as far as our side can tell."""
        try:
            if target.line:
                return self._lines.slot(target.line).usable
        except NoChannel:
            return False
        return any(group is not None and group.can_carry() for group in self._ways(target))

    def _dial(
        self,
        target: Target,
        group: TrunkGroup | None,
        role: str,
        request: SetupRequest,
        tried: frozenset[str],
    ) -> Leg:
        if group is None:
            slot = self._lines.slot(target.line)
        else:
            slot = group.pick(tried)
            request.called = group.called(target.number)
            request.calling = group.calling(request.calling.digits)
        request.channel = slot.channel.number
        return self._lines.dial(slot, role, target.party, request)

    @staticmethod
    async def _answered(leg: Leg, ring_s: float) -> int | None:
        """None once connected, else the cause it failed with.

        What counts is how the leg stands now, not what came first in this turn of the
        loop: an answer in the very moment the time is over is an answer, and somebody
        who answered and hung up at once has not answered.
        """
        try:
            async with asyncio.timeout(ring_s):
                await leg.wait(LegState.CONNECTED, LegState.CLEARING, LegState.RELEASED)
        except TimeoutError:
            if leg.state is not LegState.CONNECTED:
                leg.clear(Cause.NORMAL)
                return int(Cause.NO_ANSWER)
        except asyncio.CancelledError:
            leg.clear(Cause.NORMAL)
            raise
        if leg.state is LegState.CONNECTED:
            return None
        return leg.cause or int(Cause.NORMAL_UNSPECIFIED)


def _sent_on(request: SetupRequest, came: Setup | None) -> SetupRequest:
    """With what the call came in with. What somebody withholds goes no further."""
    if came is None:
        return request
    request.called_subaddress = came.called_subaddress
    if not came.calling.withheld:
        request.calling_subaddress = came.calling_subaddress
    before = came.redirecting
    if before is not None and before.number.withheld:
        before = replace(before, number=replace(before.number, digits=""), name="")
    request.redirecting = before
    return request
