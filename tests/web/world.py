"""A database with calls, stories and recordings in it, for the console to show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from dsp_ext import g711
from mediaserver import events as ev
from mediaserver.config import Settings, from_dict
from mediaserver.db import migrate, queries
from mediaserver.db.models import CallRow, RecordingRow, StoryRow
from mediaserver.recording import wav
from tests.web.scene import HOSTILE

PASSWORD = "correct horse"
#: login, role; "alice" and "bob" are agents of the configuration too.
PEOPLE = (
    ("root", "admin"),
    ("sue", "supervisor"),
    ("alice", "agent"),
    ("bob", "agent"),
    ("tech", "technician"),
)
CALLS = 120
NAMES = ("Wang Fang", "", "李伟", "", "North Wind Trading & Co", "")
AGENTS = ("alice", "bob", "", "chen", "paul")


@dataclass(frozen=True)
class World:
    settings: Settings
    hostile: str  # a call whose caller's name is markup
    told: str  # a call with a full story and a recording
    running: str  # a call that goes on
    alices: str  # a recording of alice's
    bobs: str


def make_world(path: Path) -> World:
    settings = from_dict(
        {
            "server": {"name": "Test centre", "data_dir": str(path)},
            "board": [
                {
                    "name": "virtual",
                    "span": [{"name": "E1-1", "kind": "e1"}, {"name": "FXS-1", "kind": "fxs"}],
                }
            ],
            "agent": [
                {"name": "alice", "display": "Alice Moreau", "number": "8001", "line": "FXS-1/1"},
                {"name": "bob", "display": "Bob Lindqvist", "number": "8002", "line": "FXS-1/2"},
            ],
            "queue": [
                {"name": "sales", "agents": ["alice", "bob"]},
                {"name": "support", "agents": ["bob"]},
            ],
        }
    )
    migrate.upgrade(settings.database.url)
    settings.recording.directory.mkdir()
    with queries.session(settings.database.url) as session:
        for login, role in PEOPLE:
            queries.create_user(session, login, login.capitalize(), role, PASSWORD, "")
        for number in range(CALLS):
            session.add(_call(number))
        for number in range(0, CALLS, 2):
            session.add(_recording(settings.recording.directory, number))
        for number in (0, 1, 2, 4, 5):
            session.add_all(_story(number))
    return World(settings, _id(4), _id(0), _id(1), _recording_id(0), _recording_id(6))


def _id(number: int) -> str:
    return f"20260105T{number:06d}"


def _recording_id(number: int) -> str:
    return f"rec{number:08x}"


def _started(number: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=4 + 17 * number)


def _agent(number: int) -> str:
    return {0: "alice", 6: "bob"}.get(number, AGENTS[number % len(AGENTS)])


def _call(number: int) -> CallRow:
    started = _started(number)
    agent = _agent(number)
    state = {1: "open", 9: "interrupted"}.get(number, "closed")
    ended = None if state == "open" else started + timedelta(seconds=30 + number)
    return CallRow(
        id=_id(number),
        started_utc=started,
        answered_utc=started + timedelta(seconds=2),
        ended_utc=ended,
        direction="out" if number % 7 == 3 else "in",
        line=f"E1-1/{number % 15 + 1}",
        caller="" if number == 12 else f"1380013{number:04d}",
        caller_name=HOSTILE if number == 4 else NAMES[number % len(NAMES)],
        called="66880001" if number % 3 else "66880002",
        flow="main",
        choice=str(number % 3 + 1),
        queue="sales" if number % 2 else "support",
        wait_ms=1000 * (number * 7 % 95),
        agent=agent,
        agent_line="FXS-1/1" if agent else "",
        talk_ms=1000 * (20 + number) if agent else 0,
        cause=None if state == "open" else 16 if agent else 31,
        cause_text="" if state == "open" else "normal call clearing",
        cleared_by="" if state == "open" else "caller",
        state=state,
        detail="",
    )


def _recording(root: Path, number: int) -> RecordingRow:
    path = f"2026/01/05/{_recording_id(number)}.wav"
    seconds = 8 + number % 5
    sound = speech(seconds)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(wav.pack(wav.Header("alaw", len(sound))) + sound)
    return RecordingRow(
        id=_recording_id(number),
        call_id=_id(number),
        path=path,
        started_utc=_started(number) + timedelta(seconds=3),
        duration_ms=seconds * 1000,
        octets=len(sound),
        lost_octets=320 if number == 8 else 0,
        law="alaw",
        state={4: "rebuilt", 10: "failed"}.get(number, "closed"),
    )


def speech(seconds: int) -> bytes:
    """Two directions that take turns, in interleaved A-law."""
    at = np.arange(seconds * 8000) / 8000
    loud = np.abs(np.sin(at * 9)) * (1 + np.sin(at * 2.3)) * 6000
    left = loud * np.sin(at * 2 * np.pi * 310) * (np.sin(at * 1.1) > 0)
    right = loud * np.sin(at * 2 * np.pi * 205) * (np.sin(at * 1.1) <= 0)
    pcm = np.stack([left, right], axis=1).astype(np.int16)
    return bytes(np.asarray(g711.alaw_encode(pcm.reshape(-1)), np.uint8))


def _story(number: int) -> list[StoryRow]:
    call, start = _id(number), _started(number)
    rows = []
    for seq, (offset_ms, event) in enumerate(told(call, number)):
        made = event(media_ms=900_000 + offset_ms, utc=start + timedelta(milliseconds=offset_ms))
        data = json.loads(json.dumps(made.data()))
        rows.append(
            StoryRow(
                call_id=call,
                seq=seq,
                media_ms=made.media_ms,
                utc=made.utc,
                kind=type(made).__name__,
                data=data,
            )
        )
    return rows[: 9 if number == 1 else None]


def told(call: str, number: int) -> list[tuple[int, Any]]:
    """(offset in ms, constructor of the event) of one call that reaches an agent."""

    def one(offset_ms: int, of: type[ev.CallEvent], /, **fields: Any) -> tuple[int, Any]:
        return offset_ms, lambda **stamp: of(**stamp, call_id=call, **fields)

    def leg(offset_ms: int, who: str, old: str, new: str, cause: int | None = None) -> Any:
        line = "E1-1/1" if who == "caller" else "FXS-1/2" if who == "bob" else "FXS-1/1"
        role = "caller" if who == "caller" else "agent"
        party = "13800130000" if who == "caller" else who
        fields = {"leg_id": f"{call}-{who}", "role": role, "line": line, "party": party}
        return one(offset_ms, ev.LegChanged, **fields, old=old, new=new, cause=cause)

    name = HOSTILE if number == 4 else "Wang Fang"
    recording = {"recording_id": _recording_id(number), "path": "2026/01/05/x.wav"}
    done = {**recording, "duration_ms": 8000, "octets": 128_000, "lost_octets": 0}
    offered = {"direction": "in", "line": "E1-1/1", "caller": "13800130000"}
    return [
        one(0, ev.CallOffered, **offered, caller_name=name, called="66880002", flow="main"),
        leg(0, "caller", "null", "offered"),
        one(210, ev.CallAnswered),
        leg(230, "caller", "offered", "connected"),
        one(240, ev.RecordingStarted, **recording),
        one(250, ev.CallChanged, old="offered", new="flow"),
        one(255, ev.NodeEntered, flow="main", node="welcome", kind="menu"),
        one(2250, ev.PromptPlayed, prompt="welcome", outcome="interrupted"),
        one(2300, ev.DigitsKeyed, node="welcome", digits="9", outcome="invalid"),
        one(3010, ev.DigitsKeyed, node="welcome", digits="2", outcome="choice"),
        one(3020, ev.NodeEntered, flow="main", node="support", kind="queue"),
        one(3025, ev.Queued, queue="support", position=2),
        one(3500, ev.QueueMoved, queue="support", position=1),
        one(3600, ev.AgentOffered, queue="support", agent="bob", line="FXS-1/2"),
        leg(3600, "bob", "null", "dialling"),
        leg(3700, "bob", "dialling", "alerting"),
        one(5100, ev.AgentMissed, queue="support", agent="bob", reason="no answer", cause=19),
        leg(5110, "bob", "alerting", "released", 19),
        one(5200, ev.AgentOffered, queue="support", agent="alice", line="FXS-1/1"),
        leg(5200, "alice", "null", "dialling"),
        leg(5250, "alice", "dialling", "alerting"),
        leg(6400, "alice", "alerting", "connected"),
        one(6400, ev.AgentAnswered, queue="support", agent="alice", waited_ms=3375),
        one(6401, ev.QueueLeft, queue="support", outcome="answered", waited_ms=3376),
        one(6410, ev.Bridged, legs=(f"{call}-caller", f"{call}-alice")),
        one(6410, ev.CallChanged, old="ringing", new="talking"),
        leg(11_800, "caller", "connected", "clearing", 16),
        leg(11_900, "caller", "clearing", "released", 16),
        one(11_900, ev.Unbridged, legs=(f"{call}-caller", f"{call}-alice")),
        leg(12_050, "alice", "connected", "released", 16),
        one(12_100, ev.RecordingStopped, **done),
        one(12_120, ev.CallEnded, cause=16, cleared_by="caller"),
    ]
