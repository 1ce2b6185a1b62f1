"""Posts: banks of detectors that cost much, each with slots for the channels that need them.

What: a post listens for the tones of one country, or for the MF-R2 signals of one direction. A
channel has one post of a kind at a time; what a post finds is told as events of the channel.
How: with a slot for every channel a post hears each tile where it lies. With fewer, the columns of
its channels are put together in tiles of its own as the channels' tiles pass, and it hears those.
Limits: a bank's own clock stands while none of its 16 slots is in use; what it tells is told in
media time.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from dsp_ext.messages cimport (
    EV_BUSY_LEARNED,
    EV_MF_END,
    EV_MF_START,
    EV_TONE_GONE,
    EV_TONE_HEARD,
    event_t,
    outbox_post,
)
from dsp_ext.mfr2 cimport MF_START, mfr2_bank, mfr2_enable, mfr2_event, mfr2_process
from dsp_ext.progress cimport (
    progress_bank,
    progress_enable,
    progress_learn,
    progress_process,
    progress_reset,
)
from dsp_ext.progress_track cimport PROGRESS_BEGIN, TONE_LEARNED, progress_event
from dsp_ext.slots cimport slots_give, slots_take
from dsp_ext.state cimport (
    AT_MFR2,
    AT_PROGRESS,
    POST_PROGRESS,
    SHED_PROGRESS,
    engine_t,
    post_t,
    stage_mark,
)
from dsp_ext.units cimport LANES, dbm0_of_mean_square

cdef enum:
    MOST = 4 * LANES  # events a tile can cause in a block
    WINDOW = 320  # samples whose energy a progress event gives as its level


cdef void _enable(post_t* post, int slot, bint on, bint learn) noexcept nogil:
    cdef void* bank = post.banks[slot // LANES]
    if post.kind == POST_PROGRESS:
        progress_learn(<progress_bank*> bank, slot % LANES, learn)
        progress_enable(<progress_bank*> bank, slot % LANES, on)
    else:
        mfr2_enable(<mfr2_bank*> bank, slot % LANES, on)


cdef void posts_set(engine_t* e, int kind, int channel, int post, bint learn) noexcept nogil:
    cdef int i, slot
    for i in range(e.post_count):
        if e.posts[i].kind != kind:
            continue
        if i == post:
            slot = slots_take(&e.posts[i].slots, channel)
        else:
            slot = slots_give(&e.posts[i].slots, channel)
        if slot >= 0:
            _enable(&e.posts[i], slot, i == post, learn)


cdef void posts_afresh(engine_t* e, int kind) noexcept nogil:
    cdef int i, slot
    for i in range(e.post_count):
        if e.posts[i].kind != kind or kind != POST_PROGRESS:
            continue
        for slot in range(e.posts[i].slots.tiles * LANES):
            if e.posts[i].slots.channel_of[slot] >= 0:
                progress_reset(<progress_bank*> e.posts[i].banks[slot // LANES], slot % LANES)


cdef void _tell_progress(engine_t* e, const post_t* post, int channel, const progress_event* told,
                         int64_t ahead) noexcept nogil:
    cdef event_t event
    memset(&event, 0, sizeof(event))
    event.kind = EV_TONE_HEARD if told.kind == PROGRESS_BEGIN else EV_TONE_GONE
    event.channel, event.at = channel, max(told.at + ahead, 0)
    event.a, event.b = post.which << 8 | told.tone, max(told.since + ahead, 0)
    event.x = <float> dbm0_of_mean_square(told.level / WINDOW)
    e.news_dropped += not outbox_post(&e.out, &event)
    if told.tone == TONE_LEARNED and told.kind == PROGRESS_BEGIN:
        event.kind, event.a, event.b = EV_BUSY_LEARNED, told.on_ms, told.off_ms
        e.news_dropped += not outbox_post(&e.out, &event)


cdef void _hear_progress(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    cdef progress_event[MOST] told
    cdef progress_bank* bank = <progress_bank*> post.banks[tile]
    cdef int64_t ahead = e.samples - bank.now
    cdef int count = progress_process(bank, pcm, e.block, told, MOST)
    cdef int i
    for i in range(count):
        _tell_progress(e, post, post.slots.channel_of[tile * LANES + told[i].channel], &told[i],
                       ahead)


cdef void _hear_mfr2(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    cdef mfr2_event[MOST] told
    cdef event_t event
    cdef mfr2_bank* bank = <mfr2_bank*> post.banks[tile]
    cdef int64_t ahead = e.samples - bank.now
    cdef int count = mfr2_process(bank, pcm, e.block, told, MOST)
    cdef int i
    for i in range(count):
        memset(&event, 0, sizeof(event))
        event.kind = EV_MF_START if told[i].kind == MF_START else EV_MF_END
        event.channel = post.slots.channel_of[tile * LANES + told[i].channel]
        event.at = max(told[i].at + ahead, 0)
        event.a, event.b = told[i].signal, told[i].duration_ms
        event.x, event.y = told[i].level_dbm0, told[i].twist_db
        e.news_dropped += not outbox_post(&e.out, &event)


cdef void _hear(engine_t* e, const post_t* post, int tile, const float* pcm,
                int64_t* since) noexcept nogil:
    if post.slots.busy[tile] == 0:
        return
    if post.kind == POST_PROGRESS:
        _hear_progress(e, post, tile, pcm)
        stage_mark(e, AT_PROGRESS, since)
    else:
        _hear_mfr2(e, post, tile, pcm)
        stage_mark(e, AT_MFR2, since)


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
