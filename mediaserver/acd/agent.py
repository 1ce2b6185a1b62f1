"""An agent's state on the server: one table for console and phone-only agents.

Every change carries its reason. A wish that cannot be met now (away while
talking) is kept as `pending` and met when the call is over.
"""

from __future__ import annotations

from enum import Enum

from mediaserver.bus import Bus
from mediaserver.call.dialler import Target
from mediaserver.clock import Clock
from mediaserver.events import AgentChanged
from mediaserver.table import StateTable


class AgentState(Enum):
    LOGGED_OUT = "logged_out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    AWAY = "away"


class AgentInput(Enum):
    LOG_OUT = "log out"
    AWAY = "away"
    READY = "ready"
    OFFER = "offer"
    MISS = "miss"
    ANSWER = "answer"
    FINISH = "finish"
    ENGAGE = "engage"  # the phone is taken up for a call of the agent's own


_S, _I = AgentState, AgentInput
TABLE: StateTable[AgentState, AgentInput] = StateTable(
    "agent",
    _S.LOGGED_OUT,
    frozenset(),  # an agent's day has no last state
    {
        _S.LOGGED_OUT: {
            _I.READY: _S.READY,
            _I.AWAY: _S.AWAY,
            _I.LOG_OUT: _S.LOGGED_OUT,
        },
        _S.READY: {
            _I.OFFER: _S.RINGING,
            _I.ENGAGE: _S.TALKING,
            _I.AWAY: _S.AWAY,
            _I.LOG_OUT: _S.LOGGED_OUT,
            _I.READY: _S.READY,
        },
        _S.RINGING: {_I.ANSWER: _S.TALKING, _I.MISS: _S.READY},
        _S.TALKING: {_I.FINISH: _S.WRAP_UP},
        _S.WRAP_UP: {_I.READY: _S.READY, _I.AWAY: _S.AWAY, _I.LOG_OUT: _S.LOGGED_OUT},
        _S.AWAY: {_I.READY: _S.READY, _I.LOG_OUT: _S.LOGGED_OUT, _I.AWAY: _S.AWAY},
    },
)

#: Wishes from people, met at once or kept until the agent is free.
WISHES = {"ready": _I.READY, "away": _I.AWAY, "logged_out": _I.LOG_OUT}
_BUSY = frozenset({_S.RINGING, _S.TALKING, _S.WRAP_UP})


class Agent:
    """One agent and the phone calls reach them on (`target`)."""

    def __init__(self, name: str, display: str, target: Target, bus: Bus, clock: Clock) -> None:
        self.name = name
        self.display = display
        self.target = target
        self.state = AgentState.LOGGED_OUT
        self.idle_since_ms = 0
        self.pending: AgentInput | None = None
        self.call_id: str | None = None
        self._bus = bus
        self._clock = clock

    def wish(self, state: str, reason: str) -> bool:
        """A person asks for "ready", "away" or "logged_out"; whether it holds at once.

        Raises ValueError for another state.
        """
        if state not in WISHES:
            raise ValueError(f"an agent can be set to {', '.join(WISHES)}, not {state!r}")
        wish = WISHES[state]
        if self.state in _BUSY:
            self.pending = None if wish is AgentInput.READY else wish
            return False
        self.move(wish, reason)
        return True

    def free(self, reason: str) -> None:
        """After a call: to where they wished to be, else ready."""
        wish, self.pending = self.pending or AgentInput.READY, None
        self.move(wish, reason)

    def move(self, event: AgentInput, reason: str, call_id: str | None = None) -> None:
        old = self.state
        new = TABLE.next(old, event, self.name)
        if new is None or new is old:
            return
        self.state = new
        if call_id is not None or new not in _BUSY:
            self.call_id = call_id
        if new is AgentState.READY:
            self.idle_since_ms = self._clock.media_ms()
        self._bus.publish(
            AgentChanged(
                agent=self.name,
                old=old.value,
                new=new.value,
                reason=reason,
                call_id=self.call_id,
                **self._clock.stamp(),
            )
        )
