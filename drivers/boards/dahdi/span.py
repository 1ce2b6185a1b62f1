"""The spans of a DAHDI board: an E1 with its D channel or bits, and a row of analog ports.

What: a span opens its channels, gives them to the media engine as one port, and turns DAHDI's
events into the words of `drivers.base`.
How: the media thread reads and writes the channels and takes their events (fdport.pyx); the
control thread hears of them through an eventfd. The D channel, which the engine does not know, is
read here. Both descriptors stand in the board's epoll.
Limits: a span that vanished is opened again by `revive`, with the signalling it had; one that was
not there at the start is in red alarm until then.
Source: DAHDI's user interface; caller ID in band is the layer's above.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from drivers.base import Channel, DriverError, EventSink, SpanKind
from drivers.boards.dahdi import words
from drivers.boards.dahdi._dahdi import ffi, lib
from drivers.boards.dahdi.device import Absent, ChannelInfo, Control, DahdiError, Device
from drivers.events import Alarm, SignallingFault, SpanAlarm
from drivers.signalling.linelog import LineLog
from dsp_ext.fdport import FdPort

_log = logging.getLogger(__name__)

#: Blocks each way in the driver: how long this machine may stall before the line loses audio.
BUFFERS = 16
D_BUFFERS, D_BUFFER = 32, 1024
_FCS = 2
_FRAMES_AT_ONCE = 64
_ALARMED = 0xF


def _address(function: str) -> int:
    """Of one of the binding's own, for the media thread."""
    return int(ffi.cast("intptr_t", ffi.addressof(lib, function)))


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """What a span's channels share. `echo_taps`: of the kernel's canceller `echo`, 0 for none;

    `echo_on`: the channels, as we name them, that have it, None for all.

    receive_db, send_db : gains in the driver; a span for data needs both 0
    join : whether DAHDI may join two channels in talk that nobody else touches"""

    block: int = 80
    law: str = "alaw"
    prefill: int = 1
    echo_taps: int = 0
    echo: str = "mg2"
    echo_on: frozenset[int] | None = None
    receive_db: float = 0.0
    send_db: float = 0.0
    join: bool = True


class DahdiSpan:
    """What all kinds share: channels, media port, alarms, coming back."""

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        number: int,
        found: Sequence[ChannelInfo],
        control: Control,
        audio: AudioSettings,
    ) -> None:
        self.name, self.kind, self.number = name, kind, number
        self.control, self._audio, self._found = control, audio, list(found)
        self.channels = [Channel(name, self._as_named(info)) for info in found]
        self._place = {channel.number: i for i, channel in enumerate(self.channels)}
        self._watchers: list[EventSink] = []
        self._alarms: frozenset[Alarm] = frozenset()
        self._errors: dict[str, int] = {}  # what the framer counts
        self._lines = LineLog(_log, name)
        self.counts: dict[str, int] = {}
        self.left_s = -math.inf  # when its driver last said that it goes, in the loop's time
        self.devices: list[Device] = []
        try:
            for info in found:
                self.devices.append(self._open(info))
            self.fds = FdPort(
                [device.fd for device in self.devices],
                block=audio.block,
                law=audio.law,
                prefill=audio.prefill,
                pending=lib.DAHDI_ELAST,
                take_event=_address("dahdi_take_event"),
                ran_dry=lib.DAHDI_EVENT_WRITE_UNDERRUN,
                leaves=lib.DAHDI_EVENT_REMOVED,
                flush=_address("dahdi_flush"),
                listen=_address("dahdi_listen") if audio.join else 0,
                numbers=[info.number for info in found],
                gone=[place for place, info in enumerate(found) if not info.number],
            )
        except BaseException:
            self.close()
            raise
        self.port = self.fds.port

    def _as_named(self, info: ChannelInfo) -> int:
        """What people call the channel: its timeslot or port."""
        return info.position

    def _open(self, info: ChannelInfo) -> Device:
        if not info.number:
            return Absent(f"{self.name}/{info.position}")
        on = self._audio.echo_on
        taps = self._audio.echo_taps if on is None or self._as_named(info) in on else 0
        if taps:
            self.control.attach_echo(info.number, self._audio.echo)
        device = Device(info.number)
        try:
            device.buffers(self._audio.block, BUFFERS)
            device.voice(self._audio.law)
            device.gains(self._audio.receive_db, self._audio.send_db, self._audio.law)
            device.echo_canceller(taps)
            device.report_losses()
            device.flush()
        except BaseException:
            device.close()
            raise
        return device

    def close(self) -> None:
        for device in self.devices:
            device.close()

    # ---- what the board watches

    def readers(self) -> dict[int, Callable[[], None]]:
        """Descriptors and what to call when they are readable (or have an event)."""
        return {self.fds.eventfd: self._drain}

    def _drain(self) -> None:
        for place, event in self.fds.drain():
            self._happened(self.channels[place].number, event)

    def _happened(self, channel: int, event: int) -> None:
        if event < 0:
            self._count("gone")
            self._say(f"channel {channel} is gone: {os.strerror(-event)}")
            self.look()
            return
        word = words.event_word(event)
        self._count(word)
        if event == lib.DAHDI_EVENT_REMOVED:
            self.left_s = asyncio.get_running_loop().time()
        elif event in (lib.DAHDI_EVENT_ALARM, lib.DAHDI_EVENT_NOALARM):
            self.look()
        elif not self._line_event(channel, event):
            _log.debug("%s/%d: %s", self.name, channel, word)

    def _line_event(self, channel: int, event: int) -> bool:
        """What the kind makes of it; False: nothing."""
        return False

    def _count(self, word: str) -> None:
        self.counts[word] = self.counts.get(word, 0) + 1

    def _say(self, text: str) -> None:
        self._lines.write(logging.WARNING, text, asyncio.get_running_loop().time())

    # ---- alarms, and spans that go and come

    @property
    def alarms(self) -> frozenset[Alarm]:
        return self._alarms

    def watch(self, on_alarm: EventSink) -> None:
        self._watchers.append(on_alarm)

    def look(self) -> None:
        """Ask the driver for the span's alarms; a span that is not there is in red alarm."""
        try:
            info = self.control.span(self.number)
            now, self._errors = words.alarms(info.alarms), info.errors
            if info.alarms & lib.DAHDI_ALARM_NOTOPEN:
                now |= {Alarm.RED}  # it is being taken away: we have it open
        except DahdiError:
            now = frozenset({Alarm.RED})
        if self.broken:
            now |= {Alarm.RED}
        for alarm in sorted(now ^ self._alarms, key=lambda each: each.value):
            active = alarm in now
            self._alarms = self._alarms | {alarm} if active else self._alarms - {alarm}
            for watcher in list(self._watchers):
                watcher(SpanAlarm(self.name, alarm, active))

    @property
    def broken(self) -> bool:
        """Whether channels have gone and are to be opened again."""
        return any(self.fds.gone(place) for place in range(len(self.channels)))

    @property
    def absent(self) -> bool:
        """Whether its channels have never been there."""
        return not self._found[0].number

    def appeared(self, found: Sequence[ChannelInfo], d_channel: ChannelInfo | None) -> None:
        """Its card is there: these are the channels in the places of those that were not.

        Raises DriverError where one is missing."""
        here = {info.position: info for info in found}
        if missing := [each.position for each in self._found if each.position not in here]:
            raise DriverError(f"{self.name}: DAHDI span {self.number} has no channels {missing}")
        self._found = [here[each.position] for each in self._found]

    def revive(self) -> None:
        """Open again what has gone, with the signalling it had. Raises DahdiError."""
        for place, info in enumerate(self._found):
            if not self.fds.gone(place):
                continue
            if self.control.channel(info.number).signalling == lib.DAHDI_SIG_NONE:
                self.control.configure(info.number, info.signalling, info.law)
            fresh = self._open(info)
            self.fds.replace(place, fresh.fd, info.number)
            os.close(fresh.fd)
            fresh.fd = self.devices[place].fd
            self.devices[place] = fresh

    def status(self) -> dict[str, Any]:
        """For the console and the line doctor."""
        gaps = [self.fds.counts(place) for place in range(len(self.channels))]
        return {
            "name": self.name,
            "kind": self.kind.value,
            "channels": [channel.number for channel in self.channels],
            "alarms": sorted(alarm.value for alarm in self._alarms),
            "dahdi_span": self.number,
            "joined": [self.channels[place].number for place in self.fds.joined],
            "events": dict(self.counts),
            "errors": dict(self._errors),
            "rx_gaps": sum(each["rx_gaps"] for each in gaps),
            "tx_gaps": sum(each["tx_gaps"] for each in gaps),
            # All channels slip by the same clock.
            "slips": max((each["slips"] for each in gaps), default=0),
        }


class DahdiE1Span(DahdiSpan):
    """30 channels and, for common-channel signalling, the D channel in timeslot 16."""

    def __init__(
        self,
        name: str,
        number: int,
        found: Sequence[ChannelInfo],
        control: Control,
        audio: AudioSettings,
        d_channel: ChannelInfo | None,
    ) -> None:
        self._receive: Callable[[bytes], None] | None = None
        self._d_found = d_channel
        self._d: Device | None = None
        self._sent_bits: dict[int, int] = {}
        super().__init__(name, SpanKind.E1, number, found, control, audio)
        if d_channel is not None:
            try:
                self._d = self._open_d(d_channel.number)
            except BaseException:
                self.close()
                raise

    def _open_d(self, number: int) -> Device:
        device = Device(number)
        try:
            device.buffers(D_BUFFER, D_BUFFERS)
        except BaseException:
            device.close()
            raise
        return device

    def close(self) -> None:
        super().close()
        if self._d is not None:
            self._d.close()

    def readers(self) -> dict[int, Callable[[], None]]:
        own = {self._d.fd: self._read_frames} if self._d is not None else {}
        return super().readers() | own

    def send_frame(self, frame: bytes) -> None:
        """The driver puts the FCS in the place of the last two octets."""
        if self._d is None:
            self._say("a frame for a span without a D channel")
            return
        try:
            os.write(self._d.fd, frame + bytes(_FCS))
        except OSError as error:
            if error.errno == lib.DAHDI_ELAST:
                self._d_events()
                self.send_frame(frame)
            else:
                self._lost_frame(f"not sent: {os.strerror(error.errno or 0)}")

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive

    def _read_frames(self) -> None:
        device = self._d
        if device is None:
            return
        for _ in range(_FRAMES_AT_ONCE):
            try:
                frame = os.read(device.fd, D_BUFFER)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == lib.DAHDI_ELAST:
                    self._d_events()
                    if self._d is None:
                        return
                    continue
                self._lost_frame(os.strerror(error.errno or 0))
                self._close_d()
                return
            if len(frame) > _FCS and self._receive is not None:
                self._receive(frame[:-_FCS])

    def _d_events(self) -> None:
        """Take what waits on the D channel: read and write fail until then."""
        assert self._d is not None
        try:
            event = self._d.take_event()
        except DahdiError as error:
            self._lost_frame(str(error))
            self._close_d()
            return
        word = words.event_word(event)
        self._count(f"d channel {word}")
        if event == lib.DAHDI_EVENT_REMOVED:
            self._close_d()
        elif event in (lib.DAHDI_EVENT_ALARM, lib.DAHDI_EVENT_NOALARM):
            self.look()
        elif event in (lib.DAHDI_EVENT_ABORT, lib.DAHDI_EVENT_OVERRUN, lib.DAHDI_EVENT_BADFCS):
            self._lost_frame(word)

    def _lost_frame(self, why: str) -> None:
        self._count("frames lost")
        fault = SignallingFault(self.name, "D channel frame", why)
        for watcher in list(self._watchers):
            watcher(fault)

    def _close_d(self) -> None:
        if self._d is not None:
            self._d.close()
            self._d = None
        self.look()

    @property
    def broken(self) -> bool:
        return super().broken or (self._d_found is not None and self._d is None)

    def appeared(self, found: Sequence[ChannelInfo], d_channel: ChannelInfo | None) -> None:
        super().appeared(found, d_channel)
        self._d_found = d_channel

    def revive(self) -> None:
        super().revive()
        for channel, abcd in self._sent_bits.items():
            self.devices[self._place[channel]].send_bits(abcd)
        found = self._d_found
        if found is not None and self._d is None:
            if self.control.channel(found.number).signalling == lib.DAHDI_SIG_NONE:
                self.control.configure(found.number, found.signalling, found.law)
            self._d = self._open_d(found.number)

    # ---- channel-associated signalling

    def send_bits(self, channel: int, abcd: int) -> None:
        """Where the channel has gone, when it is back."""
        self._sent_bits[channel] = abcd
        if not self.fds.gone(self._place[channel]):
            self.devices[self._place[channel]].send_bits(abcd)

    def bits(self, channel: int) -> int:
        """ABCD as received now; all ones, as from a line in alarm, where the channel has gone."""
        place = self._place[channel]
        return _ALARMED if self.fds.gone(place) else self.devices[place].bits()

    def on_bits(self, receive: Callable[[int, int], None]) -> None:
        """Hand every change of the received bits, (channel, abcd), to `receive`."""
        self._receive_bits = receive

    _receive_bits: Callable[[int, int], None] | None = None

    def _line_event(self, channel: int, event: int) -> bool:
        if event != lib.DAHDI_EVENT_BITSCHANGED or self._receive_bits is None:
            return False
        try:
            self._receive_bits(channel, self.bits(channel))
        except DahdiError as error:
            if error.code != errno.ENODEV:
                raise
        return True
