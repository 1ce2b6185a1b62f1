"""The board: each event's word and rows, and that a mirror fed with them equals it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mediaserver import events as ev
from mediaserver.bus import Bus
from mediaserver.cti.board import _HANDLERS, Board, ServerInfo
from mediaserver.cti.feed import Feed
from mediaserver.cti.messages import encode
from mediaserver.cti.mirror import Mirror
from mediaserver.cti.words import WORDS
from tests.cti.rig import INVENTORY, STARTED

CALL = {
    "direction": "in",
    "line": "E1-1/1",
    "caller": "138",
    "caller_name": "王小明",
    "called": "668",
    "flow": "main",
}


class FixedClock:
    def utc(self) -> Any:
        return STARTED


def make() -> tuple[Bus, Board, Feed]:
    bus = Bus()
    board = Board(ServerInfo("Test", "0.1.0", STARTED), INVENTORY)
    return bus, board, Feed(bus, board, FixedClock())  # type: ignore[arg-type]


def event(kind: type[ev.Event], /, **fields: Any) -> ev.Event:
    return kind(media_ms=1, utc=STARTED, **fields)


def snapshot(board: Board) -> dict[str, Any]:
    return json.loads(encode(board.snapshot(0, {})))


def all_kinds(kind: type[ev.Event] = ev.Event) -> set[type[ev.Event]]:
    found = set()
    for below in kind.__subclasses__():
        found |= {below} | all_kinds(below)
    return found


def test_every_domain_event_has_a_word() -> None:
    names = {kind.__name__ for kind in all_kinds()}
    assert names - {"CallEvent"} == {kind.__name__ for kind in _HANDLERS}


def test_one_call_from_offer_to_end() -> None:
    _, board, _ = make()
    steps: list[tuple[ev.Event, str, dict[str, Any]]] = [
        (event(ev.CallOffered, call_id="c", **CALL), "Offered", {"state": "offered"}),
        (event(ev.CallChanged, call_id="c", old="offered", new="flow"), "CallState", {}),
        (event(ev.NodeEntered, call_id="c", flow="main", node="menu", kind="menu"), "Node", {}),
        (
            event(ev.DigitsKeyed, call_id="c", node="menu", digits="1", outcome="choice"),
            "Digits",
            {"choice": "1", "node": "menu", "state": "flow"},
        ),
        (
            event(ev.DigitsKeyed, call_id="c", node="pin", digits="••", outcome="collected"),
            "Digits",
            {"choice": "1"},
        ),
        (
            event(ev.Queued, call_id="c", queue="sales", position=1),
            "Queued",
            {"queue": "sales", "position": 1},
        ),
        (
            event(ev.AgentOffered, call_id="c", queue="sales", agent="bob", line="FXS-1/2"),
            "Delivered",
            {"agent": "bob"},
        ),
        (
            event(ev.AgentMissed, call_id="c", queue="sales", agent="bob", reason="no answer"),
            "Diverted",
            {"agent": None},
        ),
        (
            event(ev.AgentAnswered, call_id="c", queue="sales", agent="alice", waited_ms=9),
            "Established",
            {"agent": "alice"},
        ),
        (
            event(ev.QueueLeft, call_id="c", queue="sales", outcome="answered", waited_ms=9),
            "QueueLeft",
            {"position": None, "queued_utc": None, "queue": "sales"},
        ),
        (
            event(ev.RecordingStarted, call_id="c", recording_id="r", path="x"),
            "Recording",
            {"recording": True},
        ),
        (
            event(ev.RecordingFailed, call_id="c", recording_id="r", reason="disk full"),
            "Recording",
            {"recording": False},
        ),
    ]
    for happened, word, row in steps:
        update = board.apply(happened)
        assert update.word == word
        assert {**board.calls["c"], **row} == board.calls["c"], word
    assert board.agents["bob"]["missed"] == 1
    assert board.agents["alice"]["answered"] == 1
    assert board.queues["sales"] == {
        "name": "sales",
        "waiting": [],
        "answered": 1,
        "abandoned": 0,
        "overflowed": 0,
    }
    end = board.apply(event(ev.CallEnded, call_id="c", cause=16, cleared_by="caller"))
    assert end.changes == {"calls": [{"id": "c", "gone": True}]}
    assert board.calls == {}


def test_positions_follow_the_order_of_waiting() -> None:
    _, board, _ = make()
    for name in "abc":
        board.apply(event(ev.CallOffered, call_id=name, **CALL))
        board.apply(event(ev.Queued, call_id=name, queue="sales", position="abc".index(name) + 1))
    left = board.apply(
        event(ev.QueueLeft, call_id="a", queue="sales", outcome="abandoned", waited_ms=1)
    )
    waiting = left.changes["queues"][0]["waiting"]
    assert [(w["call_id"], w["position"]) for w in waiting] == [("b", 1), ("c", 2)]
    moved = board.apply(event(ev.QueueMoved, call_id="b", queue="sales", position=1))
    assert "queues" not in moved.changes  # right already
    assert moved.changes["calls"][0]["position"] == 1  # type: ignore[typeddict-item]
    board.apply(event(ev.QueueMoved, call_id="c", queue="sales", position=1))
    assert [w["call_id"] for w in board.queues["sales"]["waiting"]] == ["c", "b"]
    board.apply(event(ev.CallEnded, call_id="c", cause=16, cleared_by="caller"))
    assert [w["call_id"] for w in board.queues["sales"]["waiting"]] == ["b"]


def test_caller_gone_is_no_missed_call() -> None:
    _, board, _ = make()
    board.apply(event(ev.CallOffered, call_id="c", **CALL))
    board.apply(
        event(ev.AgentMissed, call_id="c", queue="sales", agent="bob", reason="caller gone")
    )
    assert board.agents["bob"]["missed"] == 0


def test_alarm_keeps_its_beginning_and_goes() -> None:
    _, board, _ = make()
    board.apply(event(ev.SystemAlarm, name="disk", active=True, text="5 % free"))
    board.apply(event(ev.SystemAlarm, name="disk", active=True, text="4 % free"))
    assert [(a["text"]) for a in board.alarms.values()] == ["4 % free"]
    gone = board.apply(event(ev.SystemAlarm, name="disk", active=False, text=""))
    assert gone.changes == {"alarms": [{"name": "disk", "gone": True}]}


def test_unknown_things_get_rows() -> None:
    _, board, _ = make()
    board.apply(event(ev.ChannelChanged, span="E1-9", channel=4, state="busy", call_id="c"))
    board.apply(event(ev.AgentChanged, agent="new", old="", new="ready", reason=""))
    board.apply(event(ev.QueueLeft, call_id="x", queue="q9", outcome="overflow", waited_ms=1))
    shot = snapshot(board)
    assert shot["spans"][-1]["channels"][0]["number"] == 4
    assert shot["agents"][-1]["name"] == "new"
    assert shot["queues"][-1]["overflowed"] == 1


CALLS = st.sampled_from(["c1", "c2", "c3"])
QUEUES = st.sampled_from(["sales", "support"])
AGENTS = st.sampled_from(["alice", "bob", "carol"])
PLACE = st.integers(1, 4)


def made(kind: type[ev.Event], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[ev.Event]:
    return st.builds(kind, media_ms=st.just(1), utc=st.just(STARTED), **fields)


ANY_EVENT = st.one_of(
    made(
        ev.CallOffered,
        call_id=CALLS,
        **{name: st.just(value) for name, value in CALL.items()},
    ),
    made(ev.CallChanged, call_id=CALLS, old=st.just("flow"), new=st.just("queued")),
    made(ev.CallEnded, call_id=CALLS, cause=st.just(16), cleared_by=st.just("caller")),
    made(ev.Queued, call_id=CALLS, queue=QUEUES, position=PLACE),
    made(ev.QueueMoved, call_id=CALLS, queue=QUEUES, position=PLACE),
    made(
        ev.QueueLeft,
        call_id=CALLS,
        queue=QUEUES,
        outcome=st.sampled_from(["answered", "abandoned", "overflow"]),
        waited_ms=st.just(1),
    ),
    made(ev.AgentOffered, call_id=CALLS, queue=QUEUES, agent=AGENTS, line=st.just("")),
    made(ev.AgentAnswered, call_id=CALLS, queue=QUEUES, agent=AGENTS, waited_ms=st.just(1)),
    made(ev.AgentMissed, call_id=CALLS, queue=QUEUES, agent=AGENTS, reason=st.just("no answer")),
    made(
        ev.AgentChanged,
        agent=AGENTS,
        old=st.just("ready"),
        new=st.sampled_from(["ready", "talking"]),
        reason=st.just(""),
        call_id=st.none() | CALLS,
    ),
    made(
        ev.SpanChanged,
        span=st.sampled_from(["E1-1", "E1-7"]),
        up=st.booleans(),
        alarms=st.sampled_from([(), ("red",)]),
    ),
    made(
        ev.ChannelChanged,
        span=st.sampled_from(["E1-1", "E1-8"]),
        channel=st.integers(1, 3),
        state=st.sampled_from(["idle", "talking"]),
        call_id=st.none() | CALLS,
    ),
    made(
        ev.SystemAlarm,
        name=st.sampled_from(["disk", "database"]),
        active=st.booleans(),
        text=st.just("x"),
    ),
    made(ev.RecordingStarted, call_id=CALLS, recording_id=st.just("r"), path=st.just("p")),
)


def by_key(shot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot in which the order of rows does not count (that of waiting does)."""
    keys = {"spans": "name", "queues": "name", "agents": "name", "calls": "id", "alarms": "name"}
    tables = {table: {row[key]: row for row in shot[table]} for table, key in keys.items()}
    for span in tables["spans"].values():
        span["channels"] = {row["number"]: row for row in span["channels"]}
    return tables


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_EVENT, max_size=40), st.integers(0, 40))
def test_a_mirror_fed_with_events_equals_the_board(happened: list[ev.Event], cut: int) -> None:
    """Whatever happens, and wherever the snapshot was taken."""
    bus, board, feed = make()
    mirror = None
    for number, one in enumerate([*happened, event(ev.CallAnswered, call_id="c1")]):
        if number == min(cut, len(happened)):
            mirror = Mirror(json.loads(encode(board.snapshot(feed.seq, {}))))
        bus.publish(one)
        if mirror is not None:
            mirror.apply(json.loads(feed.line_after(feed.seq - 1)))
    assert mirror is not None
    truth = json.loads(encode(board.snapshot(feed.seq, {})))
    assert by_key(mirror.copy()) == by_key(truth)
    assert mirror.seq == feed.seq
    for queue in truth["queues"]:
        assert [w["position"] for w in queue["waiting"]] == [
            n + 1 for n in range(len(queue["waiting"]))
        ]


def test_words_are_documented() -> None:
    _, board, _ = make()
    sample: dict[type[ev.Event], ev.Event] = {}

    @settings(max_examples=200, deadline=None, database=None)
    @given(ANY_EVENT)
    def collect(one: ev.Event) -> None:
        sample[type(one)] = one

    collect()
    assert {board.apply(one).word for one in sample.values()} <= set(WORDS)
