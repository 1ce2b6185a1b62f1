"""Domain events: what happens to calls, agents, queues, lines and the system.

Frozen dataclasses published on the bus; everything downstream (records, story,
recorder, CTI, console) is folded from them. `media_ms` is media time, the
engine's sample clock since start; `utc` is for people and records only.
Digits keyed where a flow says "secret" are redacted before an event is made.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: when, in media time and in UTC."""

    media_ms: int
    utc: datetime

    def data(self) -> dict[str, Any]:
        """The event's own fields, for the story and for CTI."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _COMMON}


_COMMON = frozenset({"media_ms", "utc", "call_id"})


# ---- calls -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent(Event):
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered(CallEvent):
    """A call exists: `direction` is "in" (from a line) or "out" (we dial)."""

    direction: str
    line: str  # "E1-1/7"
    caller: str
    caller_name: str
    called: str
    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallEvent):
    """We answered the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged(CallEvent):
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegChanged(CallEvent):
    """One party's connection moved; `cause` once it is being cleared."""

    leg_id: str
    role: str  # "caller" | "agent" | "party"
    line: str
    party: str  # the number or agent at the far end
    old: str
    new: str
    cause: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntered(CallEvent):
    flow: str
    node: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsKeyed(CallEvent):
    node: str
    digits: str  # "•" for each digit where the node is secret
    outcome: str  # "choice" | "collected" | "invalid" | "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPlayed(CallEvent):
    prompt: str
    outcome: str  # "done" | "interrupted" | "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneHeard(CallEvent):
    """An exchange's tone, voice, or a fax machine is heard on a leg's line."""

    leg_id: str
    line: str
    tone: str  # "ringback", "busy", "voice", "cng" …
    level_dbm0: float


#: "waiting": another call waits on this one's line, and "text" says whose; "flashed": it is taken,
#: or the two are swapped, by a flash.
LINE_TOLD: tuple[str, ...] = (
    "redirected",
    "subaddress",
    "connected",
    "charge",
    "charged",
    "joining",
    "waiting",
    "flashed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTold(CallEvent):
    """What a leg's far exchange says of the call besides its numbers."""

    leg_id: str
    line: str
    what: str  # one of LINE_TOLD
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    cause: int
    cleared_by: str  # "caller" | "agent" | "system" | "line"
    detail: str = ""


# ---- queues and agents -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(CallEvent):
    queue: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMoved(CallEvent):
    queue: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLeft(CallEvent):
    queue: str
    outcome: str  # "answered" | "abandoned" | "overflow"
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOffered(CallEvent):
    queue: str
    agent: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMissed(CallEvent):
    queue: str
    agent: str
    reason: str  # "no answer" | "busy" | "failed" | "caller gone"
    cause: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswered(CallEvent):
    queue: str
    agent: str
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged(CallEvent):
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbridged(CallEvent):
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Event):
    agent: str
    old: str
    new: str
    reason: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(CallEvent):
    """A party has put the call on hold and talks in another one, over the same line."""

    leg_id: str
    line: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved(CallEvent):
    """The party that had put the call on hold is back in it."""

    leg_id: str
    line: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceJoined(CallEvent):
    room: str
    people: int  # in the room now


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceLeft(CallEvent):
    room: str
    people: int
    stayed_ms: int


# ---- recording -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(CallEvent):
    recording_id: str
    path: str  # relative to the recordings' root


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStopped(CallEvent):
    recording_id: str
    path: str
    duration_ms: int
    octets: int
    lost_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(CallEvent):
    recording_id: str
    reason: str


# ---- lines and system ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanChanged(Event):
    """Signalling state and alarms of a span after a change."""

    span: str
    up: bool
    alarms: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChanged(Event):
    """What a timeslot or port is doing: "idle", "ringing", "busy", "talking", "blocked"."""

    span: str
    channel: int
    state: str
    call_id: str | None = None
    party: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemAlarm(Event):
    """A condition people must know of, raised and cleared by name ("disk", "database", …).

    said : `text` as a sentence's code and values, None where there is none (see `alarms`).
    """

    name: str
    active: bool
    text: str
    said: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShed(Event):
    """The media engine leaves out more, or less, because of the time its ticks take."""

    level: int  # 0: nothing is left out
    before: int
    left_out: tuple[str, ...]
    percent: int  # of its time that a tick took
