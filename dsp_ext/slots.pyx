"""Slots: a bank that costs much is made for fewer channels than there are lines.

What: a channel takes a slot while it needs the bank and gives it back after.
How: the lowest free slot is taken, so that those in use lie together in few tiles of 16. With as
many slots as channels each channel has its own, and what the bank hears needs no gathering.
Limits: taking looks through the slots; it is done by command, not in every block.
"""

from libc.stdint cimport int32_t
from libc.stdlib cimport free

from dsp_ext.units cimport LANES, padded, zeroed


cdef bint slots_init(slots_t* s, int channels, int count) noexcept nogil:
    cdef int i
    s.count, s.used, s.whole = count, 0, count >= channels
    s.tiles = padded(count) // LANES
    s.slot_of = <int32_t*> zeroed(channels * sizeof(int32_t))
    s.channel_of = <int32_t*> zeroed(s.tiles * LANES * sizeof(int32_t))
    s.busy = <int32_t*> zeroed(s.tiles * sizeof(int32_t))
    if s.slot_of == NULL or s.channel_of == NULL or s.busy == NULL:
        return False
    for i in range(channels):
        s.slot_of[i] = -1
    for i in range(s.tiles * LANES):
        s.channel_of[i] = -1
    return True


cdef void slots_release(slots_t* s) noexcept nogil:
    free(s.slot_of)
    free(s.channel_of)
    free(s.busy)


cdef int slots_take(slots_t* s, int channel) noexcept nogil:
    cdef int slot = 0
    if s.slot_of[channel] >= 0:
        return s.slot_of[channel]
    if s.whole:
        slot = channel
    else:
        while slot < s.count and s.channel_of[slot] >= 0:
            slot += 1
        if slot == s.count:
            return -1
    s.slot_of[channel], s.channel_of[slot] = slot, channel
    s.busy[slot // LANES] += 1
    s.used += 1
    return slot


cdef int slots_give(slots_t* s, int channel) noexcept nogil:
    cdef int slot = s.slot_of[channel]
    if slot >= 0:
        s.slot_of[channel] = s.channel_of[slot] = -1
        s.busy[slot // LANES] -= 1
        s.used -= 1
    return slot
