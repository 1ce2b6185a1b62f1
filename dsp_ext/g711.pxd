"""C doors of the G.711 kernel; g711.pyx says what and how. law: 0 A-law, 1 µ-law."""

from libc.stdint cimport int16_t, uint8_t

cdef enum:
    ALAW = 0
    ULAW = 1

# octets[c * stride + i] -> pcm[i * cstride + c], linear ±32768
cdef void decode_block(const uint8_t* octets, int stride, float* pcm, int cstride,
                       int channels, int block, int law) noexcept nogil
# pcm[i * cstride + c] -> octets[c * stride + i]; rounds to nearest even, clips
cdef void encode_block(const float* pcm, int cstride, uint8_t* octets, int stride,
                       int channels, int block, int law) noexcept nogil
cdef int16_t decode_one(uint8_t octet, int law) noexcept nogil
cdef uint8_t encode_one(int16_t sample, int law) noexcept nogil
