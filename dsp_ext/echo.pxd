"""C doors of the echo canceller; echo.pyx says what and how."""

cdef struct echo_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int parts  # of 80 taps
    bint nlp
    size_t per_tile  # bytes of state of 16 channels
    float[13] prior
    void* tiles  # [cstride / LANES]
    char* memory

cdef enum:
    ECHO_BLOCK_SAMPLES = 80

# NULL: no memory; all channels on. tail_ms 64 or 128.
cdef echo_bank* echo_new(int channels, int tail_ms, bint nlp) noexcept nogil
cdef void echo_free(echo_bank* bank) noexcept nogil  # NULL is allowed
# tx: what was sent in this block, rx: what came in, out: what is left of it (may be rx); `block` a
# multiple of 80
cdef void echo_process(echo_bank* bank, const float* tx, const float* rx, float* out,
                       int block) noexcept nogil
cdef void echo_reset(echo_bank* bank, int channel) noexcept nogil
cdef void echo_enable(echo_bank* bank, int channel, bint on) noexcept nogil  # begins afresh
cdef void echo_freeze(echo_bank* bank, int channel, bint frozen) noexcept nogil
