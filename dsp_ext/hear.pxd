"""What the lines bring, heard tile by tile; hear.pyx says in which order."""

from dsp_ext.state cimport engine_t

# e.rx → detectors' events, levels and, where it is mixed, e.pcm_in
cdef void hear(engine_t* e, bint must_mix) noexcept nogil
