"""A recording as the kernels take it: one channel of float32 at 8000 Hz.

What: checks what a caller hands to a kernel's `decode`, and brings it to the line's rate.
How: SciPy's polyphase resampler, loaded only when the rate asks for it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dsp_ext.units import SAMPLE_RATE, pcm_block

_LEAST_HZ, _MOST_HZ = 4000, 192_000


def one_channel(samples: npt.ArrayLike, rate: int = SAMPLE_RATE) -> npt.NDArray[np.float32]:
    """`samples` as float32 of shape (n, 1) at 8000 Hz.

    samples : 1-D array, linear ±32768, int16 or floating
    rate : of `samples`, Hz
    Raises TypeError for what is no number array, ValueError for another shape, another rate than
    4000 to 192000 Hz, NaN or infinity.
    """
    values = np.asarray(samples)
    if values.dtype != np.int16 and not np.issubdtype(values.dtype, np.floating):
        raise TypeError(f"samples must be int16 or floating, not {values.dtype}")
    if values.ndim != 1:
        raise ValueError(f"samples must have one dimension, not {values.ndim}")
    if isinstance(rate, bool) or int(rate) != rate or not _LEAST_HZ <= rate <= _MOST_HZ:
        raise ValueError(f"rate must be a whole number of 4000 to 192000 Hz, not {rate!r}")
    # A float64 beyond float32 becomes infinity, which the next line refuses.
    with np.errstate(over="ignore"):
        pcm = pcm_block(np.ascontiguousarray(values[:, np.newaxis], dtype=np.float32), 1)
    if rate == SAMPLE_RATE or not pcm.size:
        return pcm
    from scipy.signal import resample_poly

    common = math.gcd(int(rate), SAMPLE_RATE)
    out = resample_poly(pcm, SAMPLE_RATE // common, int(rate) // common, axis=0)
    return np.ascontiguousarray(out, dtype=np.float32)
