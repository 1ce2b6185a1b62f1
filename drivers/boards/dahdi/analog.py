"""Analog ports of a DAHDI card: hook, ring, flash, polarity and pulse digits as line events.

FXS ports feed telephones and ring them; FXO ports are the telephone on an exchange line. DAHDI
tells the beginning and the end of each ring burst; that ringing is over is known by the silence
after it.
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
        super().__init__(name, kind, number, found, control, audio)

    def on_line(self, receive: Callable[[AnalogEvent], None]) -> None:
        self._receive = receive

    def close(self) -> None:
        for timer in self._quiet.values():
            timer.cancel()
        super().close()

    # ---- down

    def set_hook(self, channel: int, off_hook: bool) -> None:
        """FXO: close or open the loop. FXS: feed the loop, or break it for a moment."""
        device = self._device(channel)
        if off_hook:
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
        device.hook(lib.DAHDI_RING if ringing else lib.DAHDI_RINGOFF)

    def flash(self, channel: int) -> None:
        """FXO: a short break of the loop."""
        if self.kind is not SpanKind.FXO:
            raise DriverError(f"{self.name}/{channel} is an FXS port: the telephone flashes")
        self._device(channel).hook(lib.DAHDI_FLASH)

    def dial_pulses(self, channel: int, digits: str, send_ms: tuple[int, int, int]) -> None:
        """FXO: the times are the driver's; PulsesSent follows."""
        self._device(channel).dial_pulses(digits)

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
            self._tell(HookChange(channel, True))
        elif event == lib.DAHDI_EVENT_ONHOOK:
            self._tell(HookChange(channel, False))
        elif event == lib.DAHDI_EVENT_WINKFLASH:
            self._tell(HookFlash(channel))
        elif event & lib.DAHDI_EVENT_PULSEDIGIT:
            self._tell(PulseDigit(channel, chr(event & 0xFF)))
        else:
            return False
        return True

    def _from_exchange(self, channel: int, event: int) -> bool:
        if event in (lib.DAHDI_EVENT_RINGBEGIN, lib.DAHDI_EVENT_RINGOFFHOOK):
            self._rings(channel)
        elif event == lib.DAHDI_EVENT_ONHOOK:
            self._tell(HookChange(channel, False))
        elif event == lib.DAHDI_EVENT_POLARITY:
            self._tell(PolarityChange(channel))
        elif event == lib.DAHDI_EVENT_DIALCOMPLETE:
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
