"""Players, tones and feeds that sound into channels; taps that listen to them.

What: one player, one tone program and one feed a channel, all added into what
is sent (a feed of octets is sent in place of it all, for tests of a line); any number of taps,
which get octets as they are on the line.
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
from dsp_ext.native cimport fetch_to_read, store_release
from dsp_ext.ring cimport (
    ring_fetch_read,
    ring_fetch_write,
    ring_put,
    ring_read,
    ring_readable,
    ring_t,
)
from dsp_ext.state cimport (
    FROM_FEED,
    FROM_OCTETS,
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
from dsp_ext.units cimport LANES

cdef extern from "voice.h":
    void voice_add(float* row, const int16_t* samples, int n, float gain) noexcept nogil
    void voice_interleave(const uint8_t* rx, const uint8_t* tx, uint8_t* pairs,
                          int n) noexcept nogil
    void voice_turn(const float* tile, int block, float* pcm, int cstride) noexcept nogil

cdef enum:
    AHEAD = 16  # taps whose rings are asked for while those before are filled


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


cdef void voice_feed(engine_t* e, int channel, ring_t* ring, bint octets) noexcept nogil:
    e.octet_feeds -= (e.sources[channel] & FROM_OCTETS) != 0
    e.feeds[channel] = ring
    _sound(e, channel, FROM_FEED, ring != NULL and not octets)
    _sound(e, channel, FROM_OCTETS, ring != NULL and octets)
    e.octet_feeds += (e.sources[channel] & FROM_OCTETS) != 0


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
        e.tapped[channel] += 1


cdef void voice_untap(engine_t* e, int channel, ring_t* ring) noexcept nogil:
    cdef int i = 0
    while i < e.tap_count:
        if e.taps[i].channel == channel and (ring == NULL or e.taps[i].ring == ring):
            e.tap_count -= 1
            e.tapped[channel] -= 1
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


cdef void _add_player(engine_t* e, int channel, float* row) noexcept nogil:
    cdef player_t* player = &e.players[channel]
    cdef int i = 0
    cdef int run
    while i < e.block and player.pos < player.n:
        run = <int> min(<int64_t> (e.block - i), player.n - player.pos)
        voice_add(row + i, player.samples + player.pos, run, player.gain)
        i += run
        player.pos += run
        if player.loop and player.pos == player.n:
            player.pos = 0
    if player.pos == player.n:
        _player_end(e, channel, e.samples + i, False)


cdef void _add_feed(engine_t* e, int channel, float* row) noexcept nogil:
    """Whole samples only: an odd octet waits in the ring for its other half."""
    cdef ring_t* ring = e.feeds[channel]
    cdef int n = <int> min(ring_readable(ring) // 2, <size_t> e.block)
    if n > 0:
        ring_read(ring, e.feed_block, 2 * n)
        voice_add(row, e.feed_block, n, 1.0)


cdef void _fetch_voices(engine_t* e, int first, int last) noexcept nogil:
    """Bring near what the players and feeds of these channels are about to read."""
    cdef int c
    for c in range(first, min(last, e.channels)):
        if e.sources[c] & FROM_PLAYER:
            fetch_to_read(e.players[c].samples + e.players[c].pos, 2 * e.block)
        if e.sources[c] & FROM_FEED:
            ring_fetch_read(e.feeds[c], 2 * e.block)


cdef void add_voices(engine_t* e) noexcept nogil:
    """Players and feeds, a tile of channels at a time: each channel's samples are added up in a
    row of their own and then turned together, so that pcm is walked through row by row."""
    cdef int tile, first, last, c
    cdef float* row
    cdef int sources
    _fetch_voices(e, 0, LANES)
    for tile in range(e.cstride // LANES):
        first = tile * LANES
        last = min(first + LANES, e.channels)
        _fetch_voices(e, last, last + LANES)
        sources = 0
        for c in range(first, last):
            sources |= e.sources[c]
        if not sources & (FROM_PLAYER | FROM_FEED):
            continue
        memset(e.tile, 0, <size_t> LANES * e.block * sizeof(float))
        for c in range(first, last):
            row = e.tile + (c - first) * e.block
            if e.sources[c] & FROM_FEED:
                _add_feed(e, c, row)
            if e.sources[c] & FROM_PLAYER:
                _add_player(e, c, row)
        voice_turn(e.tile, e.block, e.pcm_out + first, e.cstride)


cdef void put_octets(engine_t* e) noexcept nogil:
    cdef int c
    if e.octet_feeds == 0:
        return
    for c in range(e.channels):
        if e.sources[c] & FROM_OCTETS:
            ring_read(e.feeds[c], e.tx + c * e.block, e.block)


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


cdef void _fetch_taps(engine_t* e, int first, int last) noexcept nogil:
    cdef int t
    for t in range(first, min(last, e.tap_count)):
        ring_fetch_write(e.taps[t].ring, 2 * e.block)


cdef void _fill_tap(engine_t* e, tap_t* tap) noexcept nogil:
    """A block goes in whole or not at all, so that rx and tx stay in step."""
    cdef const uint8_t* rx = e.rx + tap.channel * e.block
    cdef const uint8_t* tx = e.tx + tap.channel * e.block
    cdef const uint8_t* octets = rx if tap.mode == TAP_RX else tx
    cdef int size = e.block
    if tap.mode == TAP_BOTH:
        voice_interleave(rx, tx, e.tap_block, e.block)
        octets, size = e.tap_block, 2 * e.block
    if ring_put(tap.ring, octets, size):
        tap.told = False
    else:
        _overrun(e, tap, size)


cdef void fill_taps(engine_t* e) noexcept nogil:
    cdef int t
    _fetch_taps(e, 0, AHEAD)
    for t in range(e.tap_count):
        if t % AHEAD == 0:
            _fetch_taps(e, t + AHEAD, t + 2 * AHEAD)
        _fill_tap(e, &e.taps[t])
