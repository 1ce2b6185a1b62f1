"""One E1 over IP as a span: its channels, D channel or signalling bits, alarms, counters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from drivers.base import Channel, EventSink, SpanKind
from drivers.boards.cesopsn.spec import CesopsnSpec
from drivers.events import Alarm, SignallingFault, SpanAlarm
from drivers.signalling.linelog import LineLog
from dsp_ext.cesop_port import CesopPort

_log = logging.getLogger(__name__)

_FRAMES_A_MS = 8
_D_SLOT = 16


class CesopsnSpan:
    """The span of one socket. A D channel is there when time slot 16 is carried.

    Raises ValueError for what cannot be.
    """

    kind = SpanKind.E1

    def __init__(self, spec: CesopsnSpec, fd: int, block: int, law: str) -> None:
        self.name = spec.name
        self.spec = spec
        self.channels = [Channel(spec.name, slot) for slot in spec.timeslots if slot != _D_SLOT]
        waits_ms = spec.waits_ms(block / _FRAMES_A_MS)
        least, most = (round(ms * _FRAMES_A_MS) for ms in waits_ms)
        self._ces = CesopPort(
            fd,
            *spec.remote,
            timeslots=spec.timeslots,
            frames=spec.packet_ms * _FRAMES_A_MS,
            block=block,
            law=law,
            rtp=spec.rtp,
            cas=spec.cas,
            d_channel=_D_SLOT in spec.timeslots,
            least=least,
            most=most,
            steers=spec.line_clock,
        )
        self.port = self._ces.port
        self._alarms: frozenset[Alarm] = frozenset({Alarm.RED})
        self._watchers: list[EventSink] = []
        self._receive: Callable[[bytes], None] | None = None
        self._receive_bits: Callable[[int, int], None] | None = None
        self._loses = {"far": 0.0, "near": 0.0}
        self._d_cut = False
        self._lines = LineLog(_log, spec.name)
        self._told_faults: set[str] = set()

    # ---- what comes

    @property
    def eventfd(self) -> int:
        """Readable when `drain` has something to hand on."""
        return int(self._ces.eventfd)

    def drain(self) -> None:
        """Hand on what the media thread has told, in its order."""
        for kind, *what in self._ces.drain():
            if kind == "frame":
                if self._receive is not None and not self._d_cut:
                    self._receive(*what)
            elif kind == "bits":
                if self._receive_bits is not None:
                    self._receive_bits(*what)
            else:
                self._set_alarms(frozenset(Alarm(word) for word in what[0]))

    def _set_alarms(self, now: frozenset[Alarm]) -> None:
        for alarm in sorted(now ^ self._alarms, key=lambda each: each.value):
            active = alarm in now
            self._alarms = self._alarms | {alarm} if active else self._alarms - {alarm}
            for watcher in list(self._watchers):
                watcher(SpanAlarm(self.name, alarm, active))

    def look(self) -> None:
        """Hand on what there is; in red alarm, also say in the log which packets are refused: a far

        end that is set otherwise makes both."""
        self.drain()
        if Alarm.RED not in self._alarms:
            return
        refused = self.refused()
        if not set(refused) <= self._told_faults:
            self._told_faults |= set(refused)
            words = ", ".join(f"{count} {fate}" for fate, count in refused.items())
            now = asyncio.get_running_loop().time()
            self._lines.write(logging.WARNING, f"nothing is received; refused: {words}", now)

    def refused(self) -> dict[str, int]:
        """Packets that were dropped for what they are, by reason."""
        counts = self._ces.counters()
        fates = ("stranger", "short", "rtp", "channel", "reserved", "fragment", "length")
        return {fate: counts[fate] for fate in fates if counts[fate]}

    @property
    def alarms(self) -> frozenset[Alarm]:
        return self._alarms

    def watch(self, on_alarm: EventSink) -> None:
        self._watchers.append(on_alarm)

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def bits(self, channel: int) -> int:
        """ABCD as received now. Raises KeyError for no channel."""
        return int(self._ces.bits(channel))

    def on_bits(self, receive: Callable[[int, int], None]) -> None:
        """Hand every change of the received bits, (channel, abcd), to `receive`."""
        self._receive_bits = receive

    # ---- what goes

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame; one that has no room, or no place in the line, is told as a fault."""
        try:
            if self._d_cut or self._ces.send_frame(frame):
                return
            why = "no room: frames come faster than 64 kbit/s"
        except (ValueError, RuntimeError) as error:
            why = str(error)
        fault = SignallingFault(self.name, "D channel frame", f"not sent: {why}")
        for watcher in list(self._watchers):
            watcher(fault)

    def send_bits(self, channel: int, abcd: int) -> None:
        """Send ABCD bits for a channel until the next. Raises KeyError for no channel."""
        self._ces.send_bits(channel, abcd & 0xF)

    def send_alarms(self, *, ais: bool = False, rai: bool = False) -> None:
        """Tell the far end that our data is no good (L), or of a remote defect of our line (M)."""
        self._ces.send_alarms(ais=ais, rai=rai)

    # ---- faults to order, for the lab

    def lose(self, toward: str, share: float) -> None:
        """Lose a share of the packets towards "near" or "far". Raises ValueError."""
        if toward not in self._loses:
            raise ValueError(f"toward {toward!r}: near or far is allowed")
        self._loses[toward] = share
        self._ces.lose(incoming=self._loses["near"], outgoing=self._loses["far"])

    def cut_d_channel(self, cut: bool) -> None:
        """Neither send nor hand on frames."""
        self._d_cut = cut

    # ---- how it goes

    def status(self) -> dict[str, Any]:
        """For the console and the line doctor. rx_gaps, tx_gaps: octets due and missing."""
        counts = self._ces.port_counters(self.port)
        return {
            "name": self.name,
            "kind": self.kind.value,
            "channels": [channel.number for channel in self.channels],
            "alarms": sorted(alarm.value for alarm in self._alarms),
            "local": "{}:{}".format(*self.spec.local),
            "remote": "{}:{}".format(*self.spec.remote),
            "packets": self._ces.counters(),
            "depth_ms": self._ces.depth_ms,
            "far_ppm": self._ces.far_ppm,
            "rx_gaps": counts["underrun_octets"],
            "tx_gaps": counts["overrun_octets"],
        }
