"""C doors of the level meter; level.pyx says what and how."""

cdef struct level_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    float* power  # [cstride] smoothed mean square, (±32768)² scale

cdef level_bank* level_new(int channels) noexcept nogil  # NULL: no memory
cdef void level_free(level_bank* bank) noexcept nogil  # NULL is allowed
cdef void level_process(level_bank* bank, const float* pcm, int block) noexcept nogil
cdef void level_reset(level_bank* bank, int channel) noexcept nogil
cdef float level_dbm0(const level_bank* bank, int channel) noexcept nogil  # -99: silence
