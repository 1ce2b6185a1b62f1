"""Signalling of analog ports: hook, ring and flash turned into calls.

What: FXS feeds telephones (one call a port): ring, off hook, on hook, flash.
FXO is the telephone on an exchange line: answer and dial by going off hook,
digits in band by the layer above, far-end hang-up by a break in loop current.
How: one total table per kind and one `_move`; every port is a small machine.
Hook, ring with its cadence, flash and caller ID travel as data.
Limits: busy tone as a hang-up sign is heard above (media), not here.
Source: ring cadence GB 3380; loop start as in TIA-968 and Q.552.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any

from drivers.base import (
    AnalogEvent,
    AnalogSpan,
    DriverError,
    EventSink,
    HookChange,
    HookFlash,
    RingChange,
    SetupRequest,
    SpanKind,
)
from drivers.cause import Cause
from drivers.events import (
    Alerting,
    ChannelState,
    Connected,
    Disconnected,
    Flash,
    LineEvent,
    Number,
    Proceeding,
    Released,
    Setup,
    SignallingState,
)


class PortState(Enum):
    IDLE = "idle"
    OFFERED = "offered"  # the line called us (FXS: phone off hook, FXO: ringing)
    RINGING = "ringing"  # FXS: we ring the phone
    TALKING = "talking"
    PARKED = "parked"  # FXS: cleared by us, the phone is still off hook
    CLEARED = "cleared"  # FXO: the exchange broke loop current, we are still off hook
    REFUSED = "refused"  # FXO: we do not take the call, it still rings


_S = PortState
#: state → event → (state, name of the method that acts on it, "" for none)
Moves = dict[PortState, dict[str, tuple[PortState, str]]]


def _total(words: str, moves: Moves) -> Moves:
    """Add what changes nothing: every other word leaves its state."""
    return {
        state: dict.fromkeys(words.split(), (state, "")) | listed for state, listed in moves.items()
    }


FXS_MOVES: Moves = _total(
    "setup answer release off_hook on_hook flash",
    {
        _S.IDLE: {"off_hook": (_S.OFFERED, "_offer"), "setup": (_S.RINGING, "_ring")},
        _S.RINGING: {
            "off_hook": (_S.TALKING, "_picked_up"),
            "release": (_S.IDLE, "_stop_ringing"),
        },
        _S.OFFERED: {
            "answer": (_S.TALKING, ""),
            "on_hook": (_S.IDLE, "_end"),
            "release": (_S.PARKED, "_hang_up"),
            "flash": (_S.OFFERED, "_flash"),
        },
        _S.TALKING: {
            "on_hook": (_S.IDLE, "_end"),
            "release": (_S.PARKED, "_hang_up"),
            "flash": (_S.TALKING, "_flash"),
        },
        _S.PARKED: {"on_hook": (_S.IDLE, "_put_down")},
    },
)

FXO_MOVES: Moves = _total(
    "setup answer release ring quiet current_lost",
    {
        _S.IDLE: {"ring": (_S.OFFERED, "_offer"), "setup": (_S.TALKING, "_seize")},
        _S.OFFERED: {
            "quiet": (_S.IDLE, "_end"),
            "answer": (_S.TALKING, "_close_loop"),
            "release": (_S.REFUSED, "_end"),
        },
        _S.REFUSED: {"quiet": (_S.IDLE, "_end")},
        _S.TALKING: {
            "current_lost": (_S.CLEARED, "_far_end"),
            "release": (_S.IDLE, "_open_loop"),
        },
        _S.CLEARED: {"release": (_S.IDLE, "_open_loop")},
    },
)

#: For diagrams and tests: the table of each kind.
TABLES: dict[str, Moves] = {"fxs": FXS_MOVES, "fxo": FXO_MOVES}

#: China's: one second on, four off.
RING_CADENCE_MS = (1000, 4000)

#: An FXS port breaks loop current this long when we hang up first.
LOOP_BREAK_S = 0.8


@dataclass(slots=True)
class Port:
    """One port's machine. `ref` is 0 while no call is on it."""

    number: int
    state: PortState = PortState.IDLE
    ref: int = 0
    outgoing: bool = False
    cause: int = int(Cause.NORMAL)
    request: SetupRequest | None = None
    ring: RingChange | None = None


class _AnalogSignalling:
    """What FXS and FXO share: ports, refs, and telling the sink in the loop's next turn."""

    moves: Moves
    kind: SpanKind

    def __init__(self, span: AnalogSpan, sink: EventSink) -> None:
        if span.kind is not self.kind:
            raise ValueError(f"span {span.name} is {span.kind.value}, not {self.kind.value}")
        self.span: AnalogSpan = span
        self.sink = sink
        self._ports = {channel.number: Port(channel.number) for channel in span.channels}
        self._refs: dict[int, Port] = {}
        self._next_ref = 1
        self._running = False

    @property
    def up(self) -> bool:
        return self._running

    def start(self) -> None:
        self._running = True
        self.span.on_line(self._on_line)
        self._tell(SignallingState(self.span.name, True, "ports in use"))

    def stop(self) -> None:
        self._running = False

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest) -> int:
        port = self._ports.get(request.channel) if request.channel else self._first_idle()
        if port is None:
            raise DriverError(f"{self.span.name}: no idle port", Cause.NO_CHANNEL)
        if not self._running:
            raise DriverError(f"{self.span.name}: signalling is stopped")
        if port.state is not PortState.IDLE:
            raise DriverError(
                f"{self.span.name}/{port.number} is {port.state.value}", Cause.USER_BUSY
            )
        ref = self._new_ref(port)
        port.request, port.outgoing = request, True
        self._move(port, "setup")
        return ref

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
        port.state, action = self.moves[port.state][word]
        if action:
            getattr(self, action)(port)

    def _on_line(self, event: AnalogEvent) -> None:
        raise NotImplementedError

    # ---- actions -------------------------------------------------------------------------

    def _end(self, port: Port) -> None:
        """The call is over. The one place a ref ends."""
        if port.ref:
            del self._refs[port.ref]
            self._tell(Released(self.span.name, port.ref, port.cause))
        port.ref, port.outgoing, port.request, port.ring = 0, False, None, None

    # ---- inside --------------------------------------------------------------------------

    def _port(self, ref: int) -> Port:
        port = self._refs.get(ref)
        if port is None:
            raise DriverError(
                f"{self.span.name}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE
            )
        return port

    def _new_ref(self, port: Port) -> int:
        port.ref, self._next_ref = self._next_ref, self._next_ref + 1
        port.cause = int(Cause.NORMAL)
        self._refs[port.ref] = port
        return port.ref

    def _first_idle(self) -> Port | None:
        return next((p for p in self._ports.values() if p.state is PortState.IDLE), None)

    def _tell(self, event: LineEvent) -> None:
        """Hand on in the loop's next turn, so that no event comes inside a request."""
        asyncio.get_running_loop().call_soon(self._hand_on, event)

    def _hand_on(self, event: LineEvent) -> None:
        if self._running:
            self.sink(event)


class FxsSignalling(_AnalogSignalling):
    """Telephones on ports we feed. Alerting comes at once; how long to ring the caller decides.

    A phone picked up by itself gives Setup with no called number and `complete`
    false: its digits come in band. After `release` with the phone still off hook
    the port stays parked, out of service, until it is put down.
    """

    moves = FXS_MOVES
    kind = SpanKind.FXS

    def __init__(
        self,
        span: AnalogSpan,
        sink: EventSink,
        *,
        ring_cadence_ms: tuple[int, ...] = RING_CADENCE_MS,
    ) -> None:
        super().__init__(span, sink)
        self.ring_cadence_ms = ring_cadence_ms

    def _on_line(self, event: AnalogEvent) -> None:
        port = self._ports.get(event.channel)
        if port is None or not self._running:
            return
        if isinstance(event, HookChange):
            self._move(port, "off_hook" if event.off_hook else "on_hook")
        elif isinstance(event, HookFlash):
            self._move(port, "flash")

    def _ring(self, port: Port) -> None:
        request = port.request
        if request is not None:
            shown = request.calling.presentation & 0x60 == 0
            number, name = (request.calling.digits, request.name) if shown else ("", "")
            self.span.set_ring(port.number, True, number, name, self.ring_cadence_ms)
        self._tell(Alerting(self.span.name, port.ref))

    def _stop_ringing(self, port: Port) -> None:
        self.span.set_ring(port.number, False)
        self._end(port)

    def _picked_up(self, port: Port) -> None:
        self.span.set_ring(port.number, False)
        self._tell(Connected(self.span.name, port.ref))

    def _offer(self, port: Port) -> None:
        ref = self._new_ref(port)
        self._tell(Setup(self.span.name, ref, port.number, Number(), complete=False))

    def _hang_up(self, port: Port) -> None:
        self.span.set_hook(port.number, False)
        loop = asyncio.get_running_loop()
        loop.call_later(LOOP_BREAK_S, self.span.set_hook, port.number, True)
        self._tell(ChannelState(self.span.name, port.number, False, "telephone off the hook"))
        self._end(port)

    def _put_down(self, port: Port) -> None:
        self._tell(ChannelState(self.span.name, port.number, True, "telephone put down"))

    def _flash(self, port: Port) -> None:
        self._tell(Flash(self.span.name, port.ref))


class FxoSignalling(_AnalogSignalling):
    """Exchange lines. Outgoing calls count as connected once the loop is closed and dialled on;

    that the far end answered is not known on a plain line: Proceeding (in band) and
    Connected follow `setup` at once, and the layer above listens to the tones.
    """

    moves = FXO_MOVES
    kind = SpanKind.FXO

    def _on_line(self, event: AnalogEvent) -> None:
        port = self._ports.get(event.channel)
        if port is None or not self._running:
            return
        if isinstance(event, RingChange):
            port.ring = event
            if not event.ringing:
                self._move(port, "quiet")
            else:
                self._move(port, "ring")
        elif isinstance(event, HookChange) and not event.off_hook:
            self._move(port, "current_lost")

    def _offer(self, port: Port) -> None:
        ref, ring = self._new_ref(port), port.ring
        calling = Number(ring.caller_number) if ring is not None else Number()
        name = ring.caller_name if ring is not None else ""
        self._tell(Setup(self.span.name, ref, port.number, Number(), calling, name))

    def _seize(self, port: Port) -> None:
        self.span.set_hook(port.number, True)
        self._tell(Proceeding(self.span.name, port.ref, inband=True))
        self._tell(Connected(self.span.name, port.ref))

    def _close_loop(self, port: Port) -> None:
        self.span.set_hook(port.number, True)

    def _open_loop(self, port: Port) -> None:
        self.span.set_hook(port.number, False)
        self._end(port)

    def _far_end(self, port: Port) -> None:
        self._tell(Disconnected(self.span.name, port.ref, int(Cause.NORMAL)))


def analog(span: AnalogSpan, sink: EventSink, **options: Any) -> FxsSignalling | FxoSignalling:
    """The signalling that goes with the span's kind; ValueError for another kind."""
    if span.kind is SpanKind.FXS:
        return FxsSignalling(span, sink, **options)
    return FxoSignalling(span, sink, **options)
