"""All lines of the system: which leg is on which channel, and which channels are free.

What: takes line events from every span's signalling to the right leg, offers
new calls upwards, finds channels for outgoing ones, and tells the bus what each
channel and span is doing.
A channel is used again only when the record of its last call is durable
(`settle`), so a crash can never leave two calls on a channel and one record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from drivers import events as line
from drivers.base import Channel, DriverError, SetupRequest, Signalling, Span, SpanKind
from drivers.cause import Cause
from drivers.signalling.linelog import LineLog
from mediaserver.bus import Bus
from mediaserver.call.care import NO_CARE, LineCare
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.told import told
from mediaserver.clock import Clock
from mediaserver.events import ChannelChanged, LineTold, SpanChanged, ToneHeard
from mediaserver.media.session import MediaSession, ToneEvent

log = logging.getLogger(__name__)

#: How a leg's state shows on the board.
_SHOWN = {
    LegState.OFFERED: "ringing",
    LegState.DIALLING: "ringing",
    LegState.PROCEEDING: "ringing",
    LegState.ALERTING: "ringing",
    LegState.CONNECTED: "busy",
    LegState.CLEARING: "clearing",
    LegState.RELEASED: "idle",
}


#: Role of a leg on which a line is tested: it is left as it is, without canceller and detectors.
TEST = "test"


class NoChannel(Exception):
    """No idle channel for an outgoing call; `cause` says why in Q.850's words."""

    def __init__(self, where: str, cause: int) -> None:
        super().__init__(f"{where}: no channel for another call")
        self.cause = cause


@dataclass(eq=False)
class Slot:
    """A channel as the system sees it."""

    channel: Channel
    signalling: Signalling
    leg: Leg | None = None
    second: Leg | None = None  # a telephone's other call, which waits or is held
    in_service: bool = True
    testing: bool = False  # taken out of service for a test
    held: bool = False  # taken out of service by hand
    idle_since_ms: int = 0
    settling: asyncio.Future[None] | None = None
    shown: str = "idle"

    @property
    def settled(self) -> bool:
        """Whether nothing of an earlier call is left to be done."""
        return self.leg is None and (self.settling is None or self.settling.done())

    @property
    def idle(self) -> bool:
        return self.settled and self.serves

    @property
    def serves(self) -> bool:
        """Whether neither end has taken it out of service."""
        return self.in_service and not self.testing and not self.held

    @property
    def takes_second(self) -> bool:
        """Whether a call may wait at this telephone, where two people are in talk."""
        if self.leg is None or self.second is not None or not self.serves:
            return False
        asked = getattr(self.signalling, "takes_second", None)
        return self.shown == "talking" and asked is not None and bool(asked(self.channel.number))

    @property
    def usable(self) -> bool:
        line = self.signalling
        up = line.up and not line.span.alarms
        return self.idle and up and line.is_idle(self.channel.number)


@dataclass(eq=False)
class _Line:
    signalling: Signalling
    care: LineCare
    slots: dict[int, Slot]
    faults: LineLog
    legs: dict[int, Leg] = field(default_factory=dict)


class Lines:
    """Owns every span. `on_offer(leg, setup)` is told of each new call from a line."""

    def __init__(self, bus: Bus, clock: Clock, media: MediaSession) -> None:
        self._bus = bus
        self._clock = clock
        self._media = media
        self._lines: dict[str, _Line] = {}
        self._legs_made = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_offer: Callable[[Leg, line.Setup], None] | None = None
        self.on_digits: Callable[[Leg, line.Digits], None] | None = None
        #: Awaited after a leg's release, before its channel serves another call.
        self.settle: Callable[[Leg], Awaitable[None]] | None = None

    def add(self, signalling: Signalling, care: LineCare = NO_CARE) -> None:
        """Take a span's signalling; its channels must have their engine index.

        `care` is taken of every call on them.
        """
        span = signalling.span
        slots = {c.number: Slot(c, signalling) for c in span.channels}
        self._lines[span.name] = _Line(signalling, care, slots, LineLog(log, span.name))
        signalling.sink = self._on_line
        span.watch(self._on_line)

    def start(self) -> None:
        for each in self._lines.values():
            each.signalling.start()

    async def clear(self, cause: int, within_s: float) -> bool:
        """Clear every leg; whether all were released in time."""
        legs = self.legs()
        for leg in legs:
            leg.clear(cause)
        try:
            async with asyncio.timeout(within_s):
                for leg in legs:
                    await leg.wait(LegState.RELEASED)
        except TimeoutError:
            log.warning("not released: %s", ", ".join(leg.line for leg in self.legs()))
            return False
        return True

    def stop(self) -> None:
        """Let go of the lines; what their far ends still say is not heard."""
        for each in self._lines.values():
            each.signalling.stop()
        for task in self._tasks:
            task.cancel()

    # ---- looking

    def spans(self) -> Iterator[Span]:
        return (each.signalling.span for each in self._lines.values())

    def signallings(self) -> Iterator[Signalling]:
        return (each.signalling for each in self._lines.values())

    def slots(self, span: str) -> list[Slot]:
        return list(self._lines[span].slots.values())

    def slot(self, name: str) -> Slot:
        """By name, "FXS-1/3". Raises NoChannel when there is no such channel."""
        span, _, number = name.rpartition("/")
        try:
            return self._lines[span].slots[int(number)]
        except (KeyError, ValueError):
            raise NoChannel(name, Cause.DESTINATION_OUT_OF_ORDER) from None

    def trouble(self, leg: Leg) -> str:
        """Why the line itself may have dropped this leg, or an empty string."""
        span = leg.signalling.span
        if span.alarms:
            return "alarm: " + ", ".join(sorted(a.value for a in span.alarms))
        return "" if leg.signalling.up else "signalling down"

    def legs(self) -> list[Leg]:
        slots = (slot for each in self._lines.values() for slot in each.slots.values())
        return [leg for slot in slots for leg in (slot.leg, slot.second) if leg is not None]

    # ---- outgoing

    def dial(self, slot: Slot, role: str, party: str, request: SetupRequest) -> Leg:
        """Start an outgoing leg on `slot`. Raises NoChannel if it is in use or down."""
        waits = slot.takes_second
        if not slot.usable and not waits:
            down = not slot.signalling.up or slot.signalling.span.alarms
            cause = Cause.DESTINATION_OUT_OF_ORDER if down else Cause.USER_BUSY
            raise NoChannel(slot.channel.name, cause)
        try:
            ref = slot.signalling.setup(request)
        except DriverError as error:
            log.warning("setup on %s: %s", slot.channel.name, error)
            raise NoChannel(slot.channel.name, error.cause) from error
        leg = self._make_leg(slot, role, party)  # no event of it comes inside the request
        self._lines[slot.channel.span].legs[ref] = leg
        leg.dialled(ref)
        if waits:
            self._lines[slot.channel.span].care.watch(leg)
        else:
            self._take_care(leg, outgoing=True)
        return leg

    # ---- from the lines

    def _on_line(self, event: line.LineEvent) -> None:
        """What goes wrong with one event must not keep the next from its leg."""
        try:
            self._take(event)
        except Exception:
            log.exception("%s: %r could not be dealt with", event.span, event)

    def _take(self, event: line.LineEvent) -> None:
        where = self._lines.get(event.span)
        if where is None:
            log.error("event from a span nobody knows: %r", event)
        elif isinstance(event, line.Setup):
            self._setup(where, event)
        elif isinstance(event, line.CallEvent):
            self._call_event(where, event)
        elif isinstance(event, line.SpanAlarm | line.SignallingState):
            reason = event.reason if isinstance(event, line.SignallingState) else ""
            self._show_span(where, reason)
        elif isinstance(event, line.ChannelState):
            self._service(where, event)
        elif isinstance(event, line.SignallingFault):
            said = f"{event.what}: {event.detail}" if event.detail else event.what
            where.faults.write(logging.WARNING, said, self._clock.media_ms() / 1000)
        else:
            log.warning("%s: %r", event.span, event)

    def _setup(self, where: _Line, event: line.Setup) -> None:
        slot = where.slots.get(event.channel)
        if slot is None or slot.leg is not None or not slot.serves:
            log.warning("%s: call offered on channel %d, in use", event.span, event.channel)
            where.signalling.release(event.ref, Cause.CHANNEL_UNAVAILABLE)
            return
        shown = "" if event.calling.withheld else event.calling.digits
        leg = self._make_leg(slot, "caller", shown)
        where.legs[event.ref] = leg
        leg.came = event
        leg.offered(event.ref)
        self._take_care(leg, outgoing=False)
        if slot.settling is None or slot.settling.done():
            self._offer(leg, event)
        else:
            if event.complete:
                leg.proceeding()  # before T303 gives up; without it further digits wait too
            slot.settling.add_done_callback(lambda _: self._offer(leg, event))

    def _offer(self, leg: Leg, event: line.Setup) -> None:
        if leg.state is not LegState.OFFERED or self.on_offer is None:
            return
        try:
            self.on_offer(leg, event)
        except Exception:
            log.exception("leg %s on %s: nobody can take it", leg.id, leg.line)
            leg.clear(Cause.TEMPORARY_FAILURE)
            return
        self._tell(leg, event)

    def _tell(self, leg: Leg, event: line.LineEvent) -> None:
        """Into the call's story: what the exchange says of the call."""
        for what, text in told(event) if leg.call_id else ():
            self._bus.publish(
                LineTold(
                    call_id=leg.call_id or "",
                    leg_id=leg.id,
                    line=leg.line,
                    what=what,
                    text=text,
                    **self._clock.stamp(),
                )
            )

    def _call_event(self, where: _Line, event: line.CallEvent) -> None:
        leg = where.legs.get(event.ref)
        if leg is None or leg.state is LegState.RELEASED:
            where.legs.pop(event.ref, None)
            log.debug("%s: %r for a call that has gone", event.span, event)
            return
        if isinstance(event, line.ChannelSet):
            self._move_channel(where, leg, event.channel)
        elif isinstance(event, line.Digits):
            self._digits(leg, event)
        elif isinstance(event, line.Connected | line.Retrieved):
            self._in_talk(leg)
        self._tell(leg, event)
        leg.on_line(event)

    def _in_talk(self, leg: Leg) -> None:
        """Of a telephone's two calls this is the one that it is in from now on."""
        slot = self._slot_of(leg)
        if slot.second is leg:
            slot.leg, slot.second = leg, slot.leg

    def _digits(self, leg: Leg, event: line.Digits) -> None:
        """A dial's pulses are keys like others; digits over a D channel are of the number."""
        if leg.signalling.span.kind is SpanKind.FXS:
            for digit in event.digits:
                leg.media.digits.put(digit)
        elif self.on_digits is not None:
            self.on_digits(leg, event)

    def _move_channel(self, where: _Line, leg: Leg, number: int) -> None:
        """The far end chose another channel for our call (Q.931 5.1.2), at the latest when it

        answers: a call in talk or being cleared keeps its channel, its bridge and its recording.
        """
        old, new = where.slots[leg.channel.number], where.slots.get(number)
        if new is old:
            return
        if leg.state is LegState.CONNECTED or not leg.alive:
            log.warning("%s: far end moves a %s call, ignored", leg.line, leg.state.value)
            return
        if new is None or not new.idle:
            log.warning("%s: far end chose channel %d, which is not free", leg.line, number)
            leg.clear(Cause.CHANNEL_UNAVAILABLE)
            return
        leg.media.reset()
        old.leg, new.leg = None, leg
        leg.channel, leg.media = new.channel, self._media.port(new.channel.index)
        self._take_care(leg, outgoing=leg.state is not LegState.OFFERED)
        self._show(old, "idle", None)
        self._show(new, _SHOWN[leg.state], leg)

    def _service(self, where: _Line, event: line.ChannelState) -> None:
        slot = where.slots.get(event.channel)
        if slot is None:
            return
        slot.in_service = event.in_service
        self._free(slot)

    def set_testing(self, slot: Slot, on: bool) -> None:
        """Take a channel out of service for a test, or give it back; calls on it are refused."""
        slot.testing = on
        self._free(slot)

    def hold(self, slot: Slot, held: bool) -> None:
        """Keep a channel from further calls, or let it have them again."""
        slot.held = held
        self._free(slot)

    # ---- keeping the slots

    def _make_leg(self, slot: Slot, role: str, party: str) -> Leg:
        self._legs_made += 1
        media = self._media.port(slot.channel.index)
        leg = Leg(f"L{self._legs_made}", role, party, slot.signalling, slot.channel, media)
        leg.listeners.append(self._leg_moved)
        if slot.leg is None:
            slot.leg = leg
        else:
            slot.second = leg
        return leg

    def _slot_of(self, leg: Leg) -> Slot:
        return self._lines[leg.channel.span].slots[leg.channel.number]

    def _take_care(self, leg: Leg, outgoing: bool) -> None:
        if leg.role == TEST:
            return
        self._lines[leg.channel.span].care.begin(leg, outgoing, self._tone_heard)

    def _tone_heard(self, leg: Leg, event: ToneEvent) -> None:
        if leg.call_id is not None:
            self._bus.publish(
                ToneHeard(
                    call_id=leg.call_id,
                    leg_id=leg.id,
                    line=leg.line,
                    tone=event.tone,
                    level_dbm0=round(event.level_dbm0, 1),
                    **self._clock.stamp(),
                )
            )

    def _leg_moved(self, leg: Leg, old: LegState, new: LegState) -> None:
        slot = self._slot_of(leg)
        if new in (LegState.CLEARING, LegState.RELEASED) and slot.second is None:
            leg.media.reset()
        if new is not LegState.RELEASED:
            if slot.leg is leg:
                self._show(slot, _SHOWN[new], leg)
            return
        self._lines[leg.channel.span].legs.pop(leg.ref or 0, None)
        if slot.leg is leg:
            slot.leg = slot.second
        slot.second = None
        if slot.leg is not None:
            self._show(slot, _SHOWN[slot.leg.state], slot.leg)
        slot.idle_since_ms = self._clock.media_ms()
        if self.settle is None:
            self._free(slot)
            return
        task = asyncio.ensure_future(self._settle(leg, slot.settling))
        slot.settling = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._free(slot))

    async def _settle(self, leg: Leg, before: asyncio.Future[None] | None) -> None:
        """A call that came and went while its channel was settling does not end that."""
        if before is not None:
            await asyncio.wait([before])
        if self.settle is not None:
            await self.settle(leg)

    def _free(self, slot: Slot) -> None:
        """Only now may the channel serve another call, and only now does it show idle."""
        if slot.settled:
            self._show(slot, "idle" if slot.serves else "blocked", None)

    def show_talking(self, leg: Leg, talking: bool) -> None:
        """On the board, tell two people talking from one person and a machine."""
        slot = self._slot_of(leg)
        if slot.leg is leg and leg.state is LegState.CONNECTED:
            self._show(slot, "talking" if talking else "busy", leg)

    def _show(self, slot: Slot, state: str, leg: Leg | None) -> None:
        slot.shown = state
        self._bus.publish(
            ChannelChanged(
                span=slot.channel.span,
                channel=slot.channel.number,
                state=state,
                call_id=leg.call_id if leg else None,
                party=leg.party if leg else "",
                **self._clock.stamp(),
            )
        )

    def _show_span(self, where: _Line, reason: str) -> None:
        span = where.signalling.span
        self._bus.publish(
            SpanChanged(
                span=span.name,
                up=where.signalling.up,
                alarms=tuple(sorted(a.value for a in span.alarms)),
                reason=reason,
                **self._clock.stamp(),
            )
        )
