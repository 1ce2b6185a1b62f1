"""The making and the end of an engine's memory; memory.pyx."""

from dsp_ext.state cimport engine_shape, engine_t

# NULL: no memory, or no descriptor
cdef engine_t* engine_new(const engine_shape* shape) noexcept nogil
# One more post, before the first tick; `plan`: a progress_plan, copied; NULL for other kinds. False: no memory.
cdef bint engine_post(engine_t* e, int kind, int which, int slots,
                      const void* plan) noexcept nogil
cdef void engine_free(engine_t* e) noexcept nogil


# What the real-time thread and run_blocks need of an engine object.
cdef class EngineState:
    cdef engine_t* e
    cdef object ticked_by  # "" or who ticks it now
    cdef int claim(self, str who) except -1  # RuntimeError when somebody else ticks it
    cdef void let_go(self)
