"""Players, tones and feeds that sound into channels; taps that listen to them.

What: one player, one tone program and one feed a channel, all added into what
is sent; any number of taps, which get octets as they are on the line.
How: samples are read where Python keeps them. An end is first *owed*, then
told when the event ring has room, so that PLAY_DONE and TONE_DONE are never
lost; only then does the control plane let go of the samples.
"""

from libc.stdint cimport int16_t, int64_t, uint8_t
from libc.string cimport memset

from dsp_ext.messages cimport (
    EV_PLAY_DONE,
    EV_TAP_OVERRUN,
    EV_TONE_DONE,
    command_t,
    event_t,
    outbox_post,
    outbox_reply,
)
from dsp_ext.native cimport store_release
from dsp_ext.ring cimport ring_put, ring_read, ring_readable, ring_t
from dsp_ext.state cimport (
    FROM_FEED,
    FROM_PLAYER,
    FROM_TONE,
    OWES_PLAY,
    OWES_TONE,
    TAP_BOTH,
    TAP_RX,
    engine_t,
    player_t,
    tap_t,
)
from dsp_ext.tone cimport tone_process, tone_program, tone_start, tone_stop


cdef void _sound(engine_t* e, int channel, int bit, bint on) noexcept nogil:
    """Set or clear one of a channel's sources and keep the count of sounding channels."""
    cdef uint8_t before = e.sources[channel]
    e.sources[channel] = before | bit if on else before & ~bit
    e.sounding += (e.sources[channel] != 0) - (before != 0)


cdef void _owe(engine_t* e, int channel, int bit) noexcept nogil:
    e.owing += e.owed[channel] == 0
    e.owed[channel] |= bit


cdef void player_start(engine_t* e, const command_t* command) noexcept nogil:
    cdef player_t* player = &e.players[command.channel]
    player_stop(e, command.channel)
    voice_settle(e, command.channel)
    player.samples = <const int16_t*> command.ptr
    player.n, player.pos = command.n, 0
    player.gain, player.loop = command.x, command.a and command.n > 0
    player.token, player.seq = command.token, command.seq
    _sound(e, command.channel, FROM_PLAYER, True)


cdef void _player_end(engine_t* e, int channel, int64_t at, bint stopped) noexcept nogil:
    e.players[channel].ended_at = at
    e.players[channel].stopped = stopped
    _sound(e, channel, FROM_PLAYER, False)
    _owe(e, channel, OWES_PLAY)


cdef void player_stop(engine_t* e, int channel) noexcept nogil:
    if e.sources[channel] & FROM_PLAYER:
        _player_end(e, channel, e.samples, True)


cdef void voice_tone(engine_t* e, const command_t* command) noexcept nogil:
    tone_start(e.tone, command.channel, <const tone_program*> command.ptr)
    e.tone_token[command.channel] = command.token
    _sound(e, command.channel, FROM_TONE, True)


cdef void voice_stop_tone(engine_t* e, int channel) noexcept nogil:
    tone_stop(e.tone, channel)
    _sound(e, channel, FROM_TONE, False)


cdef void voice_feed(engine_t* e, int channel, ring_t* ring) noexcept nogil:
    e.feeds[channel] = ring
    _sound(e, channel, FROM_FEED, ring != NULL)


cdef void voice_tap(engine_t* e, int channel, ring_t* ring, int mode) noexcept nogil:
    """A second tap of the same ring on the same channel only changes its mode."""
    cdef int i
    for i in range(e.tap_count):
        if e.taps[i].channel == channel and e.taps[i].ring == ring:
            e.taps[i].mode = mode
            return
    if e.tap_count < e.max_taps:  # the control plane keeps count too
        e.taps[e.tap_count] = tap_t(ring=ring, channel=channel, mode=mode, told=False)
        e.tap_count += 1


cdef void voice_untap(engine_t* e, int channel, ring_t* ring) noexcept nogil:
    cdef int i = 0
    while i < e.tap_count:
        if e.taps[i].channel == channel and (ring == NULL or e.taps[i].ring == ring):
            e.tap_count -= 1
            e.taps[i] = e.taps[e.tap_count]
        else:
            i += 1


cdef bint _tell(engine_t* e, int channel, int bit) noexcept nogil:
    """Post one owed end. False: no room now."""
    cdef player_t* player = &e.players[channel]
    cdef event_t event
    memset(&event, 0, sizeof(event))
    event.channel = channel
    if bit == OWES_PLAY:
        event.kind, event.at, event.a = EV_PLAY_DONE, player.ended_at, player.token
        event.b, event.ref = player.stopped, player.seq
    else:
        event.kind, event.at = EV_TONE_DONE, e.tone_ended_at[channel]
        event.a = e.tone_token[channel]
    if not outbox_reply(&e.out, &event):
        return False
    e.owed[channel] &= ~bit
    e.owing -= e.owed[channel] == 0
    return True


cdef void voice_settle(engine_t* e, int channel) noexcept nogil:
    cdef int c
    cdef int first = max(channel, 0)
    cdef int last = e.channels if channel < 0 else channel + 1
    if e.owing == 0:
        return
    for c in range(first, last):
        if e.owed[c] & OWES_PLAY and not _tell(e, c, OWES_PLAY):
            return
        if e.owed[c] & OWES_TONE and not _tell(e, c, OWES_TONE):
            return


cdef void add_tones(engine_t* e) noexcept nogil:
    cdef int i, channel
    cdef int ended = tone_process(e.tone, e.pcm_out, e.cstride, e.block, e.tones_ended, e.channels)
    for i in range(ended):
        channel = e.tones_ended[i]
        e.tone_ended_at[channel] = e.samples + e.block
        _sound(e, channel, FROM_TONE, False)
        _owe(e, channel, OWES_TONE)


cdef void _add_player(engine_t* e, int channel) noexcept nogil:
    cdef player_t* player = &e.players[channel]
    cdef float* out = e.pcm_out + channel
    cdef int i = 0
    cdef int run, k
    while i < e.block and player.pos < player.n:
        run = <int> min(<int64_t> (e.block - i), player.n - player.pos)
        for k in range(run):
            out[(i + k) * e.cstride] += player.gain * player.samples[player.pos + k]
        i += run
        player.pos += run
        if player.loop and player.pos == player.n:
            player.pos = 0
    if player.pos == player.n:
        _player_end(e, channel, e.samples + i, False)


cdef void add_players(engine_t* e) noexcept nogil:
    cdef int c
    for c in range(e.channels):
        if e.sources[c] & FROM_PLAYER:
            _add_player(e, c)


cdef void add_feeds(engine_t* e) noexcept nogil:
    """Whole samples only: an odd octet waits in the ring for its other half."""
    cdef int c, i, n
    for c in range(e.channels):
        if not e.sources[c] & FROM_FEED:
            continue
        n = <int> min(ring_readable(e.feeds[c]) // 2, <size_t> e.block)
        ring_read(e.feeds[c], e.feed_block, 2 * n)
        for i in range(n):
            e.pcm_out[i * e.cstride + c] += e.feed_block[i]


cdef void _overrun(engine_t* e, tap_t* tap, int lost) noexcept nogil:
    """Count what a full ring lost; one event from its first loss until it takes a block again."""
    cdef event_t event
    store_release(&tap.ring.dropped, tap.ring.dropped + lost)
    e.tap_dropped += lost
    if not tap.told:
        memset(&event, 0, sizeof(event))
        event.kind, event.channel, event.at = EV_TAP_OVERRUN, tap.channel, e.samples
        event.a = lost
        tap.told = outbox_post(&e.out, &event)


cdef void fill_taps(engine_t* e) noexcept nogil:
    """A block goes in whole or not at all, so that rx and tx stay in step."""
    cdef int t, i, size
    cdef tap_t* tap
    cdef const uint8_t* rx
    cdef const uint8_t* tx
    cdef const uint8_t* octets
    for t in range(e.tap_count):
        tap = &e.taps[t]
        rx, tx = e.rx + tap.channel * e.block, e.tx + tap.channel * e.block
        octets, size = rx if tap.mode == TAP_RX else tx, e.block
        if tap.mode == TAP_BOTH:
            for i in range(e.block):
                e.tap_block[2 * i] = rx[i]
                e.tap_block[2 * i + 1] = tx[i]
            octets, size = e.tap_block, 2 * e.block
        if ring_put(tap.ring, octets, size):
            tap.told = False
        else:
            _overrun(e, tap, size)
