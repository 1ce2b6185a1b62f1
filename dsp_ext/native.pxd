"""Ordered words between two threads, memory ahead of use and in large pages, the clock, the heap.

native.h has the bodies.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from "native.h" nogil:
    uint64_t load_acquire(const uint64_t* word)
    void store_release(uint64_t* word, uint64_t value)
    void fetch_to_read(const void* data, size_t size)
    void fetch_to_write(void* data, size_t size)
    void in_large_pages(void* memory, size_t size)
    int64_t now_ns()  # CLOCK_MONOTONIC
    size_t heap_octets()  # in use; 0 where nobody counts
