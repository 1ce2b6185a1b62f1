"""The board: what calls, channels, queues and agents look like now, folded from events.

`apply(event)` changes the rows and gives the event its CTI word (CSTA's where
CSTA has one, ECMA-269 clause 17) and the rows that changed, so that a client
that holds the snapshot and puts each event's rows in place has the same board.
Rows for things the inventory does not name are made on the way: an event is
never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from mediaserver import events as ev
from mediaserver.cti.messages import iso
from mediaserver.cti.rows import (
    AgentRow,
    AlarmRow,
    CallRow,
    Changes,
    ChannelRow,
    QueueRow,
    SaidData,
    Snapshot,
    SpanRow,
    SpanTree,
    WaitingRow,
)


@dataclass(frozen=True, slots=True)
class SpanInfo:
    name: str
    kind: str
    signalling: str
    channels: Sequence[int]  # numbers of the channels that carry calls


@dataclass(frozen=True, slots=True)
class AgentInfo:
    name: str
    display: str = ""
    number: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is before anything happens."""

    spans: Sequence[SpanInfo] = ()
    agents: Sequence[AgentInfo] = ()
    queues: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ServerInfo:
    name: str
    version: str
    started: datetime


@dataclass(slots=True)
class Update:
    """An event as clients see it."""

    word: str
    data: dict[str, Any]
    changes: Changes = field(default_factory=lambda: Changes())


class Board:
    """The rows, by key. Starts with the inventory's, all idle, logged out and down."""

    def __init__(self, server: ServerInfo, inventory: Inventory) -> None:
        self.server = server
        self.realtime = False  # whether the media thread has real-time priority
        self._since = iso(server.started)
        self.spans: dict[str, SpanRow] = {}
        self.channels: dict[tuple[str, int], ChannelRow] = {}
        self.calls: dict[str, CallRow] = {}
        self.agents: dict[str, AgentRow] = {}
        self.queues: dict[str, QueueRow] = {}
        self.alarms: dict[str, AlarmRow] = {}
        for span in inventory.spans:
            self._span(span.name, span.kind, span.signalling)
            for number in span.channels:
                self._channel(span.name, number)
        for agent in inventory.agents:
            self._agent(agent)
        for queue in inventory.queues:
            self._queue(queue)

    def snapshot(self, seq: int, counters: dict[str, int | float]) -> Snapshot:
        """Everything, after event `seq`. Shares the rows: encode it before the next event."""
        trees: dict[str, SpanTree] = {
            name: {**row, "channels": []} for name, row in self.spans.items()
        }
        for (span, _), channel in self.channels.items():
            trees[span]["channels"].append(channel)
        return {
            "server": {
                "name": self.server.name,
                "version": self.server.version,
                "started_utc": self._since,
                "realtime": self.realtime,
                "engine": {"counters": counters},
            },
            "spans": list(trees.values()),
            "calls": list(self.calls.values()),
            "queues": list(self.queues.values()),
            "agents": list(self.agents.values()),
            "alarms": list(self.alarms.values()),
            "seq": seq,
        }

    def apply(self, event: ev.Event) -> Update:
        """Fold one event. A call that is not on the board (any more) changes no call row."""
        handler = _HANDLERS.get(type(event))
        if handler is None:
            return Update(type(event).__name__, event.data())
        return handler(self, event)

    # ---- rows, made when first met ------------------------------------------

    def _span(self, name: str, kind: str = "", signalling: str = "") -> SpanRow:
        if name not in self.spans:
            self.spans[name] = {
                "name": name,
                "kind": kind,
                "signalling": signalling,
                "up": False,
                "alarms": [],
            }
        return self.spans[name]

    def _channel(self, span: str, number: int) -> ChannelRow:
        self._span(span)
        key = (span, number)
        if key not in self.channels:
            self.channels[key] = {
                "span": span,
                "number": number,
                "state": "idle",
                "call_id": None,
                "party": "",
                "since_utc": self._since,
            }
        return self.channels[key]

    def _agent(self, info: AgentInfo) -> AgentRow:
        if info.name not in self.agents:
            self.agents[info.name] = {
                "name": info.name,
                "display": info.display or info.name,
                "number": info.number,
                "line": info.line,
                "state": "logged_out",
                "since_utc": self._since,
                "call_id": None,
                "answered": 0,
                "missed": 0,
            }
        return self.agents[info.name]

    def _queue(self, name: str) -> QueueRow:
        if name not in self.queues:
            self.queues[name] = {
                "name": name,
                "waiting": [],
                "answered": 0,
                "abandoned": 0,
                "overflowed": 0,
            }
        return self.queues[name]

    # ---- calls ---------------------------------------------------------------

    def _call_update(self, word: str, event: ev.CallEvent, **new: Any) -> Update:
        """`new` into the call's row, which is then what changed."""
        update = Update(word, event.data())
        row = self.calls.get(event.call_id)
        if row is not None and new:
            cast(dict[str, Any], row).update(new)
            update.changes["calls"] = [row]
        return update

    def _offered(self, event: ev.CallOffered) -> Update:
        row: CallRow = {
            "id": event.call_id,
            "state": "offered",
            "direction": event.direction,
            "caller": event.caller,
            "caller_name": event.caller_name,
            "called": event.called,
            "line": event.line,
            "flow": event.flow,
            "node": "",
            "choice": "",
            "queue": None,
            "position": None,
            "since_utc": iso(event.utc),
            "queued_utc": None,
            "agent": None,
            "recording": False,
        }
        self.calls[event.call_id] = row
        word = "ServiceInitiated" if event.direction == "out" else "Offered"
        return Update(word, event.data(), {"calls": [row]})

    def _answered(self, event: ev.CallAnswered) -> Update:
        return Update("Established", {"role": "caller", **event.data()})

    def _call_changed(self, event: ev.CallChanged) -> Update:
        return self._call_update("CallState", event, state=event.new)

    def _leg(self, event: ev.LegChanged) -> Update:
        if event.new == "released":
            return self._call_update("ConnectionCleared", event)
        if event.new == "alerting" and event.role == "party":
            return self._call_update("Delivered", event)
        return self._call_update("Connection", event)

    def _node(self, event: ev.NodeEntered) -> Update:
        return self._call_update("Node", event, flow=event.flow, node=event.node)

    def _digits(self, event: ev.DigitsKeyed) -> Update:
        new = {"choice": event.digits} if event.outcome == "choice" else {}
        return self._call_update("Digits", event, **new)

    def _prompt(self, event: ev.PromptPlayed) -> Update:
        return self._call_update("Prompt", event)

    def _ended(self, event: ev.CallEnded) -> Update:
        update = Update("CallCleared", event.data())
        row = self.calls.pop(event.call_id, None)
        if row is None:
            return update
        update.changes["calls"] = [{"id": event.call_id, "gone": True}]
        if row["queue"] is not None and self._take_out(row["queue"], event.call_id):
            update.changes["queues"] = [self.queues[row["queue"]]]
        return update

    # ---- queues and agents -----------------------------------------------------

    def _queued(self, event: ev.Queued) -> Update:
        utc = iso(event.utc)
        update = self._call_update(
            "Queued", event, queue=event.queue, position=event.position, queued_utc=utc
        )
        row = self.calls.get(event.call_id)
        self._take_out(event.queue, event.call_id)
        waiting: WaitingRow = {
            "call_id": event.call_id,
            "caller": row["caller"] if row else "",
            "caller_name": row["caller_name"] if row else "",
            "position": event.position,
            "since_utc": utc,
        }
        self._put_in(self._queue(event.queue), waiting, event.position)
        update.changes["queues"] = [self.queues[event.queue]]
        return update

    def _moved(self, event: ev.QueueMoved) -> Update:
        """Positions follow from the order: mostly the queue's row is right already."""
        update = self._call_update("QueueMoved", event, position=event.position)
        queue = self._queue(event.queue)
        found = next((w for w in queue["waiting"] if w["call_id"] == event.call_id), None)
        if found is not None and found["position"] != event.position:
            queue["waiting"].remove(found)
            self._put_in(queue, found, event.position)
            update.changes["queues"] = [queue]
        return update

    def _left(self, event: ev.QueueLeft) -> Update:
        word = "Diverted" if event.outcome == "overflow" else "QueueLeft"
        update = self._call_update(word, event, position=None, queued_utc=None)
        self._take_out(event.queue, event.call_id)
        queue = self._queue(event.queue)
        if event.outcome == "answered":
            queue["answered"] += 1
        elif event.outcome == "overflow":
            queue["overflowed"] += 1
        else:
            queue["abandoned"] += 1
        update.changes["queues"] = [queue]
        return update

    def _take_out(self, name: str, call_id: str) -> bool:
        queue = self._queue(name)
        kept = [row for row in queue["waiting"] if row["call_id"] != call_id]
        found = len(kept) != len(queue["waiting"])
        queue["waiting"] = kept
        self._renumber(queue)
        return found

    def _put_in(self, queue: QueueRow, row: WaitingRow, position: int) -> None:
        queue["waiting"].insert(max(0, position - 1), row)
        self._renumber(queue)

    @staticmethod
    def _renumber(queue: QueueRow) -> None:
        for place, row in enumerate(queue["waiting"], 1):
            row["position"] = place

    def _agent_offered(self, event: ev.AgentOffered) -> Update:
        return self._call_update("Delivered", event, agent=event.agent)

    def _agent_missed(self, event: ev.AgentMissed) -> Update:
        update = self._call_update("Diverted", event, agent=None)
        if event.reason != "caller gone":
            agent = self._agent(AgentInfo(event.agent))
            agent["missed"] += 1
            update.changes["agents"] = [agent]
        return update

    def _agent_answered(self, event: ev.AgentAnswered) -> Update:
        update = self._call_update("Established", event, agent=event.agent)
        update.data["role"] = "agent"
        agent = self._agent(AgentInfo(event.agent))
        agent["answered"] += 1
        update.changes["agents"] = [agent]
        return update

    def _agent_changed(self, event: ev.AgentChanged) -> Update:
        agent = self._agent(AgentInfo(event.agent))
        agent["state"] = event.new
        agent["call_id"] = event.call_id
        agent["since_utc"] = iso(event.utc)
        return Update("AgentState", event.data(), {"agents": [agent]})

    # ---- recording, lines, system ------------------------------------------------

    def _bridged(self, event: ev.Bridged) -> Update:
        return self._call_update("Bridged", event)

    def _unbridged(self, event: ev.Unbridged) -> Update:
        return self._call_update("Unbridged", event)

    def _held(self, event: ev.Held) -> Update:
        return self._call_update("Held", event)

    def _retrieved(self, event: ev.Retrieved) -> Update:
        return self._call_update("Retrieved", event)

    def _conference(self, event: ev.CallEvent) -> Update:
        return self._call_update(type(event).__name__, event)

    def _recording(self, event: ev.CallEvent) -> Update:
        state = _RECORDING[type(event)]
        update = self._call_update("Recording", event, recording=state == "started")
        update.data["state"] = state
        return update

    def _tone(self, event: ev.ToneHeard) -> Update:
        return self._call_update("ToneHeard", event)

    def _told(self, event: ev.LineTold) -> Update:
        return self._call_update("LineTold", event)

    def _load(self, event: ev.LoadShed) -> Update:
        return Update("LoadShed", event.data())

    def _span_changed(self, event: ev.SpanChanged) -> Update:
        span = self._span(event.span)
        span["up"] = event.up
        span["alarms"] = list(event.alarms)
        return Update("Span", event.data(), {"spans": [span]})

    def _channel_changed(self, event: ev.ChannelChanged) -> Update:
        channel = self._channel(event.span, event.channel)
        if channel["state"] != event.state or channel["call_id"] != event.call_id:
            channel["since_utc"] = iso(event.utc)
        channel["state"] = event.state
        channel["call_id"] = event.call_id
        channel["party"] = event.party
        return Update("Channel", event.data(), {"channels": [channel]})

    def _alarm(self, event: ev.SystemAlarm) -> Update:
        if event.active:
            since = iso(event.utc)
            if event.name in self.alarms:
                since = self.alarms[event.name]["since_utc"]
            row: AlarmRow = {
                "name": event.name,
                "text": event.text,
                "said": cast(SaidData | None, event.said),
                "since_utc": since,
            }
            self.alarms[event.name] = row
            return Update("Alarm", event.data(), {"alarms": [row]})
        self.alarms.pop(event.name, None)
        return Update("Alarm", event.data(), {"alarms": [{"name": event.name, "gone": True}]})


_RECORDING: dict[type[ev.Event], str] = {
    ev.RecordingStarted: "started",
    ev.RecordingStopped: "stopped",
    ev.RecordingFailed: "failed",
}

_HANDLERS: dict[type[ev.Event], Callable[[Board, Any], Update]] = {
    ev.CallOffered: Board._offered,
    ev.CallAnswered: Board._answered,
    ev.CallChanged: Board._call_changed,
    ev.LegChanged: Board._leg,
    ev.NodeEntered: Board._node,
    ev.DigitsKeyed: Board._digits,
    ev.PromptPlayed: Board._prompt,
    ev.ToneHeard: Board._tone,
    ev.LineTold: Board._told,
    ev.CallEnded: Board._ended,
    ev.Queued: Board._queued,
    ev.QueueMoved: Board._moved,
    ev.QueueLeft: Board._left,
    ev.AgentOffered: Board._agent_offered,
    ev.AgentMissed: Board._agent_missed,
    ev.AgentAnswered: Board._agent_answered,
    ev.AgentChanged: Board._agent_changed,
    ev.Bridged: Board._bridged,
    ev.Unbridged: Board._unbridged,
    ev.Held: Board._held,
    ev.Retrieved: Board._retrieved,
    ev.ConferenceJoined: Board._conference,
    ev.ConferenceLeft: Board._conference,
    ev.RecordingStarted: Board._recording,
    ev.RecordingStopped: Board._recording,
    ev.RecordingFailed: Board._recording,
    ev.SpanChanged: Board._span_changed,
    ev.ChannelChanged: Board._channel_changed,
    ev.SystemAlarm: Board._alarm,
    ev.LoadShed: Board._load,
}
