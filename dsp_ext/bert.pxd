"""C doors of the bit error tester; bert.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cdef extern from "bert.h":
    enum:
        BERT_WINDOW

    ctypedef struct bert_pattern:
        int near
        int far
        uint32_t inverted
        uint32_t mask

    ctypedef struct bert_tile:  # of 16 channels; bert.h says what each is
        uint32_t[16] sent
        int32_t[16] run
        int32_t[16] locked
        int32_t[16] met
        int32_t[16] waiting
        uint8_t[32][16] window
        int64_t[16] octets
        int64_t[16] errors
        int64_t[16] errored
        int64_t[16] lost
        int64_t[16] losses
        int64_t[16] slips
        int64_t[16] slipped

cdef enum:  # patterns; their names are in bert.pyx
    BERT_2047 = 0  # 2^11 - 1, O.152
    BERT_32767 = 1  # 2^15 - 1, inverted, O.151
    BERT_PATTERNS = 2

cdef struct bert_bank:
    int channels
    int cstride  # octets in a row: units.padded(channels)
    bert_pattern pattern
    int at  # place in the windows
    bert_tile* tiles  # [cstride / LANES]

cdef bert_bank* bert_new(int channels, int pattern) noexcept nogil  # NULL: no memory
cdef void bert_free(bert_bank* bank) noexcept nogil  # NULL is allowed
# the next octets to send, [n][cstride]
cdef void bert_make(bert_bank* bank, uint8_t* octets, int n) noexcept nogil
# octets received, laid out alike
cdef void bert_check(bert_bank* bank, const uint8_t* octets, int n) noexcept nogil
cdef void bert_begin(bert_bank* bank) noexcept nogil  # counts at 0, patterns to be found anew
