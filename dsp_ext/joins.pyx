"""Two channels in talk that nobody else touches are joined in their driver, and parted in time.

What: where two are alone in a bridge, hear each other untouched and have ports of one driver, that
driver sends on each what the other receives, which spares them the buffers on the way through us.
How: looked at as a block begins, after the commands, so that whatever begins to sound or to listen
finds the channels parted in its first block. Each direction is joined by itself; what we send
there goes on and is left unused by the driver. A driver that refuses is asked again only after the
two were apart.
Limits: while joined, what a channel receives may be silence to us (cards that connect timeslots
themselves), so all that listens counts as touching: taps, detectors, cancellers, a third in the
bridge, and whoever has asked to `keep` the channel. Joining leaves out what was on its way, and
parting is a pause of the same length: so two are joined after half a second of calm.
"""

from dsp_ext.cancel cimport cancels
from dsp_ext.posts cimport posts_hearing
from dsp_ext.state cimport engine_t, port_t

cdef enum:
    NOBODY = -1
    REFUSED = -2  # in place of a peer
    CALM_SAMPLES = 4000


cdef bint _touched(const engine_t* e, int channel) noexcept nogil:
    """Whether anything but its bridge sounds on the channel or listens to it."""
    return (e.sources[channel] != 0 or e.tapped[channel] > 0 or e.detect[channel] != 0
            or e.joins.kept[channel] != 0 or e.mix.seats.whisper_to[channel] >= 0
            or cancels(e, channel) or posts_hearing(e, channel))


cdef port_t* _driver(const engine_t* e, int channel) noexcept nogil:
    """The channel's port where its driver can join; NULL."""
    cdef int place = e.joins.place[channel]
    if place < 0 or e.ports[place].port.join == NULL:
        return NULL
    return &e.ports[place].port


cdef int _peer(const engine_t* e, int channel) noexcept nogil:
    """Whom to join the channel with; NOBODY."""
    cdef int peer = e.copy_now[channel] if e.bridged else NOBODY
    cdef port_t* ours = _driver(e, channel)
    cdef port_t* theirs
    if peer < 0 or ours == NULL or e.copy_now[peer] != channel:
        return NOBODY
    theirs = _driver(e, peer)
    if theirs == NULL or theirs.driver != ours.driver:
        return NOBODY
    if e.members[e.mix.bridge_of[channel]] != 2 or _touched(e, channel) or _touched(e, peer):
        return NOBODY
    return peer


cdef int _ask(engine_t* e, int channel, int peer) noexcept nogil:
    """The driver's answer, as of port_join."""
    cdef port_t* ours = _driver(e, channel)
    cdef port_t* theirs
    cdef int first = e.ports[e.joins.place[channel]].first
    if peer < 0:
        return ours.join(ours.ctx, channel - first, NULL, 0)
    theirs = _driver(e, peer)
    return ours.join(ours.ctx, channel - first, theirs.ctx,
                     peer - e.ports[e.joins.place[peer]].first)


cdef void _part(engine_t* e, int channel) noexcept nogil:
    if e.joins.peer[channel] >= 0:
        _ask(e, channel, NOBODY)
        e.joins.now -= 1
    e.joins.peer[channel], e.joins.calm[channel] = NOBODY, 0


cdef void _join(engine_t* e, int channel, int peer) noexcept nogil:
    cdef int answer = _ask(e, channel, peer)
    if answer > 0:
        e.joins.peer[channel] = peer
        e.joins.now += 1
        e.joins.made += 1
    elif answer < 0:
        e.joins.peer[channel] = REFUSED
        e.joins.refused += 1


cdef void joins_settle(engine_t* e) noexcept nogil:
    cdef int channel, peer, before
    if not e.joins.able or not (e.bridged or e.joins.seen):
        return
    e.joins.seen = e.bridged > 0
    for channel in range(e.channels):
        peer, before = _peer(e, channel), e.joins.peer[channel]
        if peer < 0 or (before >= 0 and before != peer):
            _part(e, channel)
        elif before == NOBODY:
            e.joins.calm[channel] += e.block
            if e.joins.calm[channel] >= CALM_SAMPLES:
                _join(e, channel, peer)
