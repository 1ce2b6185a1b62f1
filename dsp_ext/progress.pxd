"""C doors of the call-progress detector; progress.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from dsp_ext.cadence cimport cadence_plan
from dsp_ext.progress_track cimport progress_event, progress_track

cdef extern from "progress_signature.h":
    ctypedef struct progress_signature:
        uint32_t all
        uint32_t first
        uint32_t second
        uint32_t beats

cdef struct progress_plan:
    double centre_hz  # of the low band
    progress_signature signature[8]
    int signatures
    cadence_plan cadences

cdef struct progress_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int fill  # samples in the unfinished unit
    int unit  # its number in the window, 0 … 7
    int64_t now  # bank time, samples
    int64_t dropped  # events that found no room in `out`
    progress_plan plan
    float low[20]  # [2][10] references of the low band: cosines, sines
    float high[200]  # [5][2][20] of the high bands
    float weight[16]  # makes each bin of the spectrum energy
    float* carry  # [40][cstride] an unfinished unit
    float* chunk  # [16][2][cstride] the window of the low band, a ring
    float* band  # [5][2][cstride] newest unit of the high bands
    float* last  # [5][2][cstride] the one before
    float* advance  # [4][5][2][cstride] sums of a hop, a ring
    float* energy  # [4][cstride] of a hop, a ring
    float* bins  # [16][cstride] spectrum of the window
    float* power  # [cstride] energy of the window
    float* tone  # [cstride] and of its tone
    int32_t* sound  # [cstride] which tone that is, 0 none
    uint8_t* enabled  # [cstride]
    uint8_t* tile_on  # [cstride / LANES] enabled channels in the tile
    progress_track* tracks  # [channels] what the windows add up to

# copies the plan; NULL: no memory; all channels disabled
cdef progress_bank* progress_new(int channels, const progress_plan* plan) noexcept nogil
cdef void progress_free(progress_bank* bank) noexcept nogil  # NULL is allowed
# -> events written; 4 × channels is always room enough for blocks of up to 160 samples
cdef int progress_process(progress_bank* bank, const float* pcm, int block, progress_event* out,
                          int max_events) noexcept nogil
cdef void progress_reset(progress_bank* bank, int channel) noexcept nogil
# enabling starts afresh; disabling drops what is on without an end event
cdef void progress_enable(progress_bank* bank, int channel, bint on) noexcept nogil
# whether an unknown steady cadence is taken for busy; what was learned before is kept
cdef void progress_learn(progress_bank* bank, int channel, bint on) noexcept nogil
# what progress_plan.compile_plan gives, as the bank takes it
cdef int progress_set_plan(progress_plan* plan, object listening) except -1
