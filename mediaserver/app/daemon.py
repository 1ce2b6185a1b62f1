"""`App` is one daemon on given boards, without a clock: whoever makes it drives the media session
in real or virtual time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from drivers.base import Board
from drivers.cause import Cause
from drivers.said import Said
from mediaserver.acd.agent import Agent
from mediaserver.acd.queue import Queue
from mediaserver.acd.service import Acd
from mediaserver.acd.store import MemoryStore
from mediaserver.acd.strategy import STRATEGIES
from mediaserver.alarms import alarm
from mediaserver.app.control import AppControl
from mediaserver.app.engine import line_care
from mediaserver.app.flows import check_flows
from mediaserver.bus import Bus
from mediaserver.call import messages, signalling
from mediaserver.call.call import Services
from mediaserver.call.dialler import Dialler, Target
from mediaserver.call.extensions import extensions_of
from mediaserver.call.lines import Lines
from mediaserver.call.messages import MessagesWaiting
from mediaserver.call.msn import OwnNumbers
from mediaserver.call.numbering import NumberRule
from mediaserver.call.routing import Route
from mediaserver.call.traces import Traces
from mediaserver.call.trunks import TrunkGroup, TrunkSettings
from mediaserver.cdr.service import CallRecords
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.config import Settings
from mediaserver.cti.board import AgentInfo, Inventory, ServerInfo, SpanInfo
from mediaserver.cti.board import Board as Panel
from mediaserver.cti.feed import Feed
from mediaserver.cti.messages import Identity
from mediaserver.cti.server import CtiServer
from mediaserver.db import queries, users
from mediaserver.db.store import Store
from mediaserver.ivr.reception import Reception
from mediaserver.ivr.session import QueueVoice, Tools
from mediaserver.linedoctor.service import LineDoctor
from mediaserver.media import busytone
from mediaserver.media.busytone import BusyTones
from mediaserver.media.lineaudio import MediaLineAudio
from mediaserver.media.prompts import PromptError, Prompts
from mediaserver.media.registers import MediaRegisters
from mediaserver.media.session import MediaSession
from mediaserver.recording.recorder import Recorder

log = logging.getLogger(__name__)

#: How long a stop waits for calls to end and records to be written.
STOP_S = 15.0
#: How long it then waits for the far ends to confirm that the channels are free.
RELEASE_S = 3.0


class App:
    """One daemon. `start()` brings the lines up, `stop()` clears every call first."""

    def __init__(
        self,
        settings: Settings,
        boards: Sequence[Board],
        session: MediaSession,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.boards = boards
        self.bus = bus
        self.clock = clock
        self.session = session
        self.flows = check_flows(settings)
        self.store = Store(
            settings.database.url, settings.journal_path, timeout_s=settings.database.timeout_s
        )
        self.store.on_trouble = self._database_trouble
        self.records = CallRecords(bus, self.store, clock, settings.media.law)
        self.recorder = Recorder(settings.recording, session, bus, clock)
        self.prompts = Prompts(settings.prompts, settings.server.data_dir / "cache")
        self.lines = Lines(bus, clock, session)
        self.traces = Traces(clock)
        self.busy_tones = BusyTones(settings.server.data_dir / busytone.FILE)
        self._add_lines()
        self.messages = MessagesWaiting(self.lines, settings.server.data_dir / messages.FILE)
        plan = settings.media.tone_plan
        self.doctor = LineDoctor(
            self.lines, session, boards, self.store, clock, bus, plan, self.busy_tones
        )
        groups = {
            group.name: TrunkGroup(group.name, group.spans, _trunk(group), self.lines)
            for group in settings.trunk_groups
        }
        self.dialler = Dialler(self.lines, groups)
        self.acd = self._make_acd()
        self.reception = self._make_reception()
        self.feed = Feed(bus, Panel(self._server_info(), self._inventory()), clock)
        self.cti = CtiServer(self.feed, AppControl(self), self._verify)

    # ---- wiring

    def _add_lines(self) -> None:
        # A child process keeps the machine's time, whatever ours is.
        isolate = not isinstance(asyncio.get_running_loop(), VirtualLoop)
        audio = MediaLineAudio(self.session, self.settings.media.tone_plan, self.clock)
        doors = signalling.Doors(MediaRegisters(self.session), audio, self.session.law)
        spans = {span.name: span for board in self.boards for span in board.spans}
        cares = line_care(self.settings)
        ends = [(spans[config.name], config) for config in self.settings.spans()]
        for made in signalling.make_all(ends, doors, isolate=isolate):
            self.traces.watch(made)
            self.lines.add(made, replace(cares[made.span.name], own=self.busy_tones))

    def _make_acd(self) -> Acd:
        agents = {
            a.name: Agent(a.name, a.display, _target(a), self.bus, self.clock)
            for a in self.settings.agents
        }
        queues = {
            q.name: Queue(
                q.name,
                tuple(agents[name] for name in q.agents),
                STRATEGIES[q.strategy],
                q.ring_s,
                q.retry_s,
                q.max_waiting,
            )
            for q in self.settings.queues
        }
        return Acd(agents, queues, MemoryStore(), self.dialler, self.bus, self.clock)

    def _make_reception(self) -> Reception:
        settings = self.settings
        services = Services(
            self.bus,
            self.clock,
            self.lines,
            self.session,
            self.recorder,
            self.records,
            settings.media.tone_plan,
            lambda port: self.prompts.play_music(port, self.clock.media_ms),
        )
        voices = {
            q.name: QueueVoice(q.music, q.announce_every_s, q.overflow_s, q.overflow_node)
            for q in settings.queues
        }
        tools = Tools(
            self.acd,
            self.dialler,
            self.prompts,
            voices,
            settings.media.tone_plan,
            settings.server.language,
            settings.recording.enabled,
            extensions_of(settings),
        )
        routes = [Route(**route.model_dump()) for route in settings.routes]
        group_of = {span: group.name for group in settings.trunk_groups for span in group.spans}
        reception = Reception(services, routes, self.flows, tools, group_of, _own_numbers(settings))
        self.lines.settle = reception.settled
        return reception

    def _server_info(self) -> ServerInfo:
        started: datetime = self.clock.utc()
        return ServerInfo(self.settings.server.name, version("mediaserver"), started)

    def _inventory(self) -> Inventory:
        spans = [SpanInfo(s.name, s.kind, s.signalling, s.numbers) for s in self.settings.spans()]
        agents = [
            AgentInfo(a.name, a.display, a.number, _target(a).where) for a in self.settings.agents
        ]
        return Inventory(spans, agents, [queue.name for queue in self.settings.queues])

    # ---- life

    async def start(self, *, cti: bool = True) -> None:
        """Open the database, close what a crash left open, bring up lines and listeners.

        Raises CannotListen, and the store's errors, with nothing left running.
        """
        self.settings.server.data_dir.mkdir(parents=True, exist_ok=True)
        await self.store.start()
        try:
            await self.records.close_interrupted(self.settings.recording.directory)
            if cti:
                await self._listen()
        except BaseException:
            await self.store.close()
            raise
        await self._load_sounds()
        self.recorder.open()
        self.lines.start()
        self.messages.start()
        await self.doctor.start()
        for agent in self.acd.agents.values():
            self.acd.set_agent(agent.name, "ready", "phone agent at start")

    async def _listen(self) -> None:
        cti = self.settings.cti
        await self.cti.start(cti.socket, cti.host, cti.port or None)

    async def _load_sounds(self) -> None:
        """Prompts and music into memory, so that the first caller waits for none of it.

        What is missing is logged, and told in the calls that miss it.
        """
        used = [self.flows[r.flow] for r in self.settings.routes if r.flow]
        for name in dict.fromkeys(name for flow in used for name in flow.prompts()):
            try:
                await self.prompts.load(name, self.settings.server.language)
            except PromptError as error:
                log.error("%s", error)
        for music in {queue.music for queue in self.settings.queues}:
            try:
                await self.prompts.load_music(music)
            except PromptError as error:
                log.error("music on hold: %s", error)

    async def stop(self) -> None:
        """Clear all calls, close recordings, write records, let go of the lines.

        The boards stay open: the engine still ticks them.
        What fails is logged, and the rest is done all the same.
        """
        steps = (
            self._end_calls,
            self.cti.close,
            self.doctor.stop,
            self._let_go_of_lines,
            self.busy_tones.close,
            self.messages.close,
            self.recorder.close,
            self.records.close,
            self.store.close,
        )
        for step in steps:
            try:
                await step()
            except Exception:
                log.exception("stopping: %s", step.__qualname__)

    async def _end_calls(self) -> None:
        calls = self.reception.close()
        for call in calls:
            call.end(Cause.NORMAL, "system", "shutdown")
        if calls:
            await asyncio.wait([call.settled for call in calls], timeout=STOP_S)

    async def _let_go_of_lines(self) -> None:
        await self.lines.clear(Cause.NORMAL, RELEASE_S)
        self.acd.close()
        self.lines.stop()

    def _verify(self, login: str, password: str) -> Identity | None:
        with queries.session(self.settings.database.url) as session:
            user = users.verify_login(session, login, password)
            return Identity(user.login, user.role) if user else None

    def _database_trouble(self, active: bool, said: Said) -> None:
        self.bus.publish(alarm("database", active, said, **self.clock.stamp()))


def _own_numbers(settings: Settings) -> dict[str, OwnNumbers]:
    """Of each span that does not answer to every number."""
    return {
        span.name: OwnNumbers(span.pri.numbers, span.pri.others == "leave")
        for span in settings.spans()
        if span.pri.numbers
    }


def _trunk(group: Any) -> TrunkSettings:
    values = group.model_dump(exclude={"name", "spans", "rules", "then_on"})
    rules = tuple(NumberRule(**rule.model_dump()) for rule in group.rules)
    return TrunkSettings(rules=rules, then_on=frozenset(group.then_on), **values)


def _target(agent: Any) -> Target:
    return Target(agent.name, agent.line, agent.trunk, agent.number)
