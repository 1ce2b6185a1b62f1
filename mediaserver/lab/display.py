"""A telephone's display: what caller ID in band has told it while it rings.

Limits: messages by FSK alone, and only those that come after the bell has begun.
"""

from __future__ import annotations

from drivers.signalling.analog.callerid import charset, party
from mediaserver.call.leg import Leg
from mediaserver.config.settings import Settings
from mediaserver.media.callerid import CallerIdEvent


class Display:
    """On the telephone of a ringing leg. `shows` is number and name, with a blank between."""

    def __init__(self, leg: Leg, settings: Settings) -> None:
        self.shows = ""
        (config,) = (span for span in settings.spans() if span.name == leg.channel.span)
        plan = settings.media.tone_plan
        how = config.analog.scheme(plan)
        self._names = charset(config.analog.country or plan)
        if how is not None and how.by == "fsk":
            leg.media.caller_id(how.modem)
            leg.media.on_caller_id(self._heard)

    def _heard(self, event: CallerIdEvent) -> None:
        if event.caller is None:
            self.shows = "garbled"
            return
        number, name = party(event.caller, self._names)
        self.shows = f"{number.digits} {name}".strip() or (
            "withheld" if number.withheld else "unavailable"
        )
