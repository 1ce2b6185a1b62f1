"""What telephones (FXS) and exchange lines (FXO) share: ports, calls' numbers, timers, the sink.

What: every port is a small machine; a table of its kind says what each word does in each state,
`_move` is the one way to go. How: what a port tells goes to the sink in the loop's next turn, so
that no event comes inside a request; a timer of a port belongs to the state it was set in.
Limits: one call a port; a telephone's second one is in second.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from drivers.base import (
    AnalogEvent,
    AnalogSpan,
    Channel,
    DriverError,
    EventSink,
    LineAudio,
    RingChange,
    SetupRequest,
    SpanKind,
)
from drivers.cause import Cause
from drivers.events import LineEvent, Released, SignallingState
from drivers.signalling.analog.country import AnalogSettings
from drivers.signalling.table import Table
from dsp_ext.callerid import CallerId


class PortState(Enum):
    """Of both kinds; each kind's table says which it uses."""

    IDLE = "idle"
    HEARING = "hearing"  # FXO: it rings, and who calls may still be told
    OFFERED = "offered"  # the line called us (FXS: telephone off hook, FXO: ringing)
    TALKING = "talking"
    WAITING = "waiting"  # FXS: in talk, and another call waits
    HOLDING = "holding"  # FXS: in talk, and another call is held
    BETWEEN = "between"  # FXS: off hook after one call, and another waits or is held
    RINGING = "ringing"  # FXS: we ring the telephone
    PARKED = "parked"  # FXS: cleared by us, the telephone is still off hook
    HOWLING = "howling"  # FXS: still off hook, it is told so loudly
    LOCKED = "locked"  # FXS: still off hook, nothing more is done until it is put down
    SEIZED = "seized"  # FXO: off hook, the exchange has not asked for the number yet
    DIALLING = "dialling"  # FXO: the number is being sent
    DIALLED = "dialled"  # FXO: not answered yet
    CLEARED = "cleared"  # FXO: the exchange has cleared, we are still off hook
    REFUSED = "refused"  # FXO: we do not take the call, it still rings
    GUARD = "guard"  # FXO: on hook, not for long enough to be used again
    DEAD = "dead"  # FXO: the exchange does not feed the line


@dataclass(slots=True)
class Second:
    """FXS: the call beside the one in talk. It waits to be taken, or is `held`."""

    ref: int
    request: SetupRequest | None
    held: bool = False
    cause: int = int(Cause.NORMAL)


@dataclass(slots=True)
class Port:
    """One port's machine. `ref` is 0 while no call is on it."""

    channel: Channel
    state: PortState = PortState.IDLE
    ref: int = 0
    outgoing: bool = False
    cause: int = int(Cause.NORMAL)
    request: SetupRequest | None = None
    second: Second | None = None
    held: bool = False  # FXS: the call that rings, or is to be taken up, was held before
    ring: RingChange | None = None
    dialled: Callable[[bool], None] | None = None  # FXO: told when digits sent in talk are out
    fed: bool = True  # FXO: the exchange feeds the line
    waits: bool = False  # FXO: for dial tone
    another: bool = False  # FXO: a second call waits at the exchange, or is held there
    listening: bool = False  # FXO: for caller ID
    caller: CallerId | None = None  # FXO: what was heard, until a call has it
    heard_at: float = 0.0
    since: float = 0.0  # when the call was answered
    reversed: bool = False  # FXS: the wires are
    timer: asyncio.TimerHandle | None = None
    break_timer: asyncio.TimerHandle | None = None

    @property
    def number(self) -> int:
        return self.channel.number


class AnalogSignalling:
    """`audio` sends and hears tones on the ports; without it the layer above does all of that."""

    table: Table[PortState]
    kind: SpanKind

    def __init__(
        self,
        span: AnalogSpan,
        sink: EventSink,
        settings: AnalogSettings | None = None,
        *,
        audio: LineAudio | None = None,
    ) -> None:
        if span.kind is not self.kind:
            raise ValueError(f"span {span.name} is {span.kind.value}, not {self.kind.value}")
        self.span: AnalogSpan = span
        self.sink = sink
        self.settings = settings or AnalogSettings()
        self.audio = audio
        self._ports = {channel.number: Port(channel) for channel in span.channels}
        self._refs: dict[int, Port] = {}
        self._next_ref = 1
        self._running = False

    @property
    def up(self) -> bool:
        return self._running

    def start(self) -> None:
        self._running = True
        self.span.set_flash(self.settings.facts.flash, self.settings.facts.flash_send)
        self.span.on_line(self._on_line)
        self._tell(SignallingState(self.span.name, True, "ports in use"))

    def stop(self) -> None:
        self._running = False
        for port in self._ports.values():
            self._still(port)
            if port.break_timer is not None:
                port.break_timer.cancel()

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest) -> int:
        port = self._ports.get(request.channel) if request.channel else self._first_idle()
        if port is None:
            raise DriverError(f"{self.span.name}: no idle port", Cause.NO_CHANNEL)
        if not self._running:
            raise DriverError(f"{self.span.name}: signalling is stopped")
        if port.state is not PortState.IDLE:
            return self._beside(port, request)
        word = self._way_out(request)
        ref = self._new_ref(port)
        port.request, port.outgoing = request, True
        self._move(port, word)
        return ref

    def _beside(self, port: Port, request: SetupRequest) -> int:
        """A call for a port that is not idle. Raises DriverError where it takes none."""
        dead = port.state is PortState.DEAD
        raise DriverError(
            f"{self.span.name}/{port.number} is {port.state.value}",
            Cause.DESTINATION_OUT_OF_ORDER if dead else Cause.USER_BUSY,
        )

    def _way_out(self, request: SetupRequest) -> str:
        """The word an outgoing call begins with. Raises DriverError for what cannot be dialled."""
        return "setup"

    def acknowledge(self, ref: int) -> None:
        self._port(ref)  # digits come in band anyway

    def information(self, ref: int, digits: str) -> None:
        self._port(ref)
        raise DriverError(f"{self.span.name}: digits go in band on an analog line")

    def proceeding(self, ref: int) -> None:
        self._port(ref)

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._port(ref)

    def progress(self, ref: int, inband: bool = True) -> None:
        self._port(ref)

    def answer(self, ref: int) -> None:
        port = self._port(ref)
        if port.state is not PortState.OFFERED:
            raise DriverError(f"{self.span.name}/{port.number} is {port.state.value}: no answer")
        self._move(port, "answer")

    def release(self, ref: int, cause: int) -> None:
        port = self._port(ref)
        port.cause = cause
        self._move(port, "release")

    def restart(self, channel: int) -> None:
        port = self._ports.get(channel)
        if port is None:
            raise DriverError(f"{self.span.name}: there is no port {channel}")
        if port.ref:
            port.cause = int(Cause.TEMPORARY_FAILURE)
            self._move(port, "release")

    def is_idle(self, channel: int) -> bool:
        """Whether a call may be put on this port."""
        port = self._ports.get(channel)
        return port is not None and port.state is PortState.IDLE

    def state(self, channel: int) -> PortState:
        """The state of a port, for the console."""
        return self._ports[channel].state

    # ---- the machine ---------------------------------------------------------------------

    def _move(self, port: Port, word: str) -> None:
        old = port.state
        port.state, action = self.table.rows[old][word]
        if port.state is not old:
            self._still(port)
        if action:
            getattr(self, action)(port)

    def _after(self, port: Port, seconds: float) -> None:
        """The word "timer", unless the state has changed by then."""
        self._still(port)
        loop = asyncio.get_running_loop()
        port.timer = loop.call_later(seconds, self._move, port, "timer")

    def _still(self, port: Port) -> None:
        if port.timer is not None:
            port.timer.cancel()
            port.timer = None

    def _on_line(self, event: AnalogEvent) -> None:
        raise NotImplementedError

    # ---- actions -------------------------------------------------------------------------

    def _end(self, port: Port) -> None:
        """The call is over. The one place a ref ends."""
        if port.ref:
            del self._refs[port.ref]
            self._tell(Released(self.span.name, port.ref, port.cause))
        port.ref, port.outgoing, port.request, port.ring = 0, False, None, None
        port.held = port.another = False

    # ---- inside --------------------------------------------------------------------------

    def _port(self, ref: int) -> Port:
        port = self._refs.get(ref)
        if port is None:
            raise DriverError(
                f"{self.span.name}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE
            )
        return port

    def _new_ref(self, port: Port) -> int:
        port.ref = self._take_ref(port)
        port.cause = int(Cause.NORMAL)
        return port.ref

    def _take_ref(self, port: Port) -> int:
        ref, self._next_ref = self._next_ref, self._next_ref + 1
        self._refs[ref] = port
        return ref

    def _first_idle(self) -> Port | None:
        return next((p for p in self._ports.values() if p.state is PortState.IDLE), None)

    def _tell(self, event: LineEvent) -> None:
        """Hand on in the loop's next turn, so that no event comes inside a request."""
        asyncio.get_running_loop().call_soon(self._hand_on, event)

    def _hand_on(self, event: LineEvent) -> None:
        if self._running:
            self.sink(event)
