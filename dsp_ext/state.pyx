"""The engine's memory: all of it is got here and given back here, none in a tick.

Arrays are zeroed as they are made, which also brings every page in before the
first tick; rows of pcm are padded to whole SIMD lanes, so banks need no tails.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from dsp_ext.dtmf cimport dtmf_event, dtmf_free, dtmf_new
from dsp_ext.g711 cimport encode_one
from dsp_ext.level cimport level_free, level_new
from dsp_ext.messages cimport command_t, outbox_init, outbox_release
from dsp_ext.mix cimport mix_free, mix_new
from dsp_ext.ring cimport ring_init, ring_release, ring_t
from dsp_ext.tone cimport tone_free, tone_new
from dsp_ext.units cimport LANES, padded


cdef void* _zeroed(size_t n, size_t size, bint* failed) noexcept nogil:
    """calloc whose pages are touched now; `failed` is set and kept when there is no memory."""
    cdef void* memory = calloc(n, size)
    if memory == NULL:
        failed[0] = True
    else:
        memset(memory, 0, n * size)
    return memory


cdef bint _arrays(engine_t* e) noexcept nogil:
    """All arrays of an engine whose sizes are set. False: no memory."""
    cdef bint failed = False
    cdef size_t c = e.channels
    cdef size_t octets = c * e.block
    cdef size_t pcm = <size_t> e.cstride * e.block
    e.rx = <uint8_t*> _zeroed(octets, 1, &failed)
    e.tx = <uint8_t*> _zeroed(octets, 1, &failed)
    e.pcm_in = <float*> _zeroed(pcm, sizeof(float), &failed)
    e.pcm_out = <float*> _zeroed(pcm, sizeof(float), &failed)
    e.ports = <attachment_t*> _zeroed(c, sizeof(attachment_t), &failed)
    e.detect = <uint8_t*> _zeroed(c, 1, &failed)
    e.digits = <dtmf_event*> _zeroed(2 * c, sizeof(dtmf_event), &failed)
    e.sources = <uint8_t*> _zeroed(c, 1, &failed)
    e.copy_from = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.copy_now = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.players = <player_t*> _zeroed(c, sizeof(player_t), &failed)
    e.tone_token = <int64_t*> _zeroed(c, sizeof(int64_t), &failed)
    e.tones_ended = <int*> _zeroed(c, sizeof(int), &failed)
    e.tone_ended_at = <int64_t*> _zeroed(c, sizeof(int64_t), &failed)
    e.feeds = <ring_t**> _zeroed(c, sizeof(ring_t*), &failed)
    e.feed_block = <int16_t*> _zeroed(e.block, sizeof(int16_t), &failed)
    e.tile = <float*> _zeroed(LANES * e.block, sizeof(float), &failed)
    e.taps = <tap_t*> _zeroed(max(e.max_taps, 1), sizeof(tap_t), &failed)
    e.tap_block = <uint8_t*> _zeroed(2 * e.block, 1, &failed)
    e.owed = <uint8_t*> _zeroed(c, 1, &failed)
    return not failed


cdef bint _banks(engine_t* e) noexcept nogil:
    e.level = level_new(e.channels)
    e.dtmf = dtmf_new(e.channels)
    e.mix = mix_new(e.channels)
    e.tone = tone_new(e.channels)
    return e.level != NULL and e.dtmf != NULL and e.mix != NULL and e.tone != NULL


cdef engine_t* engine_new(int channels, int block, int law, int taps, int events,
                          int commands) noexcept nogil:
    cdef engine_t* e = <engine_t*> calloc(1, sizeof(engine_t))
    cdef int c
    if e == NULL:
        return NULL
    e.channels, e.cstride = channels, padded(channels)
    e.block, e.law, e.max_taps = block, law, taps
    e.idle = encode_one(0, law)
    e.out.fd = -1
    if not (_arrays(e) and _banks(e) and outbox_init(&e.out, events)
            and ring_init(&e.commands, commands * sizeof(command_t))):
        engine_free(e)
        return NULL
    memset(e.rx, e.idle, <size_t> channels * block)
    memset(e.tx, e.idle, <size_t> channels * block)
    for c in range(channels):
        e.copy_from[c] = e.copy_now[c] = -1
    return e


cdef void engine_free(engine_t* e) noexcept nogil:
    if e == NULL:
        return
    free(e.rx); free(e.tx); free(e.pcm_in); free(e.pcm_out)
    free(e.ports); free(e.detect); free(e.digits); free(e.sources); free(e.copy_from)
    free(e.copy_now); free(e.players)
    free(e.tone_token); free(e.tones_ended); free(e.tone_ended_at)
    free(e.feeds); free(e.feed_block); free(e.tile); free(e.taps); free(e.tap_block); free(e.owed)
    level_free(e.level)
    dtmf_free(e.dtmf)
    mix_free(e.mix)
    tone_free(e.tone)
    ring_release(&e.commands)
    if e.out.fd >= 0:
        outbox_release(&e.out)
    free(e)


cdef class EngineState:
    """An engine's C state, and who ticks it: one ticker at a time."""

    def __cinit__(self) -> None:
        self.e = NULL
        self.ticked_by = ""

    def __dealloc__(self) -> None:
        engine_free(self.e)

    cdef int claim(self, str who) except -1:
        if self.ticked_by:
            raise RuntimeError(f"{who}: this engine is being ticked by {self.ticked_by}")
        self.ticked_by = who
        return 0

    cdef void let_go(self):
        self.ticked_by = ""
