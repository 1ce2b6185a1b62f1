"""Tones on analog ports for their signalling: `drivers.base.LineAudio` on a session's channels.

What: hears an exchange's dial tone, dials, sounds tones to a telephone that was left off hook.
How: the channels' ports, as calls use them. A tone is begun in the loop's next turn, after the
reset that ends the call it follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.base import Channel
from dsp_ext import tone_plan
from mediaserver.media.errors import MediaError
from mediaserver.media.session import MediaSession
from mediaserver.media.tones import ToneEvent

log = logging.getLogger(__name__)


class MediaLineAudio:
    """For all channels of a session; `plan` is the country whose tones are sent and heard."""

    def __init__(self, session: MediaSession, plan: str) -> None:
        self.plan = plan
        self._session = session
        self._undo: dict[int, Callable[[], None]] = {}
        self._dialling: set[asyncio.Task[bool]] = set()

    def hear(self, channel: Channel, heard: Callable[[str], None]) -> None:
        self.deaf(channel)
        port = self._session.port(channel.index)

        def on_tone(event: ToneEvent) -> None:
            for tone in (event.tone, *event.alike):
                heard(f"{tone} ended" if event.ended else tone)

        try:
            port.progress(self.plan)
        except MediaError as error:
            log.warning("%s: the exchange's tones are not heard: %s", channel.name, error)
            return
        self._undo[channel.index] = port.on_tone(on_tone)

    def deaf(self, channel: Channel) -> None:
        undo = self._undo.pop(channel.index, None)
        if undo is not None:
            undo()

    def dial(
        self,
        channel: Channel,
        digits: str,
        on_ms: int,
        off_ms: int,
        done: Callable[[bool], None],
    ) -> None:
        port = self._session.port(channel.index)
        task = asyncio.ensure_future(port.dial(digits, on_ms=on_ms, off_ms=off_ms))
        self._dialling.add(task)

        def over(task: asyncio.Task[bool]) -> None:
            self._dialling.discard(task)
            if not task.cancelled():
                if (error := task.exception()) is not None:
                    log.warning("%s: dialling failed: %s", channel.name, error)
                done(error is None and task.result())

        task.add_done_callback(over)

    def tone(self, channel: Channel, name: str) -> None:
        plan = tone_plan.plan(self.plan)
        program = plan.program(name if name in plan.tones else "busy")
        asyncio.get_running_loop().call_soon(self._sound, channel, program)

    def _sound(self, channel: Channel, program: object) -> None:
        try:
            self._session.port(channel.index).tone(program)
        except MediaError as error:
            log.warning("%s: no tone: %s", channel.name, error)

    def quiet(self, channel: Channel) -> None:
        self._session.port(channel.index).stop_tone()
