"""What is done about a line while a call is on it: echo, and tones that tell how the call goes.

What: `LineCare` is a span's; it begins with each leg and ends with the reset of the leg's channel.
How: a canceller or detector that cannot be had is logged, and the call goes on without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from mediaserver.call.exchange_tones import ExchangeTones, Heard
from mediaserver.call.leg import Leg
from mediaserver.call.silence import SilenceWatch
from mediaserver.media.busytone import BusyTones
from mediaserver.media.errors import MediaError
from mediaserver.media.tones import ToneEvent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LineCare:
    """`echo`: cancel the echo of what we send, but on the channels `not_on`, where the card does.

    `tones`: the tone plan of the exchange whose tones tell how a call goes, "" where signalling
    does; `answer` and `busy` say how they count. `silence_s`: nothing heard for so long ends a
    call; 0: never. `own`: lines' own busy tones.
    """

    echo: bool = False
    not_on: frozenset[int] = frozenset()
    tones: str = ""
    answer: str = "dialled"
    busy: bool = True
    silence_s: float = 0.0
    own: BusyTones = field(default_factory=BusyTones)

    def begin(self, leg: Leg, outgoing: bool, told: Callable[[Leg, ToneEvent], None]) -> None:
        """For a leg that begins, or has got another channel; `told` hears of its tones."""
        if self.echo and leg.channel.number not in self.not_on:
            try:
                leg.media.echo()
            except MediaError as error:
                log.warning("%s: its echo is not cancelled: %s", leg.line, error)
        if self.tones:
            counts = Heard(self.answer, self.busy)
            ExchangeTones(leg, self.tones, outgoing, told, counts, self.own)
        self.watch(leg)

    def watch(self, leg: Leg) -> None:
        """What is done for each of a telephone's two calls, the rest being the channel's."""
        if self.silence_s:
            SilenceWatch(leg, self.silence_s)


NO_CARE = LineCare()
