"""C doors of the packet-loss concealer; plc.pyx says what and how.

A channel is given its blocks in order, of any length each, good or lost; channels may have
blocks of different lengths and their own times.
"""

from libc.stdint cimport int32_t

cdef enum:
    PLC_RING = 512
    PLC_TAIL = 480

cdef struct plc_channel:
    int32_t at  # next place in the ring
    int32_t lost  # samples concealed in this gap
    int32_t pitch  # samples
    int32_t cycle  # samples repeated: one to three times the pitch
    int32_t offset  # in it
    int32_t blend  # samples still to be merged after a gap
    int32_t blend_of
    float voiced  # how much of the signal repeats itself, 0 … 1
    float seam  # what the first concealed sample lacks to the last good one
    float ring[PLC_RING]  # the last samples that went out
    float tail[PLC_TAIL]  # those before the gap

cdef struct plc_bank:
    int channels
    plc_channel* channel  # [channels]

cdef plc_bank* plc_new(int channels) noexcept nogil  # NULL: no memory
cdef void plc_free(plc_bank* bank) noexcept nogil  # NULL is allowed
cdef void plc_reset(plc_bank* bank, int channel) noexcept nogil
# samples[i * stride] arrived; after a gap the first of them are merged, in place
cdef void plc_good(plc_bank* bank, int channel, float* samples, int block,
                   int stride) noexcept nogil
# writes what stands for a lost block
cdef void plc_lost(plc_bank* bank, int channel, float* samples, int block,
                   int stride) noexcept nogil
