"""One R2 channel, sans-I/O: line signals, both registers, and the call on it.

What: takes bits and tones as they are heard and wishes as they are made, each with
its time, and gives back what to do in order: bits and tones to send, whether to
listen, and the call's line events.
How: three machines of tables (`line`, `forward`, `backward`); this is their owner.
It keeps their timers, recognises bits that stand long enough, and folds what
happens into the words of `drivers.events`.
Limits: one call at a time, as on the wire; overlap only towards the far end.
Source: ITU-T Q.400 to Q.490.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import SetupRequest
from drivers.cause import Cause
from drivers.events import (
    Alerting,
    ChannelState,
    Connected,
    Disconnected,
    LineEvent,
    Metering,
    Number,
    Released,
    Setup,
    SignallingFault,
)
from drivers.said import Said
from drivers.signalling.cas_words import say, word
from drivers.signalling.mfcr2.backward import BackwardRegister, BackwardState, Incoming
from drivers.signalling.mfcr2.forward import ForwardRegister, ForwardState, Outgoing
from drivers.signalling.mfcr2.line import LineMachine, LineState
from drivers.signalling.mfcr2.outputs import (
    Listen,
    Output,
    R2Call,
    SendBits,
    SendTone,
    StopTone,
)
from drivers.signalling.mfcr2.variant import R2Settings

#: Presentation of a number that was not given (Q.931 octet 3a).
WITHHELD = 0x20


class Circuit:
    """`span` and `number` name it; `new_ref` gives a call's ref; `trace` hears each exchange.

    Every method with a `now` (seconds, any monotonic clock) gives what is to be done, in order.
    Call `timeout` at `next_timeout`.
    """

    def __init__(
        self,
        span: str,
        number: int,
        settings: R2Settings,
        new_ref: Callable[[], int],
        trace: Callable[[str, Said | str], None] | None = None,
    ) -> None:
        self.span, self.number = span, number
        self.variant, self.settings, self.timers = settings.resolve()
        self._new_ref, self._trace = new_ref, trace
        may_force = bool(self.settings.forced_release)
        self.line = LineMachine(self, self.timers, may_force)
        given = (self.variant, self.settings, self.timers)
        self.forward = ForwardRegister(self, *given)
        self.backward = BackwardRegister(self, *given)
        self.call: R2Call | None = None
        self.in_service = True  # as far as the layer above has been told
        self._out: list[Output] = []
        self._now = 0.0
        self._due: dict[str, float] = {}  # line, register, bits, answer
        self._candidate = 0b11  # AB seen, not yet recognised
        self._sending = False
        self._listening = ""
        self._want_blocked = False

    # ---- from the line

    def feed_bits(self, abcd: int, now: float) -> list[Output]:
        """The bits that stand on the line from now on."""
        self._begin(now)
        ab = abcd >> 2 & 0b11
        self._candidate = ab
        if ab == self.line.heard:
            self._due.pop("bits", None)
        else:
            self._due["bits"] = now + self.line.patience_ms(ab) / 1000
        return self._end(now)

    def forget_bits(self) -> None:
        """Bits not yet recognised came with an alarm: they do not count."""
        self._due.pop("bits", None)

    def feed_tone(self, signal: int, now: float) -> list[Output]:
        """A register signal began to sound, or has ended (0). None is heard unless asked for."""
        self._begin(now)
        if self._listening and self.call is not None:
            register = self.forward if self.call.outgoing else self.backward
            if signal:
                self._note("in", self._tone(signal, register.meaning(signal)))
                register.signal(signal)
            else:
                register.silence()
        return self._end(now)

    def timeout(self, now: float) -> list[Output]:
        self._begin(now)
        return self._end(now)

    @property
    def next_timeout(self) -> float | None:
        return min(self._due.values(), default=None)

    # ---- wishes

    @property
    def idle(self) -> bool:
        """Whether a call may be put on it."""
        return self.line.state is LineState.IDLE and self.call is None and not self._want_blocked

    def setup(self, request: SetupRequest, ref: int, now: float) -> list[Output]:
        """Seize an idle circuit for a call of at least one digit."""
        self._begin(now)
        say = Outgoing(request.called.digits, request.calling, request.complete)
        self.call = R2Call(True, ref, say=say)
        self.line.do("seize")
        return self._end(now)

    def digits(self, more: str, now: float) -> list[Output]:
        """Overlap sending: further digits; none completes the number."""
        self._begin(now)
        self.forward.digits(more, complete=not more)
        return self._end(now)

    def alerting(self, now: float) -> list[Output]:
        """The called line is free."""
        self._begin(now)
        self.backward.decide(0)
        return self._end(now)

    def answer(self, now: float) -> list[Output]:
        self._begin(now)
        if self.call is not None:
            self.call.answer = True
            self.backward.decide(0)
            self._answer_when_free()
        return self._end(now)

    def release(self, cause: int, now: float) -> list[Output]:
        """Our side is done with the call; `Released` follows once the circuit is idle."""
        self._begin(now)
        call = self.call
        if call is not None and not call.hung_up:
            call.hung_up = True
            if not call.over:
                call.cause = cause
            self._let_go(call, cause)
        return self._end(now)

    def meter(self, now: float) -> list[Output]:
        """Send a metering pulse to the calling end of a call we answered."""
        self._begin(now)
        self.line.do("meter")
        return self._end(now)

    def block(self, on: bool, now: float) -> list[Output]:
        """Take no calls from the far end; a call that is up ends by itself first."""
        self._begin(now)
        self._want_blocked = on
        self.line.do("block" if on else "unblock")
        return self._end(now)

    def start(self, abcd: int, now: float) -> list[Output]:
        """Go into service; `abcd` is what stands on the line."""
        self._begin(now)
        self._candidate = self.line.heard = abcd >> 2 & 0b11
        self._due.clear()
        self.line.do("start")
        return self._end(now)

    def alarm(self, cause: int, now: float) -> list[Output]:
        """Out of service at once; a call is over with `cause`."""
        self._begin(now)
        if self.call is not None:
            self.call.cause = cause
        self.line.do("alarm")
        return self._end(now)

    def _let_go(self, call: R2Call, cause: int) -> None:
        if call.outgoing:
            self._through()
            self.forward.stop()
            self.line.do("hang_up")
        elif self.backward.deciding:
            self.backward.decide(cause)
            self.line.do("hang_up")
        elif self.settings.forced_release and self.line.state is LineState.TAKEN:
            self.line.do("force")
        else:
            self.line.do("hang_up")

    # ---- time

    def _begin(self, now: float) -> None:
        self._out = []
        self._now = now
        self._run_due(now)

    def _end(self, now: float) -> list[Output]:
        self._run_due(now)
        return self._out

    def _run_due(self, now: float) -> None:
        while self._due:
            name = min(self._due, key=lambda each: self._due[each])
            if self._due[name] > now:
                return
            del self._due[name]
            getattr(self, f"_due_{name}")()

    def _due_line(self) -> None:
        self.line.timer()

    def _due_bits(self) -> None:
        self._note("in", say("cas.bits", bits=f"{self._candidate:02b}"))
        self.line.feed(self._candidate)

    def _due_register(self) -> None:
        if self.call is not None and self.call.outgoing:
            self.forward.timer()
        else:
            self.backward.timer()

    def _due_answer(self) -> None:
        self.line.do("answer_twice" if self.settings.double_answer else "answer")
        self._through()

    def _set(self, name: str, after_ms: int | None) -> None:
        if after_ms is None:
            self._due.pop(name, None)
        else:
            self._due[name] = self._now + after_ms / 1000

    # ---- for the line machine

    def send_bits(self, ab: int, name: str) -> None:
        """`LineOwner`: AB as given, C and D as the variant has them."""
        abcd = ab << 2 | self.variant.cd
        self._note("out", say("cas.sent", name=word(name), bits=f"{abcd:04b}"))
        self._out.append(SendBits(abcd))

    def set_line_timer(self, after_ms: int | None) -> None:
        """`LineOwner`: the one timer of the line machine."""
        self._set("line", after_ms)

    def happened(self, what: str) -> None:
        """`LineOwner`: a word of the line machine's."""
        self._note("", word(what))
        act: Callable[[], None] = getattr(self, f"_on_{what}")
        act()

    def _on_idle(self) -> None:
        self._released()
        self._serve(True, "")
        if self._want_blocked:
            self.line.do("block")

    def _on_far_blocked(self) -> None:
        self._serve(False, "blocked by the far end")

    def _on_blocked(self) -> None:
        self._serve(False, "blocked")

    def _on_out(self) -> None:
        self._stop_registers()
        self._released()
        self._serve(False, "out of service")

    def _on_unconfirmed(self) -> None:
        self._fault("the far end does not confirm the release")
        self._released()
        self._serve(False, "release not confirmed")

    def _on_taken(self) -> None:
        self.call = R2Call(False)
        self._listen("forward")
        self.backward.begin()

    def _on_acknowledged(self) -> None:
        call = self.call
        if call is not None and not call.hung_up:
            self._set("line", self.timers.answer_ms)
            self._listen("backward")
            self.forward.begin(call.say)

    def _on_no_ack(self) -> None:
        self._fault("seizure is not acknowledged")
        self._over(Cause.CHANNEL_UNAVAILABLE)

    def _on_double(self) -> None:
        self._over(Cause.CHANNEL_UNAVAILABLE)

    def _on_answered(self) -> None:
        self._stop_registers()
        if self.call is not None and not self.call.over:
            self._tell(Connected(self.span, self.call.ref))

    def _on_metered(self) -> None:
        if self.call is not None:
            self.call.pulses += 1
            self._tell(Metering(self.span, self.call.ref, self.call.pulses))

    def _on_over(self) -> None:
        self._over(Cause.NORMAL)

    def _on_forced(self) -> None:
        self._stop_registers()
        self._over(Cause.NORMAL_UNSPECIFIED)

    def _on_no_answer(self) -> None:
        self._stop_registers()
        self._over(Cause.NO_ANSWER)

    def _on_lost(self) -> None:
        self._stop_registers()
        self._over(Cause.NETWORK_OUT_OF_ORDER)

    def _on_cleared(self) -> None:
        self._they_left(Cause.NORMAL)

    def _on_failed(self) -> None:
        self._they_left(Cause.NETWORK_OUT_OF_ORDER)

    def _they_left(self, cause: int) -> None:
        self._stop_registers()
        self._over(cause)
        if self.call is None or not self.call.known or self.call.hung_up:
            self.line.do("hang_up")

    # ---- for the registers

    def send_signal(self, signal: int, name: Said | str) -> None:
        """Both registers' owner: a signal of this side's direction."""
        forward = self.call is not None and self.call.outgoing
        self._note("out", self._tone(signal, name, sent=True))
        self._out.append(SendTone(signal, forward))
        self._sending = True

    def stop_signal(self) -> None:
        """Both registers' owner: silence."""
        if self._sending:
            self._sending = False
            self._out.append(StopTone())

    def set_register_timer(self, after_ms: int | None) -> None:
        """Both registers' owner: the one timer of the register at work."""
        self._set("register", after_ms)

    def called_line(self, outcome: Said | str, cause: int) -> None:
        """`ForwardOwner`: how the outgoing register ended."""
        self._note("", say("cas.called_line", outcome=outcome))
        self._through()
        call = self.call
        if call is None:
            return
        if cause:
            if cause in (Cause.PROTOCOL_ERROR, Cause.RECOVERY_ON_TIMER):
                self._fault(str(outcome))
            self._over(cause)
        else:
            self._set("line", self.timers.answer_ms)
            self._tell(Alerting(self.span, call.ref, inband=True))

    def offered(self, incoming: Incoming) -> None:
        """`BackwardOwner`: a call comes in."""
        call = self.call
        if call is None:
            return
        if self.settings.block_collect and incoming.category == self.variant.collect != 0:
            self._note("", say("cas.collect"))
            self.backward.decide(int(Cause.REJECTED))
            return
        call.ref = self._new_ref()
        calling = Number(incoming.calling, presentation=WITHHELD if incoming.withheld else 0)
        category = self.variant.categories.get(incoming.category, f"category {incoming.category}")
        self._tell(
            Setup(
                self.span,
                call.ref,
                self.number,
                Number(incoming.called),
                calling,
                category=category,
            )
        )

    def register_over(self, outcome: str) -> None:
        """`BackwardOwner`: how the incoming register ended."""
        self._note("", say("cas.register", outcome=word(outcome)))
        call = self.call
        if outcome == "failed":
            self._fault("register signalling failed")
            self._over(Cause.PROTOCOL_ERROR)
        if outcome == "accepted" and call is not None and call.answer and not call.hung_up:
            self._answer_when_free()
        else:
            self._through()

    # ---- inside

    def _answer_when_free(self) -> None:
        """The answer waits for the registers to end, and a moment more."""
        done = self.backward.state is BackwardState.DONE
        call = self.call
        if not done or call is None or call.over or self.line.state is not LineState.TAKEN:
            return
        if "answer" not in self._due:
            self._set("answer", self.timers.answer_delay_ms)

    def _over(self, cause: int) -> None:
        """The far end has ended the call, or the line has."""
        call = self.call
        if call is None or call.over:
            return
        call.over = True
        if not call.hung_up:
            call.cause = int(cause)
        if call.known and not call.hung_up:
            self._tell(Disconnected(self.span, call.ref, call.cause))

    def _released(self) -> None:
        """The one place a call ends."""
        call, self.call = self.call, None
        self._due.pop("answer", None)
        if call is not None:
            self._stop_registers()
            if call.known:
                self._tell(Released(self.span, call.ref, call.cause))

    def _serve(self, on: bool, reason: str) -> None:
        if on != self.in_service:
            self.in_service = on
            self._tell(ChannelState(self.span, self.number, on, reason))

    def _stop_registers(self) -> None:
        if self.forward.state is not ForwardState.IDLE:
            self.forward.stop()
        if self.backward.state is not BackwardState.IDLE:
            self.backward.stop()
        self._through()

    def _through(self) -> None:
        self._listen("")

    def _listen(self, direction: str) -> None:
        if direction != self._listening:
            self._listening = direction
            self._out.append(Listen(direction))

    def _fault(self, what: str) -> None:
        self._tell(SignallingFault(self.span, what, f"channel {self.number}"))

    def _tell(self, event: LineEvent) -> None:
        self._out.append(event)

    def _tone(self, signal: int, meaning: Said | str, sent: bool = False) -> Said:
        """A register signal: its number with the group it belongs to, and what it means."""
        outgoing = self.call is not None and self.call.outgoing
        group = "cas.forward" if outgoing == sent else "cas.backward"
        return say(group, signal=signal, meaning=meaning)

    def _note(self, direction: str, said: Said | str) -> None:
        if self._trace is not None:
            self._trace(direction, said)
