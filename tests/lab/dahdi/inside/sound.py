"""How much of what was sent arrived in one piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp_ext import g711


def carried(samples: NDArray[np.int16], octets: bytes) -> int:
    """The longest run of octets that are `samples`, over and over, in A-law, from any place on."""
    loop = g711.alaw_encode(samples)
    got = np.frombuffer(octets, np.uint8)
    best = 0
    for at in range(0, max(1, len(got) - 64), 400):
        place = bytes(np.concatenate([loop, loop[:64]])).find(bytes(got[at : at + 64]))
        if place < 0:
            continue
        wanted = np.resize(np.roll(loop, -place), len(got) - at)
        differ = np.flatnonzero(wanted != got[at:])
        best = max(best, int(differ[0]) if len(differ) else len(got) - at)
    return best
