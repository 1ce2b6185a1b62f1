"""C door of ports that carry an E1 over IP; cesop_port.pyx says what and how."""

from dsp_ext.cesop_io cimport cesop_port_t
from dsp_ext.port cimport Port

cdef class CesopPort:
    cdef cesop_port_t c
    cdef readonly Port port
    cdef readonly tuple timeslots
