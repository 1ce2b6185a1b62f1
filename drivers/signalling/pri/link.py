"""ISDN PRI call control on one D channel, sans-I/O: frames and time in, line events out.

What: libpri does Q.921 and Q.931; this wrapper gives its calls our refs, picks
channels, settles glare, keeps every clearing cause, restarts channels that may
be left busy, and delivers `Released` exactly once for each ref.
How: `feed`, `poll` and the requests append to one list of events that `feed`,
`poll` and `take_events` hand out; outgoing frames wait in `take_frames`.
Timers: libpri runs those of the data link and T303, T305, T308, T309 and T313,
this wrapper T301, T302, T304, T310 and T316 (`pri_timers` has all of them).
Source: Q.931 5.1 to 5.8 (5.5 restart, 5.7 glare, 5.8.9 data link failure).
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.base import DriverError, SetupRequest
from drivers.cause import Cause
from drivers.events import ChannelSet, Digits, LineEvent, Number
from drivers.signalling.pri import adopted as adoption
from drivers.signalling.pri import binding as pri
from drivers.signalling.pri import q931
from drivers.signalling.pri import timers as pri_timers
from drivers.signalling.pri.binding import Libpri
from drivers.signalling.pri.calls import Adopted, Call, CallState
from drivers.signalling.pri.ledger import Ledger
from drivers.signalling.pri.reports import Reports
from drivers.signalling.pri.settings import SERVICE_SWITCHES, PriSettings
from drivers.signalling.pri.words import outgoing

#: Causes libpri sends as RELEASE COMPLETE in answer to a bare SETUP (Q.931 5.3.2 a).
_REFUSE_AT_ONCE = frozenset({1, 34, 44, 81, 82, 88})
#: What a call is cleared with when one of our timers runs out (Q.931 5.2.5.3 c, 5.2.4).
_EXPIRED = {
    "t301_ms": Cause.NO_ANSWER,
    "t304_ms": Cause.RECOVERY_ON_TIMER,
    "t310_ms": Cause.RECOVERY_ON_TIMER,
}


class PriLink(Reports):
    """Call control of one PRI span. `now` is seconds of any monotonic clock.

    `adopted` are calls in talk that an earlier link, since lost, has set up: they
    live on until either end clears. libpri knows nothing of them (handle 0). `out` are
    channels that either end has taken out of service.
    """

    def __init__(
        self,
        settings: PriSettings,
        *,
        span: str = "",
        now: float = 0.0,
        first_ref: int = 2,
        adopted: Sequence[Adopted] = (),
        out: Sequence[int] = (),
    ) -> None:
        libpri = _open(settings, now)
        super().__init__(settings, span, libpri, Ledger(settings, span, first_ref, out))
        self._adopt(adopted, now)
        # A stray CONNECT ACKNOWLEDGE stops libpri's T305: what it never ends, we do.
        self._clearing_s = (libpri.timer("T305") + 2 * libpri.timer("T308")) / 1000 + 1

    # ---- line and time -------------------------------------------------------------------

    def feed(self, frame: bytes, now: float) -> list[LineEvent]:
        """One received frame, address octet first and without FCS; with NFAS the place of its

        D channel is before it."""
        d = 0
        if self.settings.interfaces:
            d, frame = frame[0], frame[1:]
        try:
            serves, nfas = self.settings.switch in SERVICE_SWITCHES, bool(self.settings.interfaces)
            message = q931.parse(frame, serves, nfas)
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
        self._restarted = None
        if message is not None and message.type == q931.RESTART and self.settings.interfaces:
            self._restarted = q931.restarted(message, self.settings.interfaces[d])
        if call is not None and message is not None:
            self._libpri.settle(call.handle, d)
            if clearing:
                call.clear_with(message.cause)
            if not call.handle and not self._hear_adopted(call, message):
                frame = frame[:4]
        raw = self._libpri.feed(frame, now, d)
        if raw is not None:
            self._dispatch(raw, now, timed=False)
        elif clearing and call is not None and call.state is CallState.OFFERED:
            # libpri answers DISCONNECT for a call it has not answered yet with RELEASE
            # COMPLETE, tells nobody, and keeps its record for ever.
            self._libpri.request(call.handle, pri.REQUEST_DESTROY, now)
        if q931.is_sabme(frame) and d == self._d.active:
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
        if self._unheard_until is not None and self._unheard_until <= now + 1e-6:
            self._unheard_until = None
            self.drop_all(Cause.DESTINATION_OUT_OF_ORDER, now)
        for call in self._book.calls():
            if call.deadline is not None and call.deadline <= now + 1e-6:
                self._expire(call, now)
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
        own = (self._adopted_until, self._unheard_until, self._book.restarts.deadline)
        times = [time for time in (self._libpri.deadline(), *own) if time is not None]
        times += [c.deadline for c in self._book.calls() if c.deadline is not None]
        return max(0.0, min(times) - now) if times else None

    def take_frames(self) -> list[bytes]:
        """Frames to send, oldest first; with NFAS as `feed` takes them."""
        frames = self._libpri.take_frames()
        alive = {call.cref ^ 0x8000 for call in self._book.adopted()}
        if not alive:
            return frames
        lead = 1 if self.settings.interfaces else 0
        return [each[:lead] + adoption.answered(each[lead:], alive) for each in frames]

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
        overlap = self.settings.sending == "overlap" and request.complete
        first = self.settings.first_digits if overlap else None
        wanted = outgoing(request, channel, self.settings.exclusive, first)
        handle = self._libpri.new_call()
        try:
            self._libpri.setup(handle, wanted, now)
        except DriverError:
            self._libpri.request(handle, pri.REQUEST_DESTROY, now)
            raise
        call = self._book.add(handle, channel, True, 0, ref)
        call.rest = request.called.digits[len(wanted.called) :]
        if not request.channel:
            self._book.tell(ChannelSet(self.span, call.ref, channel))
        self._settle(now)
        return call.ref

    def acknowledge(self, ref: int, now: float) -> None:
        self._request(ref, "acknowledge", pri.REQUEST_SETUP_ACK, now)
        self._book.get(ref).time("t302_ms", self.settings.timer("t302_ms"), now)

    def information(self, ref: int, digits: str, now: float) -> None:
        call = self._book.get(ref)
        call.move("information")
        self._dial(call, digits, now)
        self._settle(now)

    def proceeding(self, ref: int, now: float) -> None:
        self._request(ref, "proceeding", pri.REQUEST_PROCEEDING, now)

    def alerting(self, ref: int, now: float, inband: bool = False) -> None:
        self._request(ref, "alerting", pri.REQUEST_ALERTING, now, inband)

    def progress(self, ref: int, now: float, inband: bool = True) -> None:
        # The message cannot do without its progress indicator; without one it is PROCEEDING.
        what = pri.REQUEST_PROGRESS if inband else pri.REQUEST_PROCEEDING
        self._request(ref, "progress", what, now, inband)

    def answer(self, ref: int, now: float, number: Number | None = None, name: str = "") -> None:
        """Answer; `number` and `name` tell the caller who does (connected line)."""
        if number is not None or name:
            who = number or Number(presentation=0x43)
            plan = who.ton << 4 | who.npi
            told = pri.RawConnected(who.digits, plan, who.presentation, name)
            self._libpri.connected(self._book.get(ref).handle, told, now)
        self._request(ref, "answer", pri.REQUEST_CONNECT, now)

    def release(self, ref: int, cause: int, now: float) -> None:
        """Begin or finish clearing; a second release of a clearing call does nothing."""
        call = self._book.get(ref)
        before = call.move("release")
        if before is CallState.CLEARING:
            return
        cause = cause if 0 < cause < 128 else int(Cause.NORMAL_UNSPECIFIED)
        call.clear_with(cause)
        call.time("clearing", self._clearing_s, now)
        if not call.handle:
            self._book.end(call, cause)
            self._book.queue_restart(call.channel, "its signalling was lost")
        elif before is CallState.OFFERED and cause not in _REFUSE_AT_ONCE:
            # libpri sends nothing at all when a call it never answered is disconnected.
            self._libpri.request(call.handle, pri.REQUEST_PROCEEDING, now, call.channel)
        self._libpri.request(call.handle, pri.REQUEST_HANGUP, now, info=cause)
        self._settle(now)

    def ignore(self, ref: int, now: float) -> None:
        """Leave an offered call to another terminal of the line: the exchange hears nothing."""
        call = self._book.get(ref)
        if call.state is not CallState.OFFERED:
            raise DriverError(f"{self.span}: call {ref} has been answered for", 101)
        self._libpri.request(call.handle, pri.REQUEST_DESTROY, now)
        self._book.end(call, Cause.NON_SELECTED)
        self._settle(now)

    def charge(self, ref: int, units: int, final: bool, now: float) -> None:
        """As the network: what the call costs, so far or at its end (EuroISDN only)."""
        self._libpri.charge(self._book.get(ref).handle, units, final, now)
        self._settle(now)

    def transfer(self, ref: int, other: int, now: float) -> None:
        """Ask the far end to join two calls of this span and free both channels.

        ECT on EuroISDN, two B-channel transfer on NI2, 5ESS and 4ESS, RLT on DMS-100 (once the
        switch has offered it), path replacement on Q.SIG. Raises DriverError where libpri or the
        calls' states do not allow it.
        """
        one, two = self._book.get(ref), self._book.get(other)
        if one is two or CallState.CLEARING in (one.state, two.state):
            raise DriverError(f"{self.span}: calls {ref} and {other} cannot be joined", 29)
        self._libpri.transfer(one.handle, two.handle, now)
        self._settle(now)

    def service(self, channel: int, in_service: bool, now: float) -> None:
        """Take a channel out of service at both ends, or bring it back (SERVICE).

        A call on it goes on. DriverError where the switch type has no such message.
        """
        if channel not in self.settings.channels or self.settings.switch not in SERVICE_SWITCHES:
            raise DriverError(f"{self.span}/{channel}: no SERVICE on {self.settings.switch}", 29)
        if (
            self.settings.interfaces
            and not channel >> 8
            and self.settings.interfaces[self._d.active]
        ):
            # libpri leaves 0 out, which would name the interface of the D channel.
            raise DriverError(f"{self.span}/{channel}: interface 0 has no D channel now", 29)
        status = pri.IN_SERVICE if in_service else pri.OUT_OF_SERVICE
        self._libpri.service(channel, status, now)
        self._book.serve(channel, in_service, "by us")
        self._settle(now)

    def restart(self, channel: int, now: float) -> None:
        """Bring a channel to idle at both ends; a call on it is released (41)."""
        if channel not in self.settings.channels:
            raise DriverError(f"{self.span}: there is no channel {channel}")
        self._drop_calls([channel], Cause.TEMPORARY_FAILURE, now)
        self._book.queue_restart(channel, "restarting")
        self._settle(now)

    def drop_all(self, cause: int, now: float, channels: Sequence[int] | None = None) -> None:
        """The line is gone: release every call at once, restart their channels when it is back.

        `channels`: only those of a group's one line.
        """
        for channel in self._drop_calls(channels or self.settings.channels, cause, now):
            self._book.queue_restart(channel, "left by an alarm")
        if channels is None:
            for handle in list(self._ghosts):
                self._libpri.request(handle, pri.REQUEST_DESTROY, now)
            self._ghosts.clear()
        self._settle(now)

    def line_lost(self, d: int, lost: bool, now: float) -> None:
        """The line of a group's D channel is in alarm, or so no more: no need to wait for T200."""
        self._d.line(d, lost)
        self._signalling_changed("line in alarm" if lost else "line good again", now)
        self._settle(now)

    # ---- what is going on ----------------------------------------------------------------

    def is_idle(self, channel: int) -> bool:
        """Whether a new call may be put on this channel."""
        return self._book.is_idle(channel)

    def switched_off(self, channel: int) -> bool:
        """Whether either end has taken the channel out of service (SERVICE)."""
        return self._book.switched_off(channel)

    def call_reference(self, ref: int) -> int:
        """The call's reference as received frames carry it; 0 while it is not known."""
        return next((call.cref for call in self._book.calls() if call.ref == ref), 0)

    def calls(self) -> list[Call]:
        """The calls that live, oldest first."""
        return self._book.calls()

    # ---- bookkeeping ---------------------------------------------------------------------

    def _expire(self, call: Call, now: float) -> None:
        """One of T301, T302, T304 and T310 has run out, or clearing takes too long."""
        timer = call.timer
        call.time("", 0, now)
        if timer == "t302_ms":
            self._book.tell(Digits(self.span, call.ref, "", True))
        elif timer == "clearing":
            self._libpri.request(call.handle, pri.REQUEST_DESTROY, now)
            self._book.end(call, call.clear_with(None))
            self._book.queue_restart(call.channel, "clearing was not confirmed")
        else:
            self.release(call.ref, _EXPIRED[timer], now)

    def _adopt(self, adopted: Sequence[Adopted], now: float) -> None:
        """Take over calls in talk, and keep their call references from new ones."""
        for each in adopted:
            self._book.adopt(each)
            self._adopted_until = now + self.settings.t309_s
        used = [each.cref & 0x7FFF for each in adopted if each.cref & 0x8000]
        self._libpri.skip_references(max(used, default=0))

    def _hear_adopted(self, call: Call, message: q931.Message) -> bool:
        """A message for an adopted call; True when libpri is to answer it."""
        if adoption.is_over(message):
            self._book.end(call, call.clear_with(message.cause))
        return adoption.is_libpris(message)

    def _request(self, ref: int, word: str, what: int, now: float, inband: bool = False) -> None:
        call = self._book.get(ref)
        call.move(word)
        call.time("", 0, now)
        code = self._libpri.request(call.handle, what, now, call.channel, inband)
        self._settle(now)
        pri.check(code, f"{word} on {self.span}/{call.channel}")


def _open(given: PriSettings, now: float) -> Libpri:
    """libpri with the timers it runs set."""
    libpri = Libpri(given.side, given.switch, now, given.law, given.capability, given.interfaces)
    libpri.set_timer("T309", round(given.t309_s * 1000))
    for name, value in given.timers.items():
        if key := pri_timers.TIMERS[name].libpri:
            libpri.set_timer(key, value)
    return libpri
