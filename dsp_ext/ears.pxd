"""The banks that posts are made of, one kind beside the other; ears.pyx says how each is told."""

from libc.stdint cimport int64_t

from dsp_ext.state cimport engine_t, post_t

cdef enum:
    MAIL_OCTETS = 16384  # caller ID messages that wait to be read: 63 of the longest

cdef void* ear_new(const post_t* post, const void* plan) noexcept nogil  # of LANES; NULL: no memory
cdef void ear_free(int kind, void* bank) noexcept nogil  # NULL is allowed
# a slot is taken, or given back: it begins from silence; not `fresh`: the channel had it already
# how: of call progress alone. 1: learn; the rest a busy tone that is known: its sound << 8, hops of
# its bursts << 16, of its pauses << 32
cdef void ear_enable(const post_t* post, int slot, bint on, bint fresh,
                     int64_t how) noexcept nogil
# what one tile of the post's slots hears in this block, told as events of their channels
cdef void ear_hear(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil
