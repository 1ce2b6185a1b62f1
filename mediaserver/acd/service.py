"""The ACD: sets waiting calls before ready agents.

How: whenever something changes (a call joins, an agent is free, an offer ends,
a line comes up) `_match` runs once in the loop's next turn and gives the first
unoffered call of each queue to the agent the queue's strategy picks. Each offer
is a task that rings the agent's phone; a phone that is not answered in time
goes to the back and the next agent is tried, the caller keeping the place.
An agent's state follows the leg to the phone, whatever becomes of the caller,
so that no race between the two can leave an agent behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from drivers.cause import Cause
from mediaserver.acd.agent import Agent, AgentInput, AgentState
from mediaserver.acd.queue import Answer, Queue, Ticket
from mediaserver.acd.store import AcdStore, Offer
from mediaserver.bus import Bus
from mediaserver.call.call import Call
from mediaserver.call.dialler import Dialler, NotAnswered, Target
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from mediaserver.clock import Clock
from mediaserver.events import (
    AgentAnswered,
    AgentMissed,
    AgentOffered,
    ChannelChanged,
    Queued,
    QueueLeft,
    QueueMoved,
    SpanChanged,
)

log = logging.getLogger(__name__)


class QueueFull(Exception):
    """The queue takes no more callers now."""


class _Dialled:
    """Remembers the last leg dialled for a call, which adopts it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.leg: Leg | None = None

    def __call__(self, leg: Leg) -> None:
        self.leg = leg
        self._call.adopt(leg)


class Acd:
    """All queues and agents of this server; `store` holds who waits and who is offered whom."""

    def __init__(
        self,
        agents: Mapping[str, Agent],
        queues: Mapping[str, Queue],
        store: AcdStore,
        dialler: Dialler,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self.agents = agents
        self.queues = queues
        self._store = store
        self._dialler = dialler
        self._bus = bus
        self._clock = clock
        self._tickets: dict[str, Ticket] = {}
        self._offers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._second: dict[str, Leg] = {}  # by agent: a further call at the phone
        self._matching: asyncio.Handle | None = None
        self._again: asyncio.TimerHandle | None = None
        bus.subscribe(ChannelChanged, self._channel_changed)
        bus.subscribe(SpanChanged, lambda _: self._wake())

    # ---- callers

    def enter(self, call: Call, queue_name: str) -> Ticket:
        """Put a call into a queue. Raises QueueFull."""
        queue = self.queues[queue_name]
        if len(self._store.waiting(queue.name)) >= queue.max_waiting:
            raise QueueFull(f"queue {queue.name} has {queue.max_waiting} callers waiting")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        ticket = Ticket(call, queue, self._clock.media_ms(), future)
        self._store.enqueue(queue.name, call.id)
        self._tickets[call.id] = ticket
        ticket.position = len(self._store.waiting(queue.name))
        self._tell(call, Queued, queue=queue.name, position=ticket.position)
        self._wake()
        return ticket

    def leave(self, ticket: Ticket, outcome: str) -> None:
        """The caller gave up ("abandoned") or waited too long ("overflow")."""
        if self._tickets.pop(ticket.call.id, None) is None:
            return
        self._store.leave(ticket.queue.name, ticket.call.id)
        offer = self._offers.pop(ticket.call.id, None)
        if offer is not None:
            offer.cancel()
        self._left(ticket, outcome)

    def answered_elsewhere(self, call: Call) -> None:
        """Somebody who is in none of the queues has answered a call, which may be in one."""
        ticket = self._tickets.get(call.id)
        if ticket is not None:
            self.leave(ticket, "answered")

    def _left(self, ticket: Ticket, outcome: str) -> None:
        waited = self._clock.media_ms() - ticket.since_ms
        name = ticket.queue.name
        self._tell(ticket.call, QueueLeft, queue=name, outcome=outcome, waited_ms=waited)
        for place, call_id in enumerate(self._store.waiting(name), start=1):
            other = self._tickets.get(call_id)
            if other is not None and other.position != place:
                other.position = place
                self._tell(other.call, QueueMoved, queue=name, position=place)
                if other.on_moved is not None:
                    other.on_moved()

    # ---- agents

    def set_agent(self, name: str, state: str, reason: str) -> bool:
        """A person sets an agent's state; False if it waits for the call to end.

        Raises KeyError for an unknown agent, ValueError for an unknown state.
        """
        done = self.agents[name].wish(state, reason)
        self._wake()
        return done

    def agent_at(self, target: Target) -> Agent | None:
        """The agent whose phone `target` is."""
        return next((a for a in self.agents.values() if a.target.where == target.where), None)

    def engage(self, agent: Agent, leg: Leg) -> None:
        """An agent's phone is used outside the queues: it shows, and nothing is offered.

        A call that waits at it (call waiting) shows once the one in talk is over.
        """
        if agent.state is not AgentState.READY:
            self._second[agent.name] = leg
            return
        if leg.state is LegState.OFFERED:
            agent.move(AgentInput.ENGAGE, "own call", leg.call_id)
            self._spawn(self._until_free(agent, leg))
        else:
            agent.move(AgentInput.OFFER, "direct call", leg.call_id)
            self._spawn(self._follow(agent, leg))

    async def _follow(self, agent: Agent, leg: Leg) -> None:
        await leg.wait(LegState.CONNECTED, LegState.CLEARING, LegState.RELEASED)
        if leg.state is LegState.CONNECTED:
            agent.move(AgentInput.ANSWER, "answered", leg.call_id)
            await self._until_free(agent, leg)
        else:
            await self._ready_again(agent, leg, "not answered")

    async def _until_free(self, agent: Agent, leg: Leg) -> None:
        """The talk is over: the agent is free once the phone is back on the hook."""
        await leg.wait(LegState.CLEARING, LegState.RELEASED)
        agent.move(AgentInput.FINISH, "call over", agent.call_id)
        await leg.wait(LegState.RELEASED)
        agent.free("phone free")
        second = self._second.pop(agent.name, None)
        if second is not None and second.alive:
            self.engage(agent, second)
        self._wake()

    async def _ready_again(self, agent: Agent, leg: Leg | None, reason: str) -> None:
        if leg is not None:
            await leg.wait(LegState.RELEASED)
        agent.move(AgentInput.MISS, reason)
        if agent.pending is not None:
            agent.free(reason)
        self._wake()

    # ---- matching

    def _wake(self) -> None:
        if self._matching is None:
            self._matching = asyncio.get_running_loop().call_soon(self._match)

    def _match(self) -> None:
        self._matching = None
        if self._again is not None:
            self._again.cancel()
            self._again = None
        for queue in self.queues.values():
            for call_id in self._store.unoffered(queue.name):
                ticket = self._tickets[call_id]
                if ticket.answer.done():
                    continue  # the caller has gone and is about to leave
                agent = self._choose(queue, ticket)
                if agent is None:
                    break  # whoever is behind waits behind
                self._offer(queue, call_id, agent)

    def _channel_changed(self, event: ChannelChanged) -> None:
        """A free channel may be a phone that was in use for something else."""
        if event.state == "idle" and self._tickets:
            self._wake()

    def _choose(self, queue: Queue, ticket: Ticket) -> Agent | None:
        now = self._clock.media_ms()
        retry_ms = max(1, round(queue.retry_s * 1000))
        ready = [
            agent
            for agent in queue.agents
            if agent.state is AgentState.READY and self._dialler.reachable(agent.target)
        ]
        again = {a.name: ticket.missed_by.get(a.name, now - retry_ms) + retry_ms for a in ready}
        fresh = [a for a in ready if again[a.name] <= now]
        if ready and not fresh:
            self._match_in((min(again.values()) - now) / 1000)
        return queue.strategy(fresh) if fresh else None

    def _match_in(self, seconds: float) -> None:
        """One timer for all who wait for an agent to be tried again: the earliest."""
        loop = asyncio.get_running_loop()
        if self._again is not None:
            if self._again.when() <= loop.time() + seconds:
                return
            self._again.cancel()
        self._again = loop.call_later(seconds, self._match)

    def _offer(self, queue: Queue, call_id: str, agent: Agent) -> None:
        offer = self._store.claim(queue.name, call_id, agent.name)
        agent.move(AgentInput.OFFER, f"queue {queue.name}", call_id)
        ticket = self._tickets[call_id]
        self._tell(
            ticket.call,
            AgentOffered,
            queue=queue.name,
            agent=agent.name,
            line=agent.target.where,
        )
        dialled = _Dialled(ticket.call)
        task = self._spawn(self._ring(offer, ticket, agent, dialled))
        self._offers[call_id] = task
        task.add_done_callback(partial(self._offer_over, offer, ticket, agent, dialled))

    def _offer_over(
        self,
        offer: Offer,
        ticket: Ticket,
        agent: Agent,
        dialled: _Dialled,
        task: asyncio.Task[None],
    ) -> None:
        """Here and not in the task: one cancelled before its first step runs no code at all."""
        if self._offers.get(offer.call_id) is task:
            del self._offers[offer.call_id]
        if task.cancelled():
            self._missed(offer, ticket, agent, dialled.leg, "caller gone", None)

    async def _ring(self, offer: Offer, ticket: Ticket, agent: Agent, dialled: _Dialled) -> None:
        call = ticket.call
        try:
            leg = await self._dialler.place(
                agent.target,
                "agent",
                ticket.queue.ring_s,
                calling=call.caller.party,
                name=call.caller_name,
                ring="queue",
                on_leg=dialled,
            )
        except (NotAnswered, NoChannel) as error:
            reason = error.reason if isinstance(error, NotAnswered) else "no channel"
            self._missed(offer, ticket, agent, dialled.leg, reason, error.cause)
        else:
            self._answered(offer, ticket, agent, leg)

    def _answered(self, offer: Offer, ticket: Ticket, agent: Agent, leg: Leg) -> None:
        if ticket.answer.cancelled() or ticket.call.id not in self._tickets:
            leg.clear(Cause.NORMAL)
            self._missed(offer, ticket, agent, leg, "caller gone", None)
            return
        waited = self._clock.media_ms() - ticket.since_ms
        self._store.resolve(offer, answered=True)
        del self._tickets[ticket.call.id]
        agent.move(AgentInput.ANSWER, "answered", ticket.call.id)
        self._tell(
            ticket.call,
            AgentAnswered,
            queue=ticket.queue.name,
            agent=agent.name,
            waited_ms=waited,
        )
        self._left(ticket, "answered")
        self._spawn(self._until_free(agent, leg))
        ticket.answer.set_result(Answer(agent, leg))

    def _missed(
        self,
        offer: Offer,
        ticket: Ticket,
        agent: Agent,
        leg: Leg | None,
        reason: str,
        cause: int | None,
    ) -> None:
        self._store.resolve(offer, answered=False)
        ticket.missed_by[agent.name] = self._clock.media_ms()
        self._tell(
            ticket.call,
            AgentMissed,
            queue=ticket.queue.name,
            agent=agent.name,
            reason=reason,
            cause=cause,
        )
        self._spawn(self._ready_again(agent, leg, reason))
        self._wake()  # the caller need not wait until that phone is free

    def close(self) -> None:
        """No offers any more; the calls have ended."""
        for handle in (self._matching, self._again):
            if handle is not None:
                handle.cancel()
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work) -> asyncio.Task[None]:  # type: ignore[no-untyped-def]
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tell(self, call: Call, kind: type, /, **data: object) -> None:
        self._bus.publish(kind(call_id=call.id, **self._clock.stamp(), **data))
