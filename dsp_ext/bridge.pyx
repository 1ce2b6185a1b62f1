"""Bridges of the engine: membership at block starts, octet copies in the tick.

What: a member that hears one other at unity gain and nothing else is given that one's octets
untouched, as data calls need and as µ-law deserves (decoding and encoding again is not the
identity there). In a bridge of two that is both; a monitor beside them changes nothing.
How: `copy_from` is worked out when membership changes, `copy_now` as a block begins.
"""

from libc.string cimport memcpy

from dsp_ext.mix cimport mix_join, mix_leave, mix_peer
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
    elif before != bridge:
        _settle(e, before)
    _settle(e, bridge)


cdef void bridge_leave(engine_t* e, int channel) noexcept nogil:
    cdef int bridge = e.mix.bridge_of[channel]
    mix_leave(e.mix, channel)
    if bridge < 0:
        return
    e.copy_from[channel] = -1
    e.bridged -= 1
    _settle(e, bridge)


cdef bint bridge_route(engine_t* e) noexcept nogil:
    cdef int c
    cdef bint must_mix = False
    if e.bridged == 0:
        return False
    for c in range(e.channels):
        e.copy_now[c] = -1 if e.sources[c] else e.copy_from[c]
        must_mix = must_mix or (e.mix.bridge_of[c] >= 0 and e.copy_now[c] < 0)
    return must_mix


cdef void bridge_copy(engine_t* e) noexcept nogil:
    cdef int c
    if e.bridged == 0:
        return
    for c in range(e.channels):
        if e.copy_now[c] >= 0:
            memcpy(e.tx + c * e.block, e.rx + e.copy_now[c] * e.block, e.block)
