"""C doors of the jitter buffer of CESoPSN packets; cesop_jitter.pyx says what and how.

Times are in frames of 125 µs. The far end's frames are counted from its first packet's number on.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t

from dsp_ext.cesop cimport CESOP_FATES, cesop_packet, cesop_shape

cdef enum:
    JITTER_HISTORY = 32  # seconds

cdef struct jitter_t:
    const cesop_shape* shape
    int octets  # of a packet in the store, its signalling bits after it
    int room  # packets, a power of two
    int least, most  # frames a packet waits, at least and at most
    int slack  # frames by which the least may be passed before it is taken back
    int64_t* held  # [room] number of the packet there; -1: none
    uint8_t* bad  # [room] its data is no good (L)
    bint* has_bits  # [room] it brought signalling bits
    uint8_t* store  # [room][octets]
    bint running
    int64_t newest  # number of the newest packet
    int64_t play  # frame that is heard next
    int64_t begun  # first frame there ever was
    int owed  # frames to repeat (> 0) or to pass over (< 0), one a read
    int64_t silent  # frames read since the last packet came
    int strays  # packets in a row that agree with each other, not with us
    uint16_t stray
    int64_t read  # frames, ever
    int second  # frames read of this one
    int64_t soonest, latest  # in this second: most and least that a packet waits
    int64_t had_most  # `soonest` of the second before
    int64_t history[JITTER_HISTORY]  # `latest` of the seconds before
    int seconds  # of history
    bint settled  # the first second is over, in which waits are told by the start
    int64_t shortest  # least of history
    bint depth_known  # there was a whole second
    int gaps, due  # in this second: frames that were not there, and all
    bint clean  # the second before: fewer than a tenth were not there
    int64_t fates[CESOP_FATES]  # packets by what became of them
    int64_t reordered  # good ones that came behind a later one
    int64_t lost  # frames passed over that had not come, later ones had
    int64_t underrun  # frames due when nothing newer had come
    int64_t slips_repeated, slips_passed  # frames
    int64_t grown  # frames by which the delay grew as packets came late
    int64_t restarts

cdef bint jitter_init(jitter_t* j, const cesop_shape* shape, int least, int most,
                      int slack) noexcept nogil  # False: no memory
cdef void jitter_release(jitter_t* j) noexcept nogil
cdef void jitter_reset(jitter_t* j) noexcept nogil  # as before the first packet; counts stay
# -> CESOP_ fate, counted; `frame`: the far end's, of a good packet's beginning
cdef int jitter_put(jitter_t* j, const cesop_packet* packet, int64_t* frame) noexcept nogil
# Begin a block: takes or gives a frame if one is owed.
cdef void jitter_begin(jitter_t* j) noexcept nogil
# The next frames, at most `want` -> how many; data: [frames][slots], NULL: not there;
# bits: signalling bits that take effect with these frames, NULL: none
cdef int jitter_next(jitter_t* j, int want, const uint8_t** data, bint* bad,
                     const uint8_t** bits) noexcept nogil
cdef int64_t jitter_depth(const jitter_t* j) noexcept nogil  # frames that wait now
cdef dict jitter_counts(const jitter_t* j)
