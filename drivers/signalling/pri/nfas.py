"""A group of PRI spans under common D channels (NFAS), each span with its own `Signalling`.

What: one PRI signalling (in this process or in one of its own) has the calls of all
spans of a group; to those above, each span looks as if it were alone. Frames of the
D channels, channels by their interface, and events find their span here.
How: `Bundle` is the span that the common signalling sees. Its channels are numbered
by interface times 256 plus timeslot, its frames are led by the place of their D
channel; see `PriSettings.interfaces`.
Limits: an outgoing call stays on the span it was placed on; a far end that wants
it on another is refused (6). Timeslot 16 of a span without D channel is not used.
Source: T1.607 annex F; Q.931 4.5.13 (interface identifier).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.base import Channel, DChannelSpan, DriverError, EventSink, SetupRequest, SpanKind
from drivers.cause import Cause
from drivers.events import (
    Alarm,
    CallEvent,
    ChannelSet,
    ChannelState,
    LineEvent,
    Number,
    Released,
    Setup,
    SignallingFault,
    SignallingMoved,
    SignallingState,
)
from drivers.signalling.alarm import GUARD_S, AlarmGuard
from drivers.signalling.pri.child import PriChild
from drivers.signalling.pri.ledger import pick_channel
from drivers.signalling.pri.settings import PriSettings, Tap
from drivers.signalling.pri.signalling import PriSignalling

#: The common signalling on the group's span.
MakeCommon = Callable[["Bundle", EventSink, PriSettings], PriSignalling | PriChild]
_UNACCEPTABLE = 6


@dataclass(frozen=True, slots=True)
class Member:
    """A span of a group: the number of its interface, and whether it has a D channel."""

    span: DChannelSpan
    interface: int
    d_channel: bool


class Bundle:
    """All spans of a group as one `DChannelSpan`. Alarms are each member's own business."""

    kind = SpanKind.E1
    port = None
    alarms: frozenset[Alarm] = frozenset()

    def __init__(self, name: str, taps: Sequence[tuple[DChannelSpan, Callable[[], Tap | None]]]):
        self.name = name
        self.channels: tuple[Channel, ...] = ()
        self._d = tuple(taps)

    def watch(self, on_alarm: EventSink) -> None:
        """Nothing is told."""

    def send_frame(self, frame: bytes) -> None:
        span, tap = self._d[frame[0]]
        span.send_frame(frame[1:])
        if (hear := tap()) is not None:
            hear("out", frame[1:])

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        for place, (span, tap) in enumerate(self._d):
            span.on_frame(_led(place, receive, tap))


def _led(
    place: int, receive: Callable[[bytes], None], tap: Callable[[], Tap | None]
) -> Callable[[bytes], None]:
    def hear(frame: bytes) -> None:
        if (told := tap()) is not None:
            told("in", frame)
        receive(bytes((place,)) + frame)

    return hear


class NfasSpan:
    """`Signalling` of one span of a group."""

    tells_who_answers = True

    def __init__(self, group: NfasGroup, member: Member, alarm_guard_s: float) -> None:
        self.span = member.span
        self.sink: EventSink = lambda event: None
        self.interface = member.interface
        self.settings = group.settings
        self._group = group
        self._d = group.place(member.interface)
        self._guard = AlarmGuard(self._alarm_changed, self._alarm_lasts, alarm_guard_s)
        self._told_up = False
        self._running = False

    @property
    def common(self) -> PriSignalling | PriChild:
        """What has the calls of all spans of the group."""
        return self._group.common

    @property
    def up(self) -> bool:
        return self._group.common.up and not self._guard.active

    def is_idle(self, channel: int) -> bool:
        return self._group.common.is_idle(self.interface << 8 | channel)

    def start(self) -> None:
        """The first span of a group that starts brings up the D channels."""
        self._running = True
        self._group.start()
        self.span.watch(self._guard.watch)
        self._guard.start(self.span.alarms)

    def stop(self) -> None:
        self._running = False
        self._guard.stop()
        self._group.stop()

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest) -> int:
        if self._guard.active:
            raise DriverError(f"{self.span.name}: span in alarm", Cause.NETWORK_OUT_OF_ORDER)
        channel = request.channel or self._pick()
        there = dataclasses.replace(request, channel=self.interface << 8 | channel)
        ref = self._group.setup(self, there)
        if not request.channel:
            told = ChannelSet(self.span.name, ref, channel)
            asyncio.get_running_loop().call_soon(self.tell, told)
        return ref

    def _pick(self) -> int:
        own = (c for c in self.settings.channels if c >> 8 == self.interface)
        idle = [c for c in own if self._group.common.is_idle(c)]
        picked = pick_channel(self.settings, idle)
        if picked is None:
            raise DriverError(f"{self.span.name}: no idle channel", Cause.NO_CHANNEL)
        return picked & 0xFF

    def acknowledge(self, ref: int) -> None:
        self._group.common.acknowledge(ref)

    def information(self, ref: int, digits: str) -> None:
        self._group.common.information(ref, digits)

    def proceeding(self, ref: int) -> None:
        self._group.common.proceeding(ref)

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._group.common.alerting(ref, inband)

    def progress(self, ref: int, inband: bool = True) -> None:
        self._group.common.progress(ref, inband)

    def answer(self, ref: int, number: Number | None = None, name: str = "") -> None:
        self._group.common.answer(ref, number, name)

    def ignore(self, ref: int) -> None:
        self._group.common.ignore(ref)

    def transfer(self, ref: int, other: int) -> None:
        self._group.common.transfer(ref, other)

    def release(self, ref: int, cause: int) -> None:
        self._group.common.release(ref, cause)

    def restart(self, channel: int) -> None:
        self._group.common.restart(self.interface << 8 | channel)

    def service(self, channel: int, in_service: bool) -> None:
        self._group.common.service(self.interface << 8 | channel, in_service)

    # ---- from the group and the line -----------------------------------------------------

    def tell(self, event: LineEvent) -> None:
        """An event of this span, in its own words."""
        if self._running:
            self.sink(event)

    def tell_state(self, reason: str, *, moved: bool = False) -> None:
        if moved or self.up != self._told_up:
            self._told_up = self.up
            self.tell(SignallingState(self.span.name, self.up, reason))

    def _alarm_changed(self) -> None:
        if self._d is not None:
            self._group.common.line_lost(self._d, self._guard.active)
        self.tell_state("span alarm" if self._guard.active else "span alarm ended")

    def _alarm_lasts(self) -> None:
        own = [c for c in self.settings.channels if c >> 8 == self.interface]
        self._group.common.drop_all(Cause.DESTINATION_OUT_OF_ORDER, own)


class NfasTap(NfasSpan):
    """A span with a D channel, whose frames can be heard."""

    tap: Tap | None = None


class NfasGroup:
    """Makes and joins the signallings of a group's spans (`spans`, as the members were given).

    `settings` is as for a single span; channels and interfaces are put in here. D channels are used
    in the order of the members.
    """

    def __init__(
        self,
        name: str,
        members: Sequence[Member],
        settings: PriSettings,
        make_common: MakeCommon,
        alarm_guard_s: float = GUARD_S,
    ) -> None:
        self.name = name
        with_d = tuple(each for each in members if each.d_channel)
        channels = tuple(m.interface << 8 | c.number for m in members for c in m.span.channels)
        interfaces = tuple(each.interface for each in with_d)
        self.settings = dataclasses.replace(settings, channels=channels, interfaces=interfaces)
        kinds = {True: NfasTap, False: NfasSpan}
        self.spans = [kinds[each.d_channel](self, each, alarm_guard_s) for each in members]
        self._of_interface = {each.interface: each for each in self.spans}
        self._of_ref: dict[int, NfasSpan] = {}
        self._started = False
        taps = [(each.span, self._tap_of(each.interface)) for each in with_d]
        self.common = make_common(Bundle(name, taps), self._hear, self.settings)

    def _tap_of(self, interface: int) -> Callable[[], Tap | None]:
        return lambda: getattr(self._of_interface[interface], "tap", None)

    def place(self, interface: int) -> int | None:
        """The place of an interface's D channel; None when it has none."""
        found = self.settings.interfaces
        return found.index(interface) if interface in found else None

    def start(self) -> None:
        if not self._started:
            self._started = True
            self.common.start()

    def stop(self) -> None:
        if self._started:
            self._started = False
            self.common.stop()

    def setup(self, span: NfasSpan, request: SetupRequest) -> int:
        ref = self.common.setup(request)
        self._of_ref[ref] = span
        return ref

    # ---- events --------------------------------------------------------------------------

    def _hear(self, event: LineEvent) -> None:
        if isinstance(event, CallEvent):
            self._call_event(event)
        elif isinstance(event, ChannelState):
            span = self._of_interface[event.channel >> 8]
            number = event.channel & 0xFF
            span.tell(dataclasses.replace(event, span=span.span.name, channel=number))
        elif isinstance(event, SignallingState):
            for span in self.spans:
                span.tell_state(event.reason)
        elif isinstance(event, SignallingMoved):
            where = self._of_interface[event.interface].span.name
            for span in self.spans:
                span.tell_state(f"D channel is that of {where}: {event.reason}", moved=True)
        elif isinstance(event, SignallingFault):
            first = self._of_interface[self.settings.interfaces[0]]
            first.tell(dataclasses.replace(event, span=first.span.name))

    def _call_event(self, event: CallEvent) -> None:
        if isinstance(event, Setup):
            self._of_ref[event.ref] = self._of_interface[event.channel >> 8]
        span = self._of_ref.get(event.ref)
        if span is None:
            return
        if isinstance(event, ChannelSet) and event.channel >> 8 != span.interface:
            self.common.release(event.ref, _UNACCEPTABLE)
            return
        if isinstance(event, Released):
            del self._of_ref[event.ref]
        if isinstance(event, Setup | ChannelSet):
            event = dataclasses.replace(event, channel=event.channel & 0xFF)
        span.tell(dataclasses.replace(event, span=span.span.name))
