"""Level meter and noise floor: what every channel's signal measures, in dBm0.

What: mean square of each block, smoothed with a time constant of 40 ms; the largest magnitude; how
many samples were at full scale, as the largest code of either law is. And the level of what stays
when nobody speaks: the minimum of the level over the last 1.6 s.
How: two multiplications and comparisons a sample, across channels; the logarithm is taken when
somebody reads. The floor is the least of eight parts' minima of the power smoothed over 45 ms
(minimum statistics), and 0.5 dB more, which the minimum of noise lies below its mean.
Limits: 0.1 dB for steady tones of 300 to 3400 Hz; below -86 dBm0 it reads silence (-99). A floor is
believed to be at most -45 dBm0 until the channel has been heard for 1.6 s; it follows one that falls
within 0.2 s, one that rises within 1.8 s; noise is read within 0.7 dB.
Source: levels by the load capacity of G.711, see units.py.
Memory: 12 bytes a channel; the noise floor 52.
"""

from libc.math cimport exp
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free

import numpy as np

from dsp_ext.units cimport SAMPLE_RATE, dbm0_of_mean_square, padded, peak_of_dbm0, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "level.h":
    enum:
        NOISE_PARTS
    void level_update(const float* pcm, int cstride, int block, float share, float* power,
                      float* peak, int32_t* clipped) noexcept nogil
    void noise_add(const float* pcm, int cstride, int block, float* energy) noexcept nogil
    void noise_follow(const float* power, int n, float share, float* smooth, float* low,
                      const float* least, float* floor) noexcept nogil
    void noise_turn(float* part, int at, int n, const float* smooth, float* low,
                    float* least) noexcept nogil

cdef double _TIME_CONSTANT_S = 0.040
cdef enum:
    PART_UNITS = 20  # 0.2 s
cdef float _SHARE = 0.2  # of a unit in the smoothed power
cdef float _LACK = 1.12  # by which the minimum lies below the mean of noise
cdef float _FIRST = peak_of_dbm0(-45.0) ** 2 / 2


cdef level_bank* level_new(int channels) noexcept nogil:
    cdef level_bank* bank = <level_bank*>calloc(1, sizeof(level_bank))
    cdef size_t row
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    row = bank.cstride * sizeof(float)
    bank.power, bank.peak = <float*>zeroed(row), <float*>zeroed(row)
    bank.clipped = <int32_t*>zeroed(row)
    if bank.power == NULL or bank.peak == NULL or bank.clipped == NULL:
        level_free(bank)
        return NULL
    return bank


cdef void level_free(level_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.power)
        free(bank.peak)
        free(bank.clipped)
        free(bank)


cdef void level_process(level_bank* bank, const float* pcm, int block) noexcept nogil:
    cdef float share
    if block > 0:
        share = <float>(1.0 - exp(-block * (1.0 / SAMPLE_RATE / _TIME_CONSTANT_S)))
        level_update(pcm, bank.cstride, block, share, bank.power, bank.peak, bank.clipped)


cdef void level_reset(level_bank* bank, int channel) noexcept nogil:
    bank.power[channel] = bank.peak[channel] = 0.0
    bank.clipped[channel] = 0


cdef float level_dbm0(const level_bank* bank, int channel) noexcept nogil:
    return <float>dbm0_of_mean_square(bank.power[channel])


cdef noise_bank* noise_new(int channels) noexcept nogil:
    cdef noise_bank* bank = <noise_bank*>calloc(1, sizeof(noise_bank))
    cdef size_t row
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride = channels, padded(channels)
    row = bank.cstride * sizeof(float)
    bank.energy, bank.smooth = <float*>zeroed(row), <float*>zeroed(row)
    bank.low, bank.least = <float*>zeroed(row), <float*>zeroed(row)
    bank.floor, bank.part = <float*>zeroed(row), <float*>zeroed(row * NOISE_PARTS)
    if (bank.energy == NULL or bank.smooth == NULL or bank.low == NULL or bank.least == NULL
            or bank.floor == NULL or bank.part == NULL):
        noise_free(bank)
        return NULL
    for channel in range(bank.cstride):
        noise_reset(bank, channel)
    return bank


cdef void noise_free(noise_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.energy)
    free(bank.smooth)
    free(bank.low)
    free(bank.least)
    free(bank.floor)
    free(bank.part)
    free(bank)


cdef void noise_reset(noise_bank* bank, int channel) noexcept nogil:
    cdef int k
    bank.energy[channel] = 0.0
    bank.smooth[channel] = bank.low[channel] = bank.least[channel] = _FIRST
    bank.floor[channel] = _FIRST
    for k in range(NOISE_PARTS):
        bank.part[k * bank.cstride + channel] = _FIRST


cdef void noise_unit(noise_bank* bank, const float* power) noexcept nogil:
    noise_follow(power, bank.cstride, _SHARE, bank.smooth, bank.low, bank.least, bank.floor)
    bank.unit += 1
    if bank.unit == PART_UNITS:
        bank.unit = 0
        noise_turn(bank.part, bank.at, bank.cstride, bank.smooth, bank.low, bank.least)
        bank.at = (bank.at + 1) % NOISE_PARTS


cdef void noise_process(noise_bank* bank, const float* pcm, int block) noexcept nogil:
    cdef int done = 0
    cdef int n, c
    while done < block:
        n = min(NOISE_UNIT - bank.fill, block - done)
        noise_add(pcm + <Py_ssize_t>done * bank.cstride, bank.cstride, n, bank.energy)
        bank.fill += n
        done += n
        if bank.fill == NOISE_UNIT:
            bank.fill = 0
            for c in range(bank.cstride):
                bank.energy[c] *= <float>(1.0 / NOISE_UNIT)
            noise_unit(bank, bank.energy)
            for c in range(bank.cstride):
                bank.energy[c] = 0.0


cdef float noise_power(const noise_bank* bank, int channel) noexcept nogil:
    return bank.floor[channel] * _LACK


cdef class LevelMeter:
    """Levels of `channels` channels.

    channels : int, 1 to 65536
    """

    cdef level_bank* bank

    def __cinit__(self, channels):
        self.bank = level_new(channel_count(channels))
        if self.bank == NULL:
            raise MemoryError("no memory for the level meter")

    def __dealloc__(self):
        level_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def process(self, pcm):
        """Take one block.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        padded_pcm = pad(pcm_block(pcm, self.bank.channels))
        cdef int block = padded_pcm.shape[0]
        if block == 0:
            return
        cdef const float[:, ::1] view = padded_pcm
        with nogil:
            level_process(self.bank, &view[0, 0], block)

    def levels(self):
        """float32 ndarray of shape (channels,), dBm0; -99 for silence."""
        out = np.empty(self.bank.channels, dtype=np.float32)
        cdef float[::1] view = out
        cdef int channel
        for channel in range(self.bank.channels):
            view[channel] = level_dbm0(self.bank, channel)
        return out

    def peaks(self):
        """float32 ndarray of shape (channels,): the largest magnitude since the last call, linear."""
        out = np.empty(self.bank.channels, dtype=np.float32)
        cdef float[::1] view = out
        cdef int channel
        for channel in range(self.bank.channels):
            view[channel] = self.bank.peak[channel]
            self.bank.peak[channel] = 0.0
        return out

    def clipped(self):
        """int64 ndarray of shape (channels,): samples at full scale since the last reset."""
        out = np.empty(self.bank.channels, dtype=np.int64)
        cdef int channel
        for channel in range(self.bank.channels):
            out[channel] = self.bank.clipped[channel]
        return out

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        level_reset(self.bank, channel_index(channel, self.bank.channels))


cdef class NoiseFloor:
    """What stays on each of `channels` channels when nobody speaks.

    channels : int, 1 to 65536
    """

    cdef noise_bank* bank

    def __cinit__(self, channels):
        self.bank = noise_new(channel_count(channels))
        if self.bank == NULL:
            raise MemoryError("no memory for the noise floor")

    def __dealloc__(self):
        noise_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def process(self, pcm):
        """Take one block.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        padded_pcm = pad(pcm_block(pcm, self.bank.channels))
        cdef int block = padded_pcm.shape[0]
        if block == 0:
            return
        cdef const float[:, ::1] view = padded_pcm
        with nogil:
            noise_process(self.bank, &view[0, 0], block)

    def levels(self):
        """float32 ndarray of shape (channels,), dBm0 of the floor; -99 for digital silence."""
        out = np.empty(self.bank.channels, dtype=np.float32)
        cdef float[::1] view = out
        cdef int channel
        for channel in range(self.bank.channels):
            view[channel] = dbm0_of_mean_square(noise_power(self.bank, channel))
        return out

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        noise_reset(self.bank, channel_index(channel, self.bank.channels))
