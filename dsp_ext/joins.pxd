"""Channels that their driver joins by itself; joins.pyx says which and when."""

from dsp_ext.state cimport engine_t

# a block begins, who copies from whom is known: join, and part
cdef void joins_settle(engine_t* e) noexcept nogil
