"""C doors of the call-progress detector; progress.pyx says what and how.

For a tick: `progress_set_plan` a plan (with the GIL, once), `progress_new` a bank, and call
`progress_process` on rows of `cstride` floats each tick; every event names its channel of the bank,
which may as well be a slot. Nothing is allocated after `progress_new`. The bank keeps
0.93 KB a channel (344 octets of windows, 160 of an unfinished unit, 424 of steps and cadence) and
14 KB of its plan. A channel that is off costs nothing where all 16 of its tile are off, and an
idle line (below -49 dBm0) a third of one with sound.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t

from dsp_ext.progress_sound cimport (
    progress_plan,
    progress_reference,
    progress_tile,
    progress_window_tile,
)
from dsp_ext.progress_track cimport progress_event, progress_track

cdef struct progress_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int fill  # samples in the unfinished unit
    int unit  # its number in the window, 0 … 7
    int64_t now  # bank time, samples
    int64_t dropped  # events that found no room in `out`
    progress_plan plan
    progress_reference* reference
    progress_window_tile* heard  # the window looked at
    float* carry  # [40][cstride] an unfinished unit
    progress_tile* tiles  # [cstride / LANES]
    uint8_t* enabled  # [cstride]
    uint8_t* tile_on  # [cstride / LANES] enabled channels in the tile
    uint8_t* tile_busy  # [cstride / LANES] whether silence would change anything in it
    int32_t* tile_idle  # [cstride / LANES] hops for which it was passed over
    progress_track* tracks  # [channels] what the windows add up to

# what progress_plan.compile_plan gives, as the bank takes it
cdef int progress_set_plan(progress_plan* plan, object listening) except -1
# copies the plan; NULL: no memory; all channels disabled, and learning
cdef progress_bank* progress_new(int channels, const progress_plan* plan) noexcept nogil
cdef void progress_free(progress_bank* bank) noexcept nogil  # NULL is allowed
# `pcm`: [block][cstride], linear ±32768, any number of samples
# -> events written; 4 × channels is always room enough for blocks of up to 160 samples
cdef int progress_process(progress_bank* bank, const float* pcm, int block, progress_event* out,
                          int max_events) noexcept nogil
# forgets what the channel had, but for what it has learned
cdef void progress_reset(progress_bank* bank, int channel) noexcept nogil
# enabling starts afresh, with nothing learned; disabling drops what is on without an end event
cdef void progress_enable(progress_bank* bank, int channel, bint on) noexcept nogil
# whether an unknown steady cadence is taken for busy; what was learned before is kept
cdef void progress_learn(progress_bank* bank, int channel, bint on) noexcept nogil
# what was learned at another time: a sound, and hops of its bursts and pauses
cdef void progress_know(progress_bank* bank, int channel, int sound, int on,
                        int off) noexcept nogil
