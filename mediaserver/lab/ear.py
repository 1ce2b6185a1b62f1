"""A subscriber's ear: what has come over the line, and whether something was in it.

How: a tap copies received octets; `find` slides a piece of the expected sound
over what was heard (normalised cross-correlation by FFT), so it says not only
that there was sound but that it was this sound, through coding and noise.
Limits: keeps the last `KEEP_S` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from dsp_ext import g711
from dsp_ext.ring import Ring
from mediaserver.media.session import MediaPort

RATE = 8000
KEEP_S = 30
#: How often a listener looks; a multiple of the block.
LOOK_S = 0.2
PUMP_S = 5.0
#: Normalised correlation above which a sound was recognised: clean lines reach 0.99,
#: chance stays below 0.2 for pieces of speech this long.
MATCH = 0.5
PIECE_S = 1.0
#: Mean square below which a line is silent: −45 dBm0.
SILENT_MEAN_SQUARE = 32768.0**2 / 2 * 10 ** ((-45 - 3.14) / 10)

Pcm = npt.NDArray[np.float32]


def piece_of(samples: npt.NDArray[np.int16]) -> Pcm:
    """The loudest second of a sound: what to look for."""
    pcm = samples.astype(np.float32)
    length = int(PIECE_S * RATE)
    if len(pcm) <= length:
        return pcm
    power = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    start = int(np.argmax(power[length:] - power[:-length]))
    return pcm[start : start + length]


def correlate(heard: Pcm, piece: Pcm) -> float:
    """Best normalised correlation of `piece` anywhere in `heard`, 0 to 1."""
    if len(heard) < len(piece) or not len(piece):
        return 0.0
    product = fftconvolve(heard, piece[::-1], mode="valid")
    power = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
    norm = np.sqrt(power[len(piece) :] - power[: -len(piece)]) * np.sqrt(np.sum(piece**2))
    return float(np.max(np.abs(product) / np.maximum(norm, 1e3 * len(piece) ** 0.5)))


class Ear:
    """Listens on `port` from now on, until `close()`."""

    def __init__(self, port: MediaPort, law: str) -> None:
        self._port = port
        self._decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
        self._ring = Ring(1 << 17)
        self._octets = b""
        port.tap(self._ring, mode="rx")
        self._pump()

    def close(self) -> None:
        """Stop listening; the leg's end has taken the tap off already."""
        self._timer.cancel()

    def _pump(self) -> None:
        """Empty the ring also while no step listens."""
        self._drain()
        self._timer = asyncio.get_running_loop().call_later(PUMP_S, self._pump)

    def mark(self) -> None:
        """What comes from now on is what the next step listens to."""
        self._drain()
        self._octets = b""

    def _drain(self) -> None:
        self._octets = (self._octets + self._ring.read())[-KEEP_S * RATE :]

    def heard(self) -> Pcm:
        self._drain()
        octets = np.frombuffer(self._octets, np.uint8)
        return np.asarray(self._decode(octets), np.float32)

    async def find(self, piece: Pcm, enough: float, within_s: float) -> float:
        """Correlation as soon as it reaches `enough`, else the best after `within_s`."""
        return await self._listen(lambda pcm: correlate(pcm, piece), enough, within_s)

    async def follow(self, around: Callable[[], Pcm], within_s: float) -> float:
        """The last second heard, looked for in what `around()` gives; as `find`."""

        def measure(pcm: Pcm) -> float:
            return correlate(around(), pcm[-RATE:]) if len(pcm) >= RATE else 0.0

        return await self._listen(measure, MATCH, within_s)

    async def sound(self, within_s: float) -> bool:
        """Half a second that is not silent."""
        return await self._listen(_loudest, SILENT_MEAN_SQUARE, within_s) >= SILENT_MEAN_SQUARE

    async def silence(self, for_s: float) -> bool:
        """Nothing louder than silence in `for_s`."""
        self.mark()
        await asyncio.sleep(for_s)
        return _loudest(self.heard()) < SILENT_MEAN_SQUARE

    async def _listen(
        self, measure: Callable[[Pcm], float], enough: float, within_s: float
    ) -> float:
        loop = asyncio.get_running_loop()
        end, best = loop.time() + within_s, 0.0
        while True:
            best = max(best, measure(self.heard()))
            if best >= enough or loop.time() >= end:
                return best
            await asyncio.sleep(LOOK_S)


def _loudest(pcm: Pcm) -> float:
    """Highest mean square of half a second."""
    length = RATE // 2
    if len(pcm) < length:
        return 0.0
    power = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    return float(np.max(power[length:] - power[:-length]) / length)
