"""Bridges of the engine: membership at block starts, octet copies in the tick.

What: a member that hears one other at unity gain and nothing else is given that one's octets
untouched, as data calls need and as µ-law deserves (decoding and encoding again is not the
identity there). In a bridge of two that is both; a monitor beside them changes nothing. What a
member brings is mixed instead while echo is taken out of it.
How: `copy_from` is worked out when membership changes, `copy_now` as a block begins.
"""

from libc.string cimport memcpy

from dsp_ext.cancel cimport cancels
from dsp_ext.mix_seat cimport (
    mix_hears,
    mix_join,
    mix_leave,
    mix_loudest,
    mix_peer,
    mix_whisper,
)
from dsp_ext.state cimport engine_t


cdef void _settle(engine_t* e, int bridge) noexcept nogil:
    """Work out anew whom the members of `bridge` may copy."""
    cdef int c
    for c in range(e.channels):
        if e.mix.bridge_of[c] == bridge:
            e.copy_from[c] = mix_peer(e.mix, c)


cdef void bridge_join(engine_t* e, int channel, int bridge, float talk,
                      float listen) noexcept nogil:
    cdef int before = e.mix.bridge_of[channel]
    mix_join(e.mix, channel, bridge, talk, listen)
    if before < 0:
        e.bridged += 1
    else:
        e.members[before] -= 1
    e.members[bridge] += 1
    if before >= 0 and before != bridge:
        _settle(e, before)
    _settle(e, bridge)


cdef void bridge_leave(engine_t* e, int channel) noexcept nogil:
    cdef int bridge = e.mix.bridge_of[channel]
    cdef int to = e.mix.seats.whisper_to[channel]
    mix_leave(e.mix, channel)
    e.copy_from[channel] = -1
    if to >= 0:
        e.copy_from[to] = mix_peer(e.mix, to)
    if bridge >= 0:
        e.bridged -= 1
        e.members[bridge] -= 1
        _settle(e, bridge)


cdef void bridge_whisper(engine_t* e, int channel, int to, float gain) noexcept nogil:
    cdef int before = e.mix.seats.whisper_to[channel]
    mix_whisper(e.mix, channel, to, gain)
    if before >= 0:
        e.copy_from[before] = mix_peer(e.mix, before)
    if to >= 0:
        e.copy_from[to] = mix_peer(e.mix, to)


cdef void bridge_loudest(engine_t* e, int bridge, int count) noexcept nogil:
    mix_loudest(e.mix, bridge, count)
    _settle(e, bridge)


cdef bint bridge_route(engine_t* e) noexcept nogil:
    cdef int c, peer
    cdef bint must_mix = False
    if e.bridged == 0 and e.mix.whispers == 0:
        return False
    for c in range(e.channels):
        peer = e.copy_from[c]
        e.copy_now[c] = -1 if peer >= 0 and (e.sources[c] or cancels(e, peer)) else peer
        must_mix = must_mix or (e.copy_now[c] < 0 and mix_hears(e.mix, c))
    return must_mix


cdef void bridge_copy(engine_t* e) noexcept nogil:
    cdef int c
    if e.bridged == 0:
        return
    for c in range(e.channels):
        if e.copy_now[c] >= 0:
            memcpy(e.tx + c * e.block, e.rx + e.copy_now[c] * e.block, e.block)
