"""tick(): one block of all channels, from octets received to octets sent.

    load shed → commands → joins of drivers → read → decode, echo, level, detectors → mix
    → tones, players, feeds → encode → copied octets → taps → write → what is to be told

No lock, no malloc, no log, no Python object. Banks nobody uses are passed over:
cancellers and detectors where no channel of a tile has them on (hear.pyx), the
mixer when every bridge is served by copies, tones, players and feeds when nothing
sounds, the encoder when there is silence toward all. What remains of an idle
engine is decode and level. Every seventeenth tick tells what its parts took.
"""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memset

from dsp_ext.bridge cimport bridge_copy, bridge_route
from dsp_ext.commands cimport apply_commands
from dsp_ext.g711 cimport encode_block
from dsp_ext.hear cimport hear
from dsp_ext.joins cimport joins_settle
from dsp_ext.messages cimport (
    EV_MISSED,
    event_t,
    outbox_close,
    outbox_open,
    outbox_post,
)
from dsp_ext.mix cimport mix_process
from dsp_ext.native cimport now_ns
from dsp_ext.shed cimport shed_judge
from dsp_ext.state cimport (
    AT_COMMANDS,
    AT_ENCODE,
    AT_MIX,
    AT_PLAY,
    AT_READ,
    AT_TAP,
    AT_TONE,
    AT_WRITE,
    STAGES,
    TIMED_EVERY,
    attachment_t,
    engine_t,
    stage_mark,
)
from dsp_ext.voice cimport add_tones, add_voices, fill_taps, put_octets, voice_settle

cdef enum:
    TIMED_KEEP = 64  # ticks that are timed in some ten seconds


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


cdef void _mix(engine_t* e, bint must_mix) noexcept nogil:
    if must_mix:
        mix_process(e.mix, e.pcm_in, e.pcm_out, e.block)
    else:
        memset(e.pcm_out, 0, <size_t> e.cstride * e.block * sizeof(float))


cdef void _count_timed(engine_t* e) noexcept nogil:
    """One more timed tick; the mean is of the last ones: what is old counts half, then a quarter …"""
    cdef int i
    e.timed_ticks += e.timed
    if e.timed_ticks >= 2 * TIMED_KEEP and not e.timing:
        e.timed_ticks //= 2
        for i in range(STAGES):
            e.stage_ns[i] //= 2


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
    _count_timed(e)
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
    e.timed = e.timing or e.ticks % TIMED_EVERY == 0
    outbox_open(&e.out)
    shed_judge(e)
    apply_commands(e)
    must_mix = bridge_route(e)
    joins_settle(e)
    aloud = must_mix or e.sounding > 0
    stage_mark(e, AT_COMMANDS, &since)
    _read_ports(e)
    stage_mark(e, AT_READ, &since)
    hear(e, must_mix)
    if e.timed:
        since = now_ns()
    if aloud:
        _mix(e, must_mix)
        stage_mark(e, AT_MIX, &since)
    if e.sounding:
        add_tones(e)
        stage_mark(e, AT_TONE, &since)
        add_voices(e)
        stage_mark(e, AT_PLAY, &since)
    if aloud:
        encode_block(e.pcm_out, e.cstride, e.tx, e.block, e.channels, e.block, e.law)
    else:
        memset(e.tx, e.idle, <size_t> e.channels * e.block)
    bridge_copy(e)
    put_octets(e)
    stage_mark(e, AT_ENCODE, &since)
    fill_taps(e)
    stage_mark(e, AT_TAP, &since)
    _write_ports(e)
    stage_mark(e, AT_WRITE, &since)
    e.samples += e.block
    _finish(e, began)
