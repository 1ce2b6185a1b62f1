"""The rows of the board: what a snapshot is made of and events change.

Each has the shape that clients see; a row's key is in its docstring.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

CALL_STATES = ("offered", "flow", "queued", "ringing", "talking", "clearing", "ended")
AGENT_STATES = ("logged_out", "ready", "ringing", "talking", "wrap_up", "away")
CHANNEL_STATES = ("idle", "ringing", "busy", "talking", "blocked")


def one_of(values: tuple[str, ...], text: str) -> Any:
    """A described string of which these are the known values."""
    return Field(description=text, json_schema_extra={"enum": list(values)})


Utc = Annotated[str, Field(description="UTC, ISO 8601 with milliseconds and a Z")]
CallState = Annotated[str, one_of(CALL_STATES, "state of a call")]
AgentState = Annotated[str, one_of(AGENT_STATES, "state of an agent")]
ChannelState = Annotated[str, one_of(CHANNEL_STATES, "what a timeslot or port is doing")]


class SaidData(TypedDict):
    """A sentence for another language, or a program: a value may be a sentence in its turn."""

    code: str
    values: dict[str, Any]


# ---- rows of the snapshot ---------------------------------------------------


class ChannelRow(TypedDict):
    """A timeslot or port; key: span and number."""

    span: str
    number: int
    state: ChannelState
    call_id: str | None
    party: Annotated[str, Field(description="number or agent at the far end, if known")]
    since_utc: Utc


class SpanRow(TypedDict):
    """A line interface; key: name."""

    name: str
    kind: Annotated[str, Field(description="e1, fxs or fxo")]
    signalling: Annotated[str, Field(description="pri, analog, …")]
    up: bool
    alarms: Annotated[list[str], Field(description="red, ais, rai")]


class SpanTree(SpanRow):
    """A span of the snapshot, with its channels."""

    channels: list[ChannelRow]


class CallRow(TypedDict):
    """A live call; key: id. It leaves the board when it has ended."""

    id: str
    state: CallState
    direction: Annotated[str, Field(description="in or out")]
    caller: str
    caller_name: str
    called: str
    line: Annotated[str, Field(description='span and channel, "E1-1/7"')]
    flow: str
    node: str
    choice: Annotated[str, Field(description="last menu choice; • for each secret digit")]
    queue: str | None
    position: Annotated[int | None, Field(description="place in the queue, from 1; or null")]
    since_utc: Utc
    queued_utc: Utc | None
    agent: Annotated[str | None, Field(description="the agent being rung or talking")]
    recording: bool


class WaitingRow(TypedDict):
    """One caller in a queue, first come first."""

    call_id: str
    caller: str
    caller_name: str
    position: int
    since_utc: Utc


class QueueRow(TypedDict):
    """A queue and its counts since the server's start; key: name."""

    name: str
    waiting: list[WaitingRow]
    answered: int
    abandoned: int
    overflowed: int


class AgentRow(TypedDict):
    """An agent; key: name."""

    name: str
    display: str
    number: str
    line: Annotated[str, Field(description="a port, or the trunk group the number lies behind")]
    state: AgentState
    since_utc: Utc
    call_id: str | None
    answered: int
    missed: int


class AlarmRow(TypedDict):
    """A condition people must know of; key: name. It leaves the board when cleared."""

    name: str
    text: str
    said: Annotated[SaidData | None, Field(description="text as a sentence's code and values")]
    since_utc: Utc


class EngineRow(TypedDict):
    """The media engines' counters, by name, summed over the engines."""

    counters: dict[str, int | float]


class ServerRow(TypedDict):
    name: str
    version: str
    started_utc: Utc
    realtime: Annotated[bool, Field(description="the media thread has real-time priority")]
    engine: EngineRow


class Snapshot(TypedDict):
    """Everything on the board after the event `seq`."""

    server: ServerRow
    spans: list[SpanTree]
    calls: list[CallRow]
    queues: list[QueueRow]
    agents: list[AgentRow]
    alarms: list[AlarmRow]
    seq: int


class GoneCall(TypedDict):
    id: str
    gone: Annotated[bool, Field(description="true: take the row away")]


class GoneAlarm(TypedDict):
    name: str
    gone: bool


class Changes(TypedDict, total=False):
    """Rows an event changed. Each replaces the row of the same key, or is added, or goes."""

    calls: list[CallRow | GoneCall]
    channels: list[ChannelRow]
    agents: list[AgentRow]
    queues: list[QueueRow]
    spans: list[SpanRow]
    alarms: list[AlarmRow | GoneAlarm]
