"""MediaSession: one media engine as the control plane sees it.

What: hands out ports and bridges, whose requests go down by `commands`, and turns what the engine
posts into finished futures, digits, tones and alarms.
How: `drain()` is called when the engine's eventfd is readable (real time) or after virtual time
moved (see clockwork). Limits: control thread only.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from typing import Any

from drivers.said import Said
from dsp_ext import event as dsp
from dsp_ext.event import Event
from mediaserver.alarms import alarm, say
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.media.bridge import Bridge
from mediaserver.media.callerid import CallerIdEvent, caller_of
from mediaserver.media.commands import Commands
from mediaserver.media.digits import DigitEvent
from mediaserver.media.errors import MediaError
from mediaserver.media.load import LoadWatch
from mediaserver.media.port import MediaPort
from mediaserver.media.prompt import RATE
from mediaserver.media.tones import ToneEvent, VoiceEvent

__all__ = [
    "Bridge",
    "CallerIdEvent",
    "DigitEvent",
    "MediaError",
    "MediaPort",
    "MediaSession",
    "ToneEvent",
    "VoiceEvent",
]

log = logging.getLogger(__name__)

#: An alarm about late ticks goes when there were none for this long.
_LATE_QUIET_S = 60.0


class MediaSession:
    """Owner of one engine's rings."""

    def __init__(self, engine: Any, clock: Clock, bus: Bus | None = None) -> None:
        self.engine = engine
        self.commands = Commands(engine)
        self.missed_ticks = 0
        self.tap_octets_lost = 0
        self._clock = clock
        self._bus = bus
        self._ports: dict[int, MediaPort] = {}
        self._bridges = list(range(engine.channels))
        self._late: asyncio.TimerHandle | None = None
        self._load = LoadWatch(clock, bus)
        #: Hears of register signals: (channel, signal), 0 as one ends.
        self.on_signal: Callable[[int, int], None] | None = None
        self._handlers: dict[int, Callable[[Event], None]] = {
            dsp.ACK: self._acknowledged,
            dsp.PLAY_DONE: self._play_done,
            dsp.TONE_DONE: self._tone_done,
            dsp.DIGIT_START: self._digit,
            dsp.DIGIT_END: self._digit,
            dsp.MF_START: self._signal,
            dsp.MF_END: self._signal,
            dsp.TONE_HEARD: self._tone,
            dsp.TONE_GONE: self._tone,
            dsp.BUSY_LEARNED: self._learned,
            dsp.CALLER_ID: self._caller_id,
            dsp.VOICE_BEGAN: self._voice,
            dsp.VOICE_ENDED: self._voice,
            dsp.SHED: self._load.shed,
            dsp.TAP_OVERRUN: self._overrun,
            dsp.MISSED: self._missed,
        }

    # ---- what others use

    def port(self, channel: int) -> MediaPort:
        """The port of an engine channel, always the same object. Raises MediaError."""
        if not 0 <= channel < self.engine.channels:
            raise MediaError(f"no channel {channel}: the engine has {self.engine.channels}")
        port = self._ports.get(channel)
        if port is None:
            port = self._ports[channel] = MediaPort(self.commands, channel)
        return port

    def bridge(self) -> Bridge:
        """A new, empty bridge. Raises MediaError when all are in use."""
        if not self._bridges:
            raise MediaError(f"all {self.engine.channels} bridges are in use")
        return Bridge(self.commands, heapq.heappop(self._bridges), self._return_bridge)

    @property
    def law(self) -> str:
        """ "alaw" or "ulaw": what octets on the lines mean."""
        return str(self.engine.law)

    @property
    def deaf_to_tones(self) -> bool:
        """Whether call progress is left out now, as ticks take too long."""
        return "call progress" in self._load.left_out

    @property
    def open_bridges(self) -> int:
        return int(self.engine.channels) - len(self._bridges)

    def drain(self) -> None:
        """Hand on everything the engine has posted, then send commands that wait."""
        for event in self.engine.drain():
            self._handlers[event.kind](event)
        self.commands.flush()

    def _return_bridge(self, number: int) -> None:
        heapq.heappush(self._bridges, number)

    # ---- up

    def _acknowledged(self, event: Event) -> None:
        self.commands.acknowledged(event.a)

    def _play_done(self, event: Event) -> None:
        self.commands.turn_over(event.a, not event.b)

    def _tone_done(self, event: Event) -> None:
        self.commands.turn_over(event.a, True)

    def _digit(self, event: Event) -> None:
        ended = event.kind == dsp.DIGIT_END
        port = self._ports.get(event.channel)
        if port is not None:
            at_ms, duration_ms = event.at * 1000 // RATE, event.b if ended else None
            port.heard(DigitEvent(chr(event.a), at_ms, event.x, event.y, duration_ms))

    def _signal(self, event: Event) -> None:
        if self.on_signal is not None:
            self.on_signal(event.channel, event.a if event.kind == dsp.MF_START else 0)

    def _tone(self, event: Event) -> None:
        port = self._ports.get(event.channel)
        if port is not None:
            tone, *alike = self.engine.tone_names(event.a)
            since_ms, at_ms = event.b * 1000 // RATE, event.at * 1000 // RATE
            ended = event.kind == dsp.TONE_GONE
            port.heard_tone(ToneEvent(tone, tuple(alike), since_ms, at_ms, event.x, ended))

    def _caller_id(self, event: Event) -> None:
        port = self._ports.get(event.channel)
        if port is not None:
            caller = caller_of(event.octets, bool(event.b))
            at_ms = event.at * 1000 // RATE
            port.heard_caller_id(
                CallerIdEvent(event.octets, bool(event.b), caller, at_ms, event.x, event.y)
            )

    def _voice(self, event: Event) -> None:
        port = self._ports.get(event.channel)
        if port is not None:
            speaking = event.kind == dsp.VOICE_BEGAN
            since_ms, at_ms = event.b * 1000 // RATE, event.at * 1000 // RATE
            port.heard_voice(VoiceEvent(speaking, since_ms, at_ms, event.x))

    def _learned(self, event: Event) -> None:
        port = self._ports.get(event.channel)
        if port is not None:
            port.heard_busy(self.engine.busy(event))

    def _overrun(self, event: Event) -> None:
        self.tap_octets_lost += event.a
        log.warning("channel %d: a tap was full, %d octets lost", event.channel, event.a)

    def _missed(self, event: Event) -> None:
        self.missed_ticks += event.a
        if self._late is None:
            said = say("alarm.late", now=event.a, all=self.missed_ticks)
            log.warning("%s", said)
            self._alarm(True, said)
        else:
            self._late.cancel()
        loop = asyncio.get_running_loop()
        self._late = loop.call_later(_LATE_QUIET_S, self._on_time_again)

    def _on_time_again(self) -> None:
        self._late = None
        self._alarm(False, say("alarm.late.over", seconds=int(_LATE_QUIET_S)))

    def _alarm(self, active: bool, said: Said) -> None:
        if self._bus is not None:
            self._bus.publish(alarm("media", active, said, **self._clock.stamp()))
