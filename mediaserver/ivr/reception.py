"""Reception: takes each new call from a line, finds where it wants to go, sends it there.

A number may come at once, digit by digit over the D channel (overlap receiving,
Q.931 5.1.3), or keyed on a telephone that hears dial tone; all three end in the
same routing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from drivers import events as line
from drivers.base import SpanKind
from drivers.cause import Cause
from dsp_ext import tone_plan
from dsp_ext.tone import Program
from mediaserver.call.call import Call, CallState, Services
from mediaserver.call.dialler import Target
from mediaserver.call.extensions import DIALLED
from mediaserver.call.leg import Leg
from mediaserver.call.msn import EVERY_NUMBER, OwnNumbers
from mediaserver.call.routing import Fit, Route, Routing, Verdict
from mediaserver.events import CallOffered
from mediaserver.ivr.always import AlwaysRinging
from mediaserver.ivr.flow import DialNode, Flow
from mediaserver.ivr.session import FlowSession, Tools
from mediaserver.ivr.walker import walk

log = logging.getLogger(__name__)

#: Q.931 table 9-1, T302: how long to wait for the next digit of a number.
T302_S = 15.0
#: A number that may be complete is taken as complete after this pause.
COMPLETE_AFTER_S = 4.0
#: A number is taken as complete at this length, so that nobody can dial for ever.
MAX_DIGITS = 32


class Reception:
    """`groups` names the trunk group of each span that is in one; `own` has what numbers a span

    answers to, where it does not answer to all.
    """

    def __init__(
        self,
        services: Services,
        routes: Sequence[Route],
        flows: Mapping[str, Flow],
        tools: Tools,
        groups: Mapping[str, str],
        own: Mapping[str, OwnNumbers] | None = None,
    ) -> None:
        self._services = services
        self._routing = Routing([*routes, *tools.extensions.routes()])
        self._flows = flows
        self._tools = tools
        self._groups = groups
        self._own = own or {}
        self._made = 0
        self._digits: dict[Leg, asyncio.Queue[str]] = {}
        self._closed = False
        self.calls: dict[str, Call] = {}
        services.lines.on_offer = self.offered
        services.lines.on_digits = self._more

    def offered(self, leg: Leg, setup: line.Setup) -> None:
        """From the lines: a call begins."""
        if self._closed:
            leg.clear(Cause.TEMPORARY_FAILURE)  # the exchange may try another trunk
            return
        own = self._numbers(leg)
        if own.leave and own.fit(setup.called.digits, setup.complete) is Fit.NONE:
            leg.ignore()
            return
        group = self._tools.dialler.groups.get(self._groups.get(leg.channel.span, ""))
        if group is not None and not group.may_come_in():
            leg.clear(Cause.NO_CHANNEL)  # the last channels are kept for outgoing calls
            return
        agent = self._tools.acd.agent_at(Target("", line=leg.line))
        phone = self._tools.extensions.at(leg.line)
        if phone is not None and not leg.party:
            leg.party = phone.number
        name = "" if setup.calling.withheld else setup.name or (phone.display if phone else "")
        call = Call(self._call_id(), leg, setup.called.digits, name, self._services)
        call.on_ending, call.on_settled = self._ending, self._forget
        self.calls[call.id] = call
        self._digits[leg] = asyncio.Queue()
        if agent is not None:
            self._tools.acd.engage(agent, leg)
        call.run(partial(self._receive, call, setup))

    def close(self) -> list[Call]:
        """Take no calls any more; those that live."""
        self._closed = True
        return list(self.calls.values())

    def _ending(self, call: Call) -> None:
        """A caller who goes while the number is not known has called all the same."""
        if call.caller in self._digits:
            self._routed(call, None)

    def _forget(self, call: Call) -> None:
        del self.calls[call.id]

    async def settled(self, leg: Leg) -> None:
        """Until the record of the leg's call is durable; at once for the agent's side,
        whose phone another call may use while the caller goes on."""
        call = self.calls.get(leg.call_id or "")
        if call is not None and (call.caller is leg or call.state is CallState.CLEARING):
            await asyncio.shield(call.settled)

    def _call_id(self) -> str:
        """Sorts by time; unique across restarts, as two starts are more than 1 ms apart."""
        self._made += 1
        return f"{self._services.clock.utc():%Y%m%d%H%M%S%f}"[:17] + f"-{self._made:04d}"

    def _more(self, leg: Leg, event: line.Digits) -> None:
        if leg in self._digits:
            self._digits[leg].put_nowait(event.digits + ("\n" if event.complete else ""))

    async def _receive(self, call: Call, setup: line.Setup) -> None:
        leg = call.caller
        route = await self._number(call, setup)
        self._routed(call, route)
        own = self._numbers(leg)
        if route is None and own.fit(call.called, True) is Fit.NONE:
            call.end(own.cause, "system", "not a number of this line")
            return
        if route is None:
            short = self._decide(call).fit is Fit.PARTIAL
            call.end(Cause.INVALID_NUMBER if short else Cause.UNALLOCATED, "system", "no route")
            return
        leg.proceeding()
        session = FlowSession(call, self._flow(route), self._tools)
        session.variables["called"] = call.called if route.flow else call.called[route.strip :]
        always = self._tools.extensions.always_ringing()
        if leg.from_inside or not always:
            await walk(session)
            return
        session.bells = bells = AlwaysRinging(session, always)
        await bells.beside(partial(walk, session))

    def _routed(self, call: Call, route: Route | None) -> None:
        del self._digits[call.caller]
        self._services.bus.publish(
            CallOffered(
                call_id=call.id,
                direction="in",
                line=call.caller.line,
                caller=call.caller.party,
                caller_name=call.caller_name,
                called=call.called,
                flow=(route.flow or "direct") if route else "",
                **self._services.clock.stamp(),
            )
        )

    # ---- the number

    async def _number(self, call: Call, setup: line.Setup) -> Route | None:
        """The route, once the number is complete; None when there is none for it."""
        leg, complete = call.caller, setup.complete
        phone = leg.signalling.span.kind is SpanKind.FXS
        asked = False
        while True:
            verdict = self._decide(call)
            own = self._numbers(leg).fit(call.called, complete)
            if own is Fit.NONE:
                return None
            if complete or verdict.fit is Fit.NONE:
                return verdict.route
            if verdict.fit is Fit.FULL and own is not Fit.PARTIAL:
                return verdict.route
            if not asked:
                asked = True
                self._ask(leg, phone)
            may_be = verdict.fit is Fit.OPEN and own is not Fit.PARTIAL
            wait = COMPLETE_AFTER_S if may_be else T302_S
            more = await (self._keyed(leg, wait) if phone else self._sent(leg, wait))
            complete = more is None or more.endswith("\n")
            call.called += (more or "").rstrip("\n")
            complete = complete or len(call.called) >= MAX_DIGITS

    def _ask(self, leg: Leg, phone: bool) -> None:
        leg.more_digits()
        if phone:
            leg.media.detect(True)
            leg.media.tone(self._dial_tone(leg))

    def _dial_tone(self, leg: Leg) -> Program:
        """The one that says that messages wait, where they do and the plan has it."""
        plan = tone_plan.plan(self._tools.tone_plan)
        special = leg.messages_waiting and "special_dial" in plan.tones
        return plan.program("special_dial" if special else "dial")

    async def _keyed(self, leg: Leg, wait_s: float) -> str | None:
        key = await leg.media.digit(wait_s)
        leg.media.stop_tone()
        return key

    async def _sent(self, leg: Leg, wait_s: float) -> str | None:
        try:
            async with asyncio.timeout(wait_s):
                return await self._digits[leg].get()
        except TimeoutError:
            return None

    # ---- the way on

    def _numbers(self, leg: Leg) -> OwnNumbers:
        return self._own.get(leg.channel.span, EVERY_NUMBER)

    def _decide(self, call: Call) -> Verdict:
        leg = call.caller
        return self._routing.decide(call.called, self._group(leg), leg.from_inside)

    def _group(self, leg: Leg) -> str:
        return self._groups.get(leg.channel.span, "")

    def _flow(self, route: Route) -> Flow:
        """The route's flow; a direct route is a flow of one node."""
        if route.flow:
            return self._flows[route.flow]
        number = "{called}" if route.out else ""
        phone = "{called}" if route.extension == DIALLED else route.extension
        node = DialNode(
            kind="dial", agent=route.agent, extension=phone, number=number, trunk=route.out
        )
        return Flow(name="direct", start="dial", node={"dial": node})
