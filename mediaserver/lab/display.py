"""A telephone's display: what caller ID in band has told it.

What: `Display` is told while the telephone rings; `WaitingDisplay` in talk, of a call that waits:
it hears the alert, answers it by a key and takes the message.
Limits: messages by FSK alone, and only those that come after the bell has begun.
Source: GR-575 and EN 300 659-2 for the alert, its answer and their times.
"""

from __future__ import annotations

import asyncio

import numpy as np

from drivers.signalling.analog.callerid import charset, party
from dsp_ext import g711
from dsp_ext.ring import Ring
from mediaserver.call.leg import Leg
from mediaserver.config.settings import Settings
from mediaserver.lab.ear import RATE, Pcm
from mediaserver.media.callerid import CallerIdEvent
from mediaserver.media.lineaudio import ALERT_HZ

#: How often an alert is looked for, and how many looks long it is at least.
LOOK_S = 0.01
_LOOKS = 5
#: Of what is heard, how much is in the two tones.
_PURE = 0.8
_ACK, _ACK_MS = "D", 60


class Display:
    """On the telephone of a ringing leg. `shows` is number and name, with a blank between."""

    def __init__(self, leg: Leg, settings: Settings) -> None:
        self.shows = ""
        self._leg = leg
        (config,) = (span for span in settings.spans() if span.name == leg.channel.span)
        plan = settings.media.tone_plan
        how = config.analog.scheme(plan)
        self._names = charset(config.analog.country or plan)
        self._modem = how.modem if how is not None and how.by == "fsk" else None
        self.listen()

    def listen(self) -> None:
        """Show what is told from now on."""
        if self._modem is not None:
            self._leg.media.caller_id(self._modem)
            self._leg.media.on_caller_id(self._heard)

    def _heard(self, event: CallerIdEvent) -> None:
        if event.caller is None:
            self.shows = "garbled"
            return
        number, name = party(event.caller, self._names)
        self.shows = f"{number.digits} {name}".strip() or (
            "withheld" if number.withheld else "unavailable"
        )


class WaitingDisplay(Display):
    """On a telephone in talk. `alerts` counts the alerts that were answered."""

    def __init__(self, leg: Leg, settings: Settings) -> None:
        self.alerts = 0
        self._decode = g711.alaw_decode if settings.media.law == "alaw" else g711.ulaw_decode
        self._ring = Ring(1 << 14)
        super().__init__(leg, settings)

    def listen(self) -> None:
        """Nothing is taken for a message before an alert."""

    async def watch(self) -> None:
        """Until a message has come; cancelled where none does."""
        self._leg.media.tap(self._ring, mode="rx")
        try:
            await self._alerted()
            self.alerts += 1
            super().listen()
            await self._leg.media.dial(_ACK, on_ms=_ACK_MS)
            while not self.shows:
                await asyncio.sleep(LOOK_S)
        finally:
            self._leg.media.untap(self._ring)

    async def _alerted(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            octets = np.frombuffer(self._ring.read(), np.uint8)
            if not len(octets):
                continue
            if _is_alert(np.asarray(self._decode(octets), np.float32)):
                looks += len(octets) * 1000 // RATE // 10
            elif looks >= _LOOKS:
                return
            else:
                looks = 0


def _is_alert(pcm: Pcm) -> bool:
    """Whether these are the two tones, of like strength, and nothing else."""
    place = np.arange(len(pcm)) / RATE
    power = float(np.mean(pcm.astype(np.float64) ** 2))
    tones = [abs(np.mean(pcm * np.exp(-2j * np.pi * hz * place))) ** 2 * 2 for hz in ALERT_HZ]
    return power > 0 and sum(tones) > _PURE * power and min(tones) > power / 8
