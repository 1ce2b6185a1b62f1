"""Tones on analog ports for their signalling: `drivers.base.LineAudio` on a session's channels.

What: hears an exchange's dial tone, dials, sends and hears caller ID, sounds tones to a telephone
that was left off hook, or that is in talk and has another call waiting.
How: the channels' ports, as calls use them. A tone is begun in the loop's next turn, after the
reset that ends the call it follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from drivers.base import AlertTone, Channel, FskMessage, Keys
from dsp_ext import tone_plan
from dsp_ext.callerid import CallerId
from dsp_ext.tone import Program
from mediaserver.clock import Clock
from mediaserver.media.alert import ALERT_DBM0, ALERT_HZ, WaitingEar
from mediaserver.media.callerear import FskEar, KeyEar, caller_ear
from mediaserver.media.digits import DigitEvent
from mediaserver.media.errors import MediaError
from mediaserver.media.session import MediaSession
from mediaserver.media.tones import ToneEvent

log = logging.getLogger(__name__)


class MediaLineAudio:
    """For all channels of a session; `plan` is the country whose tones are sent and heard."""

    def __init__(self, session: MediaSession, plan: str, clock: Clock) -> None:
        self.plan = plan
        self._session = session
        self._clock = clock
        self._ears: dict[int, KeyEar | FskEar] = {}
        self._waiting: dict[int, WaitingEar] = {}
        self._undo: dict[int, Callable[[], None]] = {}
        self._dialling: set[asyncio.Task[bool]] = set()

    def now(self) -> datetime:
        return self._clock.utc().astimezone()

    def hear(self, channel: Channel, heard: Callable[[str], None]) -> bool:
        self.deaf(channel)
        port = self._session.port(channel.index)

        def on_tone(event: ToneEvent) -> None:
            for tone in (event.tone, *event.alike):
                heard(f"{tone} ended" if event.ended else tone)

        try:
            port.progress(self.plan)
        except MediaError as error:
            log.warning("%s: the exchange's tones are not heard: %s", channel.name, error)
            return False
        self._undo[channel.index] = port.on_tone(on_tone)
        return not self._session.deaf_to_tones

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

    def hear_caller(
        self, channel: Channel, by: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        self.deaf_caller(channel)
        port = self._session.port(channel.index)
        self._ears[channel.index] = caller_ear(port, by, heard, channel.name)

    def hear_keys(self, channel: Channel, heard: Callable[[str], None]) -> None:
        self.deaf_keys(channel)
        port = self._session.port(channel.index)
        self._ears[channel.index] = KeyEar(port, lambda event: heard(event.digit), channel.name)

    def deaf_keys(self, channel: Channel) -> None:
        self.deaf_caller(channel)

    def deaf_caller(self, channel: Channel) -> None:
        ear = self._ears.pop(channel.index, None)
        if ear is not None:
            ear.stop()

    def hear_waiting(
        self, channel: Channel, by: str, key: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        self.deaf_waiting(channel)
        port, law = self._session.port(channel.index), self._session.law
        self._waiting[channel.index] = WaitingEar(port, law, by, key, heard, channel.name)

    def deaf_waiting(self, channel: Channel) -> None:
        ear = self._waiting.pop(channel.index, None)
        if ear is not None:
            ear.stop()

    async def send_caller(self, channel: Channel, piece: FskMessage | AlertTone | Keys) -> bool:
        port = self._session.port(channel.index)
        try:
            if isinstance(piece, AlertTone):
                return await port.tone(_alert(piece.ms))
            if isinstance(piece, Keys):
                return await port.dial(piece.digits, on_ms=piece.on_ms, off_ms=piece.off_ms)
            return await port.send_caller_id(
                piece.octets,
                modem=piece.modem,
                level_dbm0=piece.level_dbm0,
                seizure_bits=piece.seizure_bits,
                mark_bits=piece.mark_bits,
            )
        except (MediaError, ValueError) as error:
            log.warning("%s: caller ID is not sent: %s", channel.name, error)
            return False

    async def alert(self, channel: Channel, tone: AlertTone, keys: str, within_ms: int) -> bool:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bool] = loop.create_future()

        def heard(event: DigitEvent) -> None:
            if event.digit in keys and not answered.done():
                answered.set_result(True)

        ear = KeyEar(self._session.port(channel.index), heard, channel.name)
        try:
            if not await self.send_caller(channel, tone):
                return False
            async with asyncio.timeout(within_ms / 1000):
                return await answered
        except TimeoutError:
            return False
        finally:
            ear.stop()

    def apart(self, channel: Channel, on: bool) -> None:
        self._session.port(channel.index).apart(on)

    async def burst(self, channel: Channel, name: str) -> bool:
        program, _ = tone_plan.plan(self.plan).burst(name)
        try:
            return await self._session.port(channel.index).tone(program)
        except MediaError as error:
            log.warning("%s: no tone: %s", channel.name, error)
            return False

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


def _alert(ms: int) -> Program:
    return Program.from_segments([(ALERT_HZ, ms, 0, ALERT_DBM0)])
