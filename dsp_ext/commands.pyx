"""Commands take effect at a block's start, in order, each answered by one ACK.

A command waits in its ring while the event ring has no room for all that it
can cause; so no answer is ever lost, and a control plane that does not drain
its events finds its own command ring full (RingFull) instead.
"""

from libc.string cimport memset

from dsp_ext.bridge cimport bridge_join, bridge_leave, bridge_loudest, bridge_whisper
from dsp_ext.cancel cimport cancel_set
from dsp_ext.dtmf cimport dtmf_enable, dtmf_reset
from dsp_ext.level cimport level_reset
from dsp_ext.messages cimport (
    CMD_DETECT,
    CMD_ECHO,
    CMD_FEED,
    CMD_JOIN,
    CMD_KEEP,
    CMD_LEAVE,
    CMD_LISTEN,
    CMD_LOUDEST,
    CMD_PLAY,
    CMD_RESET,
    CMD_STOP,
    CMD_STOP_TONE,
    CMD_TAP,
    CMD_TONE,
    CMD_UNFEED,
    CMD_UNTAP,
    CMD_WHISPER,
    EV_ACK,
    command_t,
    event_t,
    outbox_ready,
    outbox_reply,
)
from dsp_ext.posts cimport posts_set
from dsp_ext.ring cimport ring_read, ring_t
from dsp_ext.state cimport POST_KINDS, engine_t
from dsp_ext.units cimport LANES
from dsp_ext.voice cimport (
    player_start,
    player_stop,
    voice_feed,
    voice_settle,
    voice_stop_tone,
    voice_tap,
    voice_tone,
    voice_untap,
)


cdef void _detect(engine_t* e, int channel, bint on) noexcept nogil:
    if on == (e.detect[channel] != 0):
        return
    e.detect[channel] = on
    e.detecting[channel // LANES] += 1 if on else -1
    dtmf_enable(e.dtmf[channel // LANES], channel % LANES, on)


cdef void _reset(engine_t* e, int channel) noexcept nogil:
    """As after the engine's making: nothing sounds, nobody listens."""
    cdef int kind
    player_stop(e, channel)
    voice_stop_tone(e, channel)
    voice_feed(e, channel, NULL, False)
    voice_untap(e, channel, NULL)
    bridge_leave(e, channel)
    _detect(e, channel, False)
    dtmf_reset(e.dtmf[channel // LANES], channel % LANES)
    level_reset(e.level[channel // LANES], channel % LANES)
    cancel_set(e, channel, False, 0)
    e.joins.kept[channel] = False
    for kind in range(POST_KINDS):
        posts_set(e, kind, channel, -1, 0)


cdef void _apply(engine_t* e, const command_t* command) noexcept nogil:
    cdef int channel = command.channel
    cdef int kind = command.kind
    if kind == CMD_PLAY:
        player_start(e, command)
    elif kind == CMD_STOP:
        player_stop(e, channel)
    elif kind == CMD_TONE:
        voice_tone(e, command)
    elif kind == CMD_STOP_TONE:
        voice_stop_tone(e, channel)
    elif kind == CMD_JOIN:
        bridge_join(e, channel, command.a, command.x, command.y)
    elif kind == CMD_LEAVE:
        bridge_leave(e, channel)
    elif kind == CMD_WHISPER:
        bridge_whisper(e, channel, command.a, command.x)
    elif kind == CMD_LOUDEST:
        bridge_loudest(e, command.a, command.b)
    elif kind == CMD_TAP:
        voice_tap(e, channel, <ring_t*> command.ptr, command.a)
    elif kind == CMD_UNTAP:
        voice_untap(e, channel, <ring_t*> command.ptr)
    elif kind == CMD_FEED:
        voice_feed(e, channel, <ring_t*> command.ptr, command.a)
    elif kind == CMD_UNFEED:
        voice_feed(e, channel, NULL, False)
    elif kind == CMD_DETECT:
        _detect(e, channel, command.a)
    elif kind == CMD_ECHO:
        cancel_set(e, channel, command.a, command.b)
    elif kind == CMD_KEEP:
        e.joins.kept[channel] = command.a != 0
    elif kind == CMD_LISTEN:
        posts_set(e, command.b, channel, command.a, command.n)
    elif kind == CMD_RESET:
        _reset(e, channel)


cdef void apply_commands(engine_t* e) noexcept nogil:
    cdef command_t command
    cdef event_t ack
    memset(&ack, 0, sizeof(ack))
    ack.kind, ack.at = EV_ACK, e.samples
    voice_settle(e, -1)
    while outbox_ready(&e.out) and ring_read(&e.commands, &command, sizeof(command)):
        voice_settle(e, command.channel)
        _apply(e, &command)
        voice_settle(e, command.channel)
        ack.channel, ack.a, ack.ref = command.channel, command.seq, command.seq
        outbox_reply(&e.out, &ack)
