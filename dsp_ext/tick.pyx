"""tick(): one block of all channels, from octets received to octets sent.

    commands → read → decode → level → detectors → mix → tones, players, feeds
    → encode → copied octets → taps → write → what is to be told

No lock, no malloc, no log, no Python object. Banks nobody uses are passed over:
the detector when no channel has detection on, the mixer when every bridge is
served by copies, tones, players and feeds when nothing sounds, the encoder when
there is silence toward all. What remains of an idle engine is decode and level.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from dsp_ext.bridge cimport bridge_copy, bridge_route
from dsp_ext.commands cimport apply_commands
from dsp_ext.dtmf cimport DIGIT_START, dtmf_event, dtmf_process
from dsp_ext.g711 cimport decode_block, encode_block
from dsp_ext.level cimport level_process
from dsp_ext.messages cimport (
    EV_DIGIT_END,
    EV_DIGIT_START,
    EV_MISSED,
    event_t,
    outbox_close,
    outbox_open,
    outbox_post,
)
from dsp_ext.mix cimport mix_process
from dsp_ext.native cimport now_ns
from dsp_ext.state cimport (
    AT_COMMANDS,
    AT_DECODE,
    AT_DTMF,
    AT_ENCODE,
    AT_LEVEL,
    AT_MIX,
    AT_PLAY,
    AT_READ,
    AT_TAP,
    AT_TONE,
    AT_WRITE,
    attachment_t,
    engine_t,
)
from dsp_ext.voice cimport add_tones, add_voices, fill_taps, voice_settle


cdef inline void _mark(engine_t* e, int stage, int64_t* since) noexcept nogil:
    """With timing on: charge the time since the last mark to `stage`."""
    cdef int64_t now
    if e.timing:
        now = now_ns()
        e.stage_ns[stage] += now - since[0]
        since[0] = now


cdef void _read_ports(engine_t* e) noexcept nogil:
    cdef int p
    cdef attachment_t* at
    cdef uint8_t* octets
    for p in range(e.port_count):
        at = &e.ports[p]
        octets = e.rx + at.first * e.block
        if at.port.read(at.port.ctx, octets, e.block, e.block) != 0:
            e.port_errors += 1
            memset(octets, e.idle, at.port.channels * e.block)


cdef void _write_ports(engine_t* e) noexcept nogil:
    cdef int p
    cdef attachment_t* at
    for p in range(e.port_count):
        at = &e.ports[p]
        if at.port.write(at.port.ctx, e.tx + at.first * e.block, e.block, e.block) != 0:
            e.port_errors += 1


cdef void _find_digits(engine_t* e) noexcept nogil:
    cdef int i
    cdef event_t event
    cdef dtmf_event* digit
    # Bank time stands still while no channel listens; media time does not.
    cdef int64_t ahead = e.samples - e.dtmf_clock
    cdef int found = dtmf_process(e.dtmf, e.pcm_in, e.block, e.digits, 2 * e.channels)
    e.dtmf_clock += e.block
    for i in range(found):
        digit = &e.digits[i]
        memset(&event, 0, sizeof(event))
        event.kind = EV_DIGIT_START if digit.kind == DIGIT_START else EV_DIGIT_END
        event.channel, event.at = digit.channel, digit.at + ahead
        event.a, event.b = digit.digit, digit.duration_ms
        event.x, event.y = digit.level_dbm0, digit.twist_db
        outbox_post(&e.out, &event)


cdef void _mix(engine_t* e, bint must_mix) noexcept nogil:
    if must_mix:
        mix_process(e.mix, e.pcm_in, e.pcm_out, e.cstride, e.block)
    else:
        memset(e.pcm_out, 0, <size_t> e.cstride * e.block * sizeof(float))


cdef void _finish(engine_t* e, int64_t began) noexcept nogil:
    cdef event_t event
    cdef int64_t took
    voice_settle(e, -1)
    if e.missed_untold:
        memset(&event, 0, sizeof(event))
        event.kind, event.channel, event.at = EV_MISSED, -1, e.samples
        event.a = e.missed_untold
        if outbox_post(&e.out, &event):
            e.missed_untold = 0
    outbox_close(&e.out)
    e.ticks += 1
    e.timed_ticks += e.timing
    took = now_ns() - began
    e.tick_ns += took
    e.tick_max_ns = max(e.tick_max_ns, took)


cdef void engine_late(engine_t* e, int64_t late_ns, bint missed) noexcept nogil:
    e.late_max_ns = max(e.late_max_ns, late_ns)
    e.missed_ticks += missed
    e.missed_untold += missed


cdef void engine_tick(engine_t* e) noexcept nogil:
    cdef int64_t began = now_ns()
    cdef int64_t since = began
    cdef bint must_mix, aloud
    outbox_open(&e.out)
    apply_commands(e)
    must_mix = bridge_route(e)
    aloud = must_mix or e.sounding > 0
    _mark(e, AT_COMMANDS, &since)
    _read_ports(e)
    _mark(e, AT_READ, &since)
    decode_block(e.rx, e.block, e.pcm_in, e.cstride, e.channels, e.block, e.law)
    _mark(e, AT_DECODE, &since)
    level_process(e.level, e.pcm_in, e.block)
    _mark(e, AT_LEVEL, &since)
    if e.detecting:
        _find_digits(e)
        _mark(e, AT_DTMF, &since)
    if aloud:
        _mix(e, must_mix)
        _mark(e, AT_MIX, &since)
    if e.sounding:
        add_tones(e)
        _mark(e, AT_TONE, &since)
        add_voices(e)
        _mark(e, AT_PLAY, &since)
    if aloud:
        encode_block(e.pcm_out, e.cstride, e.tx, e.block, e.channels, e.block, e.law)
    else:
        memset(e.tx, e.idle, <size_t> e.channels * e.block)
    bridge_copy(e)
    _mark(e, AT_ENCODE, &since)
    fill_taps(e)
    _mark(e, AT_TAP, &since)
    _write_ports(e)
    _mark(e, AT_WRITE, &since)
    e.samples += e.block
    _finish(e, began)
