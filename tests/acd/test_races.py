"""Callers and agents who do anything at any time, several things in one turn of the loop.

One caller talks with one agent; nobody is left behind; the queue keeps its order; no call
waits while an agent could be offered it; what is told on the bus adds up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.strategies import integers, lists, one_of, sampled_from, tuples

from mediaserver import events as ev
from mediaserver.acd.agent import AgentState
from mediaserver.call.routing import Route
from mediaserver.clock import VirtualLoop
from tests.acd.rig import Rig

AGENTS, CALLERS = 3, 6
ROUTES = (
    Route("1", flow="main"),
    *(Route(f"800{n}", agent=f"a{n}") for n in range(1, AGENTS + 1)),
)
deeds = one_of(
    tuples(sampled_from(["call", "call", "caller hangs up", "caller lost"]), integers(1, CALLERS)),
    tuples(
        sampled_from(["picks up", "picks up", "hangs up", "refuses", "lost", "lifts", "dials"]),
        integers(1, AGENTS),
    ),
    tuples(sampled_from(["direct call"]), integers(1, AGENTS)),
    tuples(sampled_from(["ready", "away", "logged_out"]), integers(1, AGENTS)),
    tuples(sampled_from(["phones down", "phones up", "slow line", "quick line"]), integers(0, 0)),
    tuples(sampled_from(["slow database", "quick database", "operator"]), integers(1, CALLERS)),
)


class Races(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)

        async def make() -> Rig:
            return Rig(AGENTS, CALLERS, routes=ROUTES)

        self.rig = self.loop.run_until_complete(make())
        self.rig.bus.subscribe(ev.AgentOffered, self._offered)
        self.rig.bus.subscribe(ev.AgentAnswered, self._answered)
        self.rig.bus.subscribe(ev.QueueLeft, self._left)
        self.passed_over: dict[str, int] = {}
        self.talks: dict[str, str] = {}

    # ---- what is watched as it happens

    def _offered(self, event: ev.AgentOffered) -> None:
        store = self.rig.store
        ahead = store.waiting(event.queue)
        ahead = ahead[: ahead.index(event.call_id)]
        for call in store.unoffered(event.queue):
            if call in ahead:
                self.passed_over[call] = event.media_ms

    def _left(self, event: ev.QueueLeft) -> None:
        """Who leaves in the same moment was passed over with reason."""
        if self.passed_over.get(event.call_id) == event.media_ms:
            del self.passed_over[event.call_id]

    def _answered(self, event: ev.AgentAnswered) -> None:
        assert event.call_id not in self.talks, "one call, two agents"
        self.talks[event.call_id] = event.agent

    # ---- what people do

    def _do(self, deed: str, who: int) -> None:
        rig = self.rig
        pstn, phones, agent = rig.pstn, rig.phones, f"a{who}"
        acts: dict[str, Any] = {
            "call": lambda: pstn.call(who),
            "caller hangs up": lambda: pstn.hangs_up(who),
            "caller lost": lambda: pstn.released(who),
            "picks up": lambda: [phones.picks_up(port) for port in sorted(phones.refs)[:who]],
            "hangs up": lambda: phones.hangs_up(who),
            "refuses": lambda: phones.released(who, 17),
            "lost": lambda: phones.released(who),
            "lifts": lambda: phones.call(who, ""),
            "dials": lambda: self._dials(who),
            "direct call": lambda: pstn.call(who, f"800{who}"),
            "phones down": lambda: phones.link(False),
            "phones up": lambda: phones.link(True),
            "slow line": lambda: setattr(phones, "release_s", 3.0),
            "quick line": lambda: setattr(phones, "release_s", 0.0),
            "slow database": lambda: setattr(rig.records, "delay_s", 4.0),
            "quick database": lambda: setattr(rig.records, "delay_s", 0.0),
            "operator": self._operator,
        }
        if deed in acts:
            acts[deed]()
        else:
            rig.acd.set_agent(agent, deed, "wish")

    def _dials(self, who: int) -> None:
        """One agent calls the next by telephone."""
        self.rig.phones.call(who, "")
        for key in f"800{who % AGENTS + 1}":
            self.rig.media.port(CALLERS + who - 1).keys.put_nowait(key)

    def _operator(self) -> None:
        for call in list(self.rig.reception.calls.values())[:1]:
            call.end(16, "system", "cleared by the test")

    @rule(what=lists(deeds, min_size=1, max_size=5), turns=integers(0, 4))
    def at_once(self, what: list[tuple[str, int]], turns: int) -> None:
        """All in one turn of the loop, or with a few turns in between."""

        async def act() -> None:
            for deed, who in what:
                self._do(deed, who)
                for _ in range(turns):
                    await asyncio.sleep(0)

        self.loop.run_until_complete(act())
        self._check()

    @rule(seconds=sampled_from([0.01, 1.0, 4.99, 5.0, 15.0, 60.0]), what=lists(deeds, max_size=3))
    def later(self, seconds: float, what: list[tuple[str, int]]) -> None:
        """Time passes; deeds fall on its last moment, together with any timer's."""

        async def act() -> None:
            for deed, who in what:
                self.loop.call_later(seconds, self._do, deed, who)
            await asyncio.sleep(seconds)

        self.loop.run_until_complete(act())
        self._check()

    @rule()
    def rest(self) -> None:
        """After some time, nobody waits whom a ready agent could be offered."""
        self.loop.run_until_complete(asyncio.sleep(6.0))
        assert self.passed_over == {}
        if self.rig.records.delay_s or self.rig.phones.release_s:
            return
        unoffered = self.rig.store.unoffered("sales")
        if unoffered:
            assert self._ready_for(unoffered[0]) == []

    def _ready_for(self, call_id: str) -> list[str]:
        """Agents the first in the queue could be offered, and was not lately."""
        missed = {
            event.agent
            for event in self.rig.of(ev.AgentMissed)
            if event.call_id == call_id and self.rig.clock.media_ms() - event.media_ms < 5000
        }
        return [
            agent.name
            for agent in self.rig.agents.values()
            if agent.state is AgentState.READY
            and agent.name not in missed
            and self.rig.dialler.reachable(agent.target)
        ]

    # ---- what must hold

    def _check(self) -> None:
        rig = self.rig
        legs = {leg.call_id for leg in rig.lines.legs()}
        for agent in rig.agents.values():
            if agent.state in (AgentState.RINGING, AgentState.TALKING):
                assert agent.call_id is not None
                assert agent.call_id in legs or rig.reception.calls, agent.name

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        rig = self.rig

        async def home() -> None:
            rig.records.delay_s = rig.phones.release_s = 0.0
            rig.phones.link(True)
            for number in range(1, CALLERS + 1):
                rig.pstn.hangs_up(number)
            for number in range(1, AGENTS + 1):
                rig.phones.hangs_up(number)
            await asyncio.sleep(60.0)

        self.loop.run_until_complete(home())
        assert rig.quiet() == []
        assert self.passed_over == {}
        seen = rig.seen
        assert seen["CallOffered"] == seen["CallEnded"]
        assert seen["Queued"] == seen["QueueLeft"]
        assert seen["AgentOffered"] == seen["AgentMissed"] + seen["AgentAnswered"]
        assert seen["Bridged"] == seen["Unbridged"]
        outcomes = [event.outcome for event in rig.of(ev.QueueLeft)]
        assert outcomes.count("answered") == seen["AgentAnswered"] == len(self.talks)
        rig.acd.close()
        rig.lines.stop()
        left = asyncio.all_tasks(self.loop)
        assert not left, left
        self.loop.close()
        asyncio.set_event_loop(None)


TestRaces = Races.TestCase
TestRaces.settings = settings(
    max_examples=80,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
