"""C door of ports; port.pyx says what and how."""

from dsp_ext.line cimport line_t
from dsp_ext.state cimport port_t

cdef class Port:
    cdef port_t c
    cdef object owner  # keeps what c.ctx points to
    cdef readonly int channels
    cdef readonly int block  # samples a block
    cdef readonly str law
    cdef readonly bint attached

cdef struct end_t:
    line_t* incoming
    line_t* outgoing

cdef class Wire:
    cdef line_t* toward_a
    cdef line_t* toward_b
    cdef end_t end_a
    cdef end_t end_b
    cdef dict _held  # impulse responses a line may read, by the end they lead to
    cdef readonly Port a
    cdef readonly Port b
    cdef readonly int channels, block
    cdef readonly str law
    cdef line_t* _line(self, str toward) except NULL
    cdef int _order(self, str toward, int what, int channel, double value,
                    const float[::1] taps) except -1
