"""A telephone's display: what caller ID in band has told it.

What: `Display` is told while the telephone rings; `WaitingDisplay` in talk, of a call that waits:
it hears the alert, answers it by a key and takes the message.
Limits: messages by FSK alone, and only those that come after the bell has begun.
Source: GR-575 and EN 300 659-2 for the alert, its answer and their times.
"""

from __future__ import annotations

import asyncio

from drivers.signalling.analog.callerid import charset, party
from mediaserver.call.leg import Leg
from mediaserver.config.settings import Settings
from mediaserver.media.alert import AlertEar
from mediaserver.media.callerid import CallerIdEvent

LOOK_S = 0.02
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
        self._law = settings.media.law
        super().__init__(leg, settings)

    def listen(self) -> None:
        """Nothing is taken for a message before an alert."""

    async def watch(self) -> None:
        """Until a message has come; cancelled where none does."""
        ear = AlertEar(self._leg.media, self._law)
        try:
            await ear.alert()
            self.alerts += 1
            super().listen()
            await self._leg.media.dial(_ACK, on_ms=_ACK_MS)
            while not self.shows:
                await asyncio.sleep(LOOK_S)
        finally:
            ear.close()
