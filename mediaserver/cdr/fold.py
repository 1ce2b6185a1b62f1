"""A call's record, folded from its events: pure, so that any story gives one record.

`fold(record, event)` takes the next event of one call. Nothing in it fails on
an unexpected order: a record of a call that went oddly is worth most. Times
in the record are media time; UTC is for people. The first CallEnded closes
the record: afterwards only its recordings still change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from drivers import cause as causes
from mediaserver.db.rows import Upsert
from mediaserver.events import (
    AgentAnswered,
    AgentOffered,
    Bridged,
    CallAnswered,
    CallEnded,
    CallOffered,
    ConferenceJoined,
    ConferenceLeft,
    DigitsKeyed,
    Event,
    LegChanged,
    LineTold,
    Queued,
    QueueLeft,
    RecordingFailed,
    RecordingStarted,
    RecordingStopped,
    Unbridged,
)


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording of a call, as far as its events tell."""

    id: str
    started_utc: datetime
    path: str = ""
    duration_ms: int = 0
    octets: int = 0
    lost_octets: int = 0
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Record:
    """The columns of a call's row, and what the fold must remember to fill them."""

    id: str
    started_utc: datetime
    answered_utc: datetime | None = None
    ended_utc: datetime | None = None
    direction: str = ""
    line: str = ""
    caller: str = ""
    caller_name: str = ""
    called: str = ""
    flow: str = ""
    choice: str = ""
    queue: str = ""
    wait_ms: int = 0
    agent: str = ""
    agent_line: str = ""
    talk_ms: int = 0
    cause: int | None = None
    cause_text: str = ""
    cleared_by: str = ""
    state: str = "open"
    detail: str = ""
    queued_at_ms: int | None = None  # media time; None while not in a queue
    talking_at_ms: int | None = None  # the same for talk
    rung: str = ""  # the line that was offered to an agent last
    charges: tuple[tuple[str, str], ...] = ()  # what each leg costs, as its exchange said last
    sounds: tuple[Sound, ...] = ()


def begin(call_id: str, event: Event) -> Record:
    """The record of a call whose first event is `event`, before it is folded in."""
    return Record(call_id, event.utc)


def fold(record: Record, event: Event) -> Record:
    """`record` after `event`, an event of that call."""
    sound = _SOUND.get(type(event))
    if sound is not None:
        return _with_sound(record, sound(_sound_of(record, event), event))
    step = _STEPS.get(type(event))
    if step is None or record.state != "open":
        return record
    return replace(record, **step(record, event))


def fold_all(call_id: str, events: Iterable[Event]) -> Record | None:
    """The record of a whole story; None for no events."""
    record: Record | None = None
    for event in events:
        record = fold(record or begin(call_id, event), event)
    return record


# ---- the call: what each event changes --------------------------------------


def _offered(record: Record, event: CallOffered) -> dict[str, Any]:
    keys = ("direction", "line", "caller", "caller_name", "called", "flow")
    return {key: getattr(event, key) for key in keys}


def _leg(record: Record, event: LegChanged) -> dict[str, Any]:
    if event.role == "caller":
        return {"line": record.line or event.line, "caller": record.caller or event.party}
    return {"agent_line": event.line} if event.new == "connected" else {}


def _answered(record: Record, event: CallAnswered) -> dict[str, Any]:
    return {"answered_utc": record.answered_utc or event.utc}


def _keyed(record: Record, event: DigitsKeyed) -> dict[str, Any]:
    return {"choice": event.digits} if event.outcome == "choice" else {}


def _queued(record: Record, event: Queued) -> dict[str, Any]:
    return {**_waited(record, event), "queue": event.queue, "queued_at_ms": event.media_ms}


def _waited(record: Record, event: Event) -> dict[str, Any]:
    """Wait so far; by the clock, so that it counts also where QueueLeft never came."""
    if record.queued_at_ms is None:
        return {}
    waited = max(0, event.media_ms - record.queued_at_ms)
    return {"wait_ms": record.wait_ms + waited, "queued_at_ms": None}


def _rung(record: Record, event: AgentOffered) -> dict[str, Any]:
    return {"rung": event.line}


def _taken(record: Record, event: AgentAnswered) -> dict[str, Any]:
    return {"agent": event.agent, "agent_line": record.agent_line or record.rung}


def _bridged(record: Record, event: Event) -> dict[str, Any]:
    return {"talking_at_ms": event.media_ms} if record.talking_at_ms is None else {}


def _talked(record: Record, event: Event) -> dict[str, Any]:
    if record.talking_at_ms is None:
        return {}
    talked = max(0, event.media_ms - record.talking_at_ms)
    return {"talk_ms": record.talk_ms + talked, "talking_at_ms": None}


def _charged(record: Record, event: LineTold) -> dict[str, Any]:
    """The newest advice of charge of each leg; the last one has all of it."""
    if event.what not in ("charge", "charged"):
        return {}
    return {"charges": tuple({**dict(record.charges), event.leg_id: event.text}.items())}


def _ended(record: Record, event: CallEnded) -> dict[str, Any]:
    return {
        **_waited(record, event),
        **_talked(record, event),
        "ended_utc": event.utc,
        "cause": event.cause,
        "cause_text": causes.text(event.cause),
        "cleared_by": event.cleared_by,
        "detail": "; ".join(filter(None, (event.detail, _cost(record)))),
        "state": "closed",
    }


def _cost(record: Record) -> str:
    texts = ", ".join(text for _, text in record.charges)
    return f"cost: {texts}" if texts else ""


_STEPS: dict[type[Event], Callable[[Record, Any], dict[str, Any]]] = {
    CallOffered: _offered,
    LegChanged: _leg,
    CallAnswered: _answered,
    DigitsKeyed: _keyed,
    Queued: _queued,
    QueueLeft: _waited,
    AgentOffered: _rung,
    AgentAnswered: _taken,
    Bridged: _bridged,
    Unbridged: _talked,
    ConferenceJoined: _bridged,
    ConferenceLeft: _talked,
    LineTold: _charged,
    CallEnded: _ended,
}


# ---- its recordings ----------------------------------------------------------


def _started(sound: Sound, event: RecordingStarted) -> Sound:
    return replace(sound, path=event.path, started_utc=event.utc)


def _stopped(sound: Sound, event: RecordingStopped) -> Sound:
    return replace(
        sound,
        path=event.path,
        duration_ms=event.duration_ms,
        octets=event.octets,
        lost_octets=event.lost_octets,
        state="closed",
    )


def _failed(sound: Sound, event: RecordingFailed) -> Sound:
    return replace(sound, state="failed")


_SOUND: dict[type[Event], Callable[[Sound, Any], Sound]] = {
    RecordingStarted: _started,
    RecordingStopped: _stopped,
    RecordingFailed: _failed,
}


def _sound_of(record: Record, event: Any) -> Sound:
    known = (sound for sound in record.sounds if sound.id == event.recording_id)
    return next(known, Sound(event.recording_id, event.utc))


def _with_sound(record: Record, sound: Sound) -> Record:
    others = tuple(s for s in record.sounds if s.id != sound.id)
    return replace(record, sounds=(*others, sound))


# ---- rows --------------------------------------------------------------------

_KEPT_INSIDE = frozenset({"queued_at_ms", "talking_at_ms", "rung", "charges", "sounds"})
_COLUMNS = tuple(f for f in Record.__slots__ if f not in _KEPT_INSIDE)


def call_row(record: Record) -> Upsert:
    return Upsert("calls", {column: getattr(record, column) for column in _COLUMNS})


def recording_row(call_id: str, sound: Sound, law: str) -> Upsert:
    values = {field: getattr(sound, field) for field in Sound.__slots__}
    return Upsert("recordings", {**values, "call_id": call_id, "law": law})


def story_row(call_id: str, seq: int, event: Event) -> Upsert:
    """Event number `seq` (from 0) of a call's story."""
    return Upsert(
        "story",
        {
            "call_id": call_id,
            "seq": seq,
            "media_ms": event.media_ms,
            "utc": event.utc,
            "kind": type(event).__name__,
            "data": event.data(),
        },
    )
