"""Signals for the kernels' tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp_ext import g711, tone
from dsp_ext.units import SAMPLE_RATE, peak

Samples = npt.NDArray[np.float32]


def sine(hz: float, level_dbm0: float, ms: float) -> Samples:
    n = np.arange(round(ms * SAMPLE_RATE / 1000))
    return (peak(level_dbm0) * np.sin(2 * np.pi * hz * n / SAMPLE_RATE)).astype(np.float32)


def silence(ms: float) -> Samples:
    return np.zeros(round(ms * SAMPLE_RATE / 1000), dtype=np.float32)


def played(program: tone.Program, ms: float) -> Samples:
    """The first `ms` of a program, (n,)."""
    generator = tone.ToneGenerator(1)
    generator.start(0, program)
    return generator.process(round(ms * SAMPLE_RATE / 1000))[:, 0]


def over_the_line(samples: Samples, law: str = "alaw") -> Samples:
    """What the far end of a G.711 line hears."""
    return g711.decode(g711.encode(np.ascontiguousarray(samples[:, None]), law), law)[:, 0]


def noise(level_dbm0: float, n: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return (peak(level_dbm0) / np.sqrt(2) * rng.standard_normal(n)).astype(np.float32)
