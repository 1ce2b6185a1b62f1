"""C doors of the MF-R2 detector; mfr2.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t, uint8_t

cdef enum:
    MF_FORWARD = 0
    MF_BACKWARD = 1
    MF_BACKWARD_CHINA = 2  # four frequencies, signals 1 to 6

    MF_END = 0
    MF_START = 1

cdef struct mfr2_event:
    int channel
    int signal  # 1 to 15
    int kind  # MF_START or MF_END
    int64_t at  # bank time (samples since mfr2_new) at which the signal began
    int duration_ms  # 0 at the start
    float level_dbm0  # of both tones together
    float twist_db  # positive: the tone of higher frequency is stronger

cdef struct mfr2_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int set  # MF_FORWARD, MF_BACKWARD, MF_BACKWARD_CHINA
    int tones  # in use: 6 or 4
    int fill  # samples in the unfinished hop
    int slot  # the newest whole hop's place in `history`
    int64_t now  # bank time, samples
    int64_t dropped  # events that found no room in `out`
    float* waiting  # [tiles][44][LANES] samples of the unfinished hop
    float* history  # [tiles][3][13][LANES] sums of the last hops: 6 × re, 6 × im, energy
    float* power  # [tiles][6][LANES] of the newest window
    uint8_t* enabled  # [cstride]
    uint8_t* tile_on  # [cstride / LANES] enabled channels in the tile
    uint8_t* busy  # [cstride] in a signal or a run: a window without one would change something
    int32_t* candidate  # [cstride] signal the newest window looks like, 0 none
    void* tracks  # [channels] what the windows add up to

cdef mfr2_bank* mfr2_new(int channels, int set) noexcept nogil  # NULL: no memory; all disabled
cdef void mfr2_free(mfr2_bank* bank) noexcept nogil  # NULL is allowed
# -> events written; 2 × channels is always room enough for blocks of up to 132 samples
cdef int mfr2_process(mfr2_bank* bank, const float* pcm, int block, mfr2_event* out,
                      int max_events) noexcept nogil
cdef void mfr2_reset(mfr2_bank* bank, int channel) noexcept nogil
# enabling starts from silence; disabling drops a signal that is sounding without an end event
cdef void mfr2_enable(mfr2_bank* bank, int channel, bint on) noexcept nogil
