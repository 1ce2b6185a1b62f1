"""What is left out when a tick takes too long; shed.pyx has the order and the table."""

from libc.stdint cimport int64_t

from dsp_ext.state cimport engine_t

cdef void shed_init(engine_t* e) noexcept nogil  # again when banks are added
cdef void shed_measured(engine_t* e, int64_t cost_ns) noexcept nogil  # of the tick just done
cdef void shed_judge(engine_t* e) noexcept nogil  # at a block's start: changes the level, tells it
