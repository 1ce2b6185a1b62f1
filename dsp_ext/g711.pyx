"""G.711: A-law and µ-law octets to linear samples and back.

What: decoding takes the octets of many channels, as ports give them (channel by channel), and
gives pcm with the channel innermost; encoding goes the other way. Both transpose as they go.
How: segment and mantissa are the top bits of a float. Encoding rounds to nearest even, clips to 16
bits and reads them off; decoding puts them there and takes away where the steps begin. No table, no
branch: loops the compiler vectorises, over octets turned 16 by 16. Where the processor converts half
floats, which octets of A-law nearly are, it decodes so (g711_tiles.h), to the same bits.
Limits: A-law octets survive decode and encode unchanged; µ-law's 0x7F (minus zero) comes back as
0xFF. µ-law clips at ±32636, A-law at ±32768.
Source: ITU-T G.711 (1988) tables 1a, 1b (A-law, even bits inverted) and 2a, 2b (µ-law).
"""

from libc.stdint cimport int16_t, uint8_t

import numpy as np

from dsp_ext.units import pcm_block

cdef extern from "g711.h":
    void g711_decode(const uint8_t* octets, int stride, float* pcm, int cstride, int channels,
                     int block, int law) noexcept nogil
    void g711_encode(const float* pcm, int cstride, uint8_t* octets, int stride, int channels,
                     int block, int law) noexcept nogil
    void g711_decode_array(const uint8_t* octets, int16_t* samples, long n, int law) noexcept nogil
    void g711_encode_array(const int16_t* samples, uint8_t* octets, long n, int law) noexcept nogil
    float g711_value(uint8_t octet, int law) noexcept nogil
    int g711_code(int sample, int law) noexcept nogil


cdef void decode_block(const uint8_t* octets, int stride, float* pcm, int cstride,
                       int channels, int block, int law) noexcept nogil:
    g711_decode(octets, stride, pcm, cstride, channels, block, law)


cdef void encode_block(const float* pcm, int cstride, uint8_t* octets, int stride,
                       int channels, int block, int law) noexcept nogil:
    g711_encode(pcm, cstride, octets, stride, channels, block, law)


cdef int16_t decode_one(uint8_t octet, int law) noexcept nogil:
    return <int16_t>g711_value(octet, law)


cdef uint8_t encode_one(int16_t sample, int law) noexcept nogil:
    return <uint8_t>g711_code(sample, law)


cdef int _law(law) except -1:
    if law == "alaw":
        return ALAW
    if law == "ulaw":
        return ULAW
    raise ValueError(f"law must be 'alaw' or 'ulaw', not {law!r}")


def _array(values, dtype, str what):
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{what} must be a NumPy array, not {type(values).__name__}")
    if values.dtype != dtype:
        raise TypeError(f"{what} must be {np.dtype(dtype).name}, not {values.dtype}")
    return np.ascontiguousarray(values)


def _encode(samples, int law):
    values = _array(samples, np.int16, "samples")
    out = np.empty(values.shape, dtype=np.uint8)
    cdef const int16_t[::1] source = values.reshape(-1)
    cdef uint8_t[::1] target = out.reshape(-1)
    if source.shape[0]:
        with nogil:
            g711_encode_array(&source[0], &target[0], source.shape[0], law)
    return out


def _decode(octets, int law):
    values = _array(octets, np.uint8, "octets")
    out = np.empty(values.shape, dtype=np.int16)
    cdef const uint8_t[::1] source = values.reshape(-1)
    cdef int16_t[::1] target = out.reshape(-1)
    if source.shape[0]:
        with nogil:
            g711_decode_array(&source[0], &target[0], source.shape[0], law)
    return out


def alaw_encode(samples):
    """int16 array of any shape -> uint8 array of A-law octets. Raises TypeError."""
    return _encode(samples, ALAW)


def ulaw_encode(samples):
    """int16 array of any shape -> uint8 array of µ-law octets. Raises TypeError."""
    return _encode(samples, ULAW)


def alaw_decode(octets):
    """uint8 array of A-law octets, any shape -> int16 array. Raises TypeError."""
    return _decode(octets, ALAW)


def ulaw_decode(octets):
    """uint8 array of µ-law octets, any shape -> int16 array. Raises TypeError."""
    return _decode(octets, ULAW)


def decode(octets, law="alaw"):
    """Octets of many channels -> pcm.

    octets : uint8 ndarray of shape (channels, block), as on the line
    returns float32 ndarray of shape (block, channels), linear ±32768
    Raises TypeError for another dtype, ValueError for another shape or law.
    """
    values = _array(octets, np.uint8, "octets")
    if values.ndim != 2:
        raise ValueError(f"octets must have shape (channels, block), not {values.shape}")
    cdef int rule = _law(law)
    cdef int channels = values.shape[0]
    cdef int block = values.shape[1]
    out = np.empty((block, channels), dtype=np.float32)
    if values.size == 0:
        return out
    cdef const uint8_t[:, ::1] source = values
    cdef float[:, ::1] target = out
    with nogil:
        decode_block(&source[0, 0], block, &target[0, 0], channels, channels, block, rule)
    return out


def encode(pcm, law="alaw"):
    """pcm -> octets of many channels; rounds to nearest even and clips.

    pcm : float32 ndarray of shape (block, channels), linear ±32768
    returns uint8 ndarray of shape (channels, block)
    Raises TypeError, ValueError (shape, layout, NaN, infinity, law).
    """
    cdef int rule = _law(law)
    values = pcm_block(pcm, pcm.shape[1] if getattr(pcm, "ndim", 0) == 2 else 1)
    cdef int block = values.shape[0]
    cdef int channels = values.shape[1]
    out = np.empty((channels, block), dtype=np.uint8)
    if values.size == 0:
        return out
    cdef const float[:, ::1] source = values
    cdef uint8_t[:, ::1] target = out
    with nogil:
        encode_block(&source[0, 0], channels, &target[0, 0], block, channels, block, rule)
    return out
