"""The composition root: the only place that wires the daemon's rooms together.

`App` is one daemon on given boards, without a clock: whoever makes it drives
the media session in real or virtual time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from drivers.base import Board, DriverError, Span, SpanKind
from drivers.cause import Cause
from dsp_ext.engine import Engine
from mediaserver.acd.agent import Agent
from mediaserver.acd.queue import Queue
from mediaserver.acd.service import Acd
from mediaserver.acd.store import MemoryStore
from mediaserver.acd.strategy import STRATEGIES
from mediaserver.bus import Bus
from mediaserver.call import maintenance, messages, signalling
from mediaserver.call.call import CannotJoin, Services
from mediaserver.call.care import LineCare
from mediaserver.call.dialler import Dialler, Target
from mediaserver.call.extensions import extensions_of
from mediaserver.call.lines import Lines, NoChannel
from mediaserver.call.messages import MessagesWaiting
from mediaserver.call.msn import OwnNumbers
from mediaserver.call.numbering import NumberRule
from mediaserver.call.routing import Route
from mediaserver.call.traces import Traces
from mediaserver.call.trunks import TrunkGroup, TrunkSettings
from mediaserver.cdr.service import CallRecords
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.config import ConfigError, Settings
from mediaserver.config.problems import Problem, did_you_mean
from mediaserver.cti.board import AgentInfo, Inventory, ServerInfo, SpanInfo
from mediaserver.cti.board import Board as Panel
from mediaserver.cti.feed import Feed
from mediaserver.cti.messages import CtiError, Identity
from mediaserver.cti.server import CtiServer
from mediaserver.db import queries, users
from mediaserver.db.store import Store
from mediaserver.events import SystemAlarm
from mediaserver.ivr.flow import Flow, QueueNode, load_all
from mediaserver.ivr.reception import Reception
from mediaserver.ivr.session import QueueVoice, Tools
from mediaserver.linecontrol import LineControl
from mediaserver.linedoctor.service import LineDoctor
from mediaserver.media import busytone
from mediaserver.media.busytone import BusyTones
from mediaserver.media.lineaudio import MediaLineAudio
from mediaserver.media.prompts import PromptError, Prompts
from mediaserver.media.registers import MediaRegisters, banks
from mediaserver.media.session import MediaSession
from mediaserver.recording.recorder import Recorder

log = logging.getLogger(__name__)

#: How long a stop waits for calls to end and records to be written.
STOP_S = 15.0
#: How long it then waits for the far ends to confirm that the channels are free.
RELEASE_S = 3.0


def channels_of(boards: Sequence[Board]) -> int:
    return sum(len(span.channels) for board in boards for span in board.spans)


def line_care(settings: Settings) -> dict[str, LineCare]:
    """What is done about each span's lines: echo where it is wanted, tones on exchange lines."""
    media = settings.media
    return {
        span.name: LineCare(
            echo=span.cancels_echo and media.can_cancel,
            not_on=span.echo_left_to_card,
            tones=media.tone_plan if span.kind == "fxo" else "",
            answer=span.analog.answer,
            busy="busy" in span.analog.disconnect,
            silence_s=span.analog.silence_s if "silence" in span.analog.disconnect else 0.0,
        )
        for span in settings.spans()
    }


def own_numbers(settings: Settings) -> dict[str, OwnNumbers]:
    """Of each span that does not answer to every number."""
    return {
        span.name: OwnNumbers(span.pri.numbers, span.pri.others == "leave")
        for span in settings.spans()
        if span.pri.numbers
    }


def line_slots(settings: Settings, spans: Sequence[Span]) -> dict[str, Any]:
    """Slots of the engine's costly banks: one for every channel that may need it."""
    cares = line_care(settings)
    echo = sum(len(span.channels) for span in spans if cares[span.name].echo)
    progress: dict[str, int] = {}
    for span in spans:
        if plan := cares[span.name].tones:
            progress[plan] = progress.get(plan, 0) + len(span.channels)
    return {"echo": echo, "progress": progress, "caller_id": _caller_id_slots(settings, spans)}


def _caller_id_slots(settings: Settings, spans: Sequence[Span]) -> dict[str, int]:
    """A receiver of the right modem for each line that may be told who calls."""
    configs = {config.name: config for config in settings.spans()}
    found: dict[str, int] = {}
    for span in spans:
        if span.kind is not SpanKind.FXO:
            continue
        how = configs[span.name].analog.scheme(settings.media.tone_plan)
        if how is not None and how.by == "fsk":
            found[how.modem] = found.get(how.modem, 0) + len(span.channels)
    return found


def make_session(
    settings: Settings, boards: Sequence[Board], clock: Clock, bus: Bus
) -> MediaSession:
    """An engine with room for all channels of `boards`, each at its place."""
    block = settings.media.block_ms * 8
    r2 = {s.name: s.variant == "cn" for s in settings.spans() if s.signalling == "mfcr2"}
    spans = [span for board in boards for span in board.spans]
    mfr2 = banks([(r2[span.name], len(span.channels)) for span in spans if span.name in r2])
    engine = Engine(
        max(1, channels_of(boards)),
        block=block,
        law=settings.media.law,
        echo_tail_ms=settings.media.echo_tail_ms,
        echo_nlp=settings.media.echo_suppress,
        mfr2=mfr2,
        **line_slots(settings, spans),
    )
    first = 0
    for board in boards:
        for span in board.spans:
            engine.attach(first, span.port)
            for place, channel in enumerate(span.channels):
                channel.index = first + place
            first += len(span.channels)
    return MediaSession(engine, clock, bus)


def check_flows(settings: Settings) -> dict[str, Flow]:
    """The flows, after holding them against the settings.

    Raises FlowError for a faulty flow file, ConfigError for names that do not exist.
    """
    flows = load_all(settings.flows.directory)
    problems = [
        Problem(
            ("route", i, "flow"),
            f"there is no such flow; {did_you_mean(r.flow, list(flows))}",
            r.flow,
        )
        for i, r in enumerate(settings.routes)
        if r.flow and r.flow not in flows
    ]
    for name in sorted({route.flow for route in settings.routes} & set(flows)):
        problems += _flow_problems(flows[name], settings)
        problems += _overflow_problems(flows[name], settings)
    if problems:
        raise ConfigError(problems)
    return flows


def _flow_problems(flow: Flow, settings: Settings) -> list[Problem]:
    known = {
        "queue": [queue.name for queue in settings.queues],
        "agent": [agent.name for agent in settings.agents],
        "extension": [phone.number for phone in settings.phones()],
        "trunk": [group.name for group in settings.trunk_groups],
    }
    return [
        Problem(
            ("flow", flow.name, "node", name, key),
            f"there is no such {key} in the settings; {did_you_mean(given, names)}",
            given,
        )
        for name, node in flow.node.items()
        for key, names in known.items()
        if (given := getattr(node, key, "")) and given not in names and "{" not in given
    ]


def _overflow_problems(flow: Flow, settings: Settings) -> list[Problem]:
    """A queue's `overflow_node` must be in each flow that leaves it to the queue."""
    used = {
        node.queue
        for node in flow.node.values()
        if isinstance(node, QueueNode) and not node.on_overflow
    }
    return [
        Problem(
            ("queue", i, "overflow_node"),
            f"flow {flow.name} has no such node; {did_you_mean(q.overflow_node, list(flow.node))}",
            q.overflow_node,
        )
        for i, q in enumerate(settings.queues)
        if q.name in used and q.overflow_node and q.overflow_node not in flow.node
    ]


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
        doors = signalling.Doors(MediaRegisters(self.session), audio)
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
        reception = Reception(services, routes, self.flows, tools, group_of, own_numbers(settings))
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

    def _database_trouble(self, active: bool, text: str) -> None:
        self.bus.publish(
            SystemAlarm(name="database", active=active, text=text, **self.clock.stamp())
        )


def _trunk(group: Any) -> TrunkSettings:
    values = group.model_dump(exclude={"name", "spans", "rules", "then_on"})
    rules = tuple(NumberRule(**rule.model_dump()) for rule in group.rules)
    return TrunkSettings(rules=rules, then_on=frozenset(group.then_on), **values)


def _target(agent: Any) -> Target:
    return Target(agent.name, agent.line, agent.trunk, agent.number)


class AppControl(LineControl):
    """What CTI clients may ask of the app."""

    def __init__(self, app: App) -> None:
        super().__init__(app.boards, app.doctor, app.messages, app.busy_tones)
        self._app = app

    async def hangup(self, call_id: str, by: str) -> None:
        call = self._app.reception.calls.get(call_id)
        if call is None:
            raise CtiError("not_found", f"there is no call {call_id}", "it may have ended")
        call.end(Cause.NORMAL, "system", f"cleared by {by}")

    async def join(self, call_id: str, by: str) -> None:
        call = self._app.reception.calls.get(call_id)
        if call is None:
            raise CtiError("not_found", f"there is no call {call_id}", "it may have ended")
        try:
            call.join_at_exchange()
        except CannotJoin as error:
            raise CtiError("conflict", str(error)) from None

    async def service(self, line: str, in_service: bool, by: str) -> bool:
        try:
            return maintenance.set_service(self._app.lines, line, in_service)
        except NoChannel:
            raise CtiError("not_found", f"there is no channel {line!r}") from None
        except DriverError as error:
            raise CtiError("conflict", str(error), "try again when the line is up") from None

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        try:
            self._app.acd.set_agent(agent, state, reason)
        except KeyError:
            raise CtiError("not_found", f"there is no agent {agent!r}") from None
        except ValueError as error:
            raise CtiError("bad_params", str(error)) from None

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        config = next(each for each in self._app.settings.spans() if each.name == span)
        try:
            rows = self._app.traces.rows(span, after=after, before=before, last=last, silent=silent)
        except KeyError:
            traced = ", ".join(self._app.traces.names()) or "none"
            hint = f"spans with a trace: {traced}"
            what = f"{span} is {config.signalling}: it sends no messages"
            raise CtiError("not_found", what, hint) from None
        return rows | {"side": config.side if config.signalling == "pri" else ""}

    def engine_counters(self) -> dict[str, int | float]:
        return dict(self._app.session.engine.counters())
