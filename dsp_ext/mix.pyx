"""The mixer: every member of a bridge hears all the others (N - 1).

What: any number of bridges over the channels of one block. Each member gives `in * talk`, rounded
to a whole number; it hears the sum of its bridge less what it gave itself, times `listen`, clipped
once to ±32767. `talk` 0 is a listener only, `listen` 0 is deaf. Non-members hear silence.
How: one int32 sum a bridge and row, whatever the number of members: no pair of members is ever
looked at, and a member's own voice cancels exactly.
Limits: channels ≤ 2047 (sums of contributions bounded to ±2**20 stay within int32). Input must be
finite; the engine's input comes out of a decoder and is.
"""

from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import math

import numpy as np

from dsp_ext.units cimport padded, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

MOST_CHANNELS = 2047

cdef extern from "mix.h":
    enum:
        MIX_ROWS
    void mix_rows(const float* pcm_in, float* pcm_out, int cstride, int width, int block,
                  const float* talk, const float* hear, const int32_t* slot,
                  const int32_t* member, int members, int32_t* given,
                  int32_t* total) noexcept nogil


cdef mix_bank* mix_new(int channels) noexcept nogil:
    cdef mix_bank* bank = <mix_bank*>calloc(1, sizeof(mix_bank))
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    bank.bridge_of = <int32_t*>zeroed(4 * <size_t>bank.cstride)
    bank.talk = <float*>zeroed(4 * <size_t>bank.cstride)
    bank.listen = <float*>zeroed(4 * <size_t>bank.cstride)
    bank.member = <int32_t*>zeroed(4 * <size_t>bank.cstride)
    bank.slot = <int32_t*>zeroed(4 * <size_t>bank.cstride)
    bank.hear = <float*>zeroed(4 * <size_t>bank.cstride)
    bank.given = <int32_t*>zeroed(4 * MIX_ROWS * <size_t>bank.cstride)
    bank.total = <int32_t*>zeroed(4 * MIX_ROWS * <size_t>(bank.cstride + 1))
    if (bank.bridge_of == NULL or bank.talk == NULL or bank.listen == NULL
            or bank.member == NULL or bank.slot == NULL or bank.hear == NULL
            or bank.given == NULL or bank.total == NULL):
        mix_free(bank)
        return NULL
    for channel in range(bank.cstride):
        bank.bridge_of[channel] = -1
        bank.talk[channel] = 1.0
        bank.listen[channel] = 1.0
    return bank


cdef void mix_free(mix_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.bridge_of)
    free(bank.talk)
    free(bank.listen)
    free(bank.member)
    free(bank.slot)
    free(bank.hear)
    free(bank.given)
    free(bank.total)
    free(bank)


cdef int _seat(mix_bank* bank) noexcept nogil:
    """Lists the members for this block; gives their number."""
    cdef int members = 0
    cdef int channel, bridge
    for channel in range(bank.cstride):  # whole lanes; what pads them is in no bridge
        bridge = bank.bridge_of[channel]
        if 0 <= bridge < bank.channels:
            bank.member[members] = channel
            bank.slot[channel] = bridge
            bank.hear[channel] = bank.listen[channel]
            members += 1
        else:
            bank.slot[channel] = bank.channels  # the spare total, always 0
            bank.hear[channel] = 0.0
    return members


cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int cstride,
                      int block) noexcept nogil:
    cdef int members = _seat(bank)
    cdef int i
    if members == 0:
        for i in range(block):
            memset(pcm_out + <Py_ssize_t>i * cstride, 0, bank.cstride * sizeof(float))
        return
    mix_rows(pcm_in, pcm_out, cstride, bank.cstride, block, bank.talk, bank.hear, bank.slot,
             bank.member, members, bank.given, bank.total)


cdef float _gain(value, str what) except? -1:
    number = float(value)
    if not math.isfinite(number) or not 0 <= number <= 32:
        raise ValueError(f"{what} must be 0 to 32, not {value!r}")
    return number


cdef class Mixer:
    """Bridges over `channels` channels.

    channels : int, 1 to 2047; bridges are numbered 0 … channels - 1
    """

    cdef mix_bank* bank

    def __cinit__(self, channels):
        self.bank = mix_new(channel_count(channels, MOST_CHANNELS))
        if self.bank == NULL:
            raise MemoryError("no memory for the mixer")

    def __dealloc__(self):
        mix_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def join(self, channel, bridge, *, talk=1.0, listen=1.0):
        """Put `channel` in `bridge`, or change its gains there.

        talk, listen : linear gains 0 … 32; talk 0 listens only, listen 0 is deaf
        Raises TypeError, IndexError (channel, bridge), ValueError (gains).
        """
        cdef int c = channel_index(channel, self.bank.channels)
        cdef int b = channel_index(bridge, self.bank.channels)
        cdef float t = _gain(talk, "talk")
        cdef float h = _gain(listen, "listen")
        self.bank.bridge_of[c] = b
        self.bank.talk[c] = t
        self.bank.listen[c] = h

    def leave(self, channel):
        """Take `channel` out of its bridge. Raises TypeError, IndexError."""
        self.bank.bridge_of[channel_index(channel, self.bank.channels)] = -1

    def process(self, pcm):
        """One block: what each channel says in, what each hears out.

        pcm : float32 ndarray of shape (block, channels), linear ±32768
        returns float32 ndarray of the same shape
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        given = pad(pcm_block(pcm, self.bank.channels))
        out = np.zeros_like(given)
        cdef int block = given.shape[0]
        cdef const float[:, ::1] source = given
        cdef float[:, ::1] target = out
        if block:
            with nogil:
                mix_process(self.bank, &source[0, 0], &target[0, 0], self.bank.cstride, block)
        return np.ascontiguousarray(out[:, : self.bank.channels])
