"""A busy minute in a call centre, as the events a daemon would publish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from mediaserver import events as ev
from mediaserver.alarms import alarm, left_out, say
from mediaserver.events import Event

HOSTILE = "<img src=x onerror=alert(1)>"

#: id, state, caller, name, slot, seconds since the call came in, queue, agent, choice
CALLS: tuple[tuple[str, str, str, str, int, int, str, str, str], ...] = (
    ("c-0001", "talking", "13800138000", "Wang Fang", 1, 214, "sales", "alice", "1"),
    ("c-0002", "talking", "02164321234", "", 2, 96, "support", "paul", "2"),
    ("c-0003", "queued", "13911112222", "李伟", 3, 131, "sales", "", "1"),
    ("c-0004", "queued", "18600001111", "", 5, 42, "sales", "", "1"),
    ("c-0005", "queued", "4006123456", "North Wind Trading & Co", 7, 18, "support", "", "2"),
    ("c-0006", "ringing", "15000009999", "", 8, 25, "support", "chen", "2"),
    ("c-0007", "flow", "", "", 9, 7, "", "", ""),
    ("c-0008", "flow", "01087654321", HOSTILE, 11, 4, "", "", "•"),
)

#: Places in the queues once the calls above have come in.
POSITIONS = {"c-0003": 1, "c-0004": 2, "c-0005": 1, "c-0006": 2}


#: What the engine leaves out under load.
OUT = ("call progress", "echo cancelling")


class Teller:
    """Makes events, each stamped so many seconds before now."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)

    def at(self, ago_s: float) -> dict[str, Any]:
        stamp = self.now - timedelta(seconds=ago_s)
        return {"media_ms": round(7_800_000 - ago_s * 1000), "utc": stamp}

    def events(self) -> Iterator[Event]:
        yield ev.SpanChanged(**self.at(7200), span="E1-1", up=True, alarms=())
        yield ev.SpanChanged(**self.at(7200), span="FXS-1", up=True, alarms=())
        yield ev.SpanChanged(**self.at(300), span="E1-2", up=True, alarms=())
        yield from self._agents()
        for row in CALLS:
            yield from self._call(*row)
        for slot, state in ((20, "blocked"), (21, "blocked"), (28, "ringing")):
            yield ev.ChannelChanged(**self.at(30), span="E1-1", channel=slot, state=state)

    def _agents(self) -> Iterator[Event]:
        states = (
            ("alice", "talking", 180, "c-0001"),
            ("bob", "ready", 312, None),
            ("chen", "ringing", 6, "c-0006"),
            ("dora", "away", 845, None),
            ("paul", "talking", 71, "c-0002"),
        )
        for name, state, ago, call in states:
            yield ev.AgentChanged(
                **self.at(ago), agent=name, old="ready", new=state, reason="", call_id=call
            )

    def _call(
        self,
        call_id: str,
        state: str,
        caller: str,
        name: str,
        slot: int,
        ago: int,
        queue: str,
        agent: str,
        choice: str,
    ) -> Iterator[Event]:
        at = self.at(ago)
        yield ev.CallOffered(
            **at,
            call_id=call_id,
            direction="in",
            line=f"E1-1/{slot}",
            caller=caller,
            caller_name=name,
            called="66880001",
            flow="main",
        )
        yield ev.NodeEntered(**at, call_id=call_id, flow="main", node="welcome", kind="menu")
        yield ev.CallChanged(**at, call_id=call_id, old="offered", new="flow")
        if choice:
            yield ev.DigitsKeyed(
                **at, call_id=call_id, node="welcome", digits=choice, outcome="choice"
            )
        yield ev.ChannelChanged(
            **at, span="E1-1", channel=slot, state="busy", call_id=call_id, party=caller
        )
        if not queue:
            return
        yield ev.NodeEntered(**at, call_id=call_id, flow="main", node=queue, kind="queue")
        yield ev.Queued(**at, call_id=call_id, queue=queue, position=POSITIONS.get(call_id, 1))
        yield ev.CallChanged(**at, call_id=call_id, old="flow", new="queued")
        if agent:
            yield from self._with_agent(call_id, state, slot, queue, agent, caller)

    def _with_agent(
        self, call_id: str, state: str, slot: int, queue: str, agent: str, caller: str
    ) -> Iterator[Event]:
        line = "E1-2/4" if agent == "paul" else "FXS-1/1" if agent == "alice" else "FXS-1/3"
        span, number = line.split("/")
        at = self.at(8)
        on_agent = {"span": span, "channel": int(number), "call_id": call_id, "party": caller}
        yield ev.AgentOffered(**at, call_id=call_id, queue=queue, agent=agent, line=line)
        if state == "ringing":
            yield ev.CallChanged(**at, call_id=call_id, old="queued", new="ringing")
            yield ev.ChannelChanged(**at, state="ringing", **on_agent)
            return
        yield ev.AgentAnswered(**at, call_id=call_id, queue=queue, agent=agent, waited_ms=12_000)
        yield ev.QueueLeft(**at, call_id=call_id, queue=queue, outcome="answered", waited_ms=12_000)
        yield ev.CallChanged(**at, call_id=call_id, old="ringing", new="talking")
        yield ev.ChannelChanged(**at, state="talking", **on_agent)
        on_line = {"span": "E1-1", "channel": slot, "call_id": call_id, "party": agent}
        yield ev.ChannelChanged(**at, state="talking", **on_line)
        yield ev.RecordingStarted(**at, call_id=call_id, recording_id="r1", path="r1.wav")

    def trouble(self) -> Iterator[Event]:
        """A span loses its signal and the disk fills."""
        yield ev.SpanChanged(**self.at(20), span="E1-2", up=False, alarms=("red",))
        full = say("alarm.recording", why="No space left on device")
        yield alarm("disk", True, full, **self.at(65))
        shed = say("alarm.load", percent=90, left_out=left_out(OUT))
        yield alarm("load", True, shed, **self.at(20))

    def calm(self) -> Iterator[Event]:
        """And all is well again."""
        yield ev.SpanChanged(**self.at(0), span="E1-2", up=True, alarms=())
        yield ev.SystemAlarm(**self.at(0), name="disk", active=False, text="")
        yield ev.SystemAlarm(**self.at(0), name="load", active=False, text="")
