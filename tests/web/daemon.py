"""A real CTI server in a thread of its own, with a scripted bus and a scripted application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drivers.signalling import cas_words as cas
from mediaserver.bus import Bus
from mediaserver.call.traces import Entry, row
from mediaserver.clock import Clock
from mediaserver.cti.board import AgentInfo, Board, Inventory, ServerInfo, SpanInfo
from mediaserver.cti.feed import Feed
from mediaserver.cti.limits import Limits
from mediaserver.cti.messages import CtiError, refused
from mediaserver.cti.methods import FaultsParams
from mediaserver.cti.server import CtiServer
from mediaserver.events import Event
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import Verdict
from mediaserver.linedoctor.words import Finding

#: A span with the longest of names.
LONG = "E1-3-exchange-in-Haidian-district-by-way-of-the-second-multiplexer"[:64]

INVENTORY = Inventory(
    spans=(
        SpanInfo("E1-1", "e1", "pri", [n for n in range(1, 32) if n != 16]),
        SpanInfo("E1-2", "e1", "pri", [n for n in range(1, 32) if n != 16]),
        SpanInfo("FXS-1", "fxs", "analog", range(1, 9)),
        SpanInfo(LONG, "e1", "mfcr2", [n for n in range(1, 32) if n != 16]),
    ),
    agents=(
        AgentInfo("alice", "Alice Moreau", "8001", "FXS-1/1"),
        AgentInfo("bob", "Bob Lindqvist", "8002", "FXS-1/2"),
        AgentInfo("chen", "陈晓梅", "8003", "FXS-1/3"),
        AgentInfo("dora", "Dora", "8004", "FXS-1/4"),
        AgentInfo("paul", "Paul (PBX)", "8101", "pbx"),
    ),
    queues=("sales", "support"),
)


#: What a span's trace gives: a call's SETUP, and a RELEASE COMPLETE for it.
TRACE = [
    row(Entry(number, datetime(2026, 1, 5, 8, tzinfo=UTC), direction, bytes.fromhex(octets)))
    for number, direction, octets in (
        (7, "in", "02010000080200010504038090a31803a983816c0500813133397006813130303836a1"),
        (8, "out", "00010002080280015a08028090"),
    )
]


#: And of an R2 span.
EXCHANGES = [
    row(Entry(number, datetime(2026, 1, 5, 8, tzinfo=UTC), direction, channel=3, said=said))
    for number, direction, said in (
        (1, "in", cas.say("cas.bits", bits="00")),
        (2, "in", cas.say("cas.forward", signal=1, meaning=cas.say("cas.called.digit", digit=1))),
        (3, "out", cas.say("cas.backward", signal=1, meaning=cas.word("next_dnis"))),
        (4, "", cas.say("cas.called_line", outcome=cas.word("busy"))),
    )
]


#: What the line doctor has counted, and says of a span.
COUNTS = {
    "seconds": 900,
    "es": 4,
    "ses": 1,
    "uas": 0,
    "bbe": 17,
    "slips": 3,
    "lost_ms": 0,
    "lost_out_ms": 0,
}


def line_of(name: str, times: int = 3) -> dict[str, Any]:
    slips = Finding("slips", "warn", say("slips", slips=times), say("slips.do")).as_data()
    return {
        "name": name,
        "kind": "e1" if name.startswith("E1") else "fxs",
        "up": True,
        "alarms": [],
        "available": True,
        "state": "warn" if name == "E1-1" else "ok",
        "findings": [slips] if name == "E1-1" else [],
        "since_start": COUNTS,
        "day": COUNTS,
    }


class ScriptedControl:
    """Carries out requests by writing them down."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []
        self.slips = 3
        self.running = True

    async def hangup(self, call_id: str, by: str) -> None:
        if call_id == "busy":
            raise CtiError("conflict", "the call is already being cleared", "wait")
        self.done.append(("hangup", call_id, by))

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        self.done.append(("agent", agent, state, reason))

    def faults(self, asked: FaultsParams) -> dict[str, Any]:
        return asked.settings.model_dump()

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        if span.startswith("FXS"):
            raise refused("not_found", "trace.none", span=span, signalling="analog", spans="E1-1")
        if span == LONG:
            rows = [r for r in EXCHANGES if after < r["seq"] < (before or 99)][-last:]
            return {"span": span, "side": "", "seq": EXCHANGES[-1]["seq"], "entries": rows}
        rows = [r for r in TRACE if after < r["seq"] < (before or 99)][-last:]
        return {"span": span, "side": "user", "seq": TRACE[-1]["seq"], "entries": rows}

    async def lines(self) -> dict[str, Any]:
        names = ("E1-1", "E1-2", "FXS-1", LONG)
        return {"history": True, "spans": [line_of(name, self.slips) for name in names]}

    async def line(self, span: str, days: int) -> dict[str, Any]:
        row = {"begun_utc": "2026-01-05T08:00:00+00:00", **COUNTS}
        echo = {"delay_ms": 20.0, "erl_db": 17.0, "erle_db": 30.0}
        channel = {"state": "talking", "testing": False, "in_dbm0": -18.0, "echo": echo}
        joined = channel | {"number": 32, "joined": True, "in_dbm0": None, "echo": None}
        alarm = {"alarm": "red", "begun_utc": "2026-01-05T07:00:00+00:00"}
        return line_of(span, self.slips) | {
            "history": True,
            "quarters": [row] * 96 if span != "FXS-1" else [],
            "days": [row] * 30 if span != "FXS-1" else [],
            "alarm_history": [alarm | {"ended_utc": None}] if span != "FXS-1" else [],
            "channels": [channel | {"number": n} for n in range(1, 32) if n != 16] + [joined],
        }

    def line_check(
        self, line: str, checks: Sequence[str], settings: dict[str, Any], by: str
    ) -> dict[str, Any]:
        told = (str(settings["seconds"]), settings["far"])
        self.done.append(("line_check", line, *checks, *told, by))
        return self.line_result(1)

    def line_result(self, number: int) -> dict[str, Any]:
        hum = say("hum", dbm0=-47.1, mains_hz=50)
        verdict = Verdict(
            "hum", "warn", hum, say("hum.do"), {"hum_dbm0": -47.1, "at_150_hz_dbm0": -50}
        )
        newer = {"check": "echo", "state": "ok", "text": "said by a newer server", "todo": ""}
        newer |= {"said": {"code": "of.tomorrow", "values": {}}, "advice": None, "figures": {}}
        return {
            "id": number,
            "line": "E1-1/2",
            "by": "tech",
            "state": "running" if self.running else "done",
            "checks": ["hum", "echo"],
            "now": "echo",
            "begun_utc": "2026-01-05T08:00:00+00:00",
            "error": "",
            "todo": "",
            "verdict": "warn",
            "said": None,
            "advice": None,
            "verdicts": [verdict.as_data(), newer],
        }

    async def line_stop(self, number: int, by: str) -> dict[str, Any]:
        self.done.append(("line_stop", str(number), by))
        return self.line_result(number)

    def engine_counters(self) -> dict[str, Any]:
        return {
            "ticks": 796_118,
            "missed_ticks": 0,
            "late_max_us": 412.5,
            "tick_us_mean": 184.2,
            "tick_us_max": 402.0,
            "command_ring_full": 0,
            "event_ring_full": 0,
            "port_errors": 2,
            "digits_dropped": 0,
            "tap_dropped_octets": 0,
            "line_overrun_octets": 0,
            "line_underrun_octets": 0,
            "kernel_ns": {
                "decode": 20_600.0,
                "echo": 1_310_000.0,
                "progress": 115_000.0,
                "play": 0.0,
            },
            "slots": {"echo": 38, "progress cn": 8},
            "slots_used": {"echo": 12, "progress cn": 3},
            "shed_level": 0,
        }


class Daemon:
    """`start()`, `publish(…)`, `stop()`, and again: each run is a new daemon on the same socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = ScriptedControl()
        self.started = datetime.now(UTC) - timedelta(hours=2, minutes=13)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._bus = Bus()
        self._server: CtiServer | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        self._loop.close()

    async def _open(self) -> None:
        assert self._loop is not None
        self._bus = Bus()
        clock = Clock(self._loop)
        board = Board(ServerInfo("Test centre", "0.1.0", self.started), INVENTORY)
        feed = Feed(self._bus, board, clock)
        self._server = CtiServer(feed, self.control, lambda login, password: None, Limits())
        await self._server.start(self.path)

    def publish(self, events: Iterable[Event]) -> None:
        """Hand events to the bus, and wait until they are on the board."""

        async def hand_on() -> None:
            for event in events:
                self._bus.publish(event)

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(hand_on(), self._loop).result(10)

    def stop(self) -> None:
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or self._server is None:
            return
        asyncio.run_coroutine_threadsafe(self._server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        self._loop = self._thread = self._server = None
        self.started = datetime.now(UTC)
