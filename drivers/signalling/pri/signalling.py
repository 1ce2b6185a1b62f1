"""ISDN PRI signalling of one span: a PriLink on the loop's clock and the span's D channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from drivers.base import DChannelSpan, DriverError, EventSink, SetupRequest
from drivers.cause import Cause
from drivers.events import LineEvent, Number, SignallingState
from drivers.signalling.alarm import GUARD_S, AlarmGuard
from drivers.signalling.linelog import LineLog
from drivers.signalling.pri.calls import Adopted
from drivers.signalling.pri.link import PriLink
from drivers.signalling.pri.settings import PriSettings, Tap

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class PriSignalling:
    """`Signalling` over libpri in this process. See `PriSettings` for what can be set.

    Events that a request brings about come to the sink in the loop's next turn,
    never inside the request.
    """

    tells_who_answers = True  # `answer` takes a number and a name

    def __init__(
        self,
        span: DChannelSpan,
        sink: EventSink,
        settings: PriSettings | None = None,
        *,
        alarm_guard_s: float = GUARD_S,
    ) -> None:
        self.span = span
        self.sink = sink
        self.settings = settings or PriSettings()
        #: Hears every frame of the D channel: ("in" or "out", frame).
        self.tap: Tap | None = None
        self._guard = AlarmGuard(self._alarm_changed, self._alarm_lasts, alarm_guard_s)
        self._lines = LineLog(_log, span.name)
        self._link: PriLink | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._told_up = False
        self._delivering = False

    @property
    def up(self) -> bool:
        return self._link is not None and self._link.up and not self._guard.active

    def start(
        self, *, first_ref: int = 2, adopted: Sequence[Adopted] = (), out: Sequence[int] = ()
    ) -> None:
        """Take the D channel; to be called with the loop running. For the rest see `PriLink`."""
        self._loop = asyncio.get_running_loop()
        self._link = PriLink(
            self.settings,
            span=self.span.name,
            now=self._loop.time(),
            first_ref=first_ref,
            adopted=adopted,
            out=out,
        )
        self.span.on_frame(self._receive)
        self.span.watch(self._guard.watch)
        self._guard.start(self.span.alarms)
        self._pump()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._guard.stop()
        if self._link is not None:
            self._link.close()
        self._link = None

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest, ref: int | None = None) -> int:
        if self._guard.active:
            raise DriverError(f"{self.span.name}: span in alarm", Cause.NETWORK_OUT_OF_ORDER)
        return self._do(lambda link, now: link.setup(request, now, ref))

    def acknowledge(self, ref: int) -> None:
        self._do(lambda link, now: link.acknowledge(ref, now))

    def information(self, ref: int, digits: str) -> None:
        self._do(lambda link, now: link.information(ref, digits, now))

    def proceeding(self, ref: int) -> None:
        self._do(lambda link, now: link.proceeding(ref, now))

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._do(lambda link, now: link.alerting(ref, now, inband))

    def progress(self, ref: int, inband: bool = True) -> None:
        self._do(lambda link, now: link.progress(ref, now, inband))

    def answer(self, ref: int, number: Number | None = None, name: str = "") -> None:
        self._do(lambda link, now: link.answer(ref, now, number, name))

    def charge(self, ref: int, units: int, final: bool = False) -> None:
        """As the network: what the call costs."""
        self._do(lambda link, now: link.charge(ref, units, final, now))

    def transfer(self, ref: int, other: int) -> None:
        """Ask the far end to join two calls; see `PriLink.transfer`."""
        self._do(lambda link, now: link.transfer(ref, other, now))

    def release(self, ref: int, cause: int) -> None:
        self._do(lambda link, now: link.release(ref, cause, now))

    def restart(self, channel: int) -> None:
        self._do(lambda link, now: link.restart(channel, now))

    def ignore(self, ref: int) -> None:
        """Leave an offered call to another terminal of the line; see `PriLink.ignore`."""
        self._do(lambda link, now: link.ignore(ref, now))

    def service(self, channel: int, in_service: bool) -> None:
        """Take a channel out of service at both ends, or bring it back; see `PriLink.service`."""
        self._do(lambda link, now: link.service(channel, in_service, now))

    def drop_all(self, cause: int, channels: Sequence[int] | None = None) -> None:
        """Give every call (on these channels) up at once, without a word to the far end."""
        self._do(lambda link, now: link.drop_all(cause, now, channels))

    def line_lost(self, d: int, lost: bool) -> None:
        """NFAS: the line of this D channel went into alarm, or out of it."""
        self._do(lambda link, now: link.line_lost(d, lost, now))

    def call_reference(self, ref: int) -> int:
        """The call's reference on the line, 0 while it is not known."""
        return self._do(lambda link, now: link.call_reference(ref))

    def is_idle(self, channel: int) -> bool:
        """Whether a new call may be put on this channel (not in use, not being restarted)."""
        return self._link is not None and self._link.is_idle(channel)

    def switched_off(self, channel: int) -> bool:
        """Whether either end has taken the channel out of service (SERVICE)."""
        return self._link is not None and self._link.switched_off(channel)

    # ---- the line ------------------------------------------------------------------------

    def _do(self, step: Callable[[PriLink, float], _T]) -> _T:
        if self._link is None or self._loop is None:
            raise DriverError(f"{self.span.name}: signalling is stopped")
        try:
            return step(self._link, self._loop.time())
        finally:
            self._pump()

    def _receive(self, frame: bytes) -> None:
        if self.tap is not None:
            self.tap("in", frame)
        if self._link is not None and self._loop is not None:
            self._deliver(self._link.feed(frame, self._loop.time()))

    def _run_timers(self) -> None:
        self._timer = None
        if self._link is not None and self._loop is not None:
            self._deliver(self._link.poll(self._loop.time()))

    def _deliver(self, events: list[LineEvent]) -> None:
        self._pump()
        for event in events:
            if self._link is None:
                return
            if isinstance(event, SignallingState):
                self._tell_state(event.reason)
            else:
                self.sink(event)

    def _pump(self) -> None:
        """Send what is to be sent, set the timer, note what libpri said."""
        link, loop = self._link, self._loop
        if link is None or loop is None:
            return
        now = loop.time()
        for frame in link.take_frames():
            self.span.send_frame(frame)
            if self.tap is not None:
                self.tap("out", frame)
        for is_error, line in link.take_log():
            self._lines.write(logging.WARNING if is_error else logging.INFO, line, now)
        if self._timer is not None:
            self._timer.cancel()
        left = link.next_timeout(now)
        self._timer = None if left is None else loop.call_later(left, self._run_timers)
        if link.has_events and not self._delivering:
            self._delivering = True
            loop.call_soon(self._deliver_pending)

    def _deliver_pending(self) -> None:
        self._delivering = False
        if self._link is not None:
            self._deliver(self._link.take_events())

    # ---- alarms --------------------------------------------------------------------------

    def _alarm_changed(self) -> None:
        self._tell_state("span alarm" if self._guard.active else "span alarm ended")

    def _alarm_lasts(self) -> None:
        self.drop_all(Cause.DESTINATION_OUT_OF_ORDER)

    def _tell_state(self, reason: str) -> None:
        if self.up != self._told_up:
            self._told_up = self.up
            self.sink(SignallingState(self.span.name, self.up, reason))
