"""Who hears whom, and which octets may be copied untouched; bridge.pyx says how."""

from dsp_ext.state cimport engine_t

cdef void bridge_join(engine_t* e, int channel, int bridge, float talk,
                      float listen) noexcept nogil
cdef void bridge_leave(engine_t* e, int channel) noexcept nogil  # and whispers end
cdef void bridge_whisper(engine_t* e, int channel, int to, float gain) noexcept nogil
cdef void bridge_loudest(engine_t* e, int bridge, int count) noexcept nogil
# a block begins: who copies now -> does any member need the mixer?
cdef bint bridge_route(engine_t* e) noexcept nogil
cdef void bridge_copy(engine_t* e) noexcept nogil  # rx of the peer -> tx
