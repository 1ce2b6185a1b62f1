"""Slots of a costly bank: which channels it works for; slots.pyx."""

from libc.stdint cimport int32_t

cdef struct slots_t:
    int count  # 0: there is no such bank
    int used
    int tiles  # of LANES slots
    bint whole  # a slot for every channel: slot n is channel n, and nothing is ever copied
    int32_t* slot_of  # [channels] -1 none
    int32_t* channel_of  # [tiles * LANES] -1 free
    int32_t* busy  # [tiles] slots in use

cdef bint slots_init(slots_t* s, int channels, int count) noexcept nogil  # False: no memory
cdef void slots_release(slots_t* s) noexcept nogil
cdef int slots_take(slots_t* s, int channel) noexcept nogil  # -> its slot; -1: none is free
cdef int slots_give(slots_t* s, int channel) noexcept nogil  # -> the slot it had; -1 none
