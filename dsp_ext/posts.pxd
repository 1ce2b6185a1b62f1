"""Detectors that listen where a leg asks for them; posts.pyx says how."""

from libc.stdint cimport int64_t

from dsp_ext.state cimport engine_t

# ---- at a block's start, by command
# post: number of the post to take; -1: leave those of this kind
cdef void posts_set(engine_t* e, int kind, int channel, int post, int64_t how) noexcept nogil
cdef bint posts_hearing(const engine_t* e, int channel) noexcept nogil  # is there a post on it?
# begin afresh on every channel that listens to this kind
cdef void posts_afresh(engine_t* e, int kind) noexcept nogil
# ---- in the tick
# the tile of `n` channels from `first` on, as it lies in e.in_tile, for all posts
cdef void posts_hear(engine_t* e, int tile, int first, int n, int64_t* since) noexcept nogil
# after the last tile: posts that have fewer slots than there are channels
cdef void posts_listen(engine_t* e, int64_t* since) noexcept nogil
