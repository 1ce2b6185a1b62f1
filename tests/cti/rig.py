"""A CTI server on loopback with a scripted application behind it, and a bare client."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mediaserver import events as ev
from mediaserver.bus import Bus
from mediaserver.call.traces import Entry, row
from mediaserver.clock import Clock
from mediaserver.cti.board import AgentInfo, Board, Inventory, ServerInfo, SpanInfo
from mediaserver.cti.feed import Feed
from mediaserver.cti.limits import Limits
from mediaserver.cti.messages import CtiError, Identity
from mediaserver.cti.methods import FaultsParams
from mediaserver.cti.server import CtiServer

STARTED = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)
EPOCH_US = int(STARTED.timestamp() * 1_000_000)
USERS = {
    ("admin", "secret"): Identity("admin", "admin"),
    ("alice", "secret"): Identity("alice", "agent"),
    ("tech", "secret"): Identity("tech", "technician"),
    ("sue", "secret"): Identity("sue", "supervisor"),
}
INVENTORY = Inventory(
    spans=(
        SpanInfo("E1-1", "e1", "pri", [n for n in range(1, 32) if n != 16]),
        SpanInfo("FXS-1", "fxs", "analog", range(1, 9)),
    ),
    agents=(AgentInfo("alice", "Alice", "8001", "FXS-1/1"), AgentInfo("bob", "Bob", "8002")),
    queues=("sales",),
)


#: What a span's trace gives: a call's SETUP, and a RELEASE COMPLETE for it.
TRACE = [
    row(Entry(number, STARTED, direction, bytes.fromhex(octets)))
    for number, direction, octets in (
        (7, "in", "02010000080200010504038090a31803a983816c0500813133397006813130303836a1"),
        (8, "out", "00010002080280015a08028090"),
    )
]


class FakeControl:
    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.hold: asyncio.Event | None = None  # set_agent waits for it

    async def hangup(self, call_id: str, by: str) -> None:
        self.done.append(("hangup", call_id, by))

    async def join(self, call_id: str, by: str) -> None:
        self.done.append(("join", call_id, by))

    async def service(self, line: str, in_service: bool, by: str) -> bool:
        if line.endswith("/99"):
            raise CtiError("not_found", f"there is no channel {line!r}")
        self.done.append(("service", line, in_service, by))
        return line.startswith("E1")

    async def restart(self, line: str, by: str) -> None:
        self.done.append(("restart", line, by))

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if state == "logged_out" and agent == "bob":
            raise CtiError("conflict", "bob is in a call", "wait for its end")
        self.done.append(("set_agent", agent, state, reason))

    def faults(self, asked: FaultsParams) -> dict[str, Any]:
        if asked.settings.loop:
            raise ZeroDivisionError
        return {"delay_ms": 0}

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        if span.startswith("FXS"):
            raise CtiError("not_found", f"{span} is analog: it sends no messages")
        rows = [r for r in TRACE if after < r["seq"] < (before or 99)][-last:]
        return {"span": span, "side": "user", "seq": TRACE[-1]["seq"], "entries": rows}

    async def lines(self) -> dict[str, Any]:
        return {"history": True, "spans": []}

    async def line(self, span: str, days: int) -> dict[str, Any]:
        return {"name": span, "history": True, "days": [], "asked_days": days}

    def line_check(
        self, line: str, checks: Sequence[str], settings: dict[str, Any], by: str
    ) -> dict[str, Any]:
        if line.startswith("busy"):
            raise CtiError("conflict", f"a call is on {line}", "use force")
        self.done.append(("line_check", line, tuple(checks), settings, by))
        return {"id": 1, "line": line, "state": "running", "now": checks[0], "by": by}

    def line_result(self, number: int) -> dict[str, Any]:
        return {"id": number, "state": "done"}

    async def line_stop(self, number: int, by: str) -> dict[str, Any]:
        self.done.append(("line_stop", number, by))
        return {"id": number, "state": "stopped"}

    def message_waiting(self, line: str, on: bool | None) -> dict[str, Any]:
        self.done.append(("message_waiting", line, on))
        return {"waiting": [line] if on else []}

    def busy_tones(self, forget: str) -> dict[str, Any]:
        self.done.append(("busy_tones", forget))
        tone = {"plan": "cn", "sound": 25, "hz": 625.0, "on_ms": 260, "off_ms": 270}
        return {"tones": {} if forget else {"FXO-1/1": tone}}

    def engine_counters(self) -> dict[str, Any]:
        return {"ticks": 100, "missed_ticks": 0, "kernel_ns": {"mix": 7.5}}


class Rig:
    def __init__(self, path: Path, started: datetime = STARTED, **limits: Any) -> None:
        self.path = path / "cti.sock"
        self.bus = Bus()
        self.control = FakeControl()
        self.verified: list[str] = []
        self.clock = Clock(asyncio.get_running_loop(), STARTED)
        self.board = Board(ServerInfo("Test", "0.1.0", started), INVENTORY)
        self.feed = Feed(self.bus, self.board, self.clock, keep=limits.pop("keep", 1000))
        limits.setdefault("linger_s", 0.02)
        self.server = CtiServer(self.feed, self.control, self.verify, Limits(**limits))

    def verify(self, login: str, password: str) -> Identity | None:
        self.verified.append(login)
        if login == "broken":
            raise OSError("database gone")
        return USERS.get((login, password))

    def offer(self, call_id: str, name: str = "") -> None:
        self.bus.publish(
            ev.CallOffered(
                media_ms=1,
                utc=STARTED,
                call_id=call_id,
                direction="in",
                line="E1-1/1",
                caller="13800138000",
                caller_name=name,
                called="66880000",
                flow="main",
            )
        )

    def publish(self, kind: type[ev.Event], **fields: Any) -> None:
        self.bus.publish(kind(media_ms=2, utc=STARTED, **fields))

    async def unix(self) -> Raw:
        return Raw(*await asyncio.open_unix_connection(str(self.path), limit=1 << 24))

    async def tcp(self) -> Raw:
        port = self.server.port
        return Raw(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 24))

    async def admin(self) -> Raw:
        client = await self.unix()
        await client.ask("hello")
        return client

    async def user(self, login: str) -> Raw:
        client = await self.tcp()
        reply = await client.ask("login", login=login, password="secret")
        assert reply["ok"], reply
        return client


class Raw:
    """A client that does what it is told and nothing else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._id = 0
        self.events: list[dict[str, Any]] = []

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self) -> dict[str, Any] | None:
        """The next line; None at the end."""
        try:
            line = await self.reader.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line else None

    async def event(self) -> dict[str, Any]:
        if self.events:
            return self.events.pop(0)
        message = await self.read()
        assert message is not None
        assert "event" in message, message
        return message

    async def ask(self, method: str, acting: Any = None, **params: Any) -> dict[str, Any]:
        """The reply; events that come before it are kept for `event`."""
        self._id += 1
        message = {"v": 1, "id": self._id, "method": method, "params": params}
        if acting is not None:
            message["as"] = acting
        self.send(json.dumps(message).encode() + b"\n")
        while True:
            reply = await self.read()
            assert reply is not None, "closed"
            if "event" not in reply:
                assert reply["id"] == self._id, reply
                return reply
            self.events.append(reply)

    async def rest(self) -> list[dict[str, Any]]:
        """Everything until the server closes."""
        lines = []
        while (message := await self.read()) is not None:
            lines.append(message)
        return lines

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def rig(path: Path, **limits: Any) -> AsyncIterator[Rig]:
    """A running server on a Unix socket in `path` and a free TCP port."""
    made = Rig(path, **limits)
    await made.server.start(made.path, "127.0.0.1", 0)
    try:
        yield made
    finally:
        await made.server.close()


def run(work: Callable[[], Coroutine[Any, Any, None]], timeout_s: float = 180.0) -> None:
    """Run a test's coroutine; hanging is failing."""

    async def limited() -> None:
        async with asyncio.timeout(timeout_s):
            await work()

    asyncio.run(limited())


class Background:
    """A rig on a loop in another thread, for clients that block; can be stopped and begun anew."""

    def __init__(self, path: Path, **limits: Any) -> None:
        self._path, self._limits = path, limits
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.rig = self.begin()

    def begin(self, started: datetime = STARTED) -> Rig:
        async def make() -> Rig:
            made = Rig(self._path, started=started, **self._limits)
            await made.server.start(made.path, "127.0.0.1", 0)
            return made

        self.rig = self.do(make())
        return self.rig

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def call(self, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        async def called() -> Any:
            return work(*args, **named)

        return self.do(called())

    def end(self) -> None:
        self.do(self.rig.server.close())

    def close(self) -> None:
        self.end()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
