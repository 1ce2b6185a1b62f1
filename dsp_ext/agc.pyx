"""Automatic gain control: every channel's speech at the same level.

What: raises quiet speech toward the target, by `max_gain_db` at most, and lowers loud speech, by
`max_loss_db` at most; what comes out never reaches full scale. Each channel on or off by itself.
How: the level is measured over speech only, as the voice detector (vad.pyx) tells it; in pauses the
gain stays, so noise is not pumped up. It rises by 12 dB a second and falls by 60; a level more than
6 dB above what is known is believed within 50 ms. A curve from -2.6 dB of full scale on takes the
peaks that come before the gain has gone down; below, the output is exactly input times gain.
Limits: no delay; begins after 30 ms of speech. Music and tones count as speech. Noise is raised with
the speech it lies under, by the same gain.
Source: the target and rates follow ITU-T G.169 (automatic level control: speech level -18 dBm0,
slow gain changes, none in pauses).
Memory: 178 bytes a channel, the voice detector's included.
"""

from libc.math cimport pow, sqrtf
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free

import math

import numpy as np

from dsp_ext.units cimport SAMPLE_RATE, padded, peak_of_dbm0, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block
from dsp_ext.vad cimport VAD_UNIT, vad_free, vad_new, vad_process, vad_reset

cdef extern from "agc.h":
    void agc_apply(const float* pcm, float* out, int cstride, int block, float* gain,
                   const float* step, const int32_t* on) noexcept nogil

cdef enum:
    HANG_MS = 100
cdef float _UNIT_S = VAD_UNIT / <float>SAMPLE_RATE
cdef float _SLOW = 0.02  # of a unit in the level: 0.5 s
cdef float _FAST = 0.2
cdef float _SURPRISE = 4.0  # times the level
cdef float _RISE = pow(10.0, 12.0 / 20 * _UNIT_S)  # in a unit
cdef float _FALL = pow(10.0, -60.0 / 20 * _UNIT_S)


cdef agc_bank* agc_new(int channels, double target_dbm0, double max_gain_db,
                       double max_loss_db) noexcept nogil:
    cdef agc_bank* bank = <agc_bank*>calloc(1, sizeof(agc_bank))
    cdef size_t row
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride = channels, padded(channels)
    bank.target = peak_of_dbm0(target_dbm0) ** 2 / 2
    bank.most, bank.least = pow(10.0, max_gain_db / 20), pow(10.0, -max_loss_db / 20)
    row = bank.cstride * sizeof(float)
    bank.voice = vad_new(channels, HANG_MS)
    bank.level, bank.aim = <float*>zeroed(row), <float*>zeroed(row)
    bank.gain, bank.step = <float*>zeroed(row), <float*>zeroed(row)
    bank.on = <int32_t*>zeroed(row)
    if (bank.voice == NULL or bank.level == NULL or bank.aim == NULL or bank.gain == NULL
            or bank.step == NULL or bank.on == NULL):
        agc_free(bank)
        return NULL
    for channel in range(bank.cstride):
        bank.aim[channel] = bank.gain[channel] = 1.0
        bank.on[channel] = channel < channels
    return bank


cdef void agc_free(agc_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    vad_free(bank.voice)
    free(bank.level)
    free(bank.aim)
    free(bank.gain)
    free(bank.step)
    free(bank.on)
    free(bank)


cdef void agc_reset(agc_bank* bank, int channel) noexcept nogil:
    vad_reset(bank.voice, channel)
    bank.level[channel] = bank.step[channel] = 0.0
    bank.aim[channel] = bank.gain[channel] = 1.0


cdef void agc_enable(agc_bank* bank, int channel, bint on) noexcept nogil:
    if on and not bank.on[channel]:
        agc_reset(bank, channel)
    bank.on[channel] = on


cdef void _listen(agc_bank* bank, int c) noexcept nogil:
    """One unit: the speech's level, and the gain it wants."""
    cdef float power = bank.voice.power[c]
    cdef float share = _SLOW
    if bank.voice.speaking[c] and bank.voice.loud[c]:
        if bank.level[c] == 0.0:
            bank.level[c] = power
        if power > _SURPRISE * bank.level[c]:
            share = _FAST
        bank.level[c] += share * (power - bank.level[c])
        if bank.level[c] > 0.0:
            bank.aim[c] = min(max(sqrtf(bank.target / bank.level[c]), bank.least), bank.most)


cdef void _steer(agc_bank* bank) noexcept nogil:
    """A unit ended: how the gains move until the next one does."""
    cdef int c
    cdef float to
    for c in range(bank.channels):
        _listen(bank, c)
        to = min(max(bank.aim[c], bank.gain[c] * _FALL), bank.gain[c] * _RISE)
        bank.step[c] = (to - bank.gain[c]) / VAD_UNIT


cdef void agc_process(agc_bank* bank, const float* pcm, float* out, int block) noexcept nogil:
    cdef int done = 0
    cdef int n
    cdef Py_ssize_t at
    while done < block:
        n = min(VAD_UNIT - bank.voice.fill, block - done)
        at = <Py_ssize_t>done * bank.cstride
        vad_process(bank.voice, pcm + at, n, NULL, 0)
        agc_apply(pcm + at, out + at, bank.cstride, n, bank.gain, bank.step, bank.on)
        if bank.voice.fill == 0:
            _steer(bank)
        done += n


cdef double _between(value, str what, double least, double most) except? -1:
    number = float(value)
    if not math.isfinite(number) or not least <= number <= most:
        raise ValueError(f"{what} must be {least:g} to {most:g}, not {value!r}")
    return number


cdef class Agc:
    """Automatic gain control of `channels` channels, all on.

    channels : int, 1 to 65536
    target_dbm0 : level speech is brought to, -40 … -6
    max_gain_db : 0 … 30; max_loss_db : 0 … 30
    Raises TypeError, ValueError.
    """

    cdef agc_bank* bank
    block = VAD_UNIT  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, target_dbm0=-18.0, max_gain_db=18.0, max_loss_db=12.0):
        cdef int count = channel_count(channels)
        self.bank = agc_new(count, _between(target_dbm0, "target_dbm0", -40, -6),
                            _between(max_gain_db, "max_gain_db", 0, 30),
                            _between(max_loss_db, "max_loss_db", 0, 30))
        if self.bank == NULL:
            raise MemoryError("no memory for the gain control")

    def __dealloc__(self):
        agc_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def enable(self, channel, on=True):
        """Control `channel` or pass it untouched; begins afresh. Raises TypeError, IndexError."""
        agc_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def reset(self, channel):
        """Forget what `channel` had; its gain is 1. Raises TypeError, IndexError."""
        agc_reset(self.bank, channel_index(channel, self.bank.channels))

    def gains_db(self):
        """float64 ndarray of shape (channels,): the gain now; 0 for channels that are off."""
        gains = [self.bank.gain[c] if self.bank.on[c] else 1.0 for c in range(self.bank.channels)]
        return 20 * np.log10(np.array(gains, dtype=np.float64))

    def process(self, pcm):
        """One block, its levels controlled.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        returns float32 ndarray of the same shape, within ±32600 for channels that are on
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        given = pad(pcm_block(pcm, self.bank.channels))
        out = np.empty_like(given)
        cdef int block = given.shape[0]
        cdef const float[:, ::1] source = given
        cdef float[:, ::1] target = out
        if block:
            with nogil:
                agc_process(self.bank, &source[0, 0], &target[0, 0], block)
        return np.ascontiguousarray(out[:, : self.bank.channels])
