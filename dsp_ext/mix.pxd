"""C door of the mixer; mix.pyx says what and how, mix_seat.pxd has the bank."""

from dsp_ext.mix_seat cimport mix_bank

# pcm_in within ±32768. pcm_out is written for all channels: zero for those who hear nobody. In
# place is not allowed.
cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int block) noexcept nogil
