"""ISDN PRI call control on one D channel, sans-I/O: frames and time in, line events out.

What: libpri does Q.921 and Q.931; this wrapper gives its calls our refs, picks
channels, settles glare, keeps every clearing cause, restarts channels that may
be left busy, and delivers `Released` exactly once for each ref.
How: `feed`, `poll` and the requests append to one list of events that `feed`,
`poll` and `take_events` hand out; outgoing frames wait in `take_frames`.
Limits: T301, T304 and T310 are the caller's business (it knows how long a
caller may wait); libpri runs T303, T305, T308, T309 and T313, we run T316.
Source: Q.931 5.1 to 5.8 (5.5 restart, 5.7 glare, 5.8.9 data link failure).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from drivers.base import DriverError, SetupRequest
from drivers.cause import Cause
from drivers.events import (
    ChannelSet,
    Connected,
    Digits,
    Disconnected,
    LineEvent,
    SignallingState,
)
from drivers.signalling import pri_binding as pri
from drivers.signalling import q931
from drivers.signalling.pri_binding import Libpri, RawEvent
from drivers.signalling.pri_calls import Adopted, Call, CallState
from drivers.signalling.pri_ledger import Ledger
from drivers.signalling.pri_settings import PriSettings
from drivers.signalling.pri_words import outgoing, progress_event, setup_event

#: Causes libpri sends as RELEASE COMPLETE in answer to a bare SETUP (Q.931 5.3.2 a).
_REFUSE_AT_ONCE = frozenset({1, 34, 44, 81, 82, 88})


class PriLink:
    """Call control of one PRI span. `now` is seconds of any monotonic clock.

    `adopted` are calls in talk that an earlier link, since lost, has set up: they
    live on until either end clears. libpri knows nothing of them (handle 0).
    """

    def __init__(
        self,
        settings: PriSettings,
        *,
        span: str = "",
        now: float = 0.0,
        first_ref: int = 2,
        adopted: Sequence[Adopted] = (),
    ) -> None:
        self.settings = settings
        self.span = span
        self.up = False
        self._book = Ledger(settings, span, first_ref)
        self._ghosts: set[int] = set()  # handles whose ref has been given up (lost glare)
        self._started = False
        self._inband = False
        self._libpri = self._open(now)
        self._adopted_until: float | None = None
        self._adopt(adopted, now)
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
        }

    def _open(self, now: float) -> Libpri:
        given = self.settings
        libpri = Libpri(given.side, given.switch, now, given.law, given.capability)
        libpri.set_timer("T309", round(given.t309_s * 1000))
        for name, value in given.timers.items():
            libpri.set_timer(name, value)
        return libpri

    # ---- line and time -------------------------------------------------------------------

    def feed(self, frame: bytes, now: float) -> list[LineEvent]:
        """One received frame, address octet first and without FCS."""
        try:
            message = q931.parse(frame)
        except q931.MalformedError as error:
            self._book.fault(error.what, error.detail)
            if error.layer == 2 or frame[2] & 1:
                return self.take_events()
            # The data link must count the frame, or the far end would send it for ever.
            frame, message = frame[:4], None
        if message is not None and message.type not in q931.MESSAGES:
            self._book.fault("unknown message", message.name)
        self._inband = message is not None and message.inband
        call = self._book.of_reference(message.cref) if message is not None else None
        clearing = message is not None and message.type in q931.CLEARING
        if call is not None and message is not None:
            if clearing:
                call.clear_with(message.cause)
            if not call.handle and not self._clear_adopted(call, message):
                frame = frame[:4]
        raw = self._libpri.feed(frame, now)
        if raw is not None:
            self._dispatch(raw, now, timed=False)
        elif clearing and call is not None and call.state is CallState.OFFERED:
            # libpri answers DISCONNECT for a call it has not answered yet with RELEASE
            # COMPLETE, tells nobody, and keeps its record for ever.
            self._libpri.request(call.handle, pri.REQUEST_DESTROY, now)
        if q931.is_sabme(frame):
            self._book.restarts.link_lost()  # what was in flight is lost
        self._settle(now)
        return self.take_events()

    def poll(self, now: float) -> list[LineEvent]:
        """Run the timers that are due."""
        while (raw := self._libpri.poll(now)) is not None:
            self._dispatch(raw, now, timed=True)
        if self._adopted_until is not None and self._adopted_until <= now + 1e-6:
            self._adopted_until = None
            for call in self._book.adopted():
                self._book.end(call, call.clear_with(Cause.DESTINATION_OUT_OF_ORDER))
                self._book.queue_restart(call.channel, "its signalling was lost")
        if (expired := self._book.restarts.expired(now)) is not None:
            channel, again = expired
            if again:
                self._libpri.restart(channel, now)
            else:
                self._book.channel_state(channel, False, "no answer to RESTART")
        self._settle(now)
        return self.take_events()

    def next_timeout(self, now: float) -> float | None:
        """Seconds until `poll` has something to do; None when no timer runs."""
        deadlines = (self._libpri.deadline(), self._book.restarts.deadline, self._adopted_until)
        times = [time for time in deadlines if time is not None]
        return max(0.0, min(times) - now) if times else None

    def take_frames(self) -> list[bytes]:
        """Frames to send, oldest first."""
        return self._libpri.take_frames()

    def take_events(self) -> list[LineEvent]:
        """Events not handed out yet (requests leave theirs here)."""
        return self._book.take_events()

    @property
    def has_events(self) -> bool:
        return self._book.has_events

    def take_log(self) -> list[tuple[bool, str]]:
        """(is an error, line): what libpri had to say."""
        return self._libpri.take_log()

    def close(self) -> None:
        """Let go of libpri; no other call may follow."""
        self._libpri.close()

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest, now: float, ref: int | None = None) -> int:
        """Send SETUP; gives the call's ref. Raises DriverError with the cause to clear with."""
        if not self.up:
            raise DriverError(f"{self.span}: the D channel is down", Cause.NETWORK_OUT_OF_ORDER)
        channel = request.channel or self._book.pick()
        if channel is None:
            raise DriverError(f"{self.span}: no idle channel", Cause.NO_CHANNEL)
        if not self.is_idle(channel):
            raise DriverError(f"{self.span}/{channel} is not idle", Cause.CHANNEL_UNAVAILABLE)
        wanted = outgoing(request, channel, self.settings.exclusive)
        handle = self._libpri.new_call()
        try:
            self._libpri.setup(handle, wanted, now)
        except DriverError:
            self._libpri.request(handle, pri.REQUEST_DESTROY, now)
            raise
        call = self._book.add(handle, channel, True, 0, ref)
        if not request.channel:
            self._book.tell(ChannelSet(self.span, call.ref, channel))
        self._settle(now)
        return call.ref

    def acknowledge(self, ref: int, now: float) -> None:
        self._request(ref, "acknowledge", pri.REQUEST_SETUP_ACK, now)

    def information(self, ref: int, digits: str, now: float) -> None:
        call = self._book.get(ref)
        call.move("information")
        for digit in digits:
            self._libpri.digit(call.handle, digit, now)
        self._settle(now)

    def proceeding(self, ref: int, now: float) -> None:
        self._request(ref, "proceeding", pri.REQUEST_PROCEEDING, now)

    def alerting(self, ref: int, now: float, inband: bool = False) -> None:
        self._request(ref, "alerting", pri.REQUEST_ALERTING, now, inband)

    def progress(self, ref: int, now: float, inband: bool = True) -> None:
        # The message cannot do without its progress indicator; without one it is PROCEEDING.
        what = pri.REQUEST_PROGRESS if inband else pri.REQUEST_PROCEEDING
        self._request(ref, "progress", what, now, inband)

    def answer(self, ref: int, now: float) -> None:
        self._request(ref, "answer", pri.REQUEST_CONNECT, now)

    def release(self, ref: int, cause: int, now: float) -> None:
        """Begin or finish clearing; a second release of a clearing call does nothing."""
        call = self._book.get(ref)
        before = call.move("release")
        if before is CallState.CLEARING:
            return
        cause = cause if 0 < cause < 128 else int(Cause.NORMAL_UNSPECIFIED)
        call.clear_with(cause)
        if not call.handle:
            self._book.end(call, cause)
            self._book.queue_restart(call.channel, "its signalling was lost")
        elif before is CallState.OFFERED and cause not in _REFUSE_AT_ONCE:
            # libpri sends nothing at all when a call it never answered is disconnected.
            self._libpri.request(call.handle, pri.REQUEST_PROCEEDING, now, call.channel)
        self._libpri.request(call.handle, pri.REQUEST_HANGUP, now, info=cause)
        self._settle(now)

    def restart(self, channel: int, now: float) -> None:
        """Bring a channel to idle at both ends; a call on it is released (41)."""
        if channel not in self.settings.channels:
            raise DriverError(f"{self.span}: there is no channel {channel}")
        self._drop_calls([channel], Cause.TEMPORARY_FAILURE, now)
        self._book.queue_restart(channel, "restarting")
        self._settle(now)

    def drop_all(self, cause: int, now: float) -> None:
        """The line is gone: release every call at once, restart their channels when it is back."""
        for channel in self._drop_calls(self.settings.channels, cause, now):
            self._book.queue_restart(channel, "left by an alarm")
        for handle in list(self._ghosts):
            self._libpri.request(handle, pri.REQUEST_DESTROY, now)
        self._ghosts.clear()
        self._settle(now)

    # ---- what is going on ----------------------------------------------------------------

    def is_idle(self, channel: int) -> bool:
        """Whether a new call may be put on this channel."""
        return self._book.is_idle(channel)

    def call_reference(self, ref: int) -> int:
        """The call's reference as received frames carry it; 0 while it is not known."""
        return next((call.cref for call in self._book.calls() if call.ref == ref), 0)

    def calls(self) -> list[Call]:
        """The calls that live, oldest first."""
        return self._book.calls()

    # ---- events from libpri --------------------------------------------------------------

    def _dispatch(self, raw: RawEvent, now: float, *, timed: bool) -> None:
        handler = self._handlers.get(raw.kind)
        if handler is None:
            return
        call = self._book.of_handle(raw.call)
        if call is not None:
            call.cref = raw.cref or call.cref
        handler(raw, now, timed)

    def _on_up(self, raw: RawEvent, now: float, timed: bool) -> None:
        if not self.up:
            self.up = True
            self._adopted_until = None
            self._book.tell(SignallingState(self.span, True, "data link established"))
        if not self._started and self.settings.restart_on_start:
            for channel in self.settings.channels:
                if self.is_idle(channel):
                    self._book.queue_restart(channel, "restarting")
        self._started = True

    def _on_down(self, raw: RawEvent, now: float, timed: bool) -> None:
        self._book.restarts.link_lost()
        if self.up:
            self.up = False
            if self._book.adopted():
                self._adopted_until = now + self.settings.t309_s
            self._book.tell(SignallingState(self.span, False, "data link lost"))

    def _on_configuration(self, raw: RawEvent, now: float, timed: bool) -> None:
        self._book.fault("configuration", raw.text)

    def _on_restart(self, raw: RawEvent, now: float, timed: bool) -> None:
        channels = self.settings.channels if raw.channel == -1 else (raw.channel,)
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
        channel = raw.channel
        if channel > 0:
            self._settle_glare(channel, now)
            self._book.cancel_restart(channel, "the far end holds it idle")
        if channel <= 0 or (raw.flexible and not self.is_idle(channel)):
            channel = self._book.pick() or 0
        if not channel or not self.is_idle(channel):
            cause = Cause.CHANNEL_UNAVAILABLE if channel else Cause.NO_CHANNEL
            self._libpri.request(raw.call, pri.REQUEST_HANGUP, now, info=cause)
            self._book.fault(
                "call refused", f"channel {raw.channel} is not idle, cause {int(cause)}"
            )
            return
        call = self._book.add(raw.call, channel, False, raw.cref, None)
        overlap = self.settings.overlap
        self._book.tell(setup_event(self.span, call.ref, channel, raw, overlap))

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
            self._book.tell(Digits(self.span, call.ref, raw.called, raw.complete))

    def _on_progressing(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is None:
            self._hang_up_unknown(raw.call, now)
            return
        call.move("more" if raw.kind == pri.SETUP_ACK else "working")
        if self._settle_channel(call, raw.channel, now):
            self._book.tell(progress_event(self.span, call.ref, raw))

    def _on_answer(self, raw: RawEvent, now: float, timed: bool) -> None:
        call = self._book.of_handle(raw.call)
        if call is None:
            self._hang_up_unknown(raw.call, now)
            return
        call.move("connected")
        if call.state is CallState.ACTIVE and self._settle_channel(call, raw.channel, now):
            self._book.tell(Connected(self.span, call.ref))

    def _settle_channel(self, call: Call, channel: int, now: float) -> bool:
        """Take the channel the far end settled on; False when that cannot be."""
        if channel in (call.channel, -1, 0):
            return True
        if not self.is_idle(channel):
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
        self._book.tell(Disconnected(self.span, call.ref, cause, self._inband))

    def _on_hangup(self, raw: RawEvent, now: float, timed: bool) -> None:
        """RELEASE or RELEASE COMPLETE came, or a timer of libpri gave the call up."""
        call = self._book.of_handle(raw.call)
        if call is not None:
            dialled = call.state is CallState.DIALLING
            cause = call.clear_with(raw.cause)
            self._book.end(call, cause)
            if timed and not (dialled and self.up):
                # The far end has confirmed nothing: it may still hold the channel.
                self._book.queue_restart(call.channel, "clearing was not confirmed")
        if raw.kind == pri.HANGUP:
            self._libpri.request(raw.call, pri.REQUEST_HANGUP, now, info=raw.cause)
        self._ghosts.discard(raw.call)

    # ---- bookkeeping ---------------------------------------------------------------------

    def _adopt(self, adopted: Sequence[Adopted], now: float) -> None:
        """Take over calls in talk, and keep their call references from new ones."""
        for each in adopted:
            self._book.adopt(each)
            self._adopted_until = now + self.settings.t309_s
        used = [each.cref & 0x7FFF for each in adopted if each.cref & 0x8000]
        self._libpri.skip_references(max(used, default=0))

    def _clear_adopted(self, call: Call, message: q931.Message) -> bool:
        """A message for an adopted call; True when libpri is to answer it.

        libpri answers what it does not know with RELEASE COMPLETE: right for clearing,
        and the end of the call for anything else.
        """
        if message.type not in q931.CLEARING:
            return False
        self._book.end(call, call.clear_with(None))
        return True

    def _request(self, ref: int, word: str, what: int, now: float, inband: bool = False) -> None:
        call = self._book.get(ref)
        call.move(word)
        code = self._libpri.request(call.handle, what, now, call.channel, inband)
        self._settle(now)
        pri.check(code, f"{word} on {self.span}/{call.channel}")

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
                self._book.end(call, call.clear_with(None))
        if self.up and (channel := self._book.restarts.due(now)) is not None:
            self._libpri.restart(channel, now)
