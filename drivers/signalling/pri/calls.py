"""A PRI call as the link sees it: its states, and which request fits which state.

The table is Q.931's (5.1 to 5.3) as far as our requests and the far end's
clearing go; message checking inside a state is libpri's. A request the table
does not list raises DriverError, an event it does not list leaves the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from drivers.base import DriverError
from drivers.cause import Cause


class CallState(Enum):
    OFFERED = "offered"  # SETUP came in, nothing answered yet
    OVERLAP = "overlap"  # we asked for more digits
    ACCEPTED = "accepted"  # we said proceeding, alerting or progress
    DIALLING = "dialling"  # our SETUP is out, nothing came back yet
    SENDING = "sending"  # the far end asked for more digits
    PROCEEDING = "proceeding"  # the far end is at work
    ACTIVE = "active"
    CLEARED = "cleared"  # the far end has hung up, we have not yet
    CLEARING = "clearing"  # we have hung up, the far end has not confirmed


_S = CallState
_INCOMING = {
    "proceeding": _S.ACCEPTED,
    "alerting": _S.ACCEPTED,
    "progress": _S.ACCEPTED,
    "answer": _S.ACTIVE,
    "release": _S.CLEARING,
    "cleared": _S.CLEARED,
}
_OUTGOING = {
    "more": _S.SENDING,
    "working": _S.PROCEEDING,
    "connected": _S.ACTIVE,
    "release": _S.CLEARING,
    "cleared": _S.CLEARED,
}

#: state → request or event → state
MOVES: dict[CallState, dict[str, CallState]] = {
    _S.OFFERED: _INCOMING | {"acknowledge": _S.OVERLAP},
    _S.OVERLAP: _INCOMING | {"acknowledge": _S.OVERLAP},
    _S.ACCEPTED: _INCOMING,
    _S.DIALLING: _OUTGOING,
    _S.SENDING: _OUTGOING | {"information": _S.SENDING},
    _S.PROCEEDING: _OUTGOING | {"information": _S.PROCEEDING},
    _S.ACTIVE: {"release": _S.CLEARING, "cleared": _S.CLEARED},
    _S.CLEARED: {"release": _S.CLEARING, "cleared": _S.CLEARED},
    _S.CLEARING: {"release": _S.CLEARING, "cleared": _S.CLEARING},
}

#: Requests of ours; anything else in the table is an event from the far end.
REQUESTS = frozenset(
    {"acknowledge", "proceeding", "alerting", "progress", "answer", "information", "release"}
)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A call in talk whose signalling was lost; `cref` as received frames carry it."""

    ref: int
    cref: int
    channel: int


@dataclass(slots=True)
class Call:
    """One call of a link. `handle` is libpri's pointer, `cref` the call reference on the line."""

    ref: int
    handle: int
    channel: int
    outgoing: bool
    state: CallState
    cref: int = 0
    cause: int | None = None  # the first cause given, by either end
    rest: str = ""  # digits that wait until the far end asks for them
    timer: str = ""  # the one of T301, T302, T304, T310 that runs, or "clearing"
    deadline: float | None = None

    def move(self, word: str) -> CallState:
        """Take one step; returns the state left. See the module for what is not listed."""
        before = self.state
        after = MOVES[before].get(word)
        if after is None:
            if word in REQUESTS:
                raise DriverError(
                    f"call {self.ref} on channel {self.channel} is {before.value}: no {word} now",
                    Cause.PROTOCOL_ERROR,
                )
            return before
        self.state = after
        return before

    def time(self, timer: str, seconds: float, now: float) -> None:
        """Let this timer run instead of any other; 0 seconds: none."""
        self.timer, self.deadline = timer, now + seconds if seconds > 0 else None

    def clear_with(self, cause: int | None) -> int:
        """Note the cause of clearing; the first one given stays."""
        if self.cause is None and cause is not None and cause > 0:
            self.cause = cause
        return self.cause if self.cause is not None else int(Cause.NORMAL)
