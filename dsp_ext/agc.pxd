"""C doors of the automatic gain control; agc.pyx says what and how."""

from libc.stdint cimport int32_t

from dsp_ext.vad cimport vad_bank

cdef struct agc_bank:
    int channels
    int cstride
    float target  # mean square
    float most  # gain
    float least  # gain
    vad_bank* voice
    float* level  # [cstride] mean square of the channel's speech; 0: none heard yet
    float* aim  # [cstride] gain that is gone toward
    float* gain  # [cstride] gain of the last sample
    float* step  # [cstride] by which it moves with each sample
    int32_t* on  # [cstride]

cdef agc_bank* agc_new(int channels, double target_dbm0, double max_gain_db,
                       double max_loss_db) noexcept nogil  # NULL: no memory; all channels on
cdef void agc_free(agc_bank* bank) noexcept nogil  # NULL is allowed
# in place is allowed
cdef void agc_process(agc_bank* bank, const float* pcm, float* out, int block) noexcept nogil
# off: untouched from the next block on; on: begins afresh with gain 1
cdef void agc_enable(agc_bank* bank, int channel, bint on) noexcept nogil
cdef void agc_reset(agc_bank* bank, int channel) noexcept nogil
