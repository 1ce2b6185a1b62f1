"""SPSC byte ring between the control plane and the tick.

What: a lock-free ring of octets with one producer and one consumer, each on
any thread. Commands, events, taps and feeds all travel in it.
How: two ever-growing 64-bit counts, each stored by one side alone with release
and loaded by the other with acquire; the capacity is a power of two.
Limits: exactly one producer and one consumer. It never blocks and never grows;
what does not fit is refused and counted.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from dsp_ext.native cimport fetch_to_read, fetch_to_write, load_acquire, store_release


cdef bint ring_init(ring_t* ring, size_t capacity) noexcept nogil:
    cdef size_t size = 1
    while size < capacity:
        size *= 2
    ring.data = <uint8_t*> calloc(size, 1)
    ring.mask = size - 1
    ring.head = ring.tail = ring.tail_seen = ring.dropped = 0
    return ring.data != NULL


cdef void ring_release(ring_t* ring) noexcept nogil:
    free(ring.data)
    ring.data = NULL


cdef size_t ring_readable(const ring_t* ring) noexcept nogil:
    return load_acquire(&ring.head) - load_acquire(&ring.tail)


cdef size_t ring_writable(const ring_t* ring) noexcept nogil:
    return ring.mask + 1 - ring_readable(ring)


cdef void _fill(ring_t* ring, const uint8_t* data, size_t n) noexcept nogil:
    """Copy n octets in, of which the caller knows that they fit, and show them."""
    cdef size_t at = ring.head & ring.mask
    cdef size_t first = min(n, ring.mask + 1 - at)
    memcpy(ring.data + at, data, first)
    memcpy(ring.data, data + first, n - first)
    store_release(&ring.head, ring.head + n)


cdef size_t ring_write(ring_t* ring, const void* data, size_t n) noexcept nogil:
    cdef size_t taken = min(n, ring_writable(ring))
    _fill(ring, <const uint8_t*> data, taken)
    if taken < n:
        store_release(&ring.dropped, ring.dropped + n - taken)
    return taken


cdef bint ring_put(ring_t* ring, const void* data, size_t n) noexcept nogil:
    # The consumer's word is looked at only when the last look shows no room: it is far away.
    if ring.mask + 1 - (ring.head - ring.tail_seen) < n:
        ring.tail_seen = load_acquire(&ring.tail)
        if ring.mask + 1 - (ring.head - ring.tail_seen) < n:
            return False
    _fill(ring, <const uint8_t*> data, n)
    return True


cdef void ring_fetch_write(ring_t* ring, size_t n) noexcept nogil:
    fetch_to_write(ring.data + (ring.head & ring.mask), n)


cdef void ring_fetch_read(ring_t* ring, size_t n) noexcept nogil:
    fetch_to_read(ring.data + (ring.tail & ring.mask), n)


cdef size_t ring_read(ring_t* ring, void* data, size_t n) noexcept nogil:
    cdef size_t given = min(n, ring_readable(ring))
    cdef size_t at = ring.tail & ring.mask
    cdef size_t first = min(given, ring.mask + 1 - at)
    memcpy(data, ring.data + at, first)
    memcpy(<uint8_t*> data + first, ring.data, given - first)
    store_release(&ring.tail, ring.tail + given)
    return given


cdef class Ring:
    """A ring of at least `capacity_bytes` octets (rounded up to a power of two).

    Raises ValueError for a capacity outside 1 … 2³⁰, MemoryError.
    """

    def __cinit__(self, capacity_bytes: int) -> None:
        if not 1 <= capacity_bytes <= 1 << 30:
            raise ValueError(f"ring capacity {capacity_bytes}: 1 to {1 << 30} octets are allowed")
        if not ring_init(&self.c, capacity_bytes):
            raise MemoryError(f"ring of {capacity_bytes} octets")

    def __dealloc__(self) -> None:
        ring_release(&self.c)

    def write(self, const uint8_t[::1] data not None) -> int:
        """Producer: put in what fits of `data` (bytes or any octet buffer) -> octets taken."""
        if data.shape[0] == 0:
            return 0
        return ring_write(&self.c, &data[0], data.shape[0])

    def read(self, max_bytes: int = -1) -> bytes:
        """Consumer: all that is there, or at most `max_bytes` of it."""
        cdef size_t n = ring_readable(&self.c)
        if max_bytes >= 0:
            n = min(n, <size_t> max_bytes)
        data = PyBytes_FromStringAndSize(NULL, n)
        ring_read(&self.c, PyBytes_AS_STRING(data), n)
        return data

    @property
    def capacity(self) -> int:
        return self.c.mask + 1

    @property
    def readable(self) -> int:
        return ring_readable(&self.c)

    @property
    def writable(self) -> int:
        return ring_writable(&self.c)

    @property
    def dropped(self) -> int:
        """Octets refused because the ring was full, ever."""
        return load_acquire(&self.c.dropped)
