"""Units of the data plane: sample scale, levels in dBm0, the padding of pcm rows.

What: a sample is linear, ±32768, at 8000 Hz. 0 dBm0 is fixed by the theoretical load capacity
of G.711 (clause 4, tables 1a and 2a): a sine that just reaches A-law's virtual decision value 4096
(times 8 on our scale: peak 32768) is +3.14 dBm0. µ-law's load capacity of +3.17 dBm0 is reached
at a peak of 8159 × 4 = 32636, so the one constant used here for both laws is 0.065 dB off there.

How: `peak` and `dbm0` go between dBm0 of a sine and its peak; `dbm0_of` measures samples.
The same for `cimport` is in units.pxd.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp_ext.finite import largest

SAMPLE_RATE = 8000  # Hz
LANES = 16  # rows of pcm inside the engine are padded to this many channels
FULL_SCALE = 32768.0  # peak of linear samples
FULL_SCALE_DBM0 = 3.14  # level of a sine with that peak
PEAK_0DBM0 = FULL_SCALE * 10 ** (-FULL_SCALE_DBM0 / 20)  # 22826.6
MEAN_SQUARE_0DBM0 = PEAK_0DBM0**2 / 2
LARGEST = 1e9  # magnitude a kernel takes: energies of it are still numbers in float32
SILENCE_DBM0 = -99.0  # what level readings give where there is no signal


def padded(channels: int) -> int:
    """Floats in a row of pcm: `channels` rounded up to whole lanes."""
    return -(-channels // LANES) * LANES


def peak(dbm0: float) -> float:
    """Linear peak of a sine of `dbm0`."""
    return float(PEAK_0DBM0 * 10 ** (dbm0 / 20))


def dbm0(peak_value: float) -> float:
    """Level in dBm0 of a sine with the linear peak `peak_value`; SILENCE_DBM0 for 0."""
    if peak_value <= 0:
        return SILENCE_DBM0
    return 20 * math.log10(peak_value / PEAK_0DBM0)


def dbm0_of(samples: npt.NDArray[Any]) -> float:
    """Level in dBm0 of linear samples (any shape); SILENCE_DBM0 for silence or no samples."""
    values = np.asarray(samples, dtype=np.float64)
    return dbm0_of_mean_square(float(np.mean(values * values)) if values.size else 0.0)


def dbm0_of_mean_square(mean_square: float) -> float:
    """Level in dBm0 of a signal with this mean square; SILENCE_DBM0 for silence."""
    if not mean_square > 1e-3:
        return SILENCE_DBM0
    return 10 * math.log10(mean_square / MEAN_SQUARE_0DBM0)


def pcm_block(pcm: object, channels: int) -> npt.NDArray[np.float32]:
    """`pcm` itself, once it is seen to be what the kernels take.

    Shape (block, channels), float32, C-contiguous, linear ±32768 and at most ±`LARGEST`.
    Raises TypeError for what is no float32 array, ValueError for shape, layout, NaN and infinity.
    """
    if not isinstance(pcm, np.ndarray):
        raise TypeError(f"pcm must be a NumPy array, not {type(pcm).__name__}")
    if pcm.dtype != np.float32:
        raise TypeError(f"pcm must be float32, not {pcm.dtype}")
    if pcm.ndim != 2 or pcm.shape[1] != channels:
        raise ValueError(f"pcm must have shape (block, {channels}), not {pcm.shape}")
    if not pcm.flags.c_contiguous:
        raise ValueError("pcm must be C-contiguous (channel innermost)")
    if not (most := largest(pcm)) <= LARGEST:
        beyond = f"values beyond ±{LARGEST:g}" if most < math.inf else "NaN or infinity"
        raise ValueError(f"pcm holds {beyond}")
    return pcm


def on_lines(pcm: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A copy of a block that begins with a cache line, as the engine's do."""
    line = 64 // pcm.itemsize
    room = np.empty(pcm.size + line, dtype=np.float32)
    first = -(room.ctypes.data // pcm.itemsize) % line
    out = room[first : first + pcm.size].reshape(pcm.shape)
    out[:] = pcm
    return out


def channel_count(channels: object, most: int = 65536) -> int:
    """`channels` itself, once it is seen to be a number of channels from 1 to `most`."""
    if isinstance(channels, bool) or not isinstance(channels, int | np.integer):
        raise TypeError(f"channels must be an int, not {type(channels).__name__}")
    if not 1 <= channels <= most:
        raise ValueError(f"channels must be 1 to {most}, not {channels}")
    return int(channels)


def channel_index(channel: object, channels: int) -> int:
    """`channel` itself, once it is seen to be 0 … channels - 1. Raises TypeError, IndexError."""
    if isinstance(channel, bool) or not isinstance(channel, int | np.integer):
        raise TypeError(f"channel must be an int, not {type(channel).__name__}")
    if not 0 <= channel < channels:
        raise IndexError(f"channel {channel} is not one of 0 to {channels - 1}")
    return int(channel)


def pad(pcm: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A checked block whose rows are padded with silence to whole lanes: itself if they are."""
    block, channels = pcm.shape
    if channels % LANES == 0:
        return pcm
    out = np.zeros((block, padded(channels)), dtype=np.float32)
    out[:, :channels] = pcm
    return out
