"""C doors of the mixer; mix.pyx says what and how."""

from libc.stdint cimport int32_t

cdef struct mix_bank:
    int channels
    int cstride  # units.padded(channels)
    int32_t* bridge_of  # [cstride] -1: none; else 0 … channels - 1
    float* talk  # [cstride] gain into the bridge; 0: listens only
    float* listen  # [cstride] gain out of the bridge; 0: deaf
    int32_t* member  # [cstride] scratch: the channels in any bridge
    int32_t* slot  # [cstride] scratch: bridge, or the spare slot of those in none
    float* hear  # [cstride] scratch: listen, 0 for those in no bridge
    int32_t* given  # [MIX_ROWS][cstride] scratch: what each says in these rows
    int32_t* total  # [MIX_ROWS][cstride + 1] scratch: the rows' sums by bridge

cdef mix_bank* mix_new(int channels) noexcept nogil  # NULL: no memory; nobody in a bridge
cdef void mix_free(mix_bank* bank) noexcept nogil  # NULL is allowed
# pcm_out is written for all channels: zero for those in no bridge. In place is not allowed.
cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int cstride,
                      int block) noexcept nogil
