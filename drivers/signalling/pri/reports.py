"""What libpri reports becomes of a link's calls: the half of `PriLink` that listens.

Each event of libpri has one handler; a handler moves the call's state, tells
the line event, and settles what Q.931 leaves to us (channels, glare, timers).
Source: Q.931 5.1 to 5.8 (5.5 restart, 5.7 glare).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drivers.cause import Cause
from drivers.events import (
    ChannelSet,
    Digits,
    Disconnected,
    SignallingMoved,
    SignallingState,
)
from drivers.signalling.pri import binding as pri
from drivers.signalling.pri import q931
from drivers.signalling.pri.binding import Libpri, RawEvent
from drivers.signalling.pri.calls import Call, CallState
from drivers.signalling.pri.dchannels import DChannels
from drivers.signalling.pri.ledger import Ledger
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.words import charge_event, connected_event, progress_event, setup_event

#: Which timer a step of the far end starts; the others stop (Q.931 table 9-2).
_STEPS = {pri.SETUP_ACK: "t304_ms", pri.PROCEEDING: "t310_ms", pri.RINGING: "t301_ms"}


class Reports:
    """Base of `PriLink`. Owns libpri, the books and what is known of the data link."""

    def __init__(self, settings: PriSettings, span: str, libpri: Libpri, book: Ledger) -> None:
        self.settings = settings
        self.span = span
        self.up = False
        self._libpri = libpri
        self._book = book
        self._ghosts: set[int] = set()  # handles whose ref has been given up (lost glare)
        self._started = False
        self._inband = False
        self._d = DChannels(max(1, len(settings.interfaces)))
        self._unheard_until: float | None = None  # calls in talk live so long without a D channel
        self._restarted: frozenset[int] | None = None  # interfaces a RESTART is for
        self._adopted_until: float | None = None
        self._handlers: dict[int, Callable[[RawEvent, float, bool], None]] = {
            pri.UP: self._on_up,
            pri.DOWN: self._on_down,
            pri.CONFIGURATION: self._on_configuration,
            pri.RESTART: self._on_restart,
            pri.RESTART_ACK: self._on_restart_ack,
            pri.RING: self._on_ring,
            pri.INFORMATION: self._on_information,
            pri.KEYPAD: self._on_information,
            pri.SETUP_ACK: self._on_progressing,
            pri.PROCEEDING: self._on_progressing,
            pri.PROGRESS: self._on_progressing,
            pri.RINGING: self._on_progressing,
            pri.ANSWER: self._on_answer,
            pri.HANGUP_REQUEST: self._on_hangup_request,
            pri.HANGUP: self._on_hangup,
            pri.HANGUP_ACK: self._on_hangup,
            pri.FACILITY: self._on_facility,
            pri.SERVICE: self._on_service,
            pri.SERVICE_ACK: self._on_facility,
        }

    def release(self, ref: int, cause: int, now: float) -> None:
        raise NotImplementedError

    def _dispatch(self, raw: RawEvent, now: float, *, timed: bool) -> None:
        handler = self._handlers.get(raw.kind)
        if handler is None:
            return
        call = self._book.of_handle(raw.call)
        if call is not None:
            call.cref = raw.cref or call.cref
            if raw.charge is not None:
                self._book.tell(charge_event(self.span, call.ref, raw.charge))
        handler(raw, now, timed)

    def _on_up(self, raw: RawEvent, now: float, timed: bool) -> None:
        self._d.came_up(raw.d)
        self._signalling_changed("data link established", now)
        if not self._started and self.settings.restart_on_start:
            for channel in self.settings.channels:
                if self._book.is_idle(channel):
                    self._book.queue_restart(channel, "restarting")
        self._started = True

    def _on_down(self, raw: RawEvent, now: float, timed: bool) -> None:
        self._d.went_down(raw.d)
        if raw.d == self._d.active:
            self._book.restarts.link_lost()
        self._signalling_changed("data link lost", now)

    def _signalling_changed(self, reason: str, now: float) -> None:
        """A D channel came or went: say what that means, and keep the calls within reach."""
        before, moved = self.up, self._d.choose()
        self.up = self._d.any
        self._libpri.active = self._d.active
        if self.up != before:
            self._book.tell(SignallingState(self.span, self.up, reason))
        elif moved:
            interface = self.settings.interfaces[self._d.active]
            self._book.tell(SignallingMoved(self.span, interface, reason))
        if self.up:
            self._adopted_until = self._unheard_until = None
            self._fetch_calls(now)
        elif before:
            until = now + self.settings.t309_s
            self._adopted_until = until if self._book.adopted() else None
            self._unheard_until = until if len(self._d) > 1 else None  # libpri has T309 for one

    def _fetch_calls(self, now: float) -> None:
        """Calls in talk whose D channel, or whose process, is lost go on with the active one.

        libpri answers where it was asked last: an enquiry that seems to come in on that D channel
        takes the call there, and its answer does the same at the far end, or tells it of a call it
        has no more, which it then clears (5.8.11).
        """
        for call in self._book.calls():
            if call.state is CallState.ACTIVE:
                if call.handle and self._d.usable(self._libpri.home(call.handle)):
                    continue
                self._libpri.settle(call.handle, self._d.active)
                enquiry = q931.enquiry(call.cref, self.settings.side)
                self._libpri.feed(enquiry, now, self._d.active)

    def _on_configuration(self, raw: RawEvent, now: float, timed: bool) -> None:
        self._book.fault("configuration", raw.text)

    def _on_restart(self, raw: RawEvent, now: float, timed: bool) -> None:
        channels: tuple[int, ...] = (raw.channel,)
        if raw.channel == -1:
            of, all_of_them = self._restarted, self.settings.channels
            channels = tuple(c for c in all_of_them if of is None or c >> 8 in of)
        self._drop_calls(channels, Cause.TEMPORARY_FAILURE, now)
        for channel in channels:
            self._book.restarts.cancel(channel)
            if channel in self.settings.channels:
                self._book.channel_state(channel, True, "restarted by the far end")

    def _on_restart_ack(self, raw: RawEvent, now: float, timed: bool) -> None:
        channel = self._book.restarts.current
        if channel is not None and self._book.restarts.answered(raw.channel):
            self._book.channel_state(channel, True, "restarted")

    def _on_ring(self, raw: RawEvent, now: float, timed: bool) -> None:
        if raw.capability not in pri.CAPABILITIES.values():
            self._refuse(raw, now, Cause.INCOMPATIBLE, f"bearer {raw.capability:#04x} is no speech")
            return
        channel = raw.channel
        if channel > 0:
            self._settle_glare(channel, now)
            self._book.cancel_restart(channel, "the far end holds it idle")
        if channel <= 0 or (raw.flexible and not self._book.is_idle(channel)):
            channel = self._book.pick() or 0
        if not channel or not self._book.is_idle(channel):
            cause = Cause.CHANNEL_UNAVAILABLE if channel else Cause.NO_CHANNEL
            self._refuse(raw, now, cause, f"channel {raw.channel} is not idle")
            return
        if (other := _law_of(raw)) not in ("", self.settings.law):
            self._book.fault(
                "companding", f"a call with {other}, this line has {self.settings.law}"
            )
        call = self._book.add(raw.call, channel, False, raw.cref, None)
        overlap = self.settings.overlap
        self._book.tell(setup_event(self.span, call.ref, channel, raw, overlap))

    def _refuse(self, raw: RawEvent, now: float, cause: Cause, why: str) -> None:
        """Refuse a call before anybody hears of it."""
        self._libpri.request(raw.call, pri.REQUEST_HANGUP, now, info=cause)
        self._book.fault("call refused", f"{why}, cause {int(cause)}")

    def _settle_glare(self, channel: int, now: float) -> None:
        """Both ends took `channel` at once: the network's call goes on (Q.931 5.7)."""
        for call in self._book.calls():
            if call.channel == channel and call.state is CallState.DIALLING:
                break
        else:
            return
        if self.settings.side == "user":
            self._ghosts.add(call.handle)
            self._book.end(call, Cause.CHANNEL_UNAVAILABLE)

    def _on_information(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is not None and (raw.called or raw.complete):
            if call.timer == "t302_ms":
                call.time("t302_ms", 0 if raw.complete else self.settings.timer("t302_ms"), now)
            self._book.tell(Digits(self.span, call.ref, raw.called, raw.complete))

    def _on_progressing(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is None:
            self._hang_up_unknown(raw.call, now)
            return
        call.move("more" if raw.kind == pri.SETUP_ACK else "working")
        step = _STEPS.get(raw.kind, "")
        call.time(step, self.settings.timer(step) if step else 0, now)
        if self._settle_channel(call, raw.channel, now):
            self._book.tell(progress_event(self.span, call.ref, raw))
            if raw.kind == pri.SETUP_ACK and call.rest:
                self._dial(call, call.rest, now)

    def _on_answer(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is None:
            self._hang_up_unknown(raw.call, now)
            return
        call.move("connected")
        call.time("", 0, now)
        if call.state is CallState.ACTIVE and self._settle_channel(call, raw.channel, now):
            self._book.tell(connected_event(self.span, call.ref, raw))

    def _settle_channel(self, call: Call, channel: int, now: float) -> bool:
        """Take the channel the far end settled on; False when that cannot be."""
        if channel in (call.channel, -1, 0):
            return True
        if not self._book.is_idle(channel):
            self.release(call.ref, 6, now)  # channel unacceptable
            return False
        call.channel = channel
        self._book.tell(ChannelSet(self.span, call.ref, channel))
        return True

    def _on_hangup_request(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is None:
            self._hang_up_unknown(raw.call, now)
            return
        if call.state in (CallState.CLEARING, CallState.CLEARED):
            self._libpri.request(call.handle, pri.REQUEST_HANGUP, now, info=call.clear_with(None))
            return
        cause = call.clear_with(raw.cause)
        call.move("cleared")
        call.time("", 0, now)
        self._book.tell(Disconnected(self.span, call.ref, cause, self._inband))

    def _on_service(self, raw: RawEvent, now: float, timed: bool) -> None:
        if raw.channel in self.settings.channels:
            in_service = raw.status == pri.IN_SERVICE
            self._book.serve(raw.channel, in_service, "by the far end")

    def _on_facility(self, raw: RawEvent, now: float, timed: bool) -> None:
        """What it brings about a call has been told already."""

    def _on_hangup(self, raw: RawEvent, now: float, timed: bool) -> None:
        """RELEASE or RELEASE COMPLETE came, or a timer of libpri gave the call up."""
        call = self._book.of_handle(raw.call)
        if call is not None:
            unheard = timed and call.state is CallState.DIALLING and self._d.usable(raw.d)
            cause = self._given_up(raw, unheard) if timed else raw.cause
            self._book.end(call, call.clear_with(cause))
            if timed and not unheard:
                # The far end has confirmed nothing: it may still hold the channel.
                self._book.queue_restart(call.channel, "clearing was not confirmed")
        if raw.kind == pri.HANGUP:
            self._libpri.request(raw.call, pri.REQUEST_HANGUP, now, info=raw.cause)
        self._ghosts.discard(raw.call)

    def _given_up(self, raw: RawEvent, unheard: bool) -> int:
        """The cause where a timer of libpri gave the call up. `unheard`: T303 ran out twice.

        libpri says "no user responding" then, which the network does (5.2.5.3); to a user it is
        the exchange that does not respond.
        """
        if not self._d.usable(raw.d):
            return Cause.DESTINATION_OUT_OF_ORDER
        at_exchange = unheard and self.settings.side == "user"
        return Cause.RECOVERY_ON_TIMER if at_exchange else raw.cause

    # ---- bookkeeping ---------------------------------------------------------------------

    def _dial(self, call: Call, digits: str, now: float) -> None:
        """Send further digits of the called number; T304 begins anew (5.1.3)."""
        call.rest = ""
        for digit in digits:
            self._libpri.digit(call.handle, digit, now)
        if call.state is CallState.SENDING:
            call.time("t304_ms", self.settings.timer("t304_ms"), now)

    def _drop_calls(self, channels: Iterable[int], cause: int, now: float) -> list[int]:
        """Release the calls on these channels without a word to the far end."""
        dropped = []
        for call in [c for c in self._book.calls() if c.channel in channels]:
            self._libpri.request(call.handle, pri.REQUEST_DESTROY, now)
            self._book.end(call, call.cause or cause)
            dropped.append(call.channel)
        return dropped

    def _hang_up_unknown(self, handle: int, now: float) -> None:
        self._libpri.request(handle, pri.REQUEST_HANGUP, now, info=Cause.CHANNEL_UNAVAILABLE)

    def _settle(self, now: float) -> None:
        """After every step: end the refs whose call libpri let go of, send what is due."""
        for call in self._book.calls():
            if call.handle and not self._libpri.valid(call.handle):
                lost = None if self.up else Cause.DESTINATION_OUT_OF_ORDER
                self._libpri.forget(call.handle)
                self._book.end(call, call.clear_with(lost))
        if self.up and (channel := self._book.restarts.due(now)) is not None:
            self._libpri.restart(channel, now)


def _law_of(raw: RawEvent) -> str:
    """What a call's speech is coded with, as far as its bearer capability says."""
    return next((law for law, layer1 in pri.LAYER1.items() if layer1 == raw.layer1), "")
