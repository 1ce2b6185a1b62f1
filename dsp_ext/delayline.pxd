"""One direction of a wire: a FIFO of blocks that is also its delay line; delayline.pyx."""

from libc.stdint cimport uint8_t, uint64_t

from dsp_ext.line cimport line_t

cdef line_t* line_new(int channels, int block, int law, uint64_t seed) noexcept nogil  # or NULL
cdef void line_free(line_t* line) noexcept nogil
cdef void line_write(line_t* line, const uint8_t* octets, int stride) noexcept nogil
cdef void line_read(line_t* line, uint8_t* octets, int stride) noexcept nogil
