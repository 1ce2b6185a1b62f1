"""What stands at a post: how a bank of each kind is made, turned on and listened to.

What: call progress, MF-R2, caller ID by FSK, voice. What they find is told as events of the channel
that has the slot, in media time.
How: a function a kind for each thing that differs; posts.pyx knows slots and tiles, and no kind. The
octets of a caller ID message do not fit into an event: they go into a ring of their own before the
event that says how many they are, and only where both find room.
Limits: news; where there is no room it is left out and counted. A voice detector has no switch: what
it hears in slots that nobody has is thrown away.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from dsp_ext.fsk cimport fsk_event, fsk_rx_bank, fsk_rx_enable, fsk_rx_free, fsk_rx_new, fsk_rx_process
from dsp_ext.messages cimport (
    EV_BUSY_LEARNED,
    EV_CALLER_ID,
    EV_MF_END,
    EV_MF_START,
    EV_TONE_GONE,
    EV_TONE_HEARD,
    EV_VOICE_BEGAN,
    EV_VOICE_ENDED,
    event_t,
    outbox_post,
    outbox_room,
)
from dsp_ext.mfr2 cimport (
    MF_START,
    mfr2_bank,
    mfr2_enable,
    mfr2_event,
    mfr2_free,
    mfr2_new,
    mfr2_process,
)
from dsp_ext.progress cimport (
    progress_bank,
    progress_enable,
    progress_free,
    progress_know,
    progress_learn,
    progress_new,
    progress_plan,
    progress_process,
)
from dsp_ext.progress_track cimport PROGRESS_BEGIN, TONE_LEARNED, progress_event
from dsp_ext.ring cimport ring_put, ring_writable
from dsp_ext.state cimport POST_FSK, POST_MFR2, POST_PROGRESS, engine_t, post_t
from dsp_ext.units cimport LANES, dbm0_of_mean_square
from dsp_ext.vad cimport vad_bank, vad_event, vad_free, vad_new, vad_process, vad_reset

cdef enum:
    MOST = 4 * LANES  # events a tile can cause in a block
    WINDOW = 320  # samples whose energy a progress event gives as its level
    HANGOVER_MS = 250  # a pause that ends speech


cdef void* ear_new(const post_t* post, const void* plan) noexcept nogil:
    if post.kind == POST_PROGRESS:
        return progress_new(LANES, <const progress_plan*> plan)
    if post.kind == POST_MFR2:
        return mfr2_new(LANES, post.which)
    if post.kind == POST_FSK:
        return fsk_rx_new(LANES, post.which)
    return vad_new(LANES, HANGOVER_MS)


cdef void ear_free(int kind, void* bank) noexcept nogil:
    if kind == POST_PROGRESS:
        progress_free(<progress_bank*> bank)
    elif kind == POST_MFR2:
        mfr2_free(<mfr2_bank*> bank)
    elif kind == POST_FSK:
        fsk_rx_free(<fsk_rx_bank*> bank)
    else:
        vad_free(<vad_bank*> bank)


cdef void ear_enable(const post_t* post, int slot, bint on, bint fresh,
                     int64_t how) noexcept nogil:
    cdef void* bank = post.banks[slot // LANES]
    cdef int lane = slot % LANES
    if post.kind == POST_PROGRESS:
        progress_learn(<progress_bank*> bank, lane, how & 1)
        progress_enable(<progress_bank*> bank, lane, on)
        if how >> 8:
            progress_know(<progress_bank*> bank, lane, how >> 8 & 0xFF, how >> 16 & 0xFFFF,
                          how >> 32 & 0xFFFF)
    elif post.kind == POST_MFR2:
        mfr2_enable(<mfr2_bank*> bank, lane, on)
    elif post.kind == POST_FSK:
        fsk_rx_enable(<fsk_rx_bank*> bank, lane, on)
    elif fresh:
        vad_reset(<vad_bank*> bank, lane)


cdef inline int _channel(const post_t* post, int tile, int lane) noexcept nogil:
    """Whose slot it is; -1 nobody's."""
    return post.slots.channel_of[tile * LANES + lane]


# ---- call progress

cdef void _tell_progress(engine_t* e, const post_t* post, int channel, const progress_event* told,
                         int64_t ahead) noexcept nogil:
    cdef event_t event
    memset(&event, 0, sizeof(event))
    event.channel, event.at = channel, max(told.at + ahead, 0)
    if told.tone == TONE_LEARNED and told.kind == PROGRESS_BEGIN:
        # First, as whoever hears the tone may end the call and listen no more.
        event.kind, event.a = EV_BUSY_LEARNED, post.which << 8 | told.sound
        event.b, event.x = told.on_ms, told.off_ms
        e.news_dropped += not outbox_post(&e.out, &event)
    event.kind = EV_TONE_HEARD if told.kind == PROGRESS_BEGIN else EV_TONE_GONE
    event.a, event.b = post.which << 8 | told.tone, max(told.since + ahead, 0)
    event.x = <float> dbm0_of_mean_square(told.level / WINDOW)
    e.news_dropped += not outbox_post(&e.out, &event)


cdef void _hear_progress(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    cdef progress_event[MOST] told
    cdef progress_bank* bank = <progress_bank*> post.banks[tile]
    cdef int64_t ahead = e.samples - bank.now
    cdef int count = progress_process(bank, pcm, e.block, told, MOST)
    cdef int i
    for i in range(count):
        _tell_progress(e, post, _channel(post, tile, told[i].channel), &told[i], ahead)


# ---- MF-R2

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
        event.channel = _channel(post, tile, told[i].channel)
        event.at = max(told[i].at + ahead, 0)
        event.a, event.b = told[i].signal, told[i].duration_ms
        event.x, event.y = told[i].level_dbm0, told[i].twist_db
        e.news_dropped += not outbox_post(&e.out, &event)


# ---- caller ID

cdef void _tell_caller_id(engine_t* e, int channel, const fsk_event* told,
                          int64_t ahead) noexcept nogil:
    cdef event_t event
    memset(&event, 0, sizeof(event))
    event.kind, event.channel, event.at = EV_CALLER_ID, channel, max(told.at + ahead, 0)
    event.a, event.b = told.length, told.good
    event.x, event.y = told.level_dbm0, told.twist_db
    if ring_writable(&e.mail) < <size_t> told.length or not outbox_room(&e.out):
        e.news_dropped += 1
        return
    # The octets are there before whoever reads the event looks for them.
    ring_put(&e.mail, told.octets, told.length)
    outbox_post(&e.out, &event)


cdef void _hear_fsk(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    cdef fsk_event[LANES] told
    cdef fsk_rx_bank* bank = <fsk_rx_bank*> post.banks[tile]
    cdef int64_t ahead = e.samples - bank.now
    cdef int count = fsk_rx_process(bank, pcm, e.block, told, LANES)
    cdef int i
    for i in range(count):
        _tell_caller_id(e, _channel(post, tile, told[i].channel), &told[i], ahead)


# ---- voice

cdef void _hear_voice(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    cdef vad_event[MOST] told
    cdef event_t event
    cdef vad_bank* bank = <vad_bank*> post.banks[tile]
    cdef int64_t ahead = e.samples - bank.now
    cdef int count = vad_process(bank, pcm, e.block, told, MOST)
    cdef int i, channel
    for i in range(count):
        channel = _channel(post, tile, told[i].channel)
        if channel < 0:
            continue
        memset(&event, 0, sizeof(event))
        event.kind = EV_VOICE_BEGAN if told[i].speaking else EV_VOICE_ENDED
        event.channel, event.at = channel, max(told[i].at + ahead, 0)
        event.b = max(told[i].since + ahead, 0)
        event.x = <float> dbm0_of_mean_square(bank.power[told[i].channel])
        e.news_dropped += not outbox_post(&e.out, &event)


cdef void ear_hear(engine_t* e, const post_t* post, int tile, const float* pcm) noexcept nogil:
    if post.kind == POST_PROGRESS:
        _hear_progress(e, post, tile, pcm)
    elif post.kind == POST_MFR2:
        _hear_mfr2(e, post, tile, pcm)
    elif post.kind == POST_FSK:
        _hear_fsk(e, post, tile, pcm)
    else:
        _hear_voice(e, post, tile, pcm)
