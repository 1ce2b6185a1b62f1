"""Packet-loss concealer: what is heard in place of blocks that did not arrive.

What: repeats the last pitch period of what was heard, fades it to silence between 3 and 60 ms, and
merges it with what arrives afterwards; each channel in its own time. Nothing is delayed.
How: the pitch is where the last 20 ms resemble most what came 5 to 17.5 ms before. The repeated piece
is one period for 10 ms, two for the next 10, three from then on, so that a long gap does not buzz;
its end is blended with what lay before its beginning over a quarter period, and its beginning is
bent to meet the last sample heard. What repeats badly (noise, hiss) is repeated more quietly. After
the gap both are faded into each other over a quarter period and 4 ms for each 10 ms lost, at most
10 ms.
Limits: 57 to 200 Hz, higher voices by two of their periods; not for modems, whose blocks are better
left silent.
Source: ITU-T G.711 Appendix I, from which it differs: no 3.75 ms of delay, a finer search for the
pitch, and less of what does not repeat.
Memory: 4.0 KB a channel.
"""

from libc.math cimport sqrtf
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import numpy as np

from dsp_ext.units cimport zeroed
from dsp_ext.units import channel_count, channel_index, pcm_block

cdef extern from "plc.h":
    enum:
        PLC_LEAST_PITCH
        PLC_LARGEST_PITCH
        PLC_SPAN
    void plc_correlate(const float* tail, int n, int least, int count, float* product,
                       float* energy) noexcept nogil

cdef enum:
    LAGS = 101  # PLC_LEAST_PITCH to PLC_LARGEST_PITCH
    STAGE = 80  # samples: after each the repeated piece grows by a period
    FADE_FROM = 24
    FADE_OVER = 456
    MERGE_MOST = 80
cdef float _QUIET = 0.4  # what is left of a signal that does not repeat itself at all


cdef plc_bank* plc_new(int channels) noexcept nogil:
    cdef plc_bank* bank = <plc_bank*>calloc(1, sizeof(plc_bank))
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.channel = <plc_channel*>zeroed(sizeof(plc_channel) * <size_t>channels)
    if bank.channel == NULL:
        plc_free(bank)
        return NULL
    return bank


cdef void plc_free(plc_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.channel)
        free(bank)


cdef void plc_reset(plc_bank* bank, int channel) noexcept nogil:
    memset(&bank.channel[channel], 0, sizeof(plc_channel))


cdef void _find_pitch(plc_channel* s) noexcept nogil:
    cdef float[LAGS] product
    cdef float[LAGS] energy
    cdef float best = 0.0
    cdef float own = 1e-3
    cdef float score
    cdef int k
    plc_correlate(s.tail, PLC_TAIL, PLC_LEAST_PITCH, LAGS, product, energy)
    s.pitch = PLC_LEAST_PITCH
    for k in range(LAGS):
        # a longer lag must be a little better: two periods resemble as much as one
        score = product[k] / sqrtf(energy[k] + <float>1e-3) * (1 - <float>0.0005 * k)
        if score > best:
            best, s.pitch = score, PLC_LEAST_PITCH + k
    for k in range(PLC_TAIL - PLC_SPAN, PLC_TAIL):
        own += s.tail[k] * s.tail[k]
    k = s.pitch - PLC_LEAST_PITCH
    s.voiced = product[k] / sqrtf((energy[k] + <float>1e-3) * own)
    s.voiced = min(max(s.voiced, <float>0.0), <float>1.0)


cdef void _begin(plc_channel* s) noexcept nogil:
    """A gap begins: what will be repeated in it."""
    cdef int k
    for k in range(PLC_TAIL):
        s.tail[k] = s.ring[(s.at - PLC_TAIL + k) & (PLC_RING - 1)]
    _find_pitch(s)
    s.lost = s.offset = 0
    s.cycle = s.pitch
    s.seam = s.tail[PLC_TAIL - 1] - s.tail[PLC_TAIL - 1 - s.pitch]


cdef inline float _repeated(const plc_channel* s, int offset, int cycle) noexcept nogil:
    """A sample of the repeated piece, whose end leads to its beginning."""
    cdef int quarter = s.pitch // 4
    cdef float value = s.tail[PLC_TAIL - cycle + offset]
    cdef float share
    if offset >= cycle - quarter:
        share = (offset - (cycle - quarter) + 1) / <float>(quarter + 1)
        value += share * (s.tail[PLC_TAIL - 2 * cycle + offset] - value)
    return value


cdef inline float _next(plc_channel* s) noexcept nogil:
    """The next sample that stands for a lost one."""
    cdef int quarter = s.pitch // 4
    cdef float value, share, gain
    if s.lost >= FADE_FROM + FADE_OVER:
        s.lost += s.lost < 1 << 30
        return 0.0
    if s.lost > 0 and s.lost % STAGE == 0 and s.cycle < 3 * s.pitch and \
            2 * (s.cycle + s.pitch) <= PLC_TAIL:
        s.cycle += s.pitch
        s.offset += s.pitch  # the same phase of the longer piece
    value = _repeated(s, s.offset, s.cycle)
    gain = 1.0
    if s.lost < quarter:
        share = (quarter - s.lost) / <float>(quarter + 1)
        value += share * s.seam
        gain = share + (1 - share) * _level(s)
    else:
        gain = _level(s)
    if s.lost > FADE_FROM:
        gain *= 1 - (s.lost - FADE_FROM) / <float>FADE_OVER
    s.lost += 1
    s.offset += 1
    if s.offset >= s.cycle:
        s.offset = 0
    return value * gain


cdef inline float _level(const plc_channel* s) noexcept nogil:
    return _QUIET + (1 - _QUIET) * s.voiced


cdef inline void _remember(plc_channel* s, float value) noexcept nogil:
    s.ring[s.at] = value
    s.at = (s.at + 1) & (PLC_RING - 1)


cdef void plc_good(plc_bank* bank, int channel, float* samples, int block,
                   int stride) noexcept nogil:
    cdef plc_channel* s = &bank.channel[channel]
    cdef int i = 0
    cdef int at
    cdef float share
    if s.lost and s.blend_of == 0:
        s.blend_of = s.blend = min(MERGE_MOST, s.pitch // 4 + s.lost * 2 // 5)
    while s.blend > 0 and i < block:
        share = s.blend / <float>(s.blend_of + 1)
        samples[i * stride] += share * (_next(s) - samples[i * stride])
        s.blend -= 1
        _remember(s, samples[i * stride])
        i += 1
    if s.blend == 0:
        s.lost = s.blend_of = 0
    at = s.at
    while i < block:
        s.ring[at] = samples[<Py_ssize_t>i * stride]
        at = (at + 1) & (PLC_RING - 1)
        i += 1
    s.at = at


cdef void plc_lost(plc_bank* bank, int channel, float* samples, int block,
                   int stride) noexcept nogil:
    cdef plc_channel* s = &bank.channel[channel]
    cdef int i
    if s.lost == 0:
        _begin(s)
    s.blend = s.blend_of = 0
    for i in range(block):
        samples[i * stride] = _next(s)
        _remember(s, samples[i * stride])


cdef class Concealer:
    """Packet-loss concealer of `channels` channels.

    channels : int, 1 to 65536
    """

    cdef plc_bank* bank

    def __cinit__(self, channels):
        self.bank = plc_new(channel_count(channels))
        if self.bank == NULL:
            raise MemoryError("no memory for the concealer")

    def __dealloc__(self):
        plc_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        plc_reset(self.bank, channel_index(channel, self.bank.channels))

    def process(self, pcm, lost):
        """Blocks one after another: what arrived, and what stands for what did not.

        pcm : float32 ndarray of shape (rows, channels), linear ±32768; where `lost`, any numbers
        lost : bool ndarray of shape (channels,) for one block, or (blocks, channels) for equal ones
        returns float32 ndarray of the shape of `pcm`
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        cdef int channels = self.bank.channels
        out = pcm_block(pcm, channels).copy()
        if not isinstance(lost, np.ndarray) or lost.dtype != np.bool_:
            raise TypeError("lost must be a NumPy array of bool")
        if lost.ndim not in (1, 2) or lost.shape[lost.ndim - 1] != channels:
            raise ValueError(f"lost must have shape (…, {channels}), not {lost.shape}")
        cdef int blocks = lost.shape[0] if lost.ndim == 2 else 1
        if blocks == 0 or out.shape[0] % blocks:
            raise ValueError(f"{out.shape[0]} rows cannot be {blocks} equal blocks")
        cdef float[:, ::1] view = out
        cdef const unsigned char[:, ::1] gone = (
            np.ascontiguousarray(lost).reshape(blocks, channels).view(np.uint8))
        cdef int block = out.shape[0] // blocks
        cdef int k, c
        if block:
            with nogil:
                for k in range(blocks):
                    for c in range(channels):
                        if gone[k, c]:
                            plc_lost(self.bank, c, &view[k * block, c], block, channels)
                        else:
                            plc_good(self.bank, c, &view[k * block, c], block, channels)
        return out
