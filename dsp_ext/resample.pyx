"""Resampler: all channels from one sample rate to another.

What: any ratio whose terms are at most 640 (8 ↔ 16, 8 ↔ 48, 16 ↔ 48 kHz; 44.1 → 8 kHz); streams, or
takes a whole recording at once, then without delay.
How: one polyphase FIR, a Kaiser window over the ideal low pass; for each output only the phase that
meets input is computed, sixteen channels side by side.
Limits: flat within 0.01 dB up to 0.85 of half the lower rate (3.4 kHz of 8), 80 dB down from half the
lower rate on. Delay: 36 to 37 samples of the lower rate (4.6 ms at 8 kHz), exactly a whole number of
output samples.
Source: Kaiser's estimate of the length; Crochiere and Rabiner, Multirate Digital Signal Processing.
Memory: 2.2 KB a channel upward from 8 kHz, 4 bytes a tap and 1.9 KB in general; the filter
once for all.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove, memset

import math

import numpy as np

from dsp_ext.units cimport LANES, padded, zeroed
from dsp_ext.units import channel_count, pad, pcm_block

cdef extern from "resample.h":
    long resample_tile(const float* rows, int n, long at, int up, int down, const float* filter,
                       int taps, float* out, int out_stride) noexcept nogil

MOST_TERM = 640
_PASS = 0.85  # of half the lower rate
_STOP_DB = 86.0  # designed for; what is promised is 80


cdef resample_bank* resample_new(int channels, int up, int down, int taps,
                                 const float* filter) noexcept nogil:
    cdef resample_bank* bank = <resample_bank*>calloc(1, sizeof(resample_bank))
    cdef size_t size = sizeof(float) * <size_t>up * taps
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride = channels, padded(channels)
    bank.up, bank.down, bank.taps = up, down, taps
    bank.filter = <float*>zeroed(size)
    bank.rows = <float*>zeroed(sizeof(float) * <size_t>bank.cstride * (taps - 1 + RESAMPLE_MOST))
    if bank.filter == NULL or bank.rows == NULL:
        resample_free(bank)
        return NULL
    memcpy(bank.filter, filter, size)
    return bank


cdef void resample_free(resample_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.filter)
        free(bank.rows)
        free(bank)


cdef void resample_reset(resample_bank* bank) noexcept nogil:
    memset(bank.rows, 0,
           sizeof(float) * <size_t>bank.cstride * (bank.taps - 1 + RESAMPLE_MOST))
    bank.at = 0


cdef long resample_rows(const resample_bank* bank, long block) noexcept nogil:
    cdef long left = block * bank.up - bank.at
    return (left + bank.down - 1) // bank.down if left > 0 else 0


cdef void _take(resample_bank* bank, const float* pcm, int n, float* out) noexcept nogil:
    """At most RESAMPLE_MOST rows."""
    cdef int past = bank.taps - 1
    cdef int tile, i
    cdef long at = bank.at
    cdef float* rows
    for tile in range(bank.cstride // LANES):
        rows = bank.rows + <Py_ssize_t>tile * (past + RESAMPLE_MOST) * LANES
        for i in range(n):
            memcpy(rows + (past + i) * LANES, pcm + <Py_ssize_t>i * bank.cstride + tile * LANES,
                   LANES * sizeof(float))
        at = resample_tile(rows, n, bank.at, bank.up, bank.down, bank.filter, bank.taps,
                           out + tile * LANES, bank.cstride)
        memmove(rows, rows + n * LANES, <size_t>past * LANES * sizeof(float))
    bank.at = at


cdef long resample_process(resample_bank* bank, const float* pcm, int block,
                           float* out) noexcept nogil:
    cdef long written = 0
    cdef long rows
    cdef int done = 0
    cdef int n
    while done < block:
        n = min(RESAMPLE_MOST, block - done)
        rows = resample_rows(bank, n)
        _take(bank, pcm + <Py_ssize_t>done * bank.cstride, n, out + written * bank.cstride)
        written += rows
        done += n
    return written


def _rate(value, what):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    if not 4000 <= value <= 192000:
        raise ValueError(f"{what} must be 4000 to 192000 Hz, not {value}")
    return value


def _terms(from_hz, to_hz):
    divisor = math.gcd(_rate(from_hz, "from_hz"), _rate(to_hz, "to_hz"))
    up, down = to_hz // divisor, from_hz // divisor
    if max(up, down) > MOST_TERM:
        raise ValueError(f"{from_hz} to {to_hz} Hz is {up}/{down}: terms to {MOST_TERM} are taken")
    return up, down


def design(from_hz, to_hz):
    """The filter as a float64 ndarray of shape (up, taps), taps even, and its delay in output samples.

    Phase p, tap k weighs the input taps - 1 - k rows back for outputs p/up of a row after it.
    Raises TypeError, ValueError (rates).
    """
    up, down = _terms(from_hz, to_hz)
    if up == down:
        return np.array([[0.0, 1.0]]), 0
    half = min(from_hz, to_hz) / 2
    rate = from_hz * up
    width = (1 - _PASS) * half * 2 * math.pi / rate
    delay = math.ceil((_STOP_DB - 7.95) / (2.285 * width) / 2 / down)  # whole output samples
    centre = delay * down
    taps = -(-(2 * centre + 1) // (2 * up)) * 2
    n = np.arange(2 * centre + 1) - centre
    cut = (1 + _PASS) / 2 * half / rate * 2
    window = np.kaiser(2 * centre + 1, 0.1102 * (_STOP_DB - 8.7))
    whole = np.zeros(taps * up)
    whole[: 2 * centre + 1] = cut * up * np.sinc(cut * n) * window
    phases = whole.reshape(taps, up).T[:, ::-1]
    return np.ascontiguousarray(phases / phases.sum(axis=1, keepdims=True)), delay


cdef class Resampler:
    """Resampler of `channels` channels from `from_hz` to `to_hz`; keeps its state between blocks.

    channels : int, 1 to 65536
    from_hz, to_hz : int, 4000 … 192000
    Raises TypeError, ValueError (rates, or a ratio of terms beyond 640).
    """

    cdef resample_bank* bank
    cdef readonly int from_hz
    cdef readonly int to_hz
    cdef readonly int delay

    def __cinit__(self, channels, from_hz, to_hz):
        cdef int count = channel_count(channels)
        up, down = _terms(from_hz, to_hz)
        phases, delay = design(from_hz, to_hz)
        cdef const float[:, ::1] filter = phases.astype(np.float32)
        self.from_hz, self.to_hz, self.delay = from_hz, to_hz, delay
        self.bank = resample_new(count, up, down, filter.shape[1], &filter[0, 0])
        if self.bank == NULL:
            raise MemoryError("no memory for the resampler")

    def __dealloc__(self):
        resample_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    @property
    def delay_ms(self):
        """By how much the output is later than the input; `delay` says it in output samples."""
        return self.delay * 1000.0 / self.to_hz

    def reset(self):
        """Forget what was given."""
        resample_reset(self.bank)

    def process(self, pcm):
        """One block at the input rate; gives what it makes at the output rate.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        returns float32 ndarray of shape (rows, channels); over many blocks, rows are block × ratio
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        given = pad(pcm_block(pcm, self.bank.channels))
        cdef const float[:, ::1] source = given
        cdef int block = given.shape[0]
        out = np.empty((resample_rows(self.bank, block), self.bank.cstride), dtype=np.float32)
        cdef float[:, ::1] target = out
        cdef float nothing
        if block:
            with nogil:
                resample_process(self.bank, &source[0, 0], block,
                                 &target[0, 0] if target.shape[0] else &nothing)
        return np.ascontiguousarray(out[:, : self.bank.channels])


def resample(samples, from_hz, to_hz):
    """A whole recording at another rate, without delay.

    samples : ndarray of real numbers, shape (n,) or (n, channels), finite
    returns float32 ndarray, of ceil(n × to_hz / from_hz) rows
    Raises TypeError, ValueError (shape, rates, NaN, infinity).
    """
    values = np.asarray(samples)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"samples must be real numbers, not {values.dtype}")
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] == 0):
        raise ValueError(f"samples must have shape (n,) or (n, channels), not {values.shape}")
    pcm = np.ascontiguousarray(values.reshape(len(values), -1 if values.size else 1), np.float32)
    if pcm.shape[0] == 0:
        _terms(from_hz, to_hz)
        return np.zeros(values.shape, dtype=np.float32)
    resampler = Resampler(pcm.shape[1], from_hz, to_hz)
    rows = -(-len(pcm) * to_hz // from_hz)
    more = -(-(resampler.delay + 1) * from_hz // to_hz) + 1
    out = resampler.process(np.concatenate([pcm, np.zeros((more, pcm.shape[1]), np.float32)]))
    out = out[resampler.delay : resampler.delay + rows]
    return out[:, 0].copy() if values.ndim == 1 else np.ascontiguousarray(out)
