"""Listens to a channel as it is on the line, both ways, for some seconds.

How: a tap copies octets; it is emptied now and then, so that a long stretch needs no large ring.
What was sent in a block lies beside what was received in it.
Limits: `LONGEST_S`; what a full ring lost is told, and figures of such a stretch are not to be had.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp_ext import g711
from dsp_ext.ring import Ring
from dsp_ext.units import SAMPLE_RATE
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import CannotCheck
from mediaserver.media.port import MediaPort

Floats = npt.NDArray[np.float64]

LONGEST_S = 60.0
RING_OCTETS = 1 << 16
EMPTY_S = 1.0


class NothingHeard(CannotCheck):
    """The media engine did not let us listen, or lost some of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples linear ±32768, of shape (n,), received and sent."""

    heard: Floats
    sent: Floats


async def listen(port: MediaPort, law: str, seconds: float) -> Stretch:
    """The next `seconds` of a channel. Raises NothingHeard, MediaError."""
    seconds = min(seconds, LONGEST_S)
    ring, octets = Ring(RING_OCTETS), bytearray()
    await port.tap(ring, mode="both")
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(EMPTY_S, left))
            octets += ring.read()
    finally:
        port.untap(ring)
    octets += ring.read()
    if ring.dropped:
        raise NothingHeard(say("listen.lost"))
    if len(octets) < seconds * SAMPLE_RATE:
        raise NothingHeard(say("listen.slow"))
    return _decoded(bytes(octets[: len(octets) // 2 * 2]), law)


def _decoded(octets: bytes, law: str) -> Stretch:
    pairs = np.frombuffer(octets, np.uint8).reshape(-1, 2)
    decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
    heard, sent = (
        np.asarray(decode(np.ascontiguousarray(pairs[:, k])), np.float64) for k in (0, 1)
    )
    return Stretch(heard, sent)
