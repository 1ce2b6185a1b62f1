"""C door of the byte ring; ring.pyx says what and how."""

from libc.stdint cimport uint8_t, uint64_t

cdef struct ring_t:
    uint8_t* data
    uint64_t mask  # capacity - 1
    uint64_t head  # octets ever written; stored by the producer alone
    uint64_t tail_seen  # the producer's last look at `tail`
    uint64_t dropped  # octets refused because full; the producer's
    uint8_t apart[64]  # keeps the two sides' words on different cache lines
    uint64_t tail  # octets ever read; stored by the consumer alone

cdef bint ring_init(ring_t* ring, size_t capacity) noexcept nogil  # False: no memory
cdef void ring_release(ring_t* ring) noexcept nogil
cdef size_t ring_readable(const ring_t* ring) noexcept nogil
cdef size_t ring_writable(const ring_t* ring) noexcept nogil
# as much as fits -> octets taken; the rest is counted as dropped
cdef size_t ring_write(ring_t* ring, const void* data, size_t n) noexcept nogil
# all or nothing; what is refused is not counted
cdef bint ring_put(ring_t* ring, const void* data, size_t n) noexcept nogil
# what the next n octets will be written to, or read from, is brought near
cdef void ring_fetch_write(ring_t* ring, size_t n) noexcept nogil
cdef void ring_fetch_read(ring_t* ring, size_t n) noexcept nogil
# as much as there is, up to n -> octets given
cdef size_t ring_read(ring_t* ring, void* data, size_t n) noexcept nogil

cdef class Ring:
    cdef ring_t c
