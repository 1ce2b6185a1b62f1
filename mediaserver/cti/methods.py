"""The methods of the protocol: parameters, who may call them, what they cost.

One table for the server (which checks every request against it), the schema
and the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from drivers.said import Said
from mediaserver.cti import refusals
from mediaserver.cti.messages import Identity, refused

P = TypeVar("P", bound="Params")


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NoParams(Params):
    pass


class LoginParams(Params):
    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class SubscribeParams(Params):
    from_seq: Annotated[
        int | None, Field(description="the last event you have; none: from now")
    ] = None


class HangupParams(Params):
    call_id: Annotated[str, Field(min_length=1, max_length=64)]


class AgentStateParams(Params):
    agent: Annotated[str, Field(min_length=1, max_length=64)]
    state: Literal["ready", "away", "logged_out"]
    reason: Annotated[str, Field(max_length=64, description="required for away")] = ""


class JoinParams(Params):
    call_id: Annotated[str, Field(min_length=1, max_length=64)]


class ServiceParams(Params):
    line: Annotated[str, Field(min_length=1, max_length=64, description='a channel, "E1-1/7"')]
    in_service: bool


class RestartParams(Params):
    line: Annotated[str, Field(min_length=1, max_length=64, description='a channel, "E1-1/7"')]


class TraceParams(Params):
    span: Annotated[str, Field(min_length=1, max_length=64)]
    after: Annotated[int, Field(ge=0, description="only entries numbered above this")] = 0
    before: Annotated[int, Field(ge=0, description="only entries below it; 0: all")] = 0
    last: Annotated[int, Field(ge=1, le=200, description="at most so many, the newest")] = 50
    silent: Annotated[
        bool, Field(description="also the data link's supervisory frames, which say all is well")
    ] = False


class MessageWaitingParams(Params):
    line: Annotated[str, Field(max_length=64, description="a telephone's")] = ""
    on: Annotated[bool | None, Field(description="none: only tell")] = None


class BusyTonesParams(Params):
    forget: Annotated[str, Field(max_length=64, description="a line whose tone to forget")] = ""


class LineFaults(Params):
    """As `drivers.boards.virtual.board.VirtualBoard.fault` takes them, which knows their ranges."""

    alarm: Annotated[bool | None, Field(description="loss of signal")] = None
    d_channel: Annotated[bool | None, Field(description="false cuts it, with no alarm")] = None
    frame_loss: Annotated[float | None, Field(ge=0, le=1, description="of D-channel frames")] = None
    delay_ms: float | None = None
    gain_db: float | None = None
    noise_dbm0: float | None = None
    bit_error_rate: float | None = None
    loss_rate: Annotated[float | None, Field(description="of blocks")] = None
    loop: Annotated[bool | None, Field(description="it receives what it sends")] = None
    slip: Annotated[int | None, Field(description="octets repeated (-: dropped), once")] = None
    lose: Annotated[int | None, Field(description="blocks lost, once")] = None
    cas: Annotated[
        str | None, Field(max_length=4, description='bits forced, "1101"; "": no longer')
    ] = None


class FaultsParams(Params):
    span: Annotated[str, Field(min_length=1, max_length=64)]
    toward: Annotated[
        Literal["near", "far"], Field(description="the end that receives the faulty line")
    ] = "near"
    channel: Annotated[int | None, Field(ge=1, description="one channel; none: all")] = None
    clear: Annotated[bool, Field(description="end every fault of the span first")] = False
    settings: Annotated[
        LineFaults, Field(description="faults to set; empty: only read", default_factory=LineFaults)
    ]


class LineParams(Params):
    span: Annotated[str, Field(min_length=1, max_length=64)]
    days: Annotated[int, Field(ge=1, le=366, description="of history")] = 7


class LineCheckParams(Params):
    line: Annotated[str, Field(min_length=1, max_length=64, description='"E1-1/7"')]
    checks: Annotated[
        list[Annotated[str, Field(max_length=32)]],
        Field(min_length=1, max_length=16, description="by name; docs/lines.md tells each"),
    ]
    seconds: Annotated[
        float, Field(ge=0, le=86_400, description="how long each measures; 0: as it needs")
    ] = 0.0
    number: Annotated[
        str, Field(pattern=r"^[0-9*#]*$", max_length=40, description="to dial first")
    ] = ""
    force: Annotated[bool, Field(description="clear a call that is on the channel")] = False
    pattern: Literal["2047", "32767"] = "2047"
    far: Annotated[
        str, Field(max_length=64, description="a second channel, where what is sent arrives")
    ] = ""
    modem: Literal["v27ter", "v29", "v17"] = "v29"
    rate: Annotated[
        int, Field(ge=0, le=14_400, description="of the modem, bit/s; 0: its highest")
    ] = 0


class LineRunParams(Params):
    id: Annotated[int, Field(ge=1)]


ALL = frozenset({"admin", "supervisor", "agent", "technician"})
CARE = frozenset({"admin", "supervisor", "technician"})  # of lines
NOBODY_YET = frozenset({"", *ALL})  # also before login


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    params: type[Params]
    roles: frozenset[str]
    text: str
    result: str
    own: bool = False  # role agent: only for itself or its own call
    cost: float = 1.0  # of the request allowance


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "hello",
            NoParams,
            NOBODY_YET,
            "Says who the server is; over the Unix socket a process of the server's own user "
            "(or root) is then logged in as admin.",
            "server, version, protocol, login (null: log in), role, seq",
        ),
        Method(
            "login",
            LoginParams,
            NOBODY_YET,
            "Logs in with a user's login and password; needed over TCP within 10 s.",
            "as hello's",
            cost=5,
        ),
        Method("ping", NoParams, NOBODY_YET, "Answers.", "seq"),
        Method(
            "snapshot", NoParams, ALL, "The whole board.", "a Snapshot (see the schema)", cost=10
        ),
        Method(
            "subscribe",
            SubscribeParams,
            ALL,
            "Sends events from now on, first those after `from_seq`. When they are no longer "
            "all kept, refuses with snapshot_needed.",
            "seq",
            cost=5,
        ),
        Method(
            "status",
            NoParams,
            ALL,
            "Server, engine counters and totals, without the rows.",
            "server, seq, totals, spans, queues, alarms, cti",
        ),
        Method("calls", NoParams, ALL, "The live calls.", "calls: a list of CallRow", cost=2),
        Method(
            "hangup",
            HangupParams,
            frozenset({"admin", "supervisor", "agent"}),
            "Clears a call. An agent may clear its own.",
            "{}",
            own=True,
        ),
        Method(
            "agent_state",
            AgentStateParams,
            frozenset({"admin", "supervisor", "agent"}),
            "Makes an agent ready, away (with a reason) or logged out. "
            "An agent may move itself only.",
            "{}",
            own=True,
        ),
        Method(
            "join",
            JoinParams,
            frozenset({"admin", "supervisor", "agent"}),
            "Asks the exchange to join the two ends of a call in talk, both on one PRI, and to "
            "free their channels. An agent may ask it for its own. A refusal of the exchange "
            "leaves the call as it is.",
            "{}",
            own=True,
        ),
        Method(
            "service",
            ServiceParams,
            frozenset({"admin", "technician"}),
            "Takes a channel out of service, or brings it back; a call on it goes on.",
            "far_end_told: whether the line has a message for it",
        ),
        Method(
            "restart",
            RestartParams,
            frozenset({"admin", "technician"}),
            "Brings a channel to idle at both ends, whatever is on it: a call ends with cause 41.",
            "{}",
        ),
        Method(
            "trace",
            TraceParams,
            CARE,
            "What went over a span's signalling lately, in words: Q.931 and Q.921 frames, or "
            "R2's signals. Keys pressed in calls are blotted out.",
            "span, side, seq (the newest entry), entries: seq, utc, direction (in, out, or "
            "neither), channel (R2), title, link, reference, from_origin, elements (name, text, "
            "said), fault, said, hex. said has the same words as codes and values, as for a line, "
            "and null for what is no word: digits, names, hex",
            cost=2,
        ),
        Method(
            "lines",
            NoParams,
            CARE,
            "All spans in plain words and figures: alarms, errored seconds (G.826), slips, gaps.",
            "history (whether it can be read), spans: name, kind, up, alarms, available, state "
            "(ok, warn or bad), findings: what, state, text, todo, said, advice; since_start, day "
            "(the last 24 hours)",
            cost=2,
        ),
        Method(
            "line",
            LineParams,
            CARE,
            "One span with its history and its channels.",
            "as a span of lines, and quarters (of an hour, the last 24 hours), days, "
            "alarm_history, channels: number, state, testing, joined (by the driver), "
            "in_dbm0 (null where that keeps it from us), echo",
            cost=2,
        ),
        Method(
            "line_check",
            LineCheckParams,
            CARE,
            "Begins checks of a channel; all but figures take it out of service while they run, "
            "and are refused while a call is on it, but for force.",
            "as line_result's",
            cost=2,
        ),
        Method(
            "line_result",
            LineRunParams,
            CARE,
            "A run of checks as it is now.",
            "id, line, by, state (running, done, failed, stopped), checks, now, begun_utc, error, "
            "todo, said, advice, verdict, verdicts: check, state, text, todo, said, advice, "
            "figures. said and advice are text and todo as a code and its values, for another "
            "language or a program",
        ),
        Method("line_stop", LineRunParams, CARE, "Ends a run of checks.", "as line_result's"),
        Method(
            "message_waiting",
            MessageWaitingParams,
            CARE,
            "Shows on a telephone (its lamp, dial tone and display) that messages wait, or no "
            "longer; kept over restarts.",
            "waiting: the lines on which messages wait",
        ),
        Method(
            "busy_tones",
            BusyTonesParams,
            CARE,
            "Busy tones that exchange lines have of their own and that were learned in calls.",
            "tones: by line, plan, sound, hz, on_ms, off_ms",
        ),
        Method(
            "faults",
            FaultsParams,
            frozenset({"admin", "technician"}),
            "Sets, ends or reads the faults of a span of the virtual board, for a drill.",
            "faults: the span's faults as they are now",
        ),
    )
}


def find(name: str) -> Method:
    method = METHODS.get(name)
    if method is None:
        known = ", ".join(METHODS)
        raise refused("unknown_method", "method.none", method=name[:40], methods=known)
    return method


def permit(method: Method, who: Identity | None) -> None:
    """CtiError when `who` (None: not logged in) may not call `method` at all."""
    role = who.role if who else ""
    if role in method.roles:
        return
    if who is None:
        raise refused("not_logged_in", "login.needed", method=method.name)
    roles = ", ".join(sorted(method.roles - {""}))
    raise refused("denied", "role", role=role, method=method.name, roles=roles)


def parse(kind: type[P], params: dict[str, Any]) -> P:
    """The parameters, checked; CtiError "bad_params" names the first that is wrong."""
    try:
        return kind.model_validate(params)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "params"
        known = ", ".join(kind.model_fields)
        do = None if known else "params.none"
        raise refused(
            "bad_params", "params", do, where=where[:64], wrong=_wrong(first), known=known
        ) from None


def _wrong(error: ErrorDetails) -> Said | str:
    """What is wrong with a parameter; in pydantic's words where there are none of ours."""
    code, values = f"wrong.{error['type']}", dict(error.get("ctx", {}))
    if code not in refusals.SENTENCES:
        return error["msg"]
    if "expected" in values:
        values["expected"] = values["expected"].replace(" or ", ", ")
    return refusals.say(code, **values)
