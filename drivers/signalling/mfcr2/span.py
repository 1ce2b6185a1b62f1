"""MFC/R2 signalling of one E1 span: thirty circuits on the loop's clock.

What: gives each circuit the board's bits and the media's tones, sends what it says,
and hands its events on. Events that a request brings about come in the loop's
next turn, never inside the request.
Limits: both-way circuits; a short span alarm is lived through with the bits as
they were, a long one ends all calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from drivers.base import CasSpan, DriverError, EventSink, Registers, SetupRequest, SpanKind
from drivers.cause import Cause
from drivers.events import (
    CallEvent,
    ChannelState,
    LineEvent,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.said import Said
from drivers.signalling.alarm import GUARD_S, AlarmGuard
from drivers.signalling.cas_words import Trace
from drivers.signalling.mfcr2.circuit import Circuit
from drivers.signalling.mfcr2.outputs import Listen, Output, SendBits, SendTone, StopTone
from drivers.signalling.mfcr2.variant import R2Settings


class Mfcr2Signalling:
    """`Signalling` over MFC/R2. `registers` sends and hears the tones.

    `trace` is told of every signal sent and heard, and what it means.
    """

    def __init__(
        self,
        span: CasSpan,
        sink: EventSink,
        registers: Registers,
        settings: R2Settings | None = None,
        *,
        alarm_guard_s: float = GUARD_S,
        trace: Trace | None = None,
    ) -> None:
        if span.kind is not SpanKind.E1:
            raise ValueError(f"span {span.name} is {span.kind.value}; MFC/R2 is of an E1")
        self.span: CasSpan = span
        self.sink = sink
        self.settings = settings or R2Settings()
        self.trace = trace
        self._registers = registers
        self._channels = {channel.number: channel for channel in span.channels}
        self._circuits = {number: self._circuit(number) for number in self._channels}
        self._refs: dict[int, Circuit] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._next_ref = 1
        self._guard = AlarmGuard(self._alarm_changed, self._alarm_lasts, alarm_guard_s)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._out = False  # circuits are out of service because of an alarm
        self._starting = False
        self._told_up = False
        self._pending: list[LineEvent] = []

    def _circuit(self, number: int) -> Circuit:
        return Circuit(
            self.span.name, number, self.settings, self._new_ref, partial(self._note, number)
        )

    # ---- life

    @property
    def up(self) -> bool:
        running = self._loop is not None and not self._guard.active and not self._out
        return running and any(circuit.in_service for circuit in self._circuits.values())

    def start(self) -> None:
        """Take the channels; to be called with the loop running."""
        self._loop = asyncio.get_running_loop()
        self.span.on_bits(self._bits)
        self.span.watch(self._guard.watch)
        self._guard.start(self.span.alarms)
        if self._guard.active:
            self._out = True
        else:
            self._go_in()
        self._tell_state("R2 in use")

    def stop(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None:
            return
        self._guard.stop()
        for number, circuit in self._circuits.items():
            for output in circuit.alarm(int(Cause.TEMPORARY_FAILURE), loop.time()):
                if not isinstance(output, LineEvent):
                    self._carry_out(number, output)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._refs.clear()
        self._pending.clear()

    # ---- requests

    def setup(self, request: SetupRequest) -> int:
        circuit = self._free_circuit(request.channel)
        called = request.called.digits
        if not called or called.strip("0123456789"):
            raise DriverError(
                f"{self.span.name}: R2 cannot send the number {called!r}", Cause.INVALID_NUMBER
            )
        own = request.calling
        digits = "".join(digit for digit in own.digits if digit in "0123456789")
        calling = Number(digits, own.ton, own.npi, own.presentation)
        ref = self._new_ref()
        self._refs[ref] = circuit
        plain = SetupRequest(
            circuit.number, request.called, calling, request.name, request.complete
        )
        self._do(circuit, circuit.setup, plain, ref)
        return ref

    def acknowledge(self, ref: int) -> None:
        self._of(ref)  # the registers ask for digits themselves

    def information(self, ref: int, digits: str) -> None:
        """Overlap sending: further called digits; an empty text completes the number."""
        circuit = self._of(ref)
        if digits.strip("0123456789"):
            raise DriverError(f"{self.span.name}: R2 cannot send {digits!r}", Cause.INVALID_NUMBER)
        self._do(circuit, circuit.digits, digits)

    def proceeding(self, ref: int) -> None:
        self._of(ref)  # R2 has no word for it

    def alerting(self, ref: int, inband: bool = False) -> None:
        circuit = self._of(ref)
        self._do(circuit, circuit.alerting)

    def progress(self, ref: int, inband: bool = True) -> None:
        """Speech before the answer: the far end hears us once the line is told as free."""
        self.alerting(ref, inband)

    def answer(self, ref: int) -> None:
        circuit = self._of(ref)
        self._do(circuit, circuit.answer)

    def release(self, ref: int, cause: int) -> None:
        circuit = self._of(ref)
        self._do(circuit, circuit.release, cause)

    def restart(self, channel: int) -> None:
        """Clear what is on a channel; R2 has no reset of its own."""
        circuit = self._circuits.get(channel)
        if circuit is None:
            raise DriverError(f"{self.span.name}: there is no channel {channel}")
        self._do(circuit, circuit.release, int(Cause.TEMPORARY_FAILURE))

    def meter(self, ref: int) -> None:
        """Send a metering pulse to the calling end of a call we answered."""
        circuit = self._of(ref)
        self._do(circuit, circuit.meter)

    def block(self, channel: int, on: bool = True) -> None:
        """Tell the far end not to call on a channel, or that it may again."""
        circuit = self._circuits.get(channel)
        if circuit is None:
            raise DriverError(f"{self.span.name}: there is no channel {channel}")
        self._do(circuit, circuit.block, on)

    def is_idle(self, channel: int) -> bool:
        """Whether a call may be put on this channel."""
        circuit = self._circuits.get(channel)
        return circuit is not None and circuit.idle

    def states(self) -> Mapping[int, str]:
        """The line state of each channel, for the console."""
        return {number: each.line.state.value for number, each in self._circuits.items()}

    # ---- from the line

    def _bits(self, channel: int, abcd: int) -> None:
        circuit = self._circuits.get(channel)
        if circuit is not None and self._loop is not None and not self._frozen:
            self._deliver(circuit, circuit.feed_bits(abcd, self._loop.time()))

    def _tone(self, circuit: Circuit, signal: int) -> None:
        if self._loop is not None:
            self._deliver(circuit, circuit.feed_tone(signal, self._loop.time()))

    def _timeout(self, circuit: Circuit) -> None:
        self._timers.pop(circuit.number, None)
        if self._loop is not None:
            self._deliver(circuit, circuit.timeout(self._loop.time()))

    @property
    def _frozen(self) -> bool:
        """During an alarm bits mean nothing; those from before hold (G.732)."""
        return self._guard.active or self._out

    # ---- alarms

    def _alarm_changed(self) -> None:
        if self._loop is None:
            return
        if self._guard.active:
            for circuit in self._circuits.values():
                circuit.forget_bits()
        elif self._out:
            self._go_in()
        else:
            for number in self._circuits:
                self._bits(number, self.span.bits(number))
        self._tell_state("span alarm" if self._guard.active else "span alarm ended")

    def _alarm_lasts(self) -> None:
        if self._loop is None:
            return
        self._out = True
        cause = int(Cause.DESTINATION_OUT_OF_ORDER)
        for circuit in self._circuits.values():
            self._deliver(circuit, circuit.alarm(cause, self._loop.time()))

    def _go_in(self) -> None:
        assert self._loop is not None
        self._starting = True
        for number, circuit in self._circuits.items():
            bits = self.span.bits(number)
            self._deliver(circuit, circuit.start(bits, self._loop.time()))
        self._out = self._starting = False

    # ---- inside

    def _free_circuit(self, number: int) -> Circuit:
        if self._loop is None:
            raise DriverError(f"{self.span.name}: signalling is stopped")
        if self._frozen:
            raise DriverError(f"{self.span.name}: span in alarm", Cause.NETWORK_OUT_OF_ORDER)
        if number:
            circuit = self._circuits.get(number)
            if circuit is not None and circuit.idle:
                return circuit
            what = "there is no such channel" if circuit is None else circuit.line.state.value
            raise DriverError(f"{self.span.name}/{number}: {what}", Cause.CHANNEL_UNAVAILABLE)
        for circuit in self._circuits.values():
            if circuit.idle:
                return circuit
        raise DriverError(f"{self.span.name}: no idle channel", Cause.NO_CHANNEL)

    def _of(self, ref: int) -> Circuit:
        circuit = self._refs.get(ref)
        if circuit is None or self._loop is None:
            raise DriverError(
                f"{self.span.name}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE
            )
        return circuit

    def _new_ref(self) -> int:
        ref, self._next_ref = self._next_ref, self._next_ref + 1
        return ref

    def _do(self, circuit: Circuit, step: Callable[..., list[Output]], *args: Any) -> None:
        """A request: what goes to the line goes now, events in the loop's next turn."""
        if self._loop is None:
            raise DriverError(f"{self.span.name}: signalling is stopped")
        for output in step(*args, self._loop.time()):
            if isinstance(output, LineEvent):
                self._hand_on_later(output)
            else:
                self._carry_out(circuit.number, output)
        self._set_timer(circuit)

    def _deliver(self, circuit: Circuit, outputs: list[Output]) -> None:
        self._hand_on_pending()
        self._set_timer(circuit)
        for output in outputs:
            if self._loop is None:
                return
            if isinstance(output, LineEvent):
                self._hand_on(output)
            else:
                self._carry_out(circuit.number, output)

    def _carry_out(self, number: int, output: Output) -> None:
        channel, china = self._channels[number], self._circuits[number].variant.china_backward
        match output:
            case SendBits(abcd):
                self.span.send_bits(number, abcd)
            case SendTone(signal, forward):
                direction = "forward" if forward else "backward"
                self._registers.send(channel, signal, direction, china and not forward)
            case StopTone():
                self._registers.stop(channel)
            case Listen(""):
                self._registers.release(channel)
            case Listen(direction):
                heard = partial(self._tone, self._circuits[number])
                china = china and direction == "backward"
                self._registers.listen(channel, direction, china, heard)

    def _set_timer(self, circuit: Circuit) -> None:
        timer = self._timers.pop(circuit.number, None)
        if timer is not None:
            timer.cancel()
        due = circuit.next_timeout
        if due is not None and self._loop is not None:
            self._timers[circuit.number] = self._loop.call_at(due, self._timeout, circuit)

    # ---- up

    def _hand_on_later(self, event: LineEvent) -> None:
        assert self._loop is not None
        if not self._pending:
            self._loop.call_soon(self._hand_on_pending)
        self._pending.append(event)

    def _hand_on_pending(self) -> None:
        """What earlier requests brought about comes before anything newer."""
        pending, self._pending = self._pending, []
        for event in pending:
            if self._loop is not None:
                self._hand_on(event)

    def _hand_on(self, event: LineEvent) -> None:
        if isinstance(event, Setup):
            self._refs[event.ref] = self._circuits[event.channel]
        elif isinstance(event, CallEvent) and event.ref not in self._refs:
            return
        if isinstance(event, Released):
            del self._refs[event.ref]
        self.sink(event)
        if isinstance(event, ChannelState):
            self._tell_state(event.reason or "channels in service")

    def _tell_state(self, reason: str) -> None:
        if self.up != self._told_up and not self._starting:
            self._told_up = self.up
            self.sink(SignallingState(self.span.name, self.up, reason))

    def _note(self, number: int, direction: str, said: Said | str) -> None:
        if self.trace is not None:
            self.trace(number, direction, said)


def mfcr2(
    span: CasSpan,
    sink: EventSink,
    *,
    registers: Registers,
    alarm_guard_s: float = GUARD_S,
    trace: Trace | None = None,
    **options: Any,
) -> Mfcr2Signalling:
    """MFC/R2 from plain options: those of `R2Settings`. Raises ValueError for wrong ones."""
    settings = R2Settings(**options)
    return Mfcr2Signalling(
        span, sink, registers, settings, alarm_guard_s=alarm_guard_s, trace=trace
    )
