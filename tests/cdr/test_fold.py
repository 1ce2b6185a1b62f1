"""The fold: a served call gives its record, and no order of events breaks it."""

from __future__ import annotations

import json

from hypothesis import given

from mediaserver import events as ev
from mediaserver.cdr.fold import (
    begin,
    call_row,
    fold,
    fold_all,
    recording_row,
    story_row,
)
from mediaserver.clock import VIRTUAL_EPOCH
from tests.cdr.story import all_kinds, any_story, at, leg, offered, served


def test_a_served_call() -> None:
    record = fold_all("c1", served())
    assert record is not None
    row = dict(call_row(record).values)
    assert row.pop("started_utc") == VIRTUAL_EPOCH
    assert row.pop("answered_utc") == at(200)["utc"]
    assert row.pop("ended_utc") == at(60_300)["utc"]
    assert row == {
        "id": "c1",
        "direction": "in",
        "line": "E1-1/7",
        "caller": "13800138000",
        "caller_name": "张三",
        "called": "66880100",
        "flow": "main",
        "choice": "1",
        "queue": "sales",
        "wait_ms": 20_000,
        "agent": "alice",
        "agent_line": "FXS-1/1",
        "talk_ms": 30_000,
        "cause": 16,
        "cause_text": "normal call clearing",
        "cleared_by": "caller",
        "state": "closed",
        "detail": "",
    }
    (sound,) = record.sounds
    stored = recording_row("c1", sound, "ulaw").values
    assert (stored["state"], stored["octets"], stored["law"]) == ("closed", 959_200, "ulaw")


def test_what_a_call_costs_is_in_its_record() -> None:
    def told(ms: int, leg_id: str, what: str, text: str) -> ev.LineTold:
        of = {"call_id": "c1", "leg_id": leg_id, "line": "E1-1/7"}
        return ev.LineTold(**of, **at(ms), what=what, text=text)

    story = [
        offered(),
        told(10, "L2", "connected", "10086"),
        told(20, "L2", "charge", "3 units"),
        told(30, "L3", "charged", "0.20 CNY"),
        told(40, "L2", "charged", "5 units"),
        ev.CallEnded(call_id="c1", **at(50), cause=16, cleared_by="caller", detail="why"),
        told(60, "L2", "charged", "6 units"),
    ]
    record = fold_all("c1", story)
    assert record is not None
    assert call_row(record).values["detail"] == "why; cost: 5 units, 0.20 CNY"


def test_a_caller_who_hangs_up_while_waiting_has_waited() -> None:
    story = [
        offered(),
        ev.Queued(call_id="c1", **at(1000), queue="q", position=1),
        ev.CallEnded(call_id="c1", **at(6000), cause=16, cleared_by="caller"),
    ]
    record = fold_all("c1", story)
    assert record is not None and record.wait_ms == 5000 and record.agent == ""


def test_waits_and_talks_add_up_and_the_last_agent_counts() -> None:
    story: list[ev.Event] = [offered()]
    for start, agent, line in ((0, "alice", "FXS-1/1"), (10_000, "bob", "FXS-1/2")):
        c = {"call_id": "c1"}
        story += [
            ev.Queued(**c, **at(start), queue="q", position=1),
            ev.AgentOffered(**c, **at(start), queue="q", agent=agent, line=line),
            leg(start + 1000, "agent", "connected", line),
            ev.AgentAnswered(**c, **at(start + 1000), queue="q", agent=agent, waited_ms=1000),
            ev.QueueLeft(**c, **at(start + 1000), queue="q", outcome="answered", waited_ms=1000),
            ev.Bridged(**c, **at(start + 1000), legs=("a", "b")),
            ev.Unbridged(**c, **at(start + 3000), legs=("a", "b")),
        ]
    record = fold_all("c1", story)
    assert record is not None
    assert (record.wait_ms, record.talk_ms) == (2000, 4000)
    assert (record.agent, record.agent_line) == ("bob", "FXS-1/2")


def test_time_in_a_conference_is_talk() -> None:
    c = {"call_id": "c1", "room": "70"}
    story = [
        offered(),
        ev.ConferenceJoined(**c, **at(1000), people=1),
        ev.ConferenceLeft(**c, **at(6000), people=0, stayed_ms=5000),
    ]
    record = fold_all("c1", story)
    assert record is not None and record.talk_ms == 5000


def test_an_ended_call_changes_no_more_but_for_its_recordings() -> None:
    ended = fold_all("c1", served())
    assert ended is not None
    for late in (offered(99_000, caller="other"), leg(99_000, "agent", "connected", "X/1")):
        assert fold(ended, late) == ended
    failed = ev.RecordingFailed(call_id="c1", **at(99_000), recording_id="r2", reason="disk full")
    after = fold(ended, failed)
    assert call_row(after) == call_row(ended)
    assert {s.id: s.state for s in after.sounds} == {"r-c1": "closed", "r2": "failed"}


def test_every_kind_of_call_event_is_tried_below() -> None:
    defined = {
        kind
        for kind in vars(ev).values()
        if isinstance(kind, type) and issubclass(kind, ev.CallEvent) and kind is not ev.CallEvent
    }
    assert all_kinds() == defined


@given(story=any_story())
def test_any_order_of_events_gives_a_sound_record(story: list[ev.CallEvent]) -> None:
    record = fold_all("c1", story)
    if not story:
        assert record is None
        return
    assert record is not None
    ends = [e for e in story if isinstance(e, ev.CallEnded)]
    assert record.state == ("closed" if ends else "open")
    assert (record.cause, record.ended_utc) == (
        (ends[0].cause, ends[0].utc) if ends else (None, None)
    )
    length = (ends[0] if ends else story[-1]).media_ms - story[0].media_ms
    assert 0 <= record.wait_ms <= length
    assert 0 <= record.talk_ms <= length
    assert record.started_utc == story[0].utc
    named = {e.recording_id for e in story if hasattr(e, "recording_id")}
    assert sorted(s.id for s in record.sounds) == sorted(named)
    call_row(record)  # raises unless every column is there


@given(story=any_story())
def test_folding_in_two_parts_is_folding_the_whole(story: list[ev.CallEvent]) -> None:
    if not story:
        return
    half = len(story) // 2
    first = fold_all("c1", story[:half])
    record = first or begin("c1", story[0])
    for event in story[half:]:
        record = fold(record, event)
    assert record == fold_all("c1", story)


@given(story=any_story())
def test_each_event_has_its_story_row_with_media_time(story: list[ev.CallEvent]) -> None:
    for seq, event in enumerate(story):
        row = story_row("c1", seq, event).values
        assert (row["seq"], row["media_ms"], row["utc"]) == (seq, event.media_ms, event.utc)
        assert row["kind"] == type(event).__name__
        told = json.loads(json.dumps(row["data"]))
        assert set(told) == set(event.data())
