"""Level meter: the smoothed level of every channel in dBm0.

What: mean square of each block, smoothed with a time constant of 40 ms.
How: one multiply and add a sample, across channels; the logarithm is taken when somebody reads.
Limits: 0.1 dB for steady tones of 300 to 3400 Hz; below -86 dBm0 it reads silence (-99).
Source: levels by the load capacity of G.711, see units.py.
"""

from libc.math cimport exp
from libc.stdlib cimport calloc, free

import numpy as np

from dsp_ext.units cimport SAMPLE_RATE, dbm0_of_mean_square, padded, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "level.h":
    void level_update(const float* pcm, int cstride, int block, float share,
                      float* power) noexcept nogil

cdef double _TIME_CONSTANT_S = 0.040


cdef level_bank* level_new(int channels) noexcept nogil:
    cdef level_bank* bank = <level_bank*>calloc(1, sizeof(level_bank))
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    bank.power = <float*>zeroed(bank.cstride * sizeof(float))
    if bank.power == NULL:
        free(bank)
        return NULL
    return bank


cdef void level_free(level_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.power)
        free(bank)


cdef void level_process(level_bank* bank, const float* pcm, int block) noexcept nogil:
    cdef float share
    if block > 0:
        share = <float>(1.0 - exp(-block * (1.0 / SAMPLE_RATE / _TIME_CONSTANT_S)))
        level_update(pcm, bank.cstride, block, share, bank.power)


cdef void level_reset(level_bank* bank, int channel) noexcept nogil:
    bank.power[channel] = 0.0


cdef float level_dbm0(const level_bank* bank, int channel) noexcept nogil:
    return <float>dbm0_of_mean_square(bank.power[channel])


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

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        level_reset(self.bank, channel_index(channel, self.bank.channels))
