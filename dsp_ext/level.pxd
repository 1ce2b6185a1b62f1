"""C doors of the level meter and of the noise floor; level.pyx says what and how."""

from libc.stdint cimport int32_t

cdef struct level_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    float* power  # [cstride] smoothed mean square, (±32768)² scale
    float* peak  # [cstride] largest magnitude since it was last taken
    int32_t* clipped  # [cstride] samples at full scale since the last reset

cdef level_bank* level_new(int channels) noexcept nogil  # NULL: no memory
cdef void level_free(level_bank* bank) noexcept nogil  # NULL is allowed
cdef void level_process(level_bank* bank, const float* pcm, int block) noexcept nogil
cdef void level_reset(level_bank* bank, int channel) noexcept nogil
cdef float level_dbm0(const level_bank* bank, int channel) noexcept nogil  # -99: silence

cdef enum:
    NOISE_UNIT = 80  # samples

cdef struct noise_bank:
    int channels
    int cstride
    int fill  # samples in the unfinished unit
    int unit  # its number in the part of the window
    int at  # the part to be replaced next
    float* energy  # [cstride] of the unfinished unit
    float* smooth  # [cstride] mean square of the units, smoothed
    float* low  # [cstride] its minimum in the unfinished part
    float* part  # [8][cstride] and in those before
    float* least  # [cstride] the minimum of these
    float* floor  # [cstride] mean square of the floor, before what the minimum lacks

cdef noise_bank* noise_new(int channels) noexcept nogil  # NULL: no memory
cdef void noise_free(noise_bank* bank) noexcept nogil  # NULL is allowed
cdef void noise_process(noise_bank* bank, const float* pcm, int block) noexcept nogil
# the same for who has the mean squares of units already: [cstride]
cdef void noise_unit(noise_bank* bank, const float* power) noexcept nogil
cdef void noise_reset(noise_bank* bank, int channel) noexcept nogil
cdef float noise_power(const noise_bank* bank, int channel) noexcept nogil  # mean square
