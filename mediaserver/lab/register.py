"""The exchange's side of an analog line: dial tone, the number, ringing tone.

What: a line of the server's that is lifted hears dial tone, dials by tones or pulses, and hears
ringing until it is answered, or the tone for why it is not. Limits: a number is complete when
nothing more comes for `PAUSE_S`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from drivers import events as line
from drivers.cause import Cause
from drivers.events import Number
from dsp_ext import tone_plan
from mediaserver.call import farewell
from mediaserver.call.leg import Leg, LegState

PAUSE_S = 2.0
FIRST_S = 10.0


class LineRegister:
    """One for all lines; `ring(leg, setup)` says whether the number is somebody's."""

    def __init__(self, plan: str, ring: Callable[[Leg, line.Setup], bool]) -> None:
        self._plan = plan
        self._ring = ring
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, leg: Leg, setup: line.Setup) -> None:
        """A line that was lifted."""
        task = asyncio.ensure_future(self._serve(leg, setup))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, leg: Leg, setup: line.Setup) -> None:
        leg.media.detect(True)
        leg.media.tone(tone_plan.program(self._plan, "dial"))
        digits, wait = "", FIRST_S
        while leg.alive and (key := await leg.media.digit(wait)) is not None:
            leg.media.stop_tone()
            digits, wait = digits + key, PAUSE_S
        if not leg.alive:
            return
        leg.media.detect(False)
        leg.listeners.append(self._moved)
        if self._ring(leg, replace(setup, called=Number(digits), complete=True)):
            if leg.state is LegState.OFFERED:
                leg.media.tone(tone_plan.program(self._plan, "ringback"))
        else:
            farewell.let_go(leg, Cause.UNALLOCATED, self._plan)

    @staticmethod
    def _moved(leg: Leg, old: LegState, new: LegState) -> None:
        if new is LegState.CONNECTED:
            leg.media.stop_tone()
