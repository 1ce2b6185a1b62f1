"""The largest magnitude in an array, which also tells NaN and infinity.

What: a kernel's door asks it of every block.
How: the largest bit pattern without sign, across the vector's lanes; NumPy's way, an array of
truth values and a reduction over it, costs as much as a kernel.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memcpy

cdef extern from "finite.h":
    uint32_t finite_largest(const float* values, size_t n) noexcept nogil


cdef uint32_t _bits(const float[:, ::1] values):
    if values.shape[0] == 0 or values.shape[1] == 0:
        return 0
    return finite_largest(&values[0, 0], values.shape[0] * values.shape[1])


def largest(values):
    """The largest magnitude in a C-contiguous float32 array of two axes; NaN if one is in it.

    Raises ValueError for another dtype, layout or number of axes.
    """
    cdef uint32_t bits = _bits(values)
    cdef float value
    memcpy(&value, &bits, sizeof(value))
    return value
