"""E&M signalling of one E1 span: the circuits of trunk.py on the loop's clock.

What: gives each circuit the far end's hook out of the board's bits and the keys out of the media,
carries its actions out, tells calls. The number goes by DTMF both ways.
How: bits count once they have stood for `steady_ms`; what is told goes to the sink in the loop's
next turn, so that no event comes inside a request.
Limits: during an alarm bits mean nothing; one that lasts ends all calls. Immediate start tells two
calls that meet only within its delay, so a line's delay must be shorter than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from drivers.base import CasSpan, DriverError, EventSink, LineAudio, SetupRequest, SpanKind
from drivers.cause import Cause
from drivers.events import ChannelState, LineEvent, SignallingState
from drivers.said import Said
from drivers.signalling.alarm import GUARD_S, AlarmGuard
from drivers.signalling.cas_words import Trace, hook
from drivers.signalling.em.actions import Actions
from drivers.signalling.em.settings import EmSettings
from drivers.signalling.em.trunk import TABLE, Circuit, Trunk

_KEYS = frozenset("0123456789*#ABCD")


class EmSignalling(Actions):
    """`Signalling` over E&M. `trace` is told of the hooks of both ends and the numbers."""

    def __init__(
        self,
        span: CasSpan,
        sink: EventSink,
        audio: LineAudio,
        settings: EmSettings | None = None,
        *,
        alarm_guard_s: float = GUARD_S,
        trace: Trace | None = None,
    ) -> None:
        if span.kind is not SpanKind.E1:
            raise ValueError(f"span {span.name} is {span.kind.value}; E&M is of an E1's bits")
        self.span: CasSpan = span
        self.sink = sink
        self.audio = audio
        self.settings = settings or EmSettings()
        self.trace = trace
        self._circuits = {channel.number: Circuit(channel) for channel in span.channels}
        self._refs: dict[int, Circuit] = {}
        self._next_ref = 1
        self._guard = AlarmGuard(self._alarm_changed, self._alarm_lasts, alarm_guard_s)
        self._running = self._told_up = False

    # ---- life

    @property
    def up(self) -> bool:
        """Whether calls can be made on some circuit."""
        known = any(circuit.state is not Trunk.BLOCKED for circuit in self._circuits.values())
        return self._running and not self._guard.active and known

    def start(self) -> None:
        self._running = True
        self.span.on_bits(self._bits)
        self.span.watch(self._guard.watch)
        self._guard.start(self.span.alarms)
        for circuit in self._circuits.values():
            self._hook(circuit, False)
            self._move(circuit, "on" if not self._guard.active and not self._far(circuit) else "")
        self._tell_state("E&M in use")

    def stop(self) -> None:
        self._running = False
        self._guard.stop()
        for circuit in self._circuits.values():
            self._still(circuit)
            if circuit.steady is not None:
                circuit.steady.cancel()
            self.span.send_bits(circuit.channel.number, self.settings.on_hook)

    # ---- requests

    def setup(self, request: SetupRequest) -> int:
        circuit = self._free(request.channel)
        digits = request.called.digits
        if not digits or set(digits) - _KEYS:
            raise DriverError(
                f"{self.span.name}: {digits!r} cannot be dialled by DTMF", Cause.INVALID_NUMBER
            )
        ref = self._new_ref(circuit)
        circuit.request = request
        self._move(circuit, self.start_word)
        return ref

    def acknowledge(self, ref: int) -> None:
        self._of(ref)  # the number is whole when it is offered

    def information(self, ref: int, digits: str) -> None:
        self._of(ref)
        raise DriverError(f"{self.span.name}: E&M sends a number whole")

    def proceeding(self, ref: int) -> None:
        self._of(ref)  # E&M has no word for it, nor for the next two

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._of(ref)

    def progress(self, ref: int, inband: bool = True) -> None:
        self._of(ref)

    def answer(self, ref: int) -> None:
        circuit = self._of(ref)
        if circuit.state is not Trunk.OFFERED:
            raise DriverError(f"{circuit.channel.name} is {circuit.state.value}: no answer")
        self._move(circuit, "answer")

    def release(self, ref: int, cause: int) -> None:
        circuit = self._of(ref)
        circuit.cause = cause
        self._move(circuit, "release")

    def restart(self, channel: int) -> None:
        circuit = self._circuits.get(channel)
        if circuit is None:
            raise DriverError(f"{self.span.name}: there is no channel {channel}")
        if circuit.ref:
            circuit.cause = int(Cause.TEMPORARY_FAILURE)
            self._move(circuit, "release")

    def is_idle(self, channel: int) -> bool:
        """Whether a call may be put on this channel."""
        circuit = self._circuits.get(channel)
        return circuit is not None and circuit.state is Trunk.IDLE

    def states(self) -> Mapping[int, str]:
        """The state of each channel, for the console."""
        return {number: each.state.value for number, each in self._circuits.items()}

    # ---- from the line

    def _bits(self, channel: int, abcd: int) -> None:
        circuit = self._circuits.get(channel)
        if circuit is None or not self._running or self._guard.active:
            return
        if circuit.steady is not None:
            circuit.steady.cancel()
            circuit.steady = None
        if self._far(circuit) != circuit.off:
            loop = asyncio.get_running_loop()
            circuit.steady = loop.call_later(self.settings.steady_ms / 1000, self._settled, circuit)

    def _settled(self, circuit: Circuit) -> None:
        circuit.steady = None
        off = circuit.off = self._far(circuit)
        self._note(circuit, "in", hook(off))
        self._move(circuit, "off" if off else "on")

    def _far(self, circuit: Circuit) -> bool:
        """Whether the far end is off hook: bit A."""
        return bool(self.span.bits(circuit.channel.number) & 8)

    # ---- alarms

    def _alarm_changed(self) -> None:
        if not self._running:
            return
        for circuit in self._circuits.values():
            if self._guard.active and circuit.steady is not None:
                circuit.steady.cancel()
                circuit.steady = None
            elif not self._guard.active:
                self._after_alarm(circuit)
        self._tell_state("span alarm" if self._guard.active else "span alarm ended")

    def _after_alarm(self, circuit: Circuit) -> None:
        """The far end's hook, as it is now."""
        if circuit.state is Trunk.BLOCKED and not self._far(circuit):
            circuit.off = False
            self._move(circuit, "on")
        else:
            self._bits(circuit.channel.number, 0)

    def _alarm_lasts(self) -> None:
        for circuit in self._circuits.values():
            circuit.cause = int(Cause.DESTINATION_OUT_OF_ORDER)
            self._abort(circuit)

    # ---- inside

    def _move(self, circuit: Circuit, word: str) -> None:
        if not word:
            return
        old = circuit.state
        circuit.state, action = TABLE.rows[old][word]
        if circuit.state is not old:
            self._still(circuit)
        if action:
            getattr(self, action)(circuit)

    def _free(self, number: int) -> Circuit:
        if not self.up:
            why = "span in alarm" if self._running else "signalling is stopped"
            raise DriverError(f"{self.span.name}: {why}", Cause.NETWORK_OUT_OF_ORDER)
        if not number:
            for circuit in self._circuits.values():
                if circuit.state is Trunk.IDLE:
                    return circuit
            raise DriverError(f"{self.span.name}: no idle channel", Cause.NO_CHANNEL)
        wanted = self._circuits.get(number)
        if wanted is None or wanted.state is not Trunk.IDLE:
            what = "there is no such channel" if wanted is None else wanted.state.value
            raise DriverError(f"{self.span.name}/{number}: {what}", Cause.CHANNEL_UNAVAILABLE)
        return wanted

    def _of(self, ref: int) -> Circuit:
        circuit = self._refs.get(ref)
        if circuit is None:
            raise DriverError(
                f"{self.span.name}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE
            )
        return circuit

    def _new_ref(self, circuit: Circuit) -> int:
        circuit.ref, self._next_ref = self._next_ref, self._next_ref + 1
        circuit.cause = int(Cause.NORMAL)
        self._refs[circuit.ref] = circuit
        return circuit.ref

    def _tell(self, event: LineEvent) -> None:
        asyncio.get_running_loop().call_soon(self._hand_on, event)

    def _hand_on(self, event: LineEvent) -> None:
        if self._running:
            self.sink(event)

    def _service(self, circuit: Circuit, on: bool, why: str) -> None:
        if circuit.told_out == on:
            circuit.told_out = not on
            self._tell(ChannelState(self.span.name, circuit.channel.number, on, why))
        self._tell_state(why)

    def _tell_state(self, reason: str) -> None:
        if self.up != self._told_up:
            self._told_up = self.up
            self._tell(SignallingState(self.span.name, self.up, reason))

    def _after(self, circuit: Circuit, ms: float) -> None:
        """The word "timer", unless the state has changed by then."""
        self._still(circuit)
        loop = asyncio.get_running_loop()
        circuit.timer = loop.call_later(ms / 1000, partial(self._move, circuit, "timer"))

    def _still(self, circuit: Circuit) -> None:
        if circuit.timer is not None:
            circuit.timer.cancel()
            circuit.timer = None

    def _note(self, circuit: Circuit, direction: str, said: Said) -> None:
        if self.trace is not None:
            self.trace(circuit.channel.number, direction, said)
