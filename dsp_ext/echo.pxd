"""C doors of the echo canceller; echo.pyx says what and how.

What processes and what sets belong to one thread at a time; what reads may be called from any
other: it reads single words, and allocates nothing.
"""

cdef struct echo_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int slots  # parts of 80 taps there is memory for
    size_t per_tile  # bytes of state of 16 channels
    float[13] prior
    void* tiles  # [cstride / LANES]
    char* memory

cdef enum:
    ECHO_BLOCK_SAMPLES = 80
    ECHO_FIND = -1  # a delay that is not told but found
    ECHO_MOST_DELAY_SAMPLES = 1280  # a delay that can be told

# NULL: no memory; all channels on. tail_ms 64 or 128; nlp and disabler hold for every channel.
cdef echo_bank* echo_new(int channels, int tail_ms, bint nlp) noexcept nogil
cdef void echo_free(echo_bank* bank) noexcept nogil  # NULL is allowed
# tx: what was sent in this block, rx: what came in, out: what is left of it (may be rx); `block` a
# multiple of 80; rows of `cstride` floats
cdef void echo_process(echo_bank* bank, const float* tx, const float* rx, float* out,
                       int block) noexcept nogil

# ---- one channel; `channel` is not checked
cdef void echo_reset(echo_bank* bank, int channel) noexcept nogil  # forgets line and delay
cdef void echo_enable(echo_bank* bank, int channel, bint on) noexcept nogil  # begins afresh
cdef void echo_freeze(echo_bank* bank, int channel, bint frozen) noexcept nogil
cdef void echo_set_nlp(echo_bank* bank, int channel, bint on) noexcept nogil
cdef void echo_set_disabler(echo_bank* bank, int channel, bint on) noexcept nogil  # by 2100 Hz
# The echo comes at least `samples` (0 to ECHO_MOST_DELAY_SAMPLES) late; ECHO_FIND: find it
cdef void echo_set_delay(echo_bank* bank, int channel, int samples) noexcept nogil

# What is sent passes buffers that hold it back by `samples`, of which whole blocks count: from the
# next reset on that delay is begun with
cdef void echo_set_least(echo_bank* bank, int channel, int samples) noexcept nogil

# ---- all channels: compute only `parts` (1 to slots) parts of 80 taps; more brings them back
cdef void echo_set_tail(echo_bank* bank, int parts) noexcept nogil
cdef int echo_tail(const echo_bank* bank) noexcept nogil  # parts in use

# ---- what is known of a channel
cdef int echo_delay(const echo_bank* bank, int channel) noexcept nogil  # samples; -1: no echo seen
cdef double echo_erl_db(const echo_bank* bank, int channel) noexcept nogil
cdef double echo_erle_db(const echo_bank* bank, int channel) noexcept nogil
cdef bint echo_double_talk(const echo_bank* bank, int channel) noexcept nogil
cdef bint echo_disabled(const echo_bank* bank, int channel) noexcept nogil  # by 2100 Hz, just now
