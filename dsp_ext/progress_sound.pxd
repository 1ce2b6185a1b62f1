"""What one window holds; progress_sound.pyx says how. Shapes and constants are in progress_state.h."""

from libc.stdint cimport int32_t, uint32_t

from dsp_ext.cadence cimport cadence_plan
from dsp_ext.progress_track cimport progress_track, progress_window

cdef extern from "progress_state.h":
    enum:
        PROGRESS_UNIT
        PROGRESS_FOLD
        PROGRESS_HALF
        PROGRESS_CHUNK
        PROGRESS_BINS
        PROGRESS_HOPS
        PROGRESS_BANDS
        PROGRESS_FEW

    ctypedef struct progress_signature:
        uint32_t all
        uint32_t first
        uint32_t second
        uint32_t beats

    ctypedef struct progress_reference:
        float low[10][2]
        float high[20][10]
        float one[40][16]
        float turn[16][2][16]
        float weight[16]
        float step[5][2]
        float limit[5]
        float least

    ctypedef struct progress_tile:
        float chunk[16][2][16]
        float last[5][2][16]
        float advance[4][5][2][16]
        float energy[4][16]

    ctypedef struct progress_window_tile:
        float bins[16][16]
        float power[16]
        float tone[16]
        int32_t sound[16]

cdef struct progress_plan:
    double centre_hz  # of the low band
    int lowest  # its lowest bin
    progress_signature signature[8]
    int signatures
    cadence_plan cadences

# fills what the plan's band is analysed with
cdef void progress_refer(progress_reference* reference, const progress_plan* plan) noexcept nogil
# what the channel in `lane` of a tile hears, as its track takes it
cdef void progress_hear(const progress_plan* plan, const progress_tile* tile,
                        const progress_window_tile* heard, int lane, const progress_track* track,
                        progress_window* window) noexcept nogil
