"""One block of an engine; tick.pyx is the sentence."""

from libc.stdint cimport int64_t

from dsp_ext.state cimport engine_t

cdef void engine_tick(engine_t* e) noexcept nogil
# The clock says how late the coming tick is; `missed`: later than a block.
cdef void engine_late(engine_t* e, int64_t late_ns, bint missed) noexcept nogil
