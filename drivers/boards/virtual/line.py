"""What lies between two virtual spans: the wire, the D channel's way, and the faults."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from drivers.base import AnalogEvent, Channel, SpanKind
from drivers.boards.virtual.cas import CasWay
from drivers.events import Alarm

#: direction → the wire's end it leads to
FACING = {"near": "a", "far": "b"}
_WIRE_FAULTS = frozenset(
    {"delay_ms", "gain_db", "noise_dbm0", "hybrid", "bit_error_rate", "loss_rate", "loop"}
)
_LINE_FAULTS = frozenset({"slip", "lose", "alarm", "d_channel", "frame_loss", "frame_spoil", "cas"})
_D_CHANNEL_BITS_S = 64_000
_FRAME_OVERHEAD = 4  # two FCS octets and two flags
_ANALOG_S = 0.010  # hook and ring scanning
_APART_S = 1e-6  # the loop keeps no order among timers of the same instant

Spoil = Callable[[bytes], bytes]


class End(Protocol):
    """A span, as its line knows it: what arrives there, and which alarms."""

    name: str
    kind: SpanKind

    @property
    def channels(self) -> Sequence[Channel]: ...
    def port_index(self, number: int) -> int: ...
    def frame_arrived(self, frame: bytes) -> None: ...
    def analog_arrived(self, event: AnalogEvent) -> None: ...
    def bits_arrived(self, channel: int, abcd: int) -> None: ...
    def set_alarm(self, alarm: Alarm, active: bool) -> None: ...


class _Way:
    """The faults and the D channel of one direction."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.busy_until = 0.0  # when the D channel has sent its last bit
        self.last_analog = 0.0
        self.alarm = False
        self.d_channel = True
        self.frame_loss = 0.0
        self.frame_spoil: Spoil | None = None
        self.cas: CasWay | None = None
        self.set: dict[str, Any] = {}
        self.carried = self.lost = self.spoiled = 0

    @property
    def cut(self) -> bool:
        return self.alarm or not self.d_channel


class Line:
    """One pair of spans. Directions are named by where they lead: "near" or "far"."""

    def __init__(self, wire: Any, seed: int) -> None:
        self.wire = wire
        self.spans: dict[str, End] = {}
        self._ways = {"near": _Way(seed * 2), "far": _Way(seed * 2 + 1)}
        self._open = True

    def join(self, near: End, far: End) -> None:
        self.spans = {"near": near, "far": far}

    def close(self) -> None:
        """Nothing is delivered after this."""
        self._open = False

    # ---- D channel and analog events -----------------------------------------------------

    def send_frame(self, toward: str, frame: bytes) -> None:
        """Put a frame on its way; it arrives when its last bit does at 64 kbit/s."""
        way = self._ways[toward]
        loop = asyncio.get_running_loop()
        seconds = (len(frame) + _FRAME_OVERHEAD) * 8 / _D_CHANNEL_BITS_S
        way.busy_until = max(way.busy_until, loop.time()) + seconds
        if way.cut or (way.frame_loss and way.random.random() < way.frame_loss):
            way.lost += 1
            return
        loop.call_at(way.busy_until, self._arrive, toward, frame)

    def _arrive(self, toward: str, frame: bytes) -> None:
        way = self._ways[toward]
        if way.cut or not self._open:
            way.lost += 1
            return
        if way.frame_spoil is not None:
            spoilt = way.frame_spoil(frame)
            way.spoiled += spoilt != frame
            frame = spoilt
        way.carried += 1
        self.spans[toward].frame_arrived(frame)

    def send_analog(self, toward: str, event: Any) -> None:
        """An analog state change on its way to the other port, behind those before it."""
        way = self._ways[toward]
        loop = asyncio.get_running_loop()
        way.last_analog = max(loop.time() + _ANALOG_S, way.last_analog + _APART_S)
        loop.call_at(way.last_analog, self._arrive_analog, toward, event)

    def _arrive_analog(self, toward: str, event: Any) -> None:
        if self._open:
            self.spans[toward].analog_arrived(event)

    def send_bits(self, toward: str, channel: int, abcd: int) -> None:
        """The signalling bits of a channel; they take as long as its octets."""
        self.cas(toward).send(channel, abcd)

    def cas(self, toward: str) -> CasWay:
        """Timeslot 16 of a direction, as a multiframe of signalling bits."""
        way = self._ways[toward]
        if way.cas is None:
            numbers = [channel.number for channel in self.spans[toward].channels]
            way.cas = CasWay(numbers, self.spans[toward].bits_arrived, way.seed)
            way.cas.alarm = way.alarm
        return way.cas

    # ---- faults --------------------------------------------------------------------------

    def fault(self, toward: str, channel: int | None, settings: dict[str, Any]) -> None:
        if toward not in FACING:
            raise ValueError(f"toward is {toward!r}; it can be 'near' or 'far'")
        unknown = settings.keys() - _WIRE_FAULTS - _LINE_FAULTS
        if unknown:
            known = ", ".join(sorted(_WIRE_FAULTS | _LINE_FAULTS))
            raise ValueError(f"no fault is called {sorted(unknown)[0]!r}; there are {known}")
        given = {name: value for name, value in settings.items() if value is not None}
        index = None if channel is None else self.spans[toward].port_index(channel)
        on_wire = {name: value for name, value in given.items() if name in _WIRE_FAULTS}
        if on_wire:
            self.wire.fault(FACING[toward], index, **on_wire)
        way = self._ways[toward]
        for name, value in given.items():
            if name in ("slip", "lose"):
                getattr(self.wire, name)(FACING[toward], value)
            elif name == "alarm":
                self._alarm(toward, bool(value))
            elif name == "cas":
                self._force_bits(toward, channel, str(value))
            elif name in _LINE_FAULTS:
                setattr(way, name, value)
            if name in ("delay_ms", "bit_error_rate") and self.spans[toward].kind is SpanKind.E1:
                self.cas(toward).fault(channel, name, float(value))
            if name not in ("slip", "lose", "hybrid", "frame_spoil"):
                way.set[name if channel is None else f"{name}/{channel}"] = value
        if "frame_spoil" in settings and settings["frame_spoil"] is None:
            way.frame_spoil = None

    def _force_bits(self, toward: str, channel: int | None, pattern: str) -> None:
        if pattern and (len(pattern) != 4 or pattern.strip("01")):
            raise ValueError(f"cas is {pattern!r}; it can be four bits, such as '1101', or ''")
        self.cas(toward).force(channel, int(pattern, 2) if pattern else None)

    def clear(self) -> None:
        self.wire.clear()
        for toward, way in self._ways.items():
            if way.cas is not None:
                way.cas.clear()
            self._alarm(toward, False)
            way.d_channel, way.frame_loss, way.frame_spoil = True, 0.0, None
            way.set.clear()

    def status(self, side: str) -> dict[str, Any]:
        """What the span of this side receives: D channel and faults."""
        way = self._ways[side]
        return {
            "d_channel": not way.cut,
            "frames": way.carried,
            "frames_lost": way.lost,
            "frames_spoiled": way.spoiled,
            "cas_hits": way.cas.hits if way.cas is not None else 0,
            "wire": self.wire.counters()[FACING[side]],
            "faults": dict(way.set),
        }

    def _alarm(self, toward: str, on: bool) -> None:
        way = self._ways[toward]
        if way.alarm == on:
            return
        way.alarm = on
        if way.cas is not None:
            way.cas.set_alarm(on)
        self.wire.fault(FACING[toward], None, alarm=on)
        other = "far" if toward == "near" else "near"
        self.spans[toward].set_alarm(Alarm.RED, on)
        self.spans[other].set_alarm(Alarm.RAI, on)
