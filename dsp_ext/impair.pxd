"""What a line does to a block on its way, and the orders that say so; impair.pyx."""

from libc.stdint cimport uint8_t, uint64_t

from dsp_ext.line cimport line_t

cdef uint64_t random_seed(uint64_t seed, uint64_t channel) noexcept nogil
cdef void impair_orders(line_t* line) noexcept nogil  # take what was ordered since the last block
cdef void impair_block(line_t* line, uint8_t* octets, int stride) noexcept nogil
