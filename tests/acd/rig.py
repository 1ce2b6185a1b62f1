"""The whole control plane above the lines, on lines that a test works by hand.

Real: lines, legs, dialler, calls, reception, flows, the ACD. Made up: media (it takes
time and makes no sound), the recorder, the records, and the far ends of the lines.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from drivers import events as line
from drivers.base import Channel, DriverError, SetupRequest, SpanKind
from drivers.cause import Cause
from drivers.events import Number
from mediaserver import events as ev
from mediaserver.acd.agent import Agent
from mediaserver.acd.queue import Queue
from mediaserver.acd.service import Acd
from mediaserver.acd.store import MemoryStore
from mediaserver.acd.strategy import longest_idle
from mediaserver.bus import Bus
from mediaserver.call.call import Services
from mediaserver.call.dialler import Dialler, Target
from mediaserver.call.extensions import Extension, Extensions
from mediaserver.call.lines import Lines
from mediaserver.call.routing import Route
from mediaserver.call.trunks import TrunkGroup, TrunkSettings
from mediaserver.clock import Clock
from mediaserver.ivr.flow import parse
from mediaserver.ivr.reception import Reception
from mediaserver.ivr.session import QueueVoice, Tools
from mediaserver.media.errors import MediaError

FLOW = """
name = "main"
start = "queue"
[node.queue]
kind = "queue"
queue = "sales"
"""


class FakeBridge:
    def __init__(self, media: FakeMedia) -> None:
        self.media = media
        self.members: list[FakePort] = []
        self.talk: dict[FakePort, float] = {}
        self.only_loudest = 0
        media.bridges.append(self)

    def join(self, port: FakePort, *, talk: float = 1.0) -> None:
        assert port.bridge is None, "a port is in one bridge at a time"
        port.bridge = self
        self.members.append(port)
        self.talk[port] = talk

    def leave(self, port: FakePort) -> None:
        if port in self.members:
            self.members.remove(port)
            port.bridge = None

    def loudest(self, count: int) -> None:
        self.only_loudest = count

    def close(self) -> None:
        for port in self.members:
            port.bridge = None
        self.media.bridges.remove(self)


class FakeDigits:
    """What was keyed ahead; no prompt is stopped by it here."""

    def __init__(self, keys: asyncio.Queue[str]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return 0

    def clear(self) -> None:
        while not self._keys.empty():
            self._keys.get_nowait()


class FakePort:
    def __init__(self) -> None:
        self.bridge: FakeBridge | None = None
        self.tones: list[str] = []
        self.keys: asyncio.Queue[str] = asyncio.Queue()
        self.digits = FakeDigits(self.keys)
        self.detecting = False
        self.music = False
        self.detects: list[bool] = []

    async def play(self, what: Any, *, loop: bool = False) -> bool:
        await asyncio.sleep(3600.0 if loop else 1.0)
        return True

    async def digit(self, timeout_s: float | None = None) -> str | None:
        try:
            async with asyncio.timeout(timeout_s):
                return await self.keys.get()
        except TimeoutError:
            return None

    def on_digit(self, listener: Any) -> Callable[[], None]:
        """A prompt that a key may stop; here none does."""
        return lambda: None

    def tone(self, program: Any) -> asyncio.Future[bool]:
        self.tones.append(program.name)
        return asyncio.get_running_loop().create_future()

    def stop_tone(self) -> None:
        self.tones.append("")

    def detect(self, on: bool = True) -> None:
        self.detecting = on
        self.detects.append(on)

    def reset(self) -> None:
        self.detecting = False
        if self.bridge is not None:
            self.bridge.members.remove(self)
            self.bridge = None
        self.digits.clear()


class FakeMedia:
    def __init__(self) -> None:
        self.ports: dict[int, FakePort] = {}
        self.bridges: list[FakeBridge] = []
        self.bridges_there = 1000

    def port(self, index: int) -> FakePort:
        return self.ports.setdefault(index, FakePort())

    def bridge(self) -> FakeBridge:
        if len(self.bridges) >= self.bridges_there:
            raise MediaError("all bridges are in use")
        return FakeBridge(self)


class FakeSounds:
    """A prompt, and the prompts, and the music."""

    name = "sound"

    async def load(self, name: str, language: str = "") -> FakeSounds:
        return self

    async def play_music(self, port: FakePort, now_ms: Any, directory: str = "") -> None:
        port.music = True
        try:
            await asyncio.sleep(3600.0)
        finally:
            port.music = False

    async def load_music(self, directory: str = "") -> FakeSounds:
        return self

    def at(self, media_ms: int) -> FakeSounds:
        return self


class FakeRecorder:
    """`takes` are the calls being recorded; as many stops as starts, or the test fails."""

    def __init__(self) -> None:
        self.takes: set[str] = set()

    def start(self, call_id: str, port: object) -> None:
        assert call_id not in self.takes
        self.takes.add(call_id)

    def pause(self, call_id: str, on: bool) -> None:
        assert call_id in self.takes

    async def stop(self, call_id: str) -> None:
        self.takes.remove(call_id)


class FakeRecords:
    """A database that takes `delay_s` for each record."""

    def __init__(self) -> None:
        self.delay_s = 0.0

    async def durable(self, call_id: str) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)


class HandSpan:
    def __init__(self, name: str, kind: SpanKind, channels: int, first: int) -> None:
        self.name, self.kind = name, kind
        self.channels = [Channel(name, n + 1, first + n) for n in range(channels)]
        self.alarms: frozenset[line.Alarm] = frozenset()

    def watch(self, on_alarm: Any) -> None:
        pass


class HandLine:
    """Signalling whose far end a test plays, channel by channel."""

    def __init__(self, span: HandSpan) -> None:
        self.span = span
        self.sink: Callable[[line.LineEvent], None] = lambda event: None
        self.up = True
        self.release_s = 0.0
        self.refs: dict[int, int] = {}  # channel → ref of the call on it
        self.ours: set[int] = set()  # refs of calls we placed
        self.refuses_answer = False
        self.sent: list[tuple[str, int, int]] = []
        self._ref = 0

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def is_idle(self, channel: int) -> bool:
        return channel not in self.refs

    # ---- requests of the server

    def setup(self, request: SetupRequest) -> int:
        if request.channel in self.refs:
            raise DriverError("busy", Cause.USER_BUSY)
        self._ref += 1
        self.refs[request.channel] = self._ref
        self.ours.add(self._ref)
        self.sent.append(("setup", request.channel, 0))
        if self.span.kind is SpanKind.FXS:
            ringing = line.Alerting(self.span.name, self._ref)
            asyncio.get_running_loop().call_soon(self.sink, ringing)
        return self._ref

    def release(self, ref: int, cause: int) -> None:
        channel = self._channel(ref)
        self.sent.append(("release", channel, cause))
        asyncio.get_running_loop().call_later(self.release_s, self.released, channel, cause, ref)

    def answer(self, ref: int) -> None:
        self._channel(ref)
        if self.refuses_answer:
            raise DriverError("no")

    def acknowledge(self, ref: int) -> None:
        self._channel(ref)

    def proceeding(self, ref: int) -> None:
        self.sent.append(("proceeding", self._channel(ref), 0))

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._channel(ref)

    def progress(self, ref: int, inband: bool = True) -> None:
        self._channel(ref)

    def _channel(self, ref: int) -> int:
        for channel, each in self.refs.items():
            if each == ref:
                return channel
        raise DriverError("gone", Cause.INVALID_CALL_REFERENCE)

    # ---- what the far end does; nothing where it makes no sense

    def call(self, channel: int, called: str = "1", calling: Number | None = None) -> None:
        if channel in self.refs or not self.up:
            return
        self._ref += 1
        self.refs[channel] = self._ref
        complete = self.span.kind is SpanKind.E1
        number = calling or Number(f"555{channel}" if complete else "")
        name = "Name" if complete else ""
        event = line.Setup(
            self.span.name, self._ref, channel, Number(called), number, name, complete
        )
        self.sink(event)

    def picks_up(self, channel: int) -> None:
        ref = self.refs.get(channel)
        if ref in self.ours:
            self.sink(line.Connected(self.span.name, ref))

    def hangs_up(self, channel: int, cause: int = 16) -> None:
        if channel in self.refs:
            self.sink(line.Disconnected(self.span.name, self.refs[channel], cause))

    def released(self, channel: int, cause: int = 27, ref: int | None = None) -> None:
        """The call on the channel is gone, at the line's wish or at ours (`ref`)."""
        if channel in self.refs and ref in (None, self.refs[channel]):
            self.sink(line.Released(self.span.name, self.refs.pop(channel), cause))

    def link(self, up: bool) -> None:
        self.up = up
        self.sink(line.SignallingState(self.span.name, up))


class Rig:
    """`callers` come over `pstn`; agents a1… sit at the first of the ports of `phones`."""

    def __init__(
        self,
        agents: int = 3,
        callers: int = 6,
        *,
        overflow_s: float = 60.0,
        flow: str = FLOW,
        routes: tuple[Route, ...] = (Route("1", flow="main"),),
        extensions: tuple[Extension, ...] = (),
        phones: int = 0,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.bus, self.clock, self.media = Bus(), Clock(loop), FakeMedia()
        self.seen: Counter[str] = Counter()
        self.events: list[ev.Event] = []
        self.bus.subscribe(ev.Event, self._see)
        self.pstn = HandLine(HandSpan("E1", SpanKind.E1, callers, 0))
        self.phones = HandLine(HandSpan("FXS", SpanKind.FXS, phones or agents, callers))
        self.lines = Lines(self.bus, self.clock, self.media)  # type: ignore[arg-type]
        for each in (self.pstn, self.phones):
            self.lines.add(each)  # type: ignore[arg-type]
        groups = {
            "pstn": TrunkGroup("pstn", ["E1"], TrunkSettings(select="descending"), self.lines)
        }
        self.dialler = Dialler(self.lines, groups)
        self.store = MemoryStore()
        self.agents = {
            f"a{n}": Agent(
                f"a{n}",
                "",
                Target(f"a{n}", line=f"FXS/{n}", number=f"800{n}"),
                self.bus,
                self.clock,
            )
            for n in range(1, agents + 1)
        }
        queue = Queue("sales", tuple(self.agents.values()), longest_idle, 15.0, 5.0, 4)
        self.acd = Acd(
            self.agents, {"sales": queue}, self.store, self.dialler, self.bus, self.clock
        )
        self.recorder, self.records = FakeRecorder(), FakeRecords()
        services = Services(
            self.bus, self.clock, self.lines, self.media, self.recorder, self.records
        )  # type: ignore[arg-type]
        tools = Tools(
            self.acd,
            self.dialler,
            FakeSounds(),  # type: ignore[arg-type]
            {"sales": QueueVoice("", 20.0, overflow_s, "")},
            "cn",
            "en",
            True,
            Extensions([*self._phones(), *extensions]),
        )
        flows = {"main": parse(flow, "main.toml")}
        self.reception = Reception(services, routes, flows, tools, {"E1": "pstn"})
        self.lines.settle = self.reception.settled
        for name in self.agents:
            self.acd.set_agent(name, "ready", "test")

    def _phones(self) -> list[Extension]:
        """Those of the agents."""
        return [Extension(a.target.number, a.target, a.display) for a in self.agents.values()]

    def _see(self, event: ev.Event) -> None:
        self.seen[type(event).__name__] += 1
        self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def state(self, agent: str = "a1") -> str:
        return self.agents[agent].state.value

    def quiet(self) -> list[str]:
        """What is left where nothing should be left."""
        left = [f"call {call.id} {call.state}" for call in self.reception.calls.values()]
        left += [f"leg {leg.id} {leg.state}" for leg in self.lines.legs()]
        left += [f"waits {call}" for call in self.store.waiting("sales")]
        left += [f"agent {a.name} {a.state}" for a in self.agents.values() if a.call_id]
        left += [f"records {call}" for call in self.recorder.takes]
        left += ["a bridge"] * len(self.media.bridges)
        for span in ("E1", "FXS"):
            left += [f"{s.channel.name} {s.shown}" for s in self.lines.slots(span) if not s.idle]
        return left
