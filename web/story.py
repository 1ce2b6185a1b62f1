"""A call's story in people's words: the timeline, and each leg's states over time.

Pure: story rows in (as the database keeps them, one per domain event), lines
and lanes out. An event this file has no words for is shown by its own name, so
that nothing that happened is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from flask_babel import gettext as _

from web.i18n import cause, span_ms, word

Data = dict[str, Any]


class Row(Protocol):
    """What is read of a stored story row."""

    seq: int
    media_ms: int
    utc: datetime
    kind: str
    data: Data


@dataclass(frozen=True, slots=True)
class Words:
    """How one event is told. `minor` ones are hidden until all are asked for."""

    icon: str
    text: str
    tone: str = ""  # "" | "good" | "warn" | "bad"
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline; `at_ms` counts from the call's first event."""

    seq: int
    at_ms: int
    media_ms: int
    utc: datetime
    kind: str
    words: Words


@dataclass(frozen=True, slots=True)
class Stretch:
    """A leg in one state from `start_ms` to `end_ms` of the call."""

    state: str
    start_ms: int
    end_ms: int


@dataclass(slots=True)
class Lane:
    """One leg's life; `cause` once it was cleared."""

    leg_id: str
    role: str
    line: str
    party: str
    cause: int | None = None
    stretches: list[Stretch] = field(default_factory=list)
    state: str = "null"
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the page tells; `recording_ms` is where the first recording begins."""

    lines: list[Line]
    lanes: list[Lane]
    length_ms: int
    recording_ms: dict[str, int]


def tell(rows: Iterable[Row]) -> Story:
    """The story of the rows, which are in order of `seq`."""
    lines: list[Line] = []
    lanes: dict[str, Lane] = {}
    recordings: dict[str, int] = {}
    start: int | None = None
    at = 0
    for row in rows:
        start = row.media_ms if start is None else start
        at = row.media_ms - start
        lines.append(Line(row.seq, at, row.media_ms, row.utc, row.kind, words(row.kind, row.data)))
        if row.kind == "LegChanged":
            _move_lane(lanes, row.data, at)
        elif row.kind == "RecordingStarted":
            recordings.setdefault(str(row.data.get("recording_id", "")), at)
    for lane in lanes.values():
        _close(lane, at)
    return Story(lines, list(lanes.values()), at, recordings)


def _move_lane(lanes: dict[str, Lane], data: Data, at_ms: int) -> None:
    leg_id = str(data.get("leg_id", ""))
    lane = lanes.get(leg_id)
    if lane is None:
        lane = lanes[leg_id] = Lane(leg_id, str(data.get("role", "")), "", "", since_ms=at_ms)
    lane.line = str(data.get("line") or lane.line)
    lane.party = str(data.get("party") or lane.party)
    if data.get("cause") is not None:
        lane.cause = data["cause"]
    _close(lane, at_ms)
    lane.state, lane.since_ms = str(data.get("new", "")), at_ms


def _close(lane: Lane, at_ms: int) -> None:
    if lane.state not in ("null", "released") and at_ms > lane.since_ms:
        lane.stretches.append(Stretch(lane.state, lane.since_ms, at_ms))
        lane.since_ms = at_ms


# ---- words ------------------------------------------------------------------


def words(kind: str, data: Data) -> Words:
    """How an event is told in the reader's language."""
    tell_it = _WORDS.get(kind)
    if tell_it is None:
        told = ", ".join(
            f"{name}: {value}" for name, value in data.items() if value not in ("", None)
        )
        return Words("info-circle", f"{kind} {told}".strip(), minor=True)
    return tell_it(data)


def _get(data: Data, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def _offered(d: Data) -> Words:
    out = d.get("direction") == "out"
    who = {"caller": _get(d, "caller_name") or _get(d, "caller") or _("Withheld")}
    who |= {"called": _get(d, "called"), "line": _get(d, "line")}
    if out:
        return Words("phone-outgoing", _("Call to %(called)s on %(line)s", **who))
    text = _("%(caller)s calls %(called)s on %(line)s", **who)
    return Words("phone-incoming", text)


def _answered(d: Data) -> Words:
    return Words("phone-call", _("We answer the caller"), "good")


def _changed(d: Data) -> Words:
    old, new = word("call", _get(d, "old")), word("call", _get(d, "new"))
    return Words("refresh", _("Call: %(old)s → %(new)s", old=old, new=new), minor=True)


def _leg(d: Data) -> Words:
    values = {
        "role": word("role", _get(d, "role")),
        "line": _get(d, "line"),
        "state": word("leg", _get(d, "new")),
    }
    text = _("%(role)s on %(line)s: %(state)s", **values)
    if d.get("cause") is not None:
        text = f"{text} · {cause(d['cause'])}"
    shown = ("alerting", "connected", "released")
    minor = d.get("new") not in shown or d.get("role") == "caller"
    return Words("device-landline-phone", text, minor=minor)


def _node(d: Data) -> Words:
    values = {
        "node": _get(d, "node"),
        "kind": word("node", _get(d, "kind")),
        "flow": _get(d, "flow"),
    }
    return Words("sitemap", _("Flow %(flow)s: %(node)s (%(kind)s)", **values))


def _digits(d: Data) -> Words:
    digits, outcome = _get(d, "digits"), _get(d, "outcome")
    values = {"digits": digits or "–", "outcome": word("digits", outcome)}
    tone = "warn" if outcome in ("invalid", "timeout") else "good"
    return Words("dialpad", _("Caller keys %(digits)s: %(outcome)s", **values), tone)


def _agent_moved(d: Data) -> Words:
    values = {
        "agent": _get(d, "agent"),
        "old": word("agent", _get(d, "old")),
        "new": word("agent", _get(d, "new")),
    }
    return Words("user", _("%(agent)s: %(old)s → %(new)s", **values), minor=True)


def _prompt(d: Data) -> Words:
    outcome = _get(d, "outcome")
    spoken = _get(d, "prompt").removeprefix("say:").removeprefix("number:")
    values = {"prompt": spoken, "outcome": word("prompt", outcome)}
    tone = "bad" if outcome == "missing" else ""
    return Words("volume", _("Announcement “%(prompt)s”: %(outcome)s", **values), tone)


def _queued(d: Data) -> Words:
    values = {"queue": _get(d, "queue"), "position": _get(d, "position")}
    return Words("hourglass", _("Waits in queue %(queue)s at position %(position)s", **values))


def _moved(d: Data) -> Words:
    return Words("hourglass", _("Moves up to position %(n)s", n=_get(d, "position")), minor=True)


def _left(d: Data) -> Words:
    outcome = _get(d, "outcome")
    values = {
        "queue": _get(d, "queue"),
        "outcome": word("queue", outcome),
        "waited": span_ms(d.get("waited_ms")),
    }
    tone = {"answered": "good", "abandoned": "bad"}.get(outcome, "warn")
    text = _("Leaves queue %(queue)s: %(outcome)s after %(waited)s", **values)
    return Words("hourglass", text, tone)


def _agent_offered(d: Data) -> Words:
    values = {"agent": _get(d, "agent"), "line": _get(d, "line")}
    return Words("bell-ringing", _("Rings at %(agent)s (%(line)s)", **values))


def _agent_missed(d: Data) -> Words:
    values = {"agent": _get(d, "agent"), "reason": word("missed", _get(d, "reason"))}
    return Words("phone-off", _("%(agent)s does not take it: %(reason)s", **values), "warn")


def _agent_answered(d: Data) -> Words:
    values = {"agent": _get(d, "agent"), "waited": span_ms(d.get("waited_ms"))}
    return Words("headset", _("%(agent)s answers after %(waited)s", **values), "good")


def _bridged(d: Data) -> Words:
    return Words("arrows-join", _("Both parties hear each other"), "good")


def _unbridged(d: Data) -> Words:
    return Words("arrows-split", _("The parties are separated"), minor=True)


def _held(d: Data) -> Words:
    values = {"party": _get(d, "party"), "line": _get(d, "line")}
    return Words("player-pause", _("%(party)s (%(line)s) puts the call on hold", **values))


def _retrieved(d: Data) -> Words:
    values = {"party": _get(d, "party"), "line": _get(d, "line")}
    return Words("player-play", _("%(party)s (%(line)s) is back in the call", **values))


def _conference_joined(d: Data) -> Words:
    values = {"room": _get(d, "room"), "people": _get(d, "people")}
    text = _("Enters conference %(room)s; people in it: %(people)s", **values)
    return Words("users", text, "good")


def _conference_left(d: Data) -> Words:
    values = {
        "room": _get(d, "room"),
        "people": _get(d, "people"),
        "time": span_ms(d.get("stayed_ms")),
    }
    text = _("Leaves conference %(room)s after %(time)s; people in it: %(people)s", **values)
    return Words("users", text)


def _rec_started(d: Data) -> Words:
    return Words("player-record", _("Recording begins"))


def _rec_stopped(d: Data) -> Words:
    text = _("Recording ends after %(time)s", time=span_ms(d.get("duration_ms")))
    lost = d.get("lost_octets") or 0
    if lost:
        return Words("player-stop", _("%(text)s, %(n)s octets lost", text=text, n=lost), "warn")
    return Words("player-stop", text)


def _rec_failed(d: Data) -> Words:
    return Words("alert-triangle", _("Recording failed: %(why)s", why=_get(d, "reason")), "bad")


def _tone_heard(d: Data) -> Words:
    values = {"line": _get(d, "line"), "tone": word("tone", _get(d, "tone"))}
    return Words("volume", _("Heard on %(line)s: %(tone)s", **values), minor=True)


def _line_told(d: Data) -> Words:
    what, text = _get(d, "what"), _get(d, "text")
    told = {
        "redirected": _("Sent on from %(text)s", text=text),
        "subaddress": _("Sub-address %(text)s", text=text),
        "connected": _("Connected to %(text)s", text=text),
        "waiting": _("Another call waits on the line: %(text)s", text=text),
        "flashed": _("The telephone's flash goes to the exchange, for the call that waits there"),
        "charge": _("Costs so far: %(text)s", text=text),
        "charged": _("Cost: %(text)s", text=text),
        "joining": _("The exchange is asked to join caller and %(text)s", text=text),
    }
    return Words("info-circle", told.get(what, f"{what} {text}"), minor=what == "charge")


def _ended(d: Data) -> Words:
    values = {"by": word("by", _get(d, "cleared_by")), "cause": cause(d.get("cause"))}
    text = _("Call ended by %(by)s: %(cause)s", **values)
    if d.get("detail"):
        text = f"{text} · {d['detail']}"
    return Words("phone-off", text)


_WORDS: dict[str, Callable[[Data], Words]] = {
    "CallOffered": _offered,
    "CallAnswered": _answered,
    "CallChanged": _changed,
    "LegChanged": _leg,
    "NodeEntered": _node,
    "DigitsKeyed": _digits,
    "PromptPlayed": _prompt,
    "Queued": _queued,
    "QueueMoved": _moved,
    "QueueLeft": _left,
    "AgentOffered": _agent_offered,
    "AgentMissed": _agent_missed,
    "AgentAnswered": _agent_answered,
    "AgentChanged": _agent_moved,
    "Bridged": _bridged,
    "Unbridged": _unbridged,
    "Held": _held,
    "Retrieved": _retrieved,
    "ConferenceJoined": _conference_joined,
    "ConferenceLeft": _conference_left,
    "RecordingStarted": _rec_started,
    "RecordingStopped": _rec_stopped,
    "RecordingFailed": _rec_failed,
    "ToneHeard": _tone_heard,
    "LineTold": _line_told,
    "CallEnded": _ended,
}
