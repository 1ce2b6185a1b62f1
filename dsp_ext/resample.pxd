"""C doors of the resampler; resample.pyx says what and how."""

cdef enum:
    RESAMPLE_MOST = 480  # input rows taken at once

cdef struct resample_bank:
    int channels
    int cstride
    int up  # output rate ÷ common divisor
    int down  # input rate ÷ common divisor
    int taps  # of a phase
    long at  # next output, in steps of 1/up of an input row
    float* filter  # [up][taps], oldest row first
    float* rows  # [cstride / LANES][taps - 1 + RESAMPLE_MOST][LANES] what the filter looks at

# `filter` is copied; NULL: no memory
cdef resample_bank* resample_new(int channels, int up, int down, int taps,
                                 const float* filter) noexcept nogil
cdef void resample_free(resample_bank* bank) noexcept nogil  # NULL is allowed
# rows that `block` rows will give
cdef long resample_rows(const resample_bank* bank, long block) noexcept nogil
# pcm: [block][cstride], out: [resample_rows][cstride] -> rows written
cdef long resample_process(resample_bank* bank, const float* pcm, int block,
                           float* out) noexcept nogil
cdef void resample_reset(resample_bank* bank) noexcept nogil
