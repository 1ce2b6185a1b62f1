"""How a caller is let go: over a digital line by cause, at a telephone by the tone for it.

An exchange makes the tone for its subscriber from the cause we clear with
(Q.850 to E.182). A telephone on one of our own ports has nobody else to tell it
why its call came to nothing: it hears the tone until it is put down, or for
`TONE_S`. After a call that ended normally it hears nothing.
"""

from __future__ import annotations

import asyncio
import logging

from drivers.base import SpanKind
from drivers.cause import Cause
from dsp_ext import tone_plan
from mediaserver.call.leg import Leg
from mediaserver.media.errors import MediaError

log = logging.getLogger(__name__)

TONE_S = 10.0

#: E.182's tones by Q.850 cause, as Chinese exchanges give them; any other cause: busy.
_SILENT = frozenset({Cause.NORMAL, 30, Cause.NORMAL_UNSPECIFIED})
_CONGESTION = frozenset({27, 34, 38, 41, 42, 43, 44, 46, 47, 58, 63, 102, 111, 127})
_VACANT = frozenset({1, 3, 4, 5, 22, 25, 28})
#: A barred number is told as one that is not in use.
_BARRED = frozenset({21, 29, 50, 53, 55, 57, 87, 88})


def tone_for(cause: int) -> str:
    """The tone plan's name of the tone for a cause, "" for none."""
    if cause in _SILENT:
        return ""
    if cause in _CONGESTION:
        return "congestion"
    return "vacant" if cause in _VACANT | _BARRED else "busy"


def let_go(leg: Leg, cause: int, plan: str) -> None:
    """Clear a caller whose call is over, after the tone where one is due."""
    tone = tone_for(cause)
    if not tone or not leg.alive or leg.held or leg.signalling.span.kind is not SpanKind.FXS:
        leg.clear(cause)
        return
    tones = tone_plan.plan(plan)
    try:
        leg.media.tone(tones.program(tone if tone in tones.tones else "busy"))
    except (MediaError, tone_plan.UnknownTone) as error:
        log.warning("%s: no tone for cause %d: %s", leg.line, cause, error)
        leg.clear(cause)
        return
    asyncio.get_running_loop().call_later(TONE_S, leg.clear, cause)
