"""C doors of the fill of missing frames; cesop_fill.pyx says what and how."""

from libc.stdint cimport uint8_t

from dsp_ext.plc cimport plc_bank

cdef enum:
    FILL_PAST = 480  # octets a channel is remembered by

cdef struct fill_t:
    int channels
    int law
    bint open  # a gap, or the blend behind it, is going on
    plc_bank* plc
    uint8_t* past  # [channels][FILL_PAST] what was heard last
    float* samples  # [160] scratch

cdef bint fill_init(fill_t* f, int channels, int law, uint8_t idle) noexcept nogil  # False: no memory
cdef void fill_release(fill_t* f) noexcept nogil
# Of octets[c * stride + i] the frames from `first` on, `n` of them, came (and may be blended) …
cdef void fill_good(fill_t* f, uint8_t* octets, int stride, int first, int n) noexcept nogil
# … or did not, and are written
cdef void fill_lost(fill_t* f, uint8_t* octets, int stride, int first, int n) noexcept nogil
# After the last of a block: it is remembered.
cdef void fill_end(fill_t* f, const uint8_t* octets, int stride, int block) noexcept nogil
