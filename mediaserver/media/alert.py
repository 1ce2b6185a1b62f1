"""The alert of a call that waits, heard in talk by whoever is the telephone; answered; its message.

What: `AlertEar` hears the two tones of CAS (DT-AS). `WaitingEar` does what a telephone with a
display does: it answers by a key and takes the message, for as long as a call is in talk.
How: octets are tapped and looked at in frames of 10 ms each time the loop comes by, so an answer is
as late as the loop is. While the message comes the channel is apart from its bridge: nobody hears
it, and nobody speaks into it.
Limits: an alert of 50 to 120 ms above -42 dBm0 that holds 80 % of all power.
Source: GR-30 and GR-575, EN 300 659-2 (75 to 85 ms, an answer within 100 ms of its end).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dsp_ext import g711
from dsp_ext.callerid import CallerId
from dsp_ext.ring import Ring
from mediaserver.media.callerid import CallerIdEvent
from mediaserver.media.errors import MediaError
from mediaserver.media.port import MediaPort

log = logging.getLogger(__name__)

#: Frequencies of the alert, and its level on the line.
ALERT_HZ = (2130.0, 2750.0)
ALERT_DBM0 = -15.0

_FRAME = 80  # samples: 10 ms
_LOOK_S = 0.02
_FRAMES = range(5, 13)
_PURE = 0.8
_LEAST_POWER = 32768.0**2 / 2 * 10 ** ((-42 - 3.14) / 10)
_TURNS = np.exp(-2j * np.pi * np.outer(np.arange(_FRAME) / 8000, ALERT_HZ))

_ANSWER_MS = 60
_MESSAGE_S = 3.5  # the longest message, and the exchange's time before it

OnCaller = Callable[[CallerId | None], None]


def alert_frames(pcm: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """For each frame of 10 ms, whether it is the two tones, of like strength, and nothing else.

    pcm : shape (n,), linear ±32768; what is left over of the last frame is not looked at
    """
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    power = np.mean(frames**2, axis=1)
    tones = np.abs(frames @ _TURNS / _FRAME) ** 2 * 2
    enough = (tones.sum(axis=1) > _PURE * power) & (tones.min(axis=1) > power / 8)
    return enough & (power > _LEAST_POWER)


class AlertEar:
    """On a port, until `close()`."""

    def __init__(self, port: MediaPort, law: str) -> None:
        self._port = port
        self._decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
        self._ring = Ring(1 << 14)
        self._rest = b""
        self._run = 0
        port.tap(self._ring, mode="rx")

    def close(self) -> None:
        self._port.untap(self._ring)

    async def alert(self) -> None:
        """Until one has ended."""
        while not self._ended():
            await asyncio.sleep(_LOOK_S)

    def _ended(self) -> bool:
        octets = self._rest + self._ring.read()
        whole = len(octets) // _FRAME * _FRAME
        self._rest = octets[whole:]
        pcm = np.asarray(self._decode(np.frombuffer(octets[:whole], np.uint8)), np.float32)
        ended = False
        for sounds in alert_frames(pcm):
            ended = ended or (not sounds and self._run in _FRAMES)
            self._run = self._run + 1 if sounds else 0
        return ended


class WaitingEar:
    """`heard(caller)` hears of each message after an alert, `heard(None)` of one not readable."""

    def __init__(
        self, port: MediaPort, law: str, modem: str, key: str, heard: OnCaller, line: str
    ) -> None:
        self._port, self._law, self._modem, self._key = port, law, modem, key
        self._heard = heard
        self._line = line
        self._task = asyncio.ensure_future(self._listen())

    def stop(self) -> None:
        self._task.cancel()

    async def _listen(self) -> None:
        try:
            ear = AlertEar(self._port, self._law)
            try:
                while True:
                    await ear.alert()
                    await self._take()
            finally:
                ear.close()
        except MediaError as error:
            log.warning("%s: who waits is not heard: %s", self._line, error)

    async def _take(self) -> None:
        message: asyncio.Future[CallerIdEvent] = asyncio.get_running_loop().create_future()

        def told(event: CallerIdEvent) -> None:
            if not message.done():
                message.set_result(event)

        undo = self._port.on_caller_id(told)
        self._port.apart(True)
        try:
            self._port.caller_id(self._modem)
            await self._port.dial(self._key, on_ms=_ANSWER_MS, off_ms=0)
            async with asyncio.timeout(_MESSAGE_S):
                self._heard((await message).caller)
        except TimeoutError:
            log.info("%s: an alert in talk, and no message", self._line)
        finally:
            undo()
            self._port.apart(False)
            self._port.caller_id(None)
