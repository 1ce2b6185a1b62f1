"""Walks the steps that tell a telephone of a call and who it is, or that messages wait.

What: `Announcer` is a span's; `begin` walks a row of steps (callerid.py) for one port, until they
are done or `stop`. How: a task a port; whatever a step meets, the bell rings, and the wires and the
speech path are put back. Limits: one row a port at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from drivers.base import (
    AlertTone,
    AnalogSpan,
    Channel,
    DriverError,
    FskMessage,
    Keys,
    LineAudio,
)
from drivers.signalling.analog.callerid import (
    Alert,
    Apart,
    Bell,
    Burst,
    Reverse,
    ShortRing,
    Step,
    Wait,
)

log = logging.getLogger(__name__)

#: Speech path to a telephone on hook: until the message is over, and the keys of DTMF.
_ON_HOOK_MS = 6000


class Announcer:
    """For the telephones of a span; `audio` sends what is sounded."""

    def __init__(self, span: AnalogSpan, audio: LineAudio) -> None:
        self._span = span
        self._audio = audio
        self._tasks: dict[int, asyncio.Task[bool]] = {}

    def begin(
        self,
        channel: Channel,
        steps: Sequence[Step],
        bell: Callable[[], None],
        done: Callable[[bool], None] = lambda whole: None,
    ) -> None:
        """Walk `steps`; `bell()` is the step that rings, at once where it comes first.

        `done(True)` once all steps are, `done(False)` where something was not sent; neither
        after `stop`.
        """
        self.stop(channel)
        rest = list(steps)
        if rest and isinstance(rest[0], Bell):
            rest.pop(0)
            bell()
        task = asyncio.ensure_future(self._walk(channel, rest, bell))
        self._tasks[channel.number] = task
        task.add_done_callback(partial(self._over, channel, done))

    def stop(self, channel: Channel) -> None:
        """No further step; a reversal is undone at once."""
        task = self._tasks.pop(channel.number, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _over(
        self, channel: Channel, done: Callable[[bool], None], task: asyncio.Task[bool]
    ) -> None:
        if self._tasks.get(channel.number) is not task:
            return
        del self._tasks[channel.number]
        if not task.cancelled():
            done(task.result())

    async def _walk(self, channel: Channel, steps: list[Step], bell: Callable[[], None]) -> bool:
        """All of the steps; False where a part was not sent."""
        whole, in_talk = True, any(isinstance(step, Apart) for step in steps)
        try:
            for step in steps:
                if isinstance(step, Wait):
                    await asyncio.sleep(step.ms / 1000)
                elif isinstance(step, Bell):
                    bell()
                elif isinstance(step, Apart):
                    self._audio.apart(channel, step.on)
                elif whole:  # what follows a part that failed would mean nothing
                    whole = await self._tried(channel, step, in_talk)
        finally:
            if in_talk:
                self._audio.apart(channel, False)
            if any(isinstance(step, Reverse) for step in steps):
                await self._tried(channel, Reverse(False), in_talk)
        return whole

    async def _tried(self, channel: Channel, step: Step, in_talk: bool) -> bool:
        try:
            return await self._do(channel, step, in_talk)
        except DriverError as error:
            log.warning("%s: caller ID is not shown: %s", channel.name, error)
            return False

    async def _do(self, channel: Channel, step: Step, in_talk: bool) -> bool:
        number = channel.number
        if isinstance(step, Reverse):
            self._span.set_polarity(number, step.on)
        elif isinstance(step, ShortRing):
            await self._short_ring(number, step.ms)
        elif isinstance(step, Burst):
            await self._audio.burst(channel, "call_waiting")
        elif isinstance(step, Alert):
            return await self._audio.alert(channel, step.tone, step.keys, step.within_ms)
        elif isinstance(step, FskMessage | AlertTone | Keys):
            if not in_talk:
                self._span.on_hook_audio(number, _ON_HOOK_MS)
            return await self._audio.send_caller(channel, step)
        return True

    async def _short_ring(self, number: int, ms: int) -> None:
        self._span.set_ring(number, True, cadence_ms=(ms, 4000))
        try:
            await asyncio.sleep(ms / 1000)
        finally:
            self._span.set_ring(number, False)
