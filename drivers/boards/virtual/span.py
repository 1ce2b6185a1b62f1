"""The spans of the virtual board: an E1, and a row of FXS or FXO ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from drivers.base import (
    AnalogEvent,
    Channel,
    DriverError,
    EventSink,
    HookChange,
    PolarityChange,
    PulsesSent,
    RingChange,
    SpanKind,
)
from drivers.boards.virtual.line import Line
from drivers.events import Alarm, SpanAlarm

E1_CHANNELS = tuple(n for n in range(1, 32) if n != 16)


class VirtualSpan:
    """What both kinds share: name, channels, media port, alarms."""

    def __init__(
        self, name: str, kind: SpanKind, numbers: tuple[int, ...], line: Line, side: str, port: Any
    ) -> None:
        self.name = name
        self.kind = kind
        self.channels = [Channel(name, number) for number in numbers]
        self.port = port
        self._line = line
        self._side = side
        self._toward = "far" if side == "near" else "near"
        self._alarms: set[Alarm] = set()
        self._watchers: list[EventSink] = []

    @property
    def alarms(self) -> frozenset[Alarm]:
        return frozenset(self._alarms)

    def watch(self, on_alarm: EventSink) -> None:
        self._watchers.append(on_alarm)

    def set_alarm(self, alarm: Alarm, active: bool) -> None:
        """Begin or end an alarm; watchers hear of changes only."""
        if (alarm in self._alarms) == active:
            return
        (self._alarms.add if active else self._alarms.discard)(alarm)
        for watcher in list(self._watchers):
            watcher(SpanAlarm(self.name, alarm, active))

    def port_index(self, number: int) -> int:
        """Place of a timeslot or port in the media port; KeyError when there is none."""
        for index, channel in enumerate(self.channels):
            if channel.number == number:
                return index
        raise KeyError(f"span {self.name} has no channel {number}")

    def status(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind.value,
            "channels": [channel.number for channel in self.channels],
            "alarms": sorted(alarm.value for alarm in self._alarms),
            **self._line.status(self._side),
        }

    def frame_arrived(self, frame: bytes) -> None:
        raise DriverError(f"span {self.name} has no D channel")

    def analog_arrived(self, event: AnalogEvent) -> None:
        raise DriverError(f"span {self.name} has no analog ports")

    def bits_arrived(self, channel: int, abcd: int) -> None:
        raise DriverError(f"span {self.name} has no signalling bits")


class VirtualE1Span(VirtualSpan):
    """One end of an E1: 30 B channels in timeslot order, frames or bits for timeslot 16."""

    def __init__(self, name: str, line: Line, side: str, port: Any) -> None:
        super().__init__(name, SpanKind.E1, E1_CHANNELS, line, side, port)
        self._receive: Callable[[bytes], None] | None = None
        self._hear_bits: Callable[[int, int], None] | None = None

    def send_frame(self, frame: bytes) -> None:
        self._line.send_frame(self._toward, frame)

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def frame_arrived(self, frame: bytes) -> None:
        if self._receive is not None:
            self._receive(frame)

    def send_bits(self, channel: int, abcd: int) -> None:
        """Send ABCD bits for a channel until the next. Raises KeyError for no channel."""
        self.port_index(channel)
        self._line.send_bits(self._toward, channel, abcd & 0xF)

    def bits(self, channel: int) -> int:
        """The bits received now. Raises KeyError for no channel."""
        self.port_index(channel)
        return self._line.cas(self._side).received(channel)

    def on_bits(self, receive: Callable[[int, int], None]) -> None:
        self._hear_bits = receive

    def bits_arrived(self, channel: int, abcd: int) -> None:
        if self._hear_bits is not None:
            self._hear_bits(channel, abcd)


class VirtualAnalogSpan(VirtualSpan):
    """A row of ports. FXS feeds the loop and rings; FXO closes the loop.

    An FXS port's `set_hook(False)` breaks loop current for the other side, as an
    exchange does at the far party's hang-up; `set_hook(True)` feeds it again. Flashes and the
    pulses of a dial travel as what they are: short breaks of the loop.
    """

    raw_hook = True

    def __init__(
        self, name: str, kind: SpanKind, ports: int, line: Line, side: str, port: Any
    ) -> None:
        super().__init__(name, kind, tuple(range(1, ports + 1)), line, side, port)
        self._receive: Callable[[AnalogEvent], None] | None = None
        self._off_hook = dict.fromkeys(range(1, ports + 1), kind is SpanKind.FXS)
        self._ringing: set[int] = set()
        self._reversed: set[int] = set()
        self._lamps: set[int] = set()
        self._dialling: dict[int, list[asyncio.TimerHandle]] = {}
        self._flash_ms = 100

    def on_line(self, receive: Callable[[AnalogEvent], None]) -> None:
        self._receive = receive

    def set_flash(self, heard_ms: tuple[int, int], sent_ms: int) -> None:
        """The hook is told as it is, so that only what is sent matters."""
        self._flash_ms = sent_ms

    def set_hook(self, channel: int, off_hook: bool) -> None:
        """FXO: close or open the loop. FXS: feed or break it. Repeats do nothing."""
        self.port_index(channel)
        for timer in self._dialling.pop(channel, []):
            timer.cancel()
        self._close(channel, off_hook)

    def _close(self, channel: int, off_hook: bool) -> None:
        if self._off_hook[channel] == off_hook:
            return
        self._off_hook[channel] = off_hook
        self._line.send_analog(self._toward, HookChange(channel, off_hook))

    def set_ring(
        self,
        channel: int,
        ringing: bool,
        caller_number: str = "",
        caller_name: str = "",
        cadence_ms: tuple[int, ...] = (),
    ) -> None:
        """FXS: ring the telephone in a cadence, telling the far end who calls; or stop."""
        self.port_index(channel)
        if self.kind is not SpanKind.FXS:
            raise DriverError(f"{self.name}/{channel} is an FXO port: it cannot ring")
        if (channel in self._ringing) == ringing:
            return
        (self._ringing.add if ringing else self._ringing.discard)(channel)
        event = RingChange(channel, ringing, caller_number, caller_name, cadence_ms)
        self._line.send_analog(self._toward, event)

    def flash(self, channel: int) -> None:
        """FXO: a short break of the loop. Raises DriverError when it is open anyway."""
        self.port_index(channel)
        if self.kind is not SpanKind.FXO or not self._off_hook[channel]:
            raise DriverError(f"{self.name}/{channel} cannot flash: its loop is not closed by us")
        loop = asyncio.get_running_loop()
        self._close(channel, False)
        timer = loop.call_later(self._flash_ms / 1000, self._close, channel, True)
        self._dialling.setdefault(channel, []).append(timer)

    def dial_pulses(self, channel: int, digits: str, send_ms: tuple[int, int, int]) -> None:
        """FXO: a digit's number of breaks, ten for 0. ValueError for what is no digit."""
        self.port_index(channel)
        if digits.strip("0123456789"):
            raise ValueError(f"{digits!r} cannot be dialled by pulses")
        loop, at = asyncio.get_running_loop(), 0.0
        broken, made, pause = (ms / 1000 for ms in send_ms)
        timers = self._dialling.setdefault(channel, [])
        for digit in digits:
            for _ in range(int(digit) or 10):
                timers.append(loop.call_later(at, self._close, channel, False))
                timers.append(loop.call_later(at + broken, self._close, channel, True))
                at += broken + made
            at += pause
        timers.append(loop.call_later(at, self.analog_arrived, PulsesSent(channel)))

    def set_polarity(self, channel: int, reversed_: bool) -> None:
        """FXS: reverse the line, or put it back. Repeats do nothing."""
        self.port_index(channel)
        if (channel in self._reversed) != reversed_:
            (self._reversed.add if reversed_ else self._reversed.discard)(channel)
            self._line.send_analog(self._toward, PolarityChange(channel))

    def set_message_waiting(self, channel: int, on: bool) -> None:
        """FXS: the telephone's lamp; `status` shows it."""
        self.port_index(channel)
        (self._lamps.add if on else self._lamps.discard)(channel)

    def on_hook_audio(self, channel: int, ms: int) -> None:
        """FXS: these lines carry sound always."""
        self.port_index(channel)

    def analog_arrived(self, event: AnalogEvent) -> None:
        if self._receive is not None:
            self._receive(event)

    def status(self) -> dict[str, Any]:
        word = "feeding" if self.kind is SpanKind.FXS else "off_hook"
        return super().status() | {
            word: sorted(number for number, off in self._off_hook.items() if off),
            "ringing": sorted(self._ringing),
            "reversed": sorted(self._reversed),
            "messages": sorted(self._lamps),
        }
