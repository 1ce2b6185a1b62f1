"""A leg: one party's connection to us, owning one channel.

What: turns line events into the leg's state, and our wishes (answer, clear)
into signalling requests. A leg never decides anything; its owner, the Call,
listens to `on_change`.
How: the table below; Q.931 clause 5's call states folded to what matters above
the line. Limits: one bearer channel a leg.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from drivers import cause as causes
from drivers import events as ev
from drivers.base import Channel, DriverError, Signalling, SpanKind
from mediaserver.media.session import MediaPort
from mediaserver.table import StateTable

log = logging.getLogger(__name__)


class LegState(Enum):
    NULL = "null"
    OFFERED = "offered"  # their SETUP, not answered yet
    DIALLING = "dialling"  # our SETUP sent
    PROCEEDING = "proceeding"
    ALERTING = "alerting"
    CONNECTED = "connected"
    CLEARING = "clearing"
    RELEASED = "released"


class LegEvent(Enum):
    OFFER = "offer"
    DIAL = "dial"
    PROCEEDING = "proceeding"
    ALERTING = "alerting"
    ANSWER = "answer"  # we answer them
    CONNECTED = "connected"  # they answer us
    DISCONNECTED = "disconnected"
    CLEAR = "clear"  # we clear
    RELEASED = "released"


_S, _E = LegState, LegEvent
_CLEARING = {_E.DISCONNECTED: _S.CLEARING, _E.CLEAR: _S.CLEARING, _E.RELEASED: _S.RELEASED}
# The far end may repeat itself or overtake our answer; that moves nothing.
TABLE: StateTable[LegState, LegEvent] = StateTable(
    "leg",
    _S.NULL,
    frozenset({_S.RELEASED}),
    {
        _S.NULL: {_E.OFFER: _S.OFFERED, _E.DIAL: _S.DIALLING, _E.RELEASED: _S.RELEASED},
        _S.OFFERED: {_E.ANSWER: _S.CONNECTED, _E.PROCEEDING: _S.OFFERED, **_CLEARING},
        _S.DIALLING: {
            _E.PROCEEDING: _S.PROCEEDING,
            _E.ALERTING: _S.ALERTING,
            _E.CONNECTED: _S.CONNECTED,
            **_CLEARING,
        },
        _S.PROCEEDING: {
            _E.PROCEEDING: _S.PROCEEDING,
            _E.ALERTING: _S.ALERTING,
            _E.CONNECTED: _S.CONNECTED,
            **_CLEARING,
        },
        _S.ALERTING: {
            _E.PROCEEDING: _S.ALERTING,
            _E.ALERTING: _S.ALERTING,
            _E.CONNECTED: _S.CONNECTED,
            **_CLEARING,
        },
        _S.CONNECTED: {
            _E.PROCEEDING: _S.CONNECTED,
            _E.ALERTING: _S.CONNECTED,
            _E.CONNECTED: _S.CONNECTED,
            **_CLEARING,
        },
        _S.CLEARING: {
            _E.PROCEEDING: _S.CLEARING,
            _E.ALERTING: _S.CLEARING,
            _E.CONNECTED: _S.CLEARING,
            **_CLEARING,
        },
    },
)

_FROM_LINE: dict[type[ev.LineEvent], LegEvent] = {
    ev.Proceeding: _E.PROCEEDING,
    ev.Progress: _E.PROCEEDING,
    ev.Alerting: _E.ALERTING,
    ev.Connected: _E.CONNECTED,
    ev.Disconnected: _E.DISCONNECTED,
    ev.Released: _E.RELEASED,
}


class Leg:
    """One party. `role` is "caller", "agent" or "party"; `party` names who is there.

    Each of `listeners` is called with (leg, old, new) after each move. `media` is
    the leg's port into the engine, idle until the leg is used.
    """

    def __init__(
        self,
        leg_id: str,
        role: str,
        party: str,
        signalling: Signalling,
        channel: Channel,
        media: MediaPort,
    ) -> None:
        self.id = leg_id
        self.role = role
        self.party = party
        self.signalling = signalling
        self.channel = channel
        self.media = media
        self.ref: int | None = None
        self.state = LegState.NULL
        self.cause: int | None = None
        self.cleared_by_them = False
        self._proceeds = False
        self.inband = False  # the far end says tones or speech are on the channel
        self.call_id: str | None = None
        self.listeners: list[Callable[[Leg, LegState, LegState], None]] = []
        self.held = False  # the party talks with somebody else over the same channel
        self.on_hold: Callable[[Leg], None] | None = None
        self.came: ev.Setup | None = None  # what the call came in with
        self.connected: ev.Connected | None = None  # who answered it
        self.on_flash: Callable[[Leg], None] | None = None  # its telephone's, with no other call
        self._waiters: list[tuple[frozenset[LegState], asyncio.Future[LegState]]] = []

    @property
    def line(self) -> str:
        return self.channel.name

    @property
    def from_inside(self) -> bool:
        """Whether it is a telephone of ours."""
        return self.signalling.span.kind is SpanKind.FXS

    @property
    def messages_waiting(self) -> bool:
        """Whether its telephone is to be told so by dial tone."""
        asked = getattr(self.signalling, "message_waiting", None)
        return asked is not None and bool(asked(self.channel.number))

    @property
    def alive(self) -> bool:
        return self.state not in (LegState.CLEARING, LegState.RELEASED)

    # ---- from the line

    def on_line(self, event: ev.LineEvent) -> None:
        if isinstance(event, ev.Disconnected | ev.Released) and self.cause is None:
            self.cause = event.cause
            self.cleared_by_them = self.state is not LegState.CLEARING
        if isinstance(event, ev.Alerting | ev.Proceeding | ev.Progress):
            self.inband = self.inband or event.inband
        if isinstance(event, ev.Connected):
            self.connected = event
        if isinstance(event, ev.Held | ev.Retrieved):
            self._hold(isinstance(event, ev.Held))
        if isinstance(event, ev.Flash) and self.on_flash is not None:
            self.on_flash(self)
        known = _FROM_LINE.get(type(event))
        if known is not None:
            self._move(known)
        if isinstance(event, ev.Disconnected):
            self._release(event.cause)

    # ---- our wishes

    def offered(self, ref: int) -> None:
        self.ref = ref
        self._move(LegEvent.OFFER)

    def dialled(self, ref: int) -> None:
        self.ref = ref
        self._move(LegEvent.DIAL)

    def answer(self, who: ev.Connected | None = None) -> None:
        """Answer an offered leg; nothing happens if the caller has gone meanwhile.

        `who` answers, as the line of another leg says, is told where this line can tell it.
        """
        told = _who(who) if getattr(self.signalling, "tells_who_answers", False) else ()
        if self.state is LegState.OFFERED and self._request("answer", *told):
            self._move(LegEvent.ANSWER)

    def proceeding(self) -> None:
        """The called number is complete; told once."""
        if self.state is LegState.OFFERED and not self._proceeds:
            self._proceeds = self._request("proceeding")

    def more_digits(self) -> None:
        """The called number may be incomplete: ask for more (overlap receiving)."""
        if self.state is LegState.OFFERED:
            self._request("acknowledge")

    def alerting(self, inband: bool = False) -> None:
        if self.state is LegState.OFFERED:
            self._request("alerting", inband)

    def progress(self) -> None:
        """Tell the caller's exchange that speech is on the channel before the answer."""
        if self.state is LegState.OFFERED and not self.inband:
            self.inband = True
            self._request("progress", True)

    def ignore(self) -> None:
        """Leave an offered leg to another terminal of its line: the exchange hears nothing."""
        if self.state is LegState.OFFERED and not self._request("ignore"):
            self.clear(causes.Cause.NON_SELECTED)

    def flash(self) -> bool:
        """Flash on an exchange line for its other call; whether there was one."""
        takes = getattr(self.signalling, "takes_flash", None)
        if self.state is not LegState.CONNECTED or takes is None:
            return False
        return bool(takes(self.channel.number)) and self._request("flash")

    def clear(self, cause: int = causes.Cause.NORMAL) -> None:
        """Clear the leg; harmless when it is being cleared already."""
        if not self.alive:
            return
        if self.cause is None:
            self.cause = int(cause)
        self._move(LegEvent.CLEAR)
        self._release(int(cause))

    async def wait(self, *states: LegState) -> LegState:
        """Until the leg is in one of `states` (at once if it is)."""
        if self.state in states:
            return self.state
        future: asyncio.Future[LegState] = asyncio.get_running_loop().create_future()
        waiter = (frozenset(states), future)
        self._waiters.append(waiter)
        try:
            return await future
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    # ---- inside

    def _hold(self, held: bool) -> None:
        if self.held != held and self.state is LegState.CONNECTED:
            self.held = held
            if self.on_hold is not None:
                self.on_hold(self)

    def _release(self, cause: int) -> None:
        if not self._request("release", cause) and self.state is not LegState.RELEASED:
            self._move(LegEvent.RELEASED)  # the line has forgotten the call already

    def _request(self, what: str, *args: object) -> bool:
        if self.ref is None:
            return False
        try:
            getattr(self.signalling, what)(self.ref, *args)
        except DriverError as error:
            log.warning("leg %s on %s: %s: %s", self.id, self.line, what, error)
            return False
        return True

    def _move(self, event: LegEvent) -> None:
        old = self.state
        new = TABLE.next(old, event, f"{self.id} on {self.line}")
        if new is None or new is old:
            return
        self.state = new
        for listener in tuple(self.listeners):
            try:
                listener(self, old, new)
            except Exception:
                log.exception("leg %s on %s: %r failed", self.id, self.line, listener)
        for states, future in self._waiters[:]:
            if new in states or new is LegState.RELEASED:
                self._waiters.remove((states, future))
                if not future.done():
                    future.set_result(new)


def _who(event: ev.Connected | None) -> tuple[ev.Number | None, str] | tuple[()]:
    """Number and name to answer with; of one who withholds them, only that."""
    if event is None:
        return ()
    if event.number is not None and event.number.withheld:
        return replace(event.number, digits=""), ""
    return event.number, event.name
