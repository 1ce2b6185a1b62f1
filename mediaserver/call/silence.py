"""A line on which nothing is heard for long: on some exchange lines the one sign of a hang-up.

What: looks at what a connected leg receives, once a second; when it has been below `QUIET_DBM0`
for the time that is set, the far end counts as gone. Of a telephone's two calls that is the one
in talk: what it sends is not for the one it holds.
Limits: a caller who says nothing for so long is cut off too, so it is off until asked for.
"""

from __future__ import annotations

import asyncio

from drivers.cause import Cause
from drivers.events import Disconnected
from mediaserver.call.leg import Leg, LegState

LOOK_S = 1.0
#: Below what people and exchanges send, above the noise of a line (ITU-T G.712: −65 dBm0p idle).
QUIET_DBM0 = -50.0


class SilenceWatch:
    """On `leg` from its answer to its end. `after_s` is in seconds."""

    def __init__(self, leg: Leg, after_s: float) -> None:
        self._leg = leg
        self._after_s = after_s
        self._quiet_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        leg.listeners.append(self._moved)
        leg.media.keep()

    def _moved(self, leg: Leg, old: LegState, new: LegState) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if new is LegState.CONNECTED:
            self._quiet_s = 0.0
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        leg = self._leg
        silent = not leg.held and leg.media.level_dbm0 < QUIET_DBM0
        self._quiet_s = self._quiet_s + LOOK_S if silent else 0.0
        if self._quiet_s < self._after_s:
            self._wait()
            return
        self._timer = None
        leg.on_line(Disconnected(leg.channel.span, leg.ref or 0, int(Cause.NORMAL)))
