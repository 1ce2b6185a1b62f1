"""Jitter buffer of CESoPSN packets: in order, in time, with the least delay that serves.

What: packets are put in as they come, frames are taken out as they are due. Duplicates, late ones
and those of a foreign count are refused by reason; what is not there when due is said so.
How: packets lie by their number in a ring. Of each second the shortest wait of a packet is kept. The
delay grows at once by as much as a packet comes late while nothing newer has come (what is heard
waits for it), and frame by frame otherwise. A second in which every packet waited longer than the
most allowed is passed over at once. If for half a minute every packet has waited longer than
`least` calls for, frames are passed over one by one (at the start: for four seconds). So clocks that differ give controlled slips of a
frame (125 µs, one octet a time slot) and no drift of delay.
Limits: a second of packets. A far end that starts anew is followed from its second packet on.
Source: RFC 5086 6 (jitter buffer, loss of packets), ITU-T G.822 (controlled slips).
"""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dsp_ext.cesop cimport (
    CESOP_ASTRAY,
    CESOP_DUPLICATE,
    CESOP_GOOD,
    CESOP_LATE,
    CESOP_OVERRUN,
    Packets,
    cesop_cas_octets,
    cesop_packet,
    cesop_parse,
    cesop_shape,
)

from dsp_ext.cesop import FATES

cdef enum:
    SECOND = 8000  # frames
    HELD = 8192  # frames of packets in the ring, about
    STRAYS_MOST = 2
    ACQUIRED = 4  # seconds of history that are enough to begin with
    UNTOLD = 1 << 30


cdef bint jitter_init(jitter_t* j, const cesop_shape* shape, int least, int most,
                      int slack) noexcept nogil:
    memset(j, 0, sizeof(jitter_t))
    j.shape, j.least, j.most, j.slack = shape, least, most, slack
    j.octets = shape.slots * shape.frames + (cesop_cas_octets(shape) if shape.cas else 0)
    j.room = 1
    while j.room * shape.frames < HELD:
        j.room *= 2
    j.held = <int64_t*> calloc(j.room, sizeof(int64_t))
    j.bad = <uint8_t*> calloc(j.room, 1)
    j.has_bits = <bint*> calloc(j.room, sizeof(bint))
    j.store = <uint8_t*> calloc(j.room, j.octets)
    if j.held == NULL or j.bad == NULL or j.has_bits == NULL or j.store == NULL:
        jitter_release(j)
        return False
    jitter_reset(j)
    return True


cdef void jitter_release(jitter_t* j) noexcept nogil:
    free(j.held)
    free(j.bad)
    free(j.has_bits)
    free(j.store)
    j.held, j.bad, j.has_bits, j.store = NULL, NULL, NULL, NULL


cdef void jitter_reset(jitter_t* j) noexcept nogil:
    cdef int i
    j.running = False
    j.clean = j.depth_known = j.settled = False
    j.strays = j.owed = j.seconds = j.second = j.gaps = j.due = 0
    j.soonest, j.latest, j.had_most = -UNTOLD, UNTOLD, -UNTOLD
    for i in range(j.room):
        j.held[i] = -1


cdef void _start(jitter_t* j, uint16_t seq) noexcept nogil:
    """With the first packet: it is heard when it has waited for `least`."""
    jitter_reset(j)
    j.newest = seq + 65536  # so that numbers before it are no negative ones
    j.begun = j.newest * j.shape.frames
    j.play = j.begun - j.least
    j.running = True
    j.newest -= 1


cdef void _shift(jitter_t* j, int64_t frames) noexcept nogil:
    """Every packet waits longer by so many frames (shorter, if negative)."""
    cdef int i
    j.play -= frames
    for i in range(JITTER_HISTORY):
        j.history[i] += frames
    j.shortest += frames
    if j.latest != UNTOLD:
        j.latest += frames
        j.soonest += frames
    if j.had_most != -UNTOLD:
        j.had_most += frames


cdef bint _follow_stray(jitter_t* j, uint16_t seq) noexcept nogil:
    """Whether packets of a foreign count have become those to follow."""
    j.strays = j.strays + 1 if j.strays and <uint16_t> (j.stray + 1) == seq else 1
    j.stray = seq
    return j.strays >= STRAYS_MOST


cdef void _grow(jitter_t* j, int64_t late, bint waits) noexcept nogil:
    """A packet came `late` frames after its time."""
    cdef int64_t soonest = max(j.soonest, j.had_most)
    cdef int64_t room = j.most - max(soonest, <int64_t> 0)
    cdef int64_t more = min(late, max(room, <int64_t> 0))
    j.grown += more
    if waits:
        _shift(j, more)
    else:
        j.owed = <int> max(<int64_t> j.owed, more)


cdef void _keep(jitter_t* j, const cesop_packet* p, int64_t number) noexcept nogil:
    cdef int at = number & (j.room - 1)
    cdef int octets = j.shape.slots * j.shape.frames
    cdef uint8_t* place = j.store + <Py_ssize_t> at * j.octets
    j.held[at], j.bad[at], j.has_bits[at] = number, p.l or p.payload == NULL, p.cas != NULL
    if p.payload != NULL:
        memcpy(place, p.payload, octets)
    if p.cas != NULL:
        memcpy(place + octets, p.cas, cesop_cas_octets(j.shape))


cdef int _place(jitter_t* j, const cesop_packet* p, int64_t* frame) noexcept nogil:
    cdef int64_t number, waits
    cdef int delta
    if not j.running:
        _start(j, p.seq)
    delta = <int16_t> <uint16_t> (p.seq - <uint16_t> j.newest)
    if delta > j.room or delta < -j.room:
        if not _follow_stray(j, p.seq):
            return CESOP_ASTRAY
        j.restarts += 1
        _start(j, p.seq)
        delta = 1
    else:
        j.strays = 0
    number = j.newest + delta
    frame[0] = number * j.shape.frames
    waits = frame[0] - j.play
    if j.held[number & (j.room - 1)] == number:
        return CESOP_DUPLICATE
    if waits < 0:
        _grow(j, -waits, delta > 0)
        waits = frame[0] - j.play
        if waits <= -j.shape.frames:
            j.newest = max(j.newest, number)
            j.latest = min(j.latest, <int64_t> 0)
            return CESOP_LATE
    elif waits + j.shape.frames > (j.room - 1) * j.shape.frames:
        _shift(j, j.least - waits)  # what lies so far back nobody wants to hear any more
        j.newest = number
        return CESOP_OVERRUN
    j.latest, j.soonest = min(j.latest, waits), max(j.soonest, waits)
    j.reordered += delta < 0
    j.newest = max(j.newest, number)
    _keep(j, p, number)
    return CESOP_GOOD


cdef int jitter_put(jitter_t* j, const cesop_packet* packet, int64_t* frame) noexcept nogil:
    cdef int fate = _place(j, packet, frame)
    j.fates[fate] += 1
    if fate != CESOP_ASTRAY:
        j.silent = 0
    return fate


cdef void _come_back(jitter_t* j) noexcept nogil:
    """Whoever took no frames for a while is behind by more than is allowed: what lies so far back
    is left out at once, and what packets waited before tells nothing any more."""
    _shift(j, j.least - j.latest)
    j.seconds, j.depth_known, j.owed = 0, False, 0


cdef void _end_second(jitter_t* j) noexcept nogil:
    """Judge how long packets had to wait: more than is needed, or less than is safe?"""
    cdef int i
    cdef int64_t least = UNTOLD
    j.clean = j.due > 0 and 10 * j.gaps < j.due
    j.gaps = j.due = j.second = 0
    if j.latest == UNTOLD:
        return
    if j.latest > j.most:
        _come_back(j)
    if j.settled or j.latest < j.least:
        j.history[j.seconds % JITTER_HISTORY] = j.latest
        j.seconds += 1
    j.settled = True
    j.had_most = j.soonest
    j.latest, j.soonest = UNTOLD, -UNTOLD
    if j.seconds == 0:
        return
    for i in range(min(j.seconds, JITTER_HISTORY)):
        least = min(least, j.history[i])
    j.shortest, j.depth_known = least, True
    if least < j.least:
        j.owed = <int> max(<int64_t> 0, <int64_t> j.owed,
                           min(j.least - least, j.most - j.had_most))
    elif least > j.least + j.slack and j.seconds >= ACQUIRED:
        j.owed = <int> (j.least + j.slack - least)
    elif j.owed < 0:
        j.owed = 0


cdef void jitter_begin(jitter_t* j) noexcept nogil:
    if not j.running or j.owed == 0:
        return
    if j.owed > 0:
        if j.play <= j.begun:
            return
        j.owed -= 1
        j.slips_repeated += 1
        _shift(j, 1)
    else:
        j.owed += 1
        j.slips_passed += 1
        _shift(j, -1)


cdef int jitter_next(jitter_t* j, int want, const uint8_t** data, bint* bad,
                     const uint8_t** bits) noexcept nogil:
    cdef int64_t number = j.play // j.shape.frames
    cdef int offset = j.play % j.shape.frames
    cdef int at = number & (j.room - 1)
    cdef int run = min(want, j.shape.frames - offset)
    cdef const uint8_t* place = j.store + <Py_ssize_t> at * j.octets
    data[0], bits[0], bad[0] = NULL, NULL, False
    j.read += run
    j.second += run
    j.silent += run
    if j.running:
        j.play += run
        j.due += run
        if j.held[at] == number:
            data[0], bad[0] = place + offset * j.shape.slots, j.bad[at]
            if j.has_bits[at] and offset + run == j.shape.frames:
                bits[0] = place + j.shape.slots * j.shape.frames
        elif j.play > j.begun:
            j.gaps += run
            if number < j.newest:
                j.lost += run
            else:
                j.underrun += run
    if j.second >= SECOND:
        _end_second(j)
    return run


cdef int64_t jitter_depth(const jitter_t* j) noexcept nogil:
    return max(<int64_t> 0, (j.newest + 1) * j.shape.frames - j.play) if j.running else 0


cdef class JitterBuffer:
    """A jitter buffer of packets of one shape, as CesopPort has it.

    packets : a dsp_ext.cesop.Packets
    least, most : frames of 125 µs a packet waits, at least and at most
    slack : frames above `least` that are let be
    Raises ValueError for limits that cannot be, MemoryError.
    """

    cdef jitter_t c
    cdef Packets packets

    def __cinit__(self, Packets packets not None, *, int least=0, int most=480, int slack=1):
        if not 0 <= least <= most <= 4000 or slack < 1:
            raise ValueError(f"least {least}, most {most}: 0 to 4000 frames, the lesser first")
        self.packets = packets
        if not jitter_init(&self.c, &packets.c, least, most, slack):
            raise MemoryError("jitter buffer")

    def __dealloc__(self):
        jitter_release(&self.c)

    def put(self, data not None):
        """A datagram -> what became of it (dsp_ext.cesop.FATES)."""
        cdef const uint8_t[::1] view = memoryview(data).cast("B")
        cdef cesop_packet packet
        cdef int64_t frame
        cdef int fate
        if view.shape[0] == 0:
            return "short"
        fate = cesop_parse(&self.packets.c, &view[0], <int> view.shape[0], &packet)
        return FATES[jitter_put(&self.c, &packet, &frame) if fate == CESOP_GOOD else fate]

    def take(self, int frames):
        """The next frames: a list of (frames, octets or None where they are not there)."""
        cdef const uint8_t* data
        cdef const uint8_t* bits
        cdef bint bad
        cdef int run
        found = []
        jitter_begin(&self.c)
        while frames > 0:
            run = jitter_next(&self.c, frames, &data, &bad, &bits)
            frames -= run
            found.append((run, None if data == NULL else data[:run * self.packets.c.slots]))
        return found

    @property
    def depth(self):
        """Frames that wait."""
        return jitter_depth(&self.c)

    def counters(self):
        """Packets by fate; lost, underrun, grown, slips: frames; reordered, restarts."""
        return jitter_counts(&self.c)


cdef dict jitter_counts(const jitter_t* j):
    counts = {name: j.fates[i] for i, name in enumerate(FATES)}
    return counts | {
        "reordered": j.reordered,
        "restarts": j.restarts,
        "lost_frames": j.lost,
        "underrun_frames": j.underrun,
        "grown_frames": j.grown,
        "slips_repeated": j.slips_repeated,
        "slips_passed": j.slips_passed,
    }
