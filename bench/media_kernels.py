"""What the rows of the small media kernels have in common: speech-like input in both layouts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.peers._media import ffi
from dsp_ext.units import SAMPLE_RATE

FRAMES = 50  # of 20 ms
SAMPLES = FRAMES * SAMPLE_RATE // 50


def heard(channels: int) -> npt.NDArray[np.float32]:
    """Noise that comes and goes four times a second, (SAMPLES, channels), whole numbers."""
    rng = np.random.default_rng(21)
    t = np.arange(SAMPLES)[:, None] / SAMPLE_RATE + rng.random(channels)[None, :]
    swell = 30 + 3000 * np.maximum(0, np.sin(2 * np.pi * 4 * t))
    noise = rng.standard_normal((SAMPLES, channels), dtype=np.float32)
    return np.round(np.clip(noise * swell, -32000, 32000)).astype(np.float32)


def line(pcm: npt.NDArray[np.float32], dtype: str = "int16") -> npt.NDArray[np.generic]:
    """The peer's layout: [channels][samples]."""
    return np.ascontiguousarray(pcm.T.astype(dtype))


def view(values: npt.NDArray[np.generic], kind: str = "int16_t[]") -> object:
    """A pointer for the peer."""
    return ffi.from_buffer(kind, values, require_writable=values.flags.writeable)
