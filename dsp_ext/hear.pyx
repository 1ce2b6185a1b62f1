"""The receiving half of a tick: 16 channels at a time through all that listens to them.

    decode → echo → level → DTMF → posts (call progress, MF-R2, caller ID, voice) → into pcm for the mixer

What: a tile of 16 channels is 5 kB a 10 ms block. It is decoded into one place that stays in the
nearest cache while every bank has its turn at it; each bank has a bank of its own for every tile,
so that a row is one cache line and a tile's state lies together. Only what is mixed is written out.
How: nothing is passed on for channels that nobody asked about: an idle engine decodes and meters.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from dsp_ext.cancel cimport cancel_slots, cancel_tile
from dsp_ext.dtmf cimport DIGIT_START, dtmf_event, dtmf_process
from dsp_ext.g711 cimport decode_block
from dsp_ext.level cimport level_process
from dsp_ext.messages cimport EV_DIGIT_END, EV_DIGIT_START, event_t, outbox_post
from dsp_ext.native cimport now_ns
from dsp_ext.posts cimport posts_hear, posts_listen
from dsp_ext.state cimport (
    AT_DECODE,
    AT_DTMF,
    AT_ECHO,
    AT_LEVEL,
    SHED_ECHO,
    engine_t,
    stage_mark,
)
from dsp_ext.units cimport LANES

cdef enum:
    MOST = 2 * LANES  # digits a tile can begin and end in a block


cdef void _find_digits(engine_t* e, int tile) noexcept nogil:
    cdef dtmf_event[MOST] found
    cdef event_t event
    cdef int i
    # Bank time stands still while no channel listens; media time does not.
    cdef int64_t ahead = e.samples - e.dtmf[tile].now
    cdef int count = dtmf_process(e.dtmf[tile], e.in_tile, e.block, found, MOST)
    for i in range(count):
        memset(&event, 0, sizeof(event))
        event.kind = EV_DIGIT_START if found[i].kind == DIGIT_START else EV_DIGIT_END
        event.channel, event.at = tile * LANES + found[i].channel, found[i].at + ahead
        event.a, event.b = found[i].digit, found[i].duration_ms
        event.x, event.y = found[i].level_dbm0, found[i].twist_db
        outbox_post(&e.out, &event)


cdef void _keep(engine_t* e, int first) noexcept nogil:
    """The tile into its columns of pcm, where the mixer finds all channels of a sample in a row."""
    cdef int i
    for i in range(e.block):
        memcpy(e.pcm_in + <size_t> i * e.cstride + first, e.in_tile + i * LANES,
               LANES * sizeof(float))


cdef void _hear_tile(engine_t* e, int tile, bint cancel, bint must_mix,
                     int64_t* since) noexcept nogil:
    cdef int first = tile * LANES
    cdef int n = min(LANES, e.channels - first)
    if n < LANES:
        memset(e.in_tile, 0, LANES * e.block * sizeof(float))
    decode_block(e.rx + first * e.block, e.block, e.in_tile, LANES, n, e.block, e.law)
    stage_mark(e, AT_DECODE, since)
    if cancel:
        cancel_tile(e, tile, first, n)
        stage_mark(e, AT_ECHO, since)
    level_process(e.level[tile], e.in_tile, e.block)
    stage_mark(e, AT_LEVEL, since)
    if e.detecting[tile]:
        _find_digits(e, tile)
        stage_mark(e, AT_DTMF, since)
    posts_hear(e, tile, first, n, since)
    if must_mix:
        _keep(e, first)
        stage_mark(e, AT_DECODE, since)


cdef void hear(engine_t* e, bint must_mix) noexcept nogil:
    cdef bint cancel = e.echo.slots.used > 0 and e.shed.level < SHED_ECHO
    cdef int64_t since = now_ns() if e.timed else 0
    cdef int tile
    if cancel and not e.echo.slots.whole:
        cancel_slots(e)
        stage_mark(e, AT_ECHO, &since)
    for tile in range(e.tiles):
        _hear_tile(e, tile, cancel, must_mix, &since)
    posts_listen(e, &since)
