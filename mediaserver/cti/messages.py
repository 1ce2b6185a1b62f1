"""What travels between the server and a CTI client: one JSON object a line, version 1.

Client → server: requests, answered one by one and in order by a reply with the
same `id`. Server → client: replies, and after `subscribe` events, each with a
`seq` that only grows (over a restart of the server too). An event's `changes`
carries whole rows (rows.py) of the snapshot's shape, to be put in place by key.
The JSON Schema in docs/cti.schema.json is made from these types (schema.py).

Limits: a request line is at most 64 KiB. `encode` and `decode` are the only
places that know JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from drivers.said import Said, as_data
from mediaserver.cti.refusals import advice, say
from mediaserver.cti.rows import Changes, SaidData, Utc, one_of

VERSION = 1
MAX_LINE = 64 * 1024
MAX_ID = 64

ROLES = ("admin", "supervisor", "agent", "technician")


# ---- messages ---------------------------------------------------------------


class EventMessage(TypedDict):
    v: int
    seq: int
    event: str
    utc: Utc
    media_ms: int
    call_id: str | None
    data: dict[str, Any]
    changes: Changes


class HeartbeatMessage(TypedDict):
    """Every 5 s to each subscriber; `seq` is the newest event's. It is no event itself."""

    v: int
    event: Annotated[str, Field(json_schema_extra={"const": "Heartbeat"})]
    utc: Utc
    seq: int


class ActingFor(TypedDict):
    """For whom a trusted client (the console) asks; that person's role is what counts."""

    login: str
    role: Annotated[str, one_of(ROLES, "role of the person")]


RequestMessage = TypedDict(
    "RequestMessage",
    {
        "v": int,
        "id": Annotated[int | str, Field(description="given back in the reply")],
        "method": str,
        "params": NotRequired[dict[str, Any]],
        "as": NotRequired[ActingFor],
    },
)


class ErrorBody(TypedDict):
    code: str
    message: str
    hint: Annotated[str, Field(description="what to do next; may be empty")]
    said: Annotated[SaidData | None, Field(description="message as a sentence's code and values")]
    advice: Annotated[SaidData | None, Field(description="hint as a sentence's code and values")]


class OkReply(TypedDict):
    v: int
    id: int | str
    ok: Annotated[bool, Field(json_schema_extra={"const": True})]
    result: dict[str, Any]


class ErrorReply(TypedDict):
    v: int
    id: int | str | None
    ok: Annotated[bool, Field(json_schema_extra={"const": False})]
    error: ErrorBody


#: Every error code and when it is given.
ERRORS = {
    "bad_request": "the line is no request of this version",
    "unknown_method": "no such method",
    "bad_params": "parameters missing, unknown, or of the wrong type",
    "not_logged_in": "log in first",
    "login_failed": "login or password is wrong",
    "denied": "the role does not allow this",
    "not_found": "no such call, agent, span, …",
    "conflict": "not possible in the present state",
    "snapshot_needed": "the events asked for are no longer kept; take a snapshot",
    "too_many_requests": "requests come too fast; the connection is closed",
    "too_many_attempts": "too many failed logins; wait",
    "too_many_connections": "the address has too many connections; this one is closed",
    "line_too_long": "a request line is over 64 KiB; the connection is closed",
    "timeout": "no login, or no end of a line, in time; the connection is closed",
    "unavailable": "something the request needs cannot be reached now",
    "internal": "a fault of the server; its log says more",
}


class CtiError(Exception):
    """A request that was refused: `code` is a key of ERRORS, `hint` says what to do next.

    Raised by the server's methods and the application's Control, sent as an
    error reply, and raised again by the clients.
    """

    def __init__(self, code: str, message: Said | str, hint: Said | str = "") -> None:
        super().__init__(str(message))
        self.code = code
        self.message = str(message)
        self.hint = str(hint)
        self.said = as_data(message)
        self.advice = as_data(hint)

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> CtiError:
        """As a server sent it; of an older one without its sentences."""
        error = cls(body.get("code", "internal"), body.get("message", ""), body.get("hint", ""))
        error.said, error.advice = body.get("said"), body.get("advice")
        return error

    def body(self) -> ErrorBody:
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "said": cast(SaidData | None, self.said),
            "advice": cast(SaidData | None, self.advice),
        }


def refused(code: str, what: str, do: str | None = None, /, **values: Any) -> CtiError:
    """A refusal by the code of its sentence, with its advice, or that of `do` ("": none)."""
    return CtiError(code, say(what, **values), advice(what if do is None else do, **values))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `agent` role: the login is the agent's name."""

    login: str
    role: str
    trusted: bool = False  # a local process of our own user: may ask for others


@dataclass(frozen=True, slots=True)
class Request:
    id: int | str
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    acting: Identity | None = None


def iso(when: datetime) -> str:
    """`when` (aware) as this protocol writes time."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(message: Any) -> bytes:
    """One line. A lone surrogate, which UTF-8 cannot carry, becomes a question mark."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def decode(line: bytes) -> dict[str, Any]:
    """The object on a line. CtiError "bad_request" for anything else, however hostile."""
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise refused("bad_request", "line.not_utf8", at=exc.start) from None
    except RecursionError:
        raise refused("bad_request", "line.deep") from None
    except ValueError as exc:
        raise refused("bad_request", "line.not_json", why=str(exc)) from None
    if not isinstance(message, dict):
        raise refused("bad_request", "line.no_object")
    return message


def request_id(message: dict[str, Any]) -> int | str | None:
    """The id to answer to, or None where there is none that could be echoed."""
    got = message.get("id")
    if isinstance(got, bool) or not isinstance(got, int | str):
        return None
    return got if len(str(got)) <= MAX_ID else None


def as_request(message: dict[str, Any]) -> Request:
    """Checks a decoded line; CtiError "bad_request" names what is wrong with it."""
    if message.get("v") != VERSION:
        raise refused("bad_request", "request.version", version=VERSION)
    ident = request_id(message)
    if ident is None:
        raise refused("bad_request", "request.id", most=MAX_ID)
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        raise refused("bad_request", "request.method")
    if not isinstance(params, dict):
        raise refused("bad_request", "request.params")
    unknown = sorted(set(message) - {"v", "id", "method", "params", "as"})
    if unknown:
        raise refused("bad_request", "request.unknown", name=unknown[0][:40])
    return Request(ident, method, params, _acting(message.get("as")))


def _acting(value: Any) -> Identity | None:
    if value is None:
        return None
    if isinstance(value, dict) and set(value) == {"login", "role"} and value["role"] in ROLES:
        login = value["login"]
        if isinstance(login, str) and login:
            return Identity(login, value["role"])
    raise refused("bad_request", "request.as", roles=", ".join(ROLES))


def ok(ident: int | str, result: dict[str, Any]) -> bytes:
    reply: OkReply = {"v": VERSION, "id": ident, "ok": True, "result": result}
    return encode(reply)


def refuse(ident: int | str | None, error: CtiError) -> bytes:
    reply: ErrorReply = {"v": VERSION, "id": ident, "ok": False, "error": error.body()}
    return encode(reply)
