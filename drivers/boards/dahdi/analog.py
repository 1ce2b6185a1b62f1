"""Analog ports of a DAHDI card: hook, ring, flash, polarity and pulse digits as line events.

FXS ports feed telephones and ring them; FXO ports are the telephone on an exchange line. DAHDI
tells the beginning and the end of each ring burst; that ringing is over is known by the silence
after it.
A port whose telephone is lifted is told so (DAHDI_OFFHOOK): that stops its bell, and only such a
port is ever broken. What DAHDI does with hooks by itself: dahdi-base.c, __rbs_otimer_expire and
__dahdi_hooksig_pvt.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence

from drivers.base import (
    AnalogEvent,
    DriverError,
    FeedChange,
    HookChange,
    HookFlash,
    PolarityChange,
    PulseDigit,
    PulsesSent,
    RingChange,
    SpanKind,
)
from drivers.boards.dahdi._dahdi import lib
from drivers.boards.dahdi.device import ChannelInfo, Control, DahdiError, Device
from drivers.boards.dahdi.span import AudioSettings, DahdiSpan

#: Without another burst for so long the line has stopped ringing: the longest pause is 4 s.
RING_OVER_S = 6.0
#: A break as DAHDI makes it, with the rest after it (DAHDI_KEWLTIME, DAHDI_AFTERKEWLTIME).
BREAK_S = 0.8
#: Open for so long a loop is no flash any more, but on hook (DAHDI_DEFAULT_RXFLASHTIME).
ON_HOOK_MS = 1250
#: Open for less it is a dial's pulse to DAHDI (DAHDI_MAXPULSETIME).
PULSE_MS = 200
#: How often a port that dials is asked for its events.
DIALLING_S = 0.05


class DahdiAnalogSpan(DahdiSpan):
    """A row of ports of one kind. The driver tells flashes and pulses from the hook itself."""

    raw_hook = False

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        number: int,
        found: Sequence[ChannelInfo],
        control: Control,
        audio: AudioSettings,
    ) -> None:
        self._receive: Callable[[AnalogEvent], None] | None = None
        self._quiet: dict[int, asyncio.TimerHandle] = {}
        self._cannot: set[str] = set()  # what the card was found not to have
        self._lifted: set[int] = set()  # FXS: whose telephone is off the hook
        self._breaks: dict[int, asyncio.TimerHandle] = {}
        self._dialling: dict[int, asyncio.TimerHandle] = {}
        self._on_hook_ms = ON_HOOK_MS
        self._times: dict[str, int] = {}
        super().__init__(name, kind, number, found, control, audio)

    def on_line(self, receive: Callable[[AnalogEvent], None]) -> None:
        self._receive = receive

    def close(self) -> None:
        for timers in (self._quiet, self._breaks, self._dialling):
            for timer in timers.values():
                timer.cancel()
        super().close()

    def _open(self, info: ChannelInfo) -> Device:
        """Opened anew, a port tells of a telephone that is off the hook."""
        self._lifted.discard(self._as_named(info))
        device = super()._open(info)
        if info.number:
            device.times(**self._times)
        return device

    # ---- down

    def set_flash(self, heard_ms: tuple[int, int], sent_ms: int) -> None:
        """A window that begins among DAHDI's pulses would lose most of its flashes: then DAHDI's
        own stays, up to 1250 ms."""
        self._times = {"flashtime": sent_ms}
        if heard_ms[0] >= PULSE_MS:
            self._on_hook_ms = self._times["rxflashtime"] = heard_ms[1]
        for channel in self.channels:
            if not self.fds.gone(self._place[channel.number]):
                self._device(channel.number).times(**self._times)

    def set_hook(self, channel: int, off_hook: bool) -> None:
        """FXO: close or open the loop. FXS: break it; DAHDI feeds it again by itself."""
        device = self._device(channel)
        self._dialled(channel)
        if off_hook:
            if self.kind is SpanKind.FXO:
                device.hook(lib.DAHDI_OFFHOOK)
            return
        place = self._place[channel]
        if self.fds.gone(place):
            return  # and with it its loop
        self.fds.hold(place)  # the driver forgets a port's audio as it hangs up
        try:
            device.hook(lib.DAHDI_ONHOOK)
        finally:
            self.fds.resume(place)
        if channel in self._lifted:
            self._look_after_break(channel, BREAK_S, self._break_over)

    def set_ring(
        self,
        channel: int,
        ringing: bool,
        caller_number: str = "",
        caller_name: str = "",
        cadence_ms: tuple[int, ...] = (),
    ) -> None:
        """FXS: ring in a cadence, or stop. The caller's ID goes in band, from the layer above."""
        if self.kind is not SpanKind.FXS:
            raise DriverError(f"{self.name}/{channel} is an FXO port: it cannot ring")
        device = self._device(channel)
        if ringing and cadence_ms:
            device.ring_cadence(cadence_ms)
        if ringing:
            device.hook(lib.DAHDI_RING)
        elif channel not in self._lifted:  # which has stopped the bell
            device.hook(lib.DAHDI_RINGOFF)

    def flash(self, channel: int) -> None:
        """FXO: a short break of the loop."""
        if self.kind is not SpanKind.FXO:
            raise DriverError(f"{self.name}/{channel} is an FXS port: the telephone flashes")
        self._device(channel).hook(lib.DAHDI_FLASH)

    def dial_pulses(self, channel: int, digits: str, send_ms: tuple[int, int, int]) -> None:
        """FXO: PulsesSent follows. Till then nothing is sent and read: DAHDI gives up dialling as
        soon as something is written."""
        device, place, (broken, made, pause) = self._device(channel), self._place[channel], send_ms
        device.times(pulsebreaktime=broken, pulsemaketime=made, pulseaftertime=pause)
        if self.fds.gone(place):
            raise DriverError(f"{self.name}/{channel}: its card has gone")
        self.fds.hold(place)
        self._look_again(channel)
        try:
            device.dial_pulses(digits)
        except DriverError:
            self._dialled(channel)
            raise

    def _look_again(self, channel: int) -> None:
        loop = asyncio.get_running_loop()
        self._dialling[channel] = loop.call_later(DIALLING_S, self._look_at_dialling, channel)

    def _look_at_dialling(self, channel: int) -> None:
        """The tick takes no events of a port that it does not read."""
        self._look_again(channel)
        try:
            while channel in self._dialling and (event := self._device(channel).take_event()):
                self._happened(channel, event)
        except DahdiError:  # its card has gone, which the tick will find
            self._dialled(channel)

    def _dialled(self, channel: int) -> None:
        """What was being dialled is out, or given up."""
        if (timer := self._dialling.pop(channel, None)) is not None:
            timer.cancel()
            self.fds.resume(self._place[channel])

    def set_polarity(self, channel: int, reversed_: bool) -> None:
        """FXS. A card that cannot is told of once, and the call goes on."""
        self._try(channel, "polarity", lambda device: device.set_polarity(reversed_))

    def set_message_waiting(self, channel: int, on: bool) -> None:
        """FXS: the lamp, on cards that can drive one."""
        self._try(channel, "message waiting", lambda device: device.messages_waiting(int(on)))

    def on_hook_audio(self, channel: int, ms: int) -> None:
        """FXS: the card's speech path while the telephone is on the hook."""
        self._try(channel, "sound on hook", lambda device: device.on_hook_audio(ms))

    def _try(self, channel: int, what: str, ask: Callable[[Device], None]) -> None:
        try:
            ask(self._device(channel))
        except DahdiError as error:
            if what not in self._cannot:
                self._say(f"port {channel}: no {what}: {error}")
            if error.code in (errno.ENOTTY, errno.ENOSYS):
                self._cannot.add(what)

    def _device(self, channel: int) -> Device:
        place = self._place.get(channel)
        if place is None:
            raise KeyError(f"span {self.name} has no port {channel}")
        return self.devices[place]

    # ---- up

    def _happened(self, channel: int, event: int) -> None:
        super()._happened(channel, event)
        if self.kind is SpanKind.FXO and event in (lib.DAHDI_EVENT_ALARM, lib.DAHDI_EVENT_NOALARM):
            self._tell(FeedChange(channel, event == lib.DAHDI_EVENT_NOALARM))

    def _line_event(self, channel: int, event: int) -> bool:
        kinds = {SpanKind.FXS: self._from_phone, SpanKind.FXO: self._from_exchange}
        return kinds[self.kind](channel, event)

    def _from_phone(self, channel: int, event: int) -> bool:
        if event == lib.DAHDI_EVENT_RINGOFFHOOK:
            self._is_lifted(channel)
        elif event == lib.DAHDI_EVENT_ONHOOK:
            self._is_put_down(channel)
        elif event == lib.DAHDI_EVENT_WINKFLASH:
            self._tell(HookFlash(channel))
        elif event & lib.DAHDI_EVENT_PULSEDIGIT:
            self._tell(PulseDigit(channel, chr(event & 0xFF)))
        else:
            return False
        return True

    def _is_lifted(self, channel: int) -> None:
        self._lifted.add(channel)
        self._try(channel, "closed loop", lambda device: device.hook(lib.DAHDI_OFFHOOK))
        self._tell(HookChange(channel, True))

    def _is_put_down(self, channel: int) -> None:
        """The port can be rung again. RINGOFF: unlike ONHOOK it leaves the audio alone."""
        if channel not in self._lifted:
            return  # it was found out before DAHDI told
        self._lifted.discard(channel)
        self._try(channel, "open loop", lambda device: device.hook(lib.DAHDI_RINGOFF))
        self._tell(HookChange(channel, False))

    def _look_after_break(self, channel: int, seconds: float, look: Callable[[int], None]) -> None:
        if (timer := self._breaks.pop(channel, None)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._breaks[channel] = loop.call_later(seconds, look, channel)

    def _break_over(self, channel: int) -> None:
        """DAHDI does not tell of a telephone that is put down in its rest after a break."""
        if self._is_open(channel):
            self._look_after_break(channel, self._on_hook_ms / 1000, self._open_for_long)

    def _open_for_long(self, channel: int) -> None:
        if self._is_open(channel):
            self._is_put_down(channel)

    def _is_open(self, channel: int) -> bool:
        """Whether the loop of a telephone that counts as lifted is open now."""
        place = self._place[channel]
        if channel not in self._lifted or self.fds.gone(place):
            return False
        try:
            return not self.devices[place].info().off_hook
        except DahdiError:
            return False  # its card has gone, which the tick will find

    def _from_exchange(self, channel: int, event: int) -> bool:
        if event in (lib.DAHDI_EVENT_RINGBEGIN, lib.DAHDI_EVENT_RINGOFFHOOK):
            self._rings(channel)
        elif event == lib.DAHDI_EVENT_ONHOOK:
            self._tell(HookChange(channel, False))
        elif event == lib.DAHDI_EVENT_POLARITY:
            self._tell(PolarityChange(channel))
        elif event == lib.DAHDI_EVENT_DIALCOMPLETE:
            self._dialled(channel)
            self._tell(PulsesSent(channel))
        else:
            return False
        return True

    def _rings(self, channel: int) -> None:
        timer = self._quiet.pop(channel, None)
        if timer is not None:
            timer.cancel()
        else:
            self._tell(RingChange(channel, True))
        loop = asyncio.get_running_loop()
        self._quiet[channel] = loop.call_later(RING_OVER_S, self._is_quiet, channel)

    def _is_quiet(self, channel: int) -> None:
        del self._quiet[channel]
        self._tell(RingChange(channel, False))

    def _tell(self, event: AnalogEvent) -> None:
        if self._receive is not None:
            self._receive(event)
