"""The real-time thread; thread.pyx says what and how."""

from libc.stdint cimport int64_t, uint64_t

from dsp_ext.state cimport engine_t

cdef struct clockwork_t:
    engine_t** engines
    int count
    int64_t block_ns
    uint64_t running

cdef class EngineThread:
    cdef clockwork_t clock
    cdef unsigned long handle
    cdef bint started
    cdef list engines
    cdef object priority
    cdef long process  # that started it
    cdef readonly bint realtime  # SCHED_FIFO is ours
    cdef readonly bint locked  # our memory stays in RAM
    cdef readonly str error  # why not, in words; "" when all was granted
    cdef int _create(self, int priority) except -1
    cdef _lock_memory(self)
