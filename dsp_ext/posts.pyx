"""Posts: banks of detectors that cost much, each with slots for the channels that need them.

What: a post listens for the tones of one country, the MF-R2 signals of one direction, the caller ID
of one modem, or for voice. A channel has one post of a kind at a time; what a post finds (ears.pyx)
is told as events of the channel.
How: with a slot for every channel a post hears each tile where it lies. With fewer, the columns of
its channels are put together in tiles of its own as the channels' tiles pass, and it hears those.
Limits: a bank's own clock stands while none of its 16 slots is in use; what it tells is told in
media time.
"""

from libc.stdint cimport int64_t

from dsp_ext.ears cimport ear_enable, ear_hear
from dsp_ext.progress cimport progress_bank, progress_reset
from dsp_ext.slots cimport slots_give, slots_take
from dsp_ext.state cimport (
    AT_FSK,
    AT_MFR2,
    AT_PROGRESS,
    AT_VAD,
    POST_FSK,
    POST_KINDS,
    POST_MFR2,
    POST_PROGRESS,
    POST_VAD,
    SHED_PROGRESS,
    engine_t,
    post_t,
    stage_mark,
)
from dsp_ext.units cimport LANES

# kind → the part of the tick its time is charged to
cdef int[POST_KINDS] _STAGE
_STAGE[POST_PROGRESS], _STAGE[POST_MFR2] = AT_PROGRESS, AT_MFR2
_STAGE[POST_FSK], _STAGE[POST_VAD] = AT_FSK, AT_VAD


cdef void posts_set(engine_t* e, int kind, int channel, int post, int64_t how) noexcept nogil:
    cdef int i, slot
    cdef bint fresh
    for i in range(e.post_count):
        if e.posts[i].kind != kind:
            continue
        fresh = e.posts[i].slots.slot_of[channel] < 0
        if i == post:
            slot = slots_take(&e.posts[i].slots, channel)
        else:
            slot = slots_give(&e.posts[i].slots, channel)
        if slot >= 0:
            ear_enable(&e.posts[i], slot, i == post, fresh, how)


cdef bint posts_hearing(const engine_t* e, int channel) noexcept nogil:
    cdef int i
    for i in range(e.post_count):
        if e.posts[i].slots.slot_of[channel] >= 0:
            return True
    return False


cdef void posts_afresh(engine_t* e, int kind) noexcept nogil:
    cdef int i, slot
    for i in range(e.post_count):
        if e.posts[i].kind != kind or kind != POST_PROGRESS:
            continue
        for slot in range(e.posts[i].slots.tiles * LANES):
            if e.posts[i].slots.channel_of[slot] >= 0:
                progress_reset(<progress_bank*> e.posts[i].banks[slot // LANES], slot % LANES)


cdef void _hear(engine_t* e, const post_t* post, int tile, const float* pcm,
                int64_t* since) noexcept nogil:
    if post.slots.busy[tile]:
        ear_hear(e, post, tile, pcm)
        stage_mark(e, _STAGE[post.kind], since)


cdef void _gather(engine_t* e, const post_t* post, int first, int n) noexcept nogil:
    """The columns of the tile's channels that have slots, into the slots' tiles."""
    cdef float* heard
    cdef int lane, slot, i
    for lane in range(n):
        slot = post.slots.slot_of[first + lane]
        if slot < 0:
            continue
        heard = post.heard + <size_t> (slot // LANES) * LANES * e.block + slot % LANES
        for i in range(e.block):
            heard[i * LANES] = e.in_tile[i * LANES + lane]


cdef inline bint _idle(const engine_t* e, const post_t* post) noexcept nogil:
    return post.slots.used == 0 or (post.kind == POST_PROGRESS
                                    and e.shed.level >= SHED_PROGRESS)


cdef void posts_hear(engine_t* e, int tile, int first, int n, int64_t* since) noexcept nogil:
    cdef int i
    for i in range(e.post_count):
        if _idle(e, &e.posts[i]):
            continue
        if e.posts[i].slots.whole:
            _hear(e, &e.posts[i], tile, e.in_tile, since)
        else:
            _gather(e, &e.posts[i], first, n)


cdef void posts_listen(engine_t* e, int64_t* since) noexcept nogil:
    cdef int i, tile
    for i in range(e.post_count):
        if e.posts[i].slots.whole or _idle(e, &e.posts[i]):
            continue
        for tile in range(e.posts[i].slots.tiles):
            _hear(e, &e.posts[i], tile,
                  e.posts[i].heard + <size_t> tile * LANES * e.block, since)
