"""A block of an E1 over IP, in and out: what the tick calls; cesop_port.pyx is Python's door to it.

What: what the engine writes goes out as CESoPSN packets; those of the far end are put in order and
in time, gaps filled, and given to the engine. Time slot 16 is a D channel (frames by HDLC), or the
signalling bits of all others travel with the packets. Alarms come of the packets' L, R and M bits
and of their absence.
How: reading takes in what waits on the socket, then a block off the jitter buffer; writing fills
packets and sends those that are full. All counts of time are of frames read, so that a port runs in
virtual time too; the far end's clock alone is told by the machine's. Frames, bits and alarms go up in
a ring with an eventfd.
Limits: one far end; a block of 8 to 160 frames, packets of 1 to 8 ms.
Source: RFC 5086 (packets, L, R, M). A second without packets is loss, a second in which fewer than a
tenth are missing its end.
"""

from libc.errno cimport EINTR
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset
from posix.unistd cimport write

from dsp_ext.cesop cimport (
    CESOP_ASTRAY,
    CESOP_GOOD,
    CESOP_STRANGER,
    MULTIFRAME,
    cesop_cas_octets,
    cesop_gather,
    cesop_head,
    cesop_packet,
    cesop_parse,
    cesop_scatter,
    cesop_size,
)
from dsp_ext.cesop_clock cimport clock_locked, clock_ppm, clock_reset, clock_saw
from dsp_ext.cesop_fill cimport fill_end, fill_good, fill_lost
from dsp_ext.cesop_jitter cimport jitter_begin, jitter_next, jitter_put, jitter_reset
from dsp_ext.cesop_net cimport (
    net_came_ns,
    net_datagram,
    net_flush,
    net_is_remote,
    net_place,
    net_queue,
    net_receive,
)
from dsp_ext.hdlc cimport hdlc_frame, hdlc_rx_process, hdlc_tx_process
from dsp_ext.native cimport load_acquire, now_ns, store_release
from dsp_ext.ring cimport ring_put

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_nanosleep(int clock, int flags, const timespec* until, timespec* remain)
    int CLOCK_MONOTONIC
    int TIMER_ABSTIME

cdef enum:
    SECOND = 8000  # frames
    BATCHES_MOST = 32  # of datagrams taken in a tick: a flood costs no more
    PULL_PPM = 20  # by how much the engine is hurried to bring the buffer to its depth


# ---- telling


cdef void _tell(cesop_port_t* p, int kind, int a, int b, const uint8_t* data, int n) noexcept nogil:
    cdef uint8_t[TOLD_MOST] entry
    cdef told_t* told = <told_t*> &entry[0]
    told.kind, told.a, told.b = kind, a, b
    if n:
        memcpy(&entry[sizeof(told_t)], data, n)
    if ring_put(&p.told, &entry[0], sizeof(told_t) + n):
        p.posted = True
    else:
        p.untold += 1


cdef void _wake(cesop_port_t* p) noexcept nogil:
    cdef uint64_t one = 1
    if p.posted:
        p.posted = False
        write(p.told_fd, &one, sizeof(one))


cdef void _judge_alarms(cesop_port_t* p) noexcept nogil:
    cdef int now = p.alarms & ALARM_RED
    if p.jitter.silent >= SECOND:
        now = ALARM_RED
        if p.jitter.running:
            jitter_reset(&p.jitter)
            clock_reset(&p.clock)
            p.fill.open = False
    elif p.jitter.clean:
        now = 0
    if not now:
        now |= ALARM_AIS if p.far_l else 0
        now |= ALARM_RAI if p.far_r or p.far_m else 0
    if now != p.alarms:
        p.alarms = now
        _tell(p, TELL_ALARMS, now, 0, NULL, 0)


cdef bint _dropped(cesop_port_t* p, uint64_t* share) noexcept nogil:
    """Whether this packet is one to be lost by order."""
    cdef uint64_t lost = load_acquire(share)
    if lost == 0:
        return False
    p.random = p.random * <uint64_t> 6364136223846793005 + <uint64_t> 1442695040888963407
    return p.random >> 32 < lost


# ---- receiving


cdef int cesop_take(cesop_port_t* p, const uint8_t* data, int length, int64_t came_ns) noexcept nogil:
    """A datagram of the far end -> its fate, counted."""
    cdef cesop_packet packet
    cdef int64_t frame = 0
    cdef int fate = cesop_parse(&p.shape, data, length, &packet)
    if fate != CESOP_GOOD:
        p.jitter.fates[fate] += 1
        return fate
    fate = jitter_put(&p.jitter, &packet, &frame)
    if fate == CESOP_ASTRAY:
        return fate
    if not p.jitter.strays and frame >= p.jitter.newest * p.shape.frames:
        p.far_l, p.far_r, p.far_m = packet.l, packet.r, packet.m != 0
    if came_ns and fate == CESOP_GOOD:
        clock_saw(&p.clock, frame, came_ns)
    return fate


cdef void _receive(cesop_port_t* p) noexcept nogil:
    cdef int i, got, length, turn
    cdef int64_t restarts = p.jitter.restarts
    cdef const uint8_t* data
    for turn in range(BATCHES_MOST):
        got = net_receive(&p.net)
        for i in range(got):
            if not p.opened:
                continue
            data = net_datagram(&p.net, i, &length)
            if net_is_remote(&p.net, i):
                if _dropped(p, &p.drop_in):
                    p.ordered += 1
                    continue
                cesop_take(p, data, length, net_came_ns(&p.net, i))
            else:
                p.jitter.fates[CESOP_STRANGER] += 1
        if got == 0:
            break
    p.opened = True
    if p.jitter.restarts != restarts:
        clock_reset(&p.clock)


cdef void _hear_bits(cesop_port_t* p, const uint8_t* nibbles) noexcept nogil:
    cdef int s, bits
    for s in range(p.shape.slots):
        bits = nibbles[s // 2] >> (0 if s & 1 else 4) & 0xF
        if bits != p.bits[s]:
            p.bits[s] = bits
            store_release(&p.shown[s], bits)
            _tell(p, TELL_BITS, s, bits, NULL, 0)


cdef void _hear_frames(cesop_port_t* p, int block) noexcept nogil:
    cdef hdlc_frame[FRAMES_AT_ONCE] found
    cdef int i, count = hdlc_rx_process(p.rx, p.rows + p.d_place * block, block, block, &found[0],
                                        FRAMES_AT_ONCE, p.frames, D_SCRATCH)
    for i in range(count):
        _tell(p, TELL_FRAME, found[i].length, 0, p.frames + found[i].offset, found[i].length)


cdef void _hold(cesop_port_t* p, int first, int n, int block) noexcept nogil:
    """Idle in place of octets of no use; a D channel has ones, which are no frame."""
    cdef int c
    for c in range(p.shape.slots):
        memset(p.rows + c * block + first, 0xFF if c == p.d_place else p.idle, n)


cdef void _take_block(cesop_port_t* p, int block) noexcept nogil:
    cdef const uint8_t* data
    cdef const uint8_t* bits
    cdef bint bad
    cdef int run, done = 0
    jitter_begin(&p.jitter)
    while done < block:
        run = jitter_next(&p.jitter, block - done, &data, &bad, &bits)
        if data != NULL and not bad:
            cesop_scatter(&p.shape, data, run, p.rows + done, p.place, block)
            fill_good(&p.fill, p.rows, block, done, run)
        else:
            _hold(p, done, run, block)
            if data == NULL and p.jitter.running:
                fill_lost(&p.fill, p.rows, block, done, run)
        if bits != NULL and not bad:
            _hear_bits(p, bits)
        done += run
    fill_end(&p.fill, p.rows, block, block)


cdef int cesop_read(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef cesop_port_t* p = <cesop_port_t*> ctx
    cdef int c
    _receive(p)
    _take_block(p, block)
    for c in range(p.channels):
        memcpy(octets + <Py_ssize_t> c * stride, p.rows + c * block, block)
    if p.d_place >= 0:
        _hear_frames(p, block)
    _judge_alarms(p)
    _wake(p)
    return 0


# ---- sending


cdef void _begin_packet(cesop_port_t* p) noexcept nogil:
    cdef uint64_t asked = load_acquire(&p.asked)
    p.payload = p.packet + cesop_head(&p.shape, p.packet, p.seq, asked & ALARM_AIS,
                                      p.alarms & ALARM_RED, 2 if asked & ALARM_RAI else 0, p.stamp)


cdef void _end_packet(cesop_port_t* p) noexcept nogil:
    cdef int octets = p.shape.slots * p.shape.frames
    cdef int s, size = cesop_size(&p.shape, p.seq)
    cdef uint8_t* bits = p.payload + octets
    if p.shape.cas and (p.shape.frames == MULTIFRAME or p.seq & 1):
        memset(bits, 0, cesop_cas_octets(&p.shape))
        for s in range(p.shape.slots):
            bits[s // 2] |= <uint8_t> load_acquire(&p.send_bits[s]) << (0 if s & 1 else 4)
    if not _dropped(p, &p.drop_out):
        memcpy(net_place(&p.net), p.packet, size)
        net_queue(&p.net, size)
    p.seq += 1
    p.stamp += p.shape.frames
    p.filled = 0


cdef int cesop_write(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef cesop_port_t* p = <cesop_port_t*> ctx
    cdef int c, run, done = 0
    for c in range(p.channels):
        memcpy(p.sending + c * block, octets + <Py_ssize_t> c * stride, block)
    if p.d_place >= 0:
        hdlc_tx_process(p.tx, p.sending + p.d_place * block, block, block)
    while done < block:
        if p.filled == 0:
            _begin_packet(p)
        run = min(block - done, p.shape.frames - p.filled)
        cesop_gather(&p.shape, p.payload, p.filled, run, p.sending + done, p.place, block)
        p.filled += run
        done += run
        if p.filled == p.shape.frames:
            _end_packet(p)
    net_flush(&p.net)
    return 0


# ---- the far end's clock as the engine's


cdef double cesop_block_ns(const cesop_port_t* p) noexcept nogil:
    """A block's time on our clock: as long as the far end takes for it, and a little less or more

    while the buffer is deeper or shallower than it should be."""
    cdef double pull = 0.0
    if p.jitter.depth_known:
        pull = (p.jitter.shortest - p.jitter.least - p.jitter.slack / 2.0) * PULL_PPM / p.jitter.slack
        pull = min(max(pull, <double> -PULL_PPM), <double> PULL_PPM)
    return p.block * 125000.0 * (1.0 - (clock_ppm(&p.clock) + pull) * 1e-6)


cdef int cesop_wait(void* ctx, int64_t timeout_ns) noexcept nogil:
    """1: a block is due; 0: none within the time; -1: the far end is not to be heard."""
    cdef cesop_port_t* p = <cesop_port_t*> ctx
    cdef timespec until
    cdef int64_t now = now_ns()
    cdef int64_t wake
    if p.alarms & ALARM_RED or not clock_locked(&p.clock):
        p.due_ns = 0
        return -1
    if p.due_ns < now - 8 * p.block * 125000 or p.due_ns > now + timeout_ns:
        p.due_ns = now
    else:
        p.due_ns += <int64_t> (cesop_block_ns(p) + 0.5)
    wake = min(p.due_ns, now + timeout_ns)
    until.tv_sec, until.tv_nsec = wake // 1000000000, wake % 1000000000
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR:
        pass
    return p.due_ns <= wake
