"""What is heard in place of frames that did not come: the concealer on octets of G.711.

What: while all frames come, octets pass untouched and the last 60 ms of each channel are kept as they
are. Only when frames are missing is the concealer (plc.pyx) told of these, and works until what came
again has been blended in.
How: all channels of a span lose the same frames, so one flag serves them all.
Limits: the concealer's; blocks of at most 160 frames.
Memory: 4.5 KB a channel.
"""

from libc.math cimport rintf
from libc.stdint cimport int16_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove, memset

from dsp_ext.g711 cimport decode_one, encode_one
from dsp_ext.plc cimport plc_free, plc_good, plc_lost, plc_new, plc_reset
from dsp_ext.state cimport BLOCK_MAX


cdef bint fill_init(fill_t* f, int channels, int law, uint8_t idle) noexcept nogil:
    f.channels, f.law, f.open = channels, law, False
    f.plc = plc_new(channels)
    f.past = <uint8_t*> calloc(channels, FILL_PAST)
    f.samples = <float*> calloc(BLOCK_MAX, sizeof(float))
    if f.plc == NULL or f.past == NULL or f.samples == NULL:
        fill_release(f)
        return False
    memset(f.past, idle, <size_t> channels * FILL_PAST)
    return True


cdef void fill_release(fill_t* f) noexcept nogil:
    plc_free(f.plc)
    free(f.past)
    free(f.samples)
    f.plc, f.past, f.samples = NULL, NULL, NULL


cdef void _decode(fill_t* f, const uint8_t* octets, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        f.samples[i] = decode_one(octets[i], f.law)


cdef void _encode(fill_t* f, uint8_t* octets, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        octets[i] = encode_one(
            <int16_t> min(max(rintf(f.samples[i]), <float> -32768.0), <float> 32767.0), f.law)


cdef void _tell(fill_t* f, int c, const uint8_t* octets, int n) noexcept nogil:
    """The concealer hears what was heard, at most a block at a time."""
    cdef int at = 0, size
    while at < n:
        size = min(n - at, <int> BLOCK_MAX)
        _decode(f, octets + at, size)
        plc_good(f.plc, c, f.samples, size, 1)
        at += size


cdef void fill_good(fill_t* f, uint8_t* octets, int stride, int first, int n) noexcept nogil:
    cdef int c
    cdef uint8_t* row
    cdef bint blends, goes_on = False
    if not f.open:
        return
    for c in range(f.channels):
        row = octets + <Py_ssize_t> c * stride + first
        blends = f.plc.channel[c].lost > 0
        _decode(f, row, n)
        plc_good(f.plc, c, f.samples, n, 1)
        if blends:
            _encode(f, row, n)
        goes_on |= f.plc.channel[c].lost > 0
    f.open = goes_on


cdef void fill_lost(fill_t* f, uint8_t* octets, int stride, int first, int n) noexcept nogil:
    cdef int c
    cdef uint8_t* row
    for c in range(f.channels):
        row = octets + <Py_ssize_t> c * stride
        if not f.open:
            plc_reset(f.plc, c)
            _tell(f, c, f.past + c * FILL_PAST, FILL_PAST)
            _tell(f, c, row, first)
        plc_lost(f.plc, c, f.samples, n, 1)
        _encode(f, row + first, n)
    f.open = True


cdef void fill_end(fill_t* f, const uint8_t* octets, int stride, int block) noexcept nogil:
    cdef int c
    cdef uint8_t* past
    for c in range(f.channels):
        past = f.past + c * FILL_PAST
        memmove(past, past + block, FILL_PAST - block)
        memcpy(past + FILL_PAST - block, octets + <Py_ssize_t> c * stride, block)
