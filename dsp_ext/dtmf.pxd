"""C doors of the DTMF detector; dtmf.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t

cdef enum:
    DIGIT_START = 1
    DIGIT_END = 0

cdef struct dtmf_event:
    int channel
    int digit  # ASCII
    int kind  # DIGIT_START or DIGIT_END
    int64_t at  # bank time (samples since dtmf_new) at which the digit began
    int duration_ms  # 0 at the start
    float level_dbm0  # of both tones together
    float twist_db  # positive: the high tone is stronger

cdef struct dtmf_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int fill  # samples in the unfinished hop
    int slot  # its place in `history`
    int64_t now  # bank time, samples
    int64_t dropped  # events that found no room in `out`
    float* history  # [tiles][3][17][LANES] sums of the last hops: 8 × re, 8 × im, energy
    float* kept  # [tiles][34][LANES] samples of the unfinished hop
    float* window  # [17][LANES] of the tile looked at: 8 × re, 8 × im, energy
    int32_t* candidate  # [LANES] key its window looks like, -1 none
    void* tiles  # [cstride / LANES] dtmf_tile: which channels listen, what they are in
    void* tracks  # [channels] what the windows add up to

cdef dtmf_bank* dtmf_new(int channels) noexcept nogil  # NULL: no memory; all disabled
cdef void dtmf_free(dtmf_bank* bank) noexcept nogil  # NULL is allowed
# -> events written, tile by tile; 2 × channels is always room enough for blocks of up to 204 samples
cdef int dtmf_process(dtmf_bank* bank, const float* pcm, int block, dtmf_event* out,
                      int max_events) noexcept nogil
cdef void dtmf_reset(dtmf_bank* bank, int channel) noexcept nogil
# enabling starts from silence; disabling drops a digit that is sounding without an end event
cdef void dtmf_enable(dtmf_bank* bank, int channel, bint on) noexcept nogil
