"""Units of the data plane for `cimport`; `units.py` says the same in Python.

A sample is linear, ±32768. 0 dBm0 is fixed by G.711's load capacity: a sine
whose peak is 32768 (A-law's virtual decision value 4096, times 8) is
+3.14 dBm0. The same constant serves µ-law, where it is 0.065 dB off.
"""

from libc.math cimport log10, pow
from libc.string cimport memset

from dsp_ext.native cimport in_large_pages

cdef extern from "<stdlib.h>" nogil:
    void* aligned_alloc(size_t alignment, size_t size) noexcept

cdef enum:
    SAMPLE_RATE = 8000  # Hz
    LANES = 16  # rows of pcm are padded to this many channels


cdef inline int padded(int channels) noexcept nogil:
    """Floats in a row of pcm: `channels` rounded up to whole lanes."""
    return (channels + LANES - 1) // LANES * LANES


cdef inline double peak_of_dbm0(double dbm0) noexcept nogil:
    """Peak of a sine of `dbm0`."""
    return 32768.0 * pow(10.0, (dbm0 - 3.14) / 20.0)


cdef inline double dbm0_of_mean_square(double mean_square) noexcept nogil:
    """Level of a signal by its mean square; -99 for silence."""
    if not mean_square > 1e-3:
        return -99.0
    return 10.0 * log10(mean_square / 536870912.0) + 3.14


cdef inline void* zeroed(size_t size) noexcept nogil:
    """At least `size` bytes of zeros, aligned to a cache line; NULL when there is no memory."""
    cdef size_t whole = (size + 63) & ~<size_t>63
    cdef void* memory = aligned_alloc(64, whole if whole else 64)
    if memory != NULL:
        in_large_pages(memory, whole)
        memset(memory, 0, whole)
    return memory
