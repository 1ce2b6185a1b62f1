"""Bridges of the engine: membership at block starts, octet copies in the tick.

What: a bridge of exactly two members, both at unity gain, passes octets
untouched toward each member that hears nothing else, as data calls need and as
µ-law deserves (decoding and encoding again is not the identity there).
How: `copy_from` is worked out when membership changes, `copy_now` as a block begins.
"""

from libc.string cimport memcpy

from dsp_ext.state cimport engine_t


cdef void _pair(engine_t* e, int bridge) noexcept nogil:
    """Work out anew whether the members of `bridge` may copy from one another."""
    cdef int c
    cdef int members = 0
    cdef int first = -1
    cdef int second = -1
    cdef bint unity = True
    for c in range(e.channels):
        if e.mix.bridge_of[c] == bridge:
            members += 1
            unity = unity and e.mix.talk[c] == 1.0 and e.mix.listen[c] == 1.0
            first, second = second, c
            e.copy_from[c] = -1
    if members == 2 and unity:
        e.copy_from[first] = second
        e.copy_from[second] = first


cdef void bridge_join(engine_t* e, int channel, int bridge, float talk,
                      float listen) noexcept nogil:
    bridge_leave(e, channel)
    e.mix.bridge_of[channel] = bridge
    e.mix.talk[channel] = talk
    e.mix.listen[channel] = listen
    e.bridged += 1
    _pair(e, bridge)


cdef void bridge_leave(engine_t* e, int channel) noexcept nogil:
    cdef int bridge = e.mix.bridge_of[channel]
    if bridge < 0:
        return
    e.mix.bridge_of[channel] = -1
    e.copy_from[channel] = -1
    e.bridged -= 1
    _pair(e, bridge)


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
