"""Commands of the control plane, applied at a block's start; commands.pyx."""

from dsp_ext.state cimport engine_t

cdef void apply_commands(engine_t* e) noexcept nogil
