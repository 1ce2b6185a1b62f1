"""Events of calls, for tests: any of them in any order, and whole plausible calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from mediaserver import events as ev
from mediaserver.clock import VIRTUAL_EPOCH


def at(ms: int) -> dict[str, Any]:
    return {"media_ms": ms, "utc": VIRTUAL_EPOCH + timedelta(milliseconds=ms)}


def offered(ms: int = 0, call_id: str = "c1", **changes: Any) -> ev.CallOffered:
    values = {
        "direction": "in",
        "line": "E1-1/7",
        "caller": "13800138000",
        "caller_name": "张三",
        "called": "66880100",
        "flow": "main",
    }
    return ev.CallOffered(call_id=call_id, **at(ms), **(values | changes))


def leg(ms: int, role: str, new: str, line: str, call_id: str = "c1") -> ev.LegChanged:
    return ev.LegChanged(
        call_id=call_id,
        leg_id=f"{role}-1",
        role=role,
        line=line,
        party="13800138000" if role == "caller" else "alice",
        old="null",
        new=new,
        **at(ms),
    )


def served(call_id: str = "c1", start: int = 0) -> list[ev.Event]:
    """A caller who chooses sales, waits 20 s, talks 30 s with alice, and hangs up."""
    c: dict[str, Any] = {"call_id": call_id}

    def t(ms: int) -> dict[str, Any]:
        return {**c, **at(start + ms)}

    return [
        leg(start, "caller", "offered", "E1-1/7", call_id),
        offered(start + 100, call_id),
        ev.CallAnswered(**t(200)),
        ev.NodeEntered(**t(200), flow="main", node="menu", kind="menu"),
        ev.RecordingStarted(**t(250), recording_id=f"r-{call_id}", path="2026/01/05/x.wav"),
        ev.DigitsKeyed(**t(5000), node="menu", digits="9", outcome="invalid"),
        ev.DigitsKeyed(**t(8000), node="menu", digits="1", outcome="choice"),
        ev.DigitsKeyed(**t(9000), node="pin", digits="••••", outcome="collected"),
        ev.Queued(**t(10_000), queue="sales", position=2),
        ev.QueueMoved(**t(15_000), queue="sales", position=1),
        ev.AgentOffered(**t(16_000), queue="sales", agent="bob", line="FXS-1/2"),
        ev.AgentMissed(**t(20_000), queue="sales", agent="bob", reason="no answer", cause=19),
        ev.AgentOffered(**t(20_000), queue="sales", agent="alice", line="FXS-1/1"),
        leg(start + 30_000, "agent", "connected", "FXS-1/1", call_id),
        ev.AgentAnswered(**t(30_000), queue="sales", agent="alice", waited_ms=20_000),
        ev.QueueLeft(**t(30_000), queue="sales", outcome="answered", waited_ms=20_000),
        ev.Bridged(**t(30_100), legs=("a", "b")),
        ev.Unbridged(**t(60_100), legs=("a", "b")),
        ev.RecordingStopped(
            **t(60_200),
            recording_id=f"r-{call_id}",
            path="2026/01/05/x.wav",
            duration_ms=59_950,
            octets=959_200,
            lost_octets=0,
        ),
        ev.CallEnded(**t(60_300), cause=16, cleared_by="caller"),
    ]


_TEXT = st.text(max_size=6)
_ID = st.sampled_from(["r1", "r2"])
_COUNT = st.integers(0, 10**9)
_FIELDS: dict[type[ev.CallEvent], dict[str, st.SearchStrategy[Any]]] = {
    ev.CallOffered: dict.fromkeys(
        ("direction", "line", "caller", "caller_name", "called", "flow"), _TEXT
    ),
    ev.CallAnswered: {},
    ev.CallChanged: {"old": _TEXT, "new": _TEXT},
    ev.LegChanged: {
        "leg_id": _TEXT,
        "role": st.sampled_from(["caller", "agent", "party"]),
        "line": _TEXT,
        "party": _TEXT,
        "old": _TEXT,
        "new": st.sampled_from(["offered", "connected", "released"]),
        "cause": st.none() | st.integers(0, 127),
    },
    ev.NodeEntered: {"flow": _TEXT, "node": _TEXT, "kind": _TEXT},
    ev.DigitsKeyed: {
        "node": _TEXT,
        "digits": st.text("0123456789*#•", max_size=4),
        "outcome": st.sampled_from(["choice", "collected", "invalid", "timeout"]),
    },
    ev.PromptPlayed: {"prompt": _TEXT, "outcome": _TEXT},
    ev.CallEnded: {"cause": st.integers(0, 127), "cleared_by": _TEXT, "detail": _TEXT},
    ev.Queued: {"queue": _TEXT, "position": _COUNT},
    ev.QueueMoved: {"queue": _TEXT, "position": _COUNT},
    ev.QueueLeft: {"queue": _TEXT, "outcome": _TEXT, "waited_ms": _COUNT},
    ev.AgentOffered: {"queue": _TEXT, "agent": _TEXT, "line": _TEXT},
    ev.AgentMissed: {"queue": _TEXT, "agent": _TEXT, "reason": _TEXT},
    ev.AgentAnswered: {"queue": _TEXT, "agent": _TEXT, "waited_ms": _COUNT},
    ev.Bridged: {"legs": st.tuples(_TEXT, _TEXT)},
    ev.Unbridged: {"legs": st.tuples(_TEXT, _TEXT)},
    ev.Held: {"leg_id": _TEXT, "line": _TEXT, "party": _TEXT},
    ev.Retrieved: {"leg_id": _TEXT, "line": _TEXT, "party": _TEXT},
    ev.ConferenceJoined: {"room": _TEXT, "people": _COUNT},
    ev.ConferenceLeft: {"room": _TEXT, "people": _COUNT, "stayed_ms": _COUNT},
    ev.RecordingStarted: {"recording_id": _ID, "path": _TEXT},
    ev.RecordingStopped: {
        "recording_id": _ID,
        "path": _TEXT,
        "duration_ms": _COUNT,
        "octets": _COUNT,
        "lost_octets": _COUNT,
    },
    ev.ToneHeard: {
        "leg_id": _TEXT,
        "line": _TEXT,
        "tone": _TEXT,
        "level_dbm0": st.floats(-99, 3),
    },
    ev.LineTold: {"leg_id": _TEXT, "line": _TEXT, "what": _TEXT, "text": _TEXT},
    ev.RecordingFailed: {"recording_id": _ID, "reason": _TEXT},
}


@st.composite
def any_story(draw: st.DrawFn) -> list[ev.CallEvent]:
    """Events of one call in any order, in media time."""
    out, ms = [], 0
    for kind in draw(st.lists(st.sampled_from(list(_FIELDS)), max_size=25)):
        ms += draw(st.integers(0, 5000))
        fields = {name: draw(strategy) for name, strategy in _FIELDS[kind].items()}
        out.append(kind(call_id="c1", **at(ms), **fields))
    return out


def all_kinds() -> set[type[ev.Event]]:
    return set(_FIELDS)
