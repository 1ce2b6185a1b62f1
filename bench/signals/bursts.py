"""Two tones for 200 ms on every channel of a bank, in faint noise: what key receivers hear."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from dsp_ext.units import SAMPLE_RATE, peak


def bursts(
    channels: int, samples: int, dbm0: float, tones: Callable[[int], Iterable[float]]
) -> NDArray[np.float32]:
    """float32 of shape (samples, channels), whole numbers; at different moments of each channel.

    dbm0 : of each tone.  tones : of a channel, in Hz
    """
    rng = np.random.default_rng(15)
    pcm = rng.normal(0, 40, (samples, channels))
    n = np.arange(SAMPLE_RATE // 5)
    for channel in range(channels):
        start = channel * 97 % (samples - len(n) - SAMPLE_RATE // 10)
        for hz in tones(channel):
            pcm[start : start + len(n), channel] += peak(dbm0) * np.sin(
                2 * np.pi * hz * n / SAMPLE_RATE
            )
    return np.round(pcm).astype(np.float32)
