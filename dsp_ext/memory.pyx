"""The engine's memory: all of it is got here and given back here, none in a tick.

Arrays are zeroed as they are made, which also brings every page in before the
first tick; rows of pcm are padded to whole SIMD lanes, so banks need no tails.
"""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from dsp_ext.dtmf cimport dtmf_bank, dtmf_free, dtmf_new
from dsp_ext.ears cimport MAIL_OCTETS, ear_free, ear_new
from dsp_ext.echo cimport echo_bank, echo_enable, echo_free, echo_new
from dsp_ext.g711 cimport encode_one
from dsp_ext.level cimport level_bank, level_free, level_new
from dsp_ext.messages cimport command_t, outbox_init, outbox_release
from dsp_ext.mix_seat cimport mix_free, mix_new
from dsp_ext.native cimport heap_octets
from dsp_ext.ring cimport ring_init, ring_release, ring_t
from dsp_ext.shed cimport shed_init
from dsp_ext.slots cimport slots_init, slots_release
from dsp_ext.state cimport POST_FSK, attachment_t, echo_t, engine_shape, engine_t, player_t, post_t, tap_t
from dsp_ext.tone cimport tone_free, tone_new
from dsp_ext.units cimport LANES, padded, zeroed


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
    e.detecting = <int32_t*> _zeroed(e.tiles, sizeof(int32_t), &failed)
    e.sources = <uint8_t*> _zeroed(c, 1, &failed)
    e.copy_from = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.copy_now = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.members = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.joins.place = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.joins.peer = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.joins.calm = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
    e.joins.kept = <uint8_t*> _zeroed(c, 1, &failed)
    e.tapped = <int32_t*> _zeroed(c, sizeof(int32_t), &failed)
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
    e.level = <level_bank**> _zeroed(e.tiles, sizeof(level_bank*), &failed)
    e.dtmf = <dtmf_bank**> _zeroed(e.tiles, sizeof(dtmf_bank*), &failed)
    e.in_tile = <float*> zeroed(LANES * e.block * sizeof(float))
    e.sent_tile = <float*> zeroed(LANES * e.block * sizeof(float))
    return not failed and e.in_tile != NULL and e.sent_tile != NULL


cdef bint _banks(engine_t* e) noexcept nogil:
    """Banks of a tile each, so that what a tile needs lies together and its rows are 64 octets."""
    cdef int tile
    cdef bint there = True
    for tile in range(e.tiles):
        e.level[tile] = level_new(LANES)
        e.dtmf[tile] = dtmf_new(LANES)
        there = there and e.level[tile] != NULL and e.dtmf[tile] != NULL
    e.mix = mix_new(e.channels)
    e.tone = tone_new(e.channels)
    return there and e.mix != NULL and e.tone != NULL


cdef bint _echo(engine_t* e, const engine_shape* shape) noexcept nogil:
    """The cancellers, all off."""
    cdef echo_t* echo = &e.echo
    cdef bint failed = False
    cdef int tile, lane
    echo.tail_ms, echo.nlp = shape.echo_tail_ms, shape.echo_nlp
    if not slots_init(&echo.slots, e.channels, shape.echo):
        return False
    echo.banks = <echo_bank**> _zeroed(max(echo.slots.tiles, 1), sizeof(echo_bank*), &failed)
    echo.asked = <uint8_t*> _zeroed(echo.slots.tiles * LANES + 1, 1, &failed)
    if not echo.slots.whole:
        echo.clean = <float*> zeroed(<size_t> echo.slots.tiles * LANES * e.block * sizeof(float))
        failed = failed or echo.clean == NULL
    if failed:
        return False
    for tile in range(echo.slots.tiles):
        echo.banks[tile] = echo_new(LANES, echo.tail_ms, echo.nlp)
        if echo.banks[tile] == NULL:
            return False
        for lane in range(LANES):
            echo_enable(echo.banks[tile], lane, False)
    return True


cdef bint engine_post(engine_t* e, int kind, int which, int slots,
                      const void* plan) noexcept nogil:
    cdef post_t* post = &e.posts[e.post_count]
    cdef size_t before = heap_octets()
    cdef bint failed = False
    cdef int tile
    e.post_count += 1
    post.kind, post.which = kind, which
    if not slots_init(&post.slots, e.channels, slots):
        return False
    post.banks = <void**> _zeroed(post.slots.tiles, sizeof(void*), &failed)
    if not post.slots.whole:
        post.heard = <float*> zeroed(<size_t> post.slots.tiles * LANES * e.block * sizeof(float))
        failed = failed or post.heard == NULL
    if failed:
        return False
    if kind == POST_FSK and e.mail.data == NULL and not ring_init(&e.mail, MAIL_OCTETS):
        return False
    for tile in range(post.slots.tiles):
        post.banks[tile] = ear_new(post, plan)
        if post.banks[tile] == NULL:
            return False
    shed_init(e)
    e.octets += heap_octets() - before
    return True


cdef engine_t* engine_new(const engine_shape* shape) noexcept nogil:
    cdef size_t before = heap_octets()
    cdef engine_t* e = <engine_t*> calloc(1, sizeof(engine_t))
    cdef int c
    if e == NULL:
        return NULL
    e.channels, e.cstride = shape.channels, padded(shape.channels)
    e.tiles = e.cstride // LANES
    e.block, e.law, e.max_taps = shape.block, shape.law, shape.taps
    e.idle = encode_one(0, e.law)
    e.out.fd = -1
    if not (_arrays(e) and _banks(e) and _echo(e, shape) and outbox_init(&e.out, shape.events)
            and ring_init(&e.commands, shape.commands * sizeof(command_t))):
        engine_free(e)
        return NULL
    memset(e.rx, e.idle, <size_t> e.channels * e.block)
    memset(e.tx, e.idle, <size_t> e.channels * e.block)
    for c in range(e.channels):
        e.copy_from[c] = e.copy_now[c] = e.joins.peer[c] = e.joins.place[c] = -1
    shed_init(e)
    e.octets = heap_octets() - before
    return e


cdef void _free_banks(engine_t* e) noexcept nogil:
    cdef int tile
    for tile in range(e.tiles):
        if e.level != NULL:
            level_free(e.level[tile])
        if e.dtmf != NULL:
            dtmf_free(e.dtmf[tile])
    free(e.level)
    free(e.dtmf)
    mix_free(e.mix)
    tone_free(e.tone)


cdef void _free_echo(echo_t* echo) noexcept nogil:
    cdef int tile
    for tile in range(echo.slots.tiles):
        if echo.banks != NULL:
            echo_free(echo.banks[tile])
    free(echo.banks)
    free(echo.asked)
    free(echo.clean)
    slots_release(&echo.slots)


cdef void _free_post(post_t* post) noexcept nogil:
    cdef int tile
    for tile in range(post.slots.tiles):
        if post.banks == NULL:
            break
        ear_free(post.kind, post.banks[tile])
    free(post.banks)
    free(post.heard)
    slots_release(&post.slots)


cdef void engine_free(engine_t* e) noexcept nogil:
    cdef int i
    if e == NULL:
        return
    _free_banks(e)
    _free_echo(&e.echo)
    for i in range(e.post_count):
        _free_post(&e.posts[i])
    free(e.rx); free(e.tx); free(e.pcm_in); free(e.pcm_out); free(e.in_tile); free(e.sent_tile)
    free(e.ports); free(e.detect); free(e.detecting); free(e.sources); free(e.copy_from)
    free(e.copy_now); free(e.members); free(e.tapped); free(e.players)
    free(e.joins.place); free(e.joins.peer); free(e.joins.calm); free(e.joins.kept)
    free(e.tone_token); free(e.tones_ended); free(e.tone_ended_at)
    free(e.feeds); free(e.feed_block); free(e.tile); free(e.taps); free(e.tap_block); free(e.owed)
    ring_release(&e.commands)
    ring_release(&e.mail)
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
