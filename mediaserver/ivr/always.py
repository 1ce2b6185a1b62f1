"""Always-ringing telephones: they ring at every call from outside, beside whatever the flow does.

What: while a caller is led through a flow, chosen telephones ring too. The first that answers has
the caller: the flow is left wherever it was, a queue is left as answered, and they talk. Once
anybody else talks with the caller the telephones are silent.
How: "call" rings from the beginning of the call, "person" from when the flow looks for somebody (a
queue, a dialled party) on. Flow and telephones are tasks beside each other; a telephone that is in
use is tried again until it is free.
Limits: telephones on ports of ours. With a flow that has a recording notice nothing is recorded
when the telephone is answered before the notice was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mediaserver.call.call import CallInput, CallState
from mediaserver.call.dialler import NotAnswered, Target
from mediaserver.call.extensions import Extension
from mediaserver.call.leg import Leg
from mediaserver.call.lines import NoChannel
from mediaserver.ivr.session import FlowSession

#: How long a telephone rings before it is rung anew: longer than anybody lets one ring.
RING_S = 600.0
#: How often a telephone that is in use is looked at.
AGAIN_S = 1.0


class AlwaysRinging:
    """The telephones that ring for one call."""

    def __init__(self, session: FlowSession, phones: Sequence[Extension]) -> None:
        self._session = session
        self._phones = phones
        self._answer: asyncio.Future[Leg] = asyncio.get_running_loop().create_future()
        self._ringing: dict[str, asyncio.Task[None]] = {}
        self._silent = False

    async def beside(self, story: Callable[[], Awaitable[None]]) -> None:
        """Lead the caller through `story`, unless one of the telephones answers before."""
        flow: asyncio.Future[None] = asyncio.ensure_future(story())
        either: list[asyncio.Future[Any]] = [flow, self._answer]
        self._ring("call")
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.silence()
            flow.cancel()
            await asyncio.wait([flow, *self._ringing.values()])
        if self._answer.done() and not self._answer.cancelled():
            await self._talk(self._answer.result())
        else:
            flow.result()

    def person_wanted(self) -> None:
        """The flow looks for somebody."""
        self._ring("person")

    def rings(self, target: Target) -> bool:
        """Whether `target` is one of the telephones, rung for this caller already."""
        return not self._silent and target.line in self._ringing

    def silence(self) -> None:
        """For good: somebody talks with the caller, or nobody will."""
        self._silent = True
        for task in self._ringing.values():
            task.cancel()

    # ---- inside

    def _ring(self, since: str) -> None:
        for phone in () if self._silent else self._phones:
            line = phone.target.line
            if phone.always_rings == since and line not in self._ringing:
                self._ringing[line] = asyncio.ensure_future(self._try(phone))

    async def _try(self, phone: Extension) -> None:
        """Ring until it is answered, or silenced."""
        session, call = self._session, self._session.call
        while True:
            try:
                leg = await session.tools.dialler.place(
                    phone.target,
                    "party",
                    RING_S,
                    calling=call.caller.party,
                    name=call.caller_name,
                    on_leg=call.adopt,
                )
                break
            except (NotAnswered, NoChannel):
                await asyncio.sleep(AGAIN_S)
        if self._answer.done() or call.answered_by(besides=leg) is not None:
            leg.clear()  # somebody was a moment quicker
        else:
            session.tools.acd.answered_elsewhere(call)  # before the flow leaves the queue itself
            self._answer.set_result(leg)

    async def _talk(self, leg: Leg) -> None:
        session, call = self._session, self._session.call
        while (slower := call.answered_by(besides=leg)) is not None:
            slower.clear()
        if call.state is CallState.FLOW:
            call.move(CallInput.RING)
        session.answer()
        await session.talk(leg, goes_on=False)
