"""What an exchange's tones say about a call on its line, where nothing else says it.

What: on an analog line (FXO) the far end's answer, its hanging up and a number that cannot be
reached are only heard. `ExchangeTones` listens on a leg and turns tones into the line events that
signalling would have sent: ring-back is alerting, voice or ring-back's end the answer; busy,
congestion and special information tone clear the call with the cause they stand for; after the
answer any of them, or dial tone, says that the far end has gone.
How: the table below; one `_move()`. Limits: an announcement is taken for an answer; tones do not
tell an answer that is followed by silence.
Source: the tones' meaning by ITU-T E.180 and E.182; causes by Q.850.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from drivers.cause import Cause
from drivers.events import Alerting, Connected, Disconnected
from mediaserver.call.leg import Leg, LegState
from mediaserver.media.busytone import BusyTones
from mediaserver.media.errors import MediaError
from mediaserver.media.tones import ToneEvent

log = logging.getLogger(__name__)


class Hears(Enum):
    """What has been heard of the far end so far."""

    NOTHING = "nothing"  # dialled; neither ringing nor an answer yet
    RINGING = "ringing"
    TALKING = "talking"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Heard:
    """How tones count on a line.

    answer : "tones": voice and the end of ring-back are the answer; "polarity": the line says so;
        "dialled": the call counts as answered once it is dialled
    busy : tones end a call in talk
    """

    answer: str = "dialled"
    busy: bool = True


_RING, _TALK = -1, -2  # alerting, the answer; other numbers are causes to clear with, 0 is nothing
_H = Hears
#: state → tone → (state, what it means). A tone that is not listed changes nothing.
TABLE: dict[Hears, dict[str, tuple[Hears, int]]] = {
    _H.NOTHING: {
        "ringback": (_H.RINGING, _RING),
        "voice": (_H.TALKING, _TALK),
        "answered": (_H.TALKING, 0),
        "busy": (_H.GONE, Cause.USER_BUSY),
        "learned_busy": (_H.GONE, Cause.USER_BUSY),
        "congestion": (_H.GONE, Cause.CONGESTION),
        "vacant": (_H.GONE, Cause.UNALLOCATED),
        "sit": (_H.GONE, Cause.UNALLOCATED),
    },
    _H.RINGING: {
        "voice": (_H.TALKING, _TALK),
        "ringback ended": (_H.TALKING, _TALK),
        "answered": (_H.TALKING, 0),
        "busy": (_H.GONE, Cause.NO_ANSWER),
        "learned_busy": (_H.GONE, Cause.NO_ANSWER),
        "congestion": (_H.GONE, Cause.CONGESTION),
    },
    _H.TALKING: {
        "busy": (_H.GONE, Cause.NORMAL),
        "learned_busy": (_H.GONE, Cause.NORMAL),
        "congestion": (_H.GONE, Cause.NORMAL),
        "vacant": (_H.GONE, Cause.NORMAL),
        "dial": (_H.GONE, Cause.NORMAL),
    },
    _H.GONE: {},
}


class ExchangeTones:
    """Listens on `leg` for the tones of `plan`; `told(leg, event)` hears of each tone too.

    `busy` knows the busy tones that lines of their own have, and is told of those learned.
    """

    def __init__(
        self,
        leg: Leg,
        plan: str,
        outgoing: bool,
        told: Callable[[Leg, ToneEvent], None],
        counts: Heard = Heard(),
        busy: BusyTones | None = None,
    ) -> None:
        self._leg = leg
        self._told = told
        self._counts = counts
        self.hears = Hears.NOTHING if outgoing else Hears.TALKING
        busy = busy or BusyTones()
        if not self._listens(plan, busy):
            return
        leg.media.on_tone(self._heard)
        leg.media.on_busy(partial(busy.learned, leg.line))

    def _listens(self, plan: str, busy: BusyTones) -> bool:
        """With the line's own busy tone, where there is one that this plan's detector can know."""
        media, line = self._leg.media, self._leg.line
        known = busy.known(line)
        if known is not None and known.plan == plan:
            try:
                media.progress(plan, known=known)
            except MediaError as error:
                log.info("%s: its busy tone is learned anew: %s", line, error)
            else:
                return True
        try:
            media.progress(plan)
        except MediaError as error:
            log.warning("%s: the exchange's tones are not heard: %s", line, error)
            return False
        return True

    def _heard(self, event: ToneEvent) -> None:
        if self._leg.state is LegState.OFFERED or not self._leg.alive:
            return  # the line is not seized, or the call is being cleared
        if not event.ended:
            self._told(self._leg, event)
        word = f"{event.tone} ended" if event.ended else event.tone
        if self._leg.state is LegState.DIALLING and word in ("voice", "ringback"):
            return  # the echo of what we dial
        if self._leg.state is LegState.CONNECTED and self._counts.answer != "dialled":
            self._move("answered")
        self._move(word)

    def _move(self, word: str) -> None:
        hears, means = TABLE[self.hears].get(word, (self.hears, 0))
        if (self.hears is Hears.TALKING and means and not self._counts.busy) or (
            means in (_RING, _TALK) and self._counts.answer == "polarity"
        ):
            return
        self.hears = hears
        self._tell(means)

    def _tell(self, means: int) -> None:
        leg = self._leg
        span, ref = leg.channel.span, leg.ref or 0
        if means > 0:
            leg.on_line(Disconnected(span, ref, int(means), inband=True))
        elif means and self._counts.answer == "tones":
            leg.on_line(
                Alerting(span, ref, inband=True) if means == _RING else Connected(span, ref)
            )
