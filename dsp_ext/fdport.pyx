"""Ports whose channels are file descriptors of a driver: one descriptor a channel.

What: each tick reads one block from every descriptor and writes one to it, without Python. The
driver's clock is the engine's: `wait` gives the moment the next block is there.
How: descriptors do not block and their driver hands out whole blocks. A pending event, which makes
read and write fail until it is taken, is taken at once by the driver's own function and posted in
a ring with an eventfd, so that it costs no audio. A channel whose driver has gone is idle until
`replace` gives it another descriptor. A channel begins with its driver emptied, and a few blocks
are sent ahead. Where the driver tells that a channel had nothing to send, what is sent begins anew:
the blocks the line had to do without are not sent late, as they would stay a delay for good.
Where the driver can send on one channel what another receives, the two may be joined there: both go
on being read and written, for the events and the clock, but what lacks is not counted, and as they
are parted they begin anew, as the driver's queues between them have moved their blocks.
Limits: one reader and one writer; blocks of 16 octets and more (the driver's least).
"""

import os

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from posix.unistd cimport read, write

from dsp_ext.g711 cimport encode_one
from dsp_ext.native cimport load_acquire, store_release
from dsp_ext.port cimport Port
from dsp_ext.port import LAWS, check_shape
from dsp_ext.ring cimport ring_init, ring_put, ring_read, ring_release
from dsp_ext.state cimport BLOCK_MAX

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    struct timespec:
        long tv_sec
        long tv_nsec
    int ppoll(pollfd* fds, unsigned long count, const timespec* timeout, const void* mask)
    short POLLIN

cdef extern from "<sys/eventfd.h>" nogil:
    int eventfd(unsigned int initval, int flags)
    int EFD_NONBLOCK
    int EFD_CLOEXEC

cdef enum:  # of a channel
    WAITS = 0  # nothing received yet
    BEGUN = 1  # emptied; once a block may yet come a moment later than the clock's
    RUNS = 2
    HELD = 3  # by `hold`
    GONE = 4
    NOTICES = 4096
    EVENTS_MOST = 16  # taken from one channel in one go
    HELD_MOST = 32  # blocks a driver can hold
    SETTLES = 50  # blocks in which a channel that was emptied shows how late it is


cdef void _post(fdport_t* p, int channel, int event) noexcept nogil:
    cdef notice_t notice
    notice.channel, notice.event = channel, event
    p.posted |= ring_put(&p.notices, &notice, sizeof(notice))


cdef bint _sends(fdport_t* p, int c) noexcept nogil:
    cdef uint64_t state = load_acquire(&p.state[c])
    return state == BEGUN or state == RUNS


cdef bint _try_again(fdport_t* p, int c, int code) noexcept nogil:
    """After a refusal: whether to ask again. A channel that has gone is told once."""
    cdef int event
    if code == EINTR:
        return True
    if code == p.pending:
        event = p.take_event(p.fd[c])
        if event > 0:
            _post(p, c, event)
        if event == p.ran_dry and _sends(p, c) and not p.joined[c]:
            p.dry[c] = HELD_MOST
        return event >= 0
    if code != EAGAIN:
        store_release(&p.state[c], GONE)
        _post(p, c, -code)
    return False


cdef int _receive(fdport_t* p, int c, uint8_t* octets) noexcept nogil:
    """-> octets got."""
    cdef int attempt
    cdef ssize_t n
    for attempt in range(EVENTS_MOST):
        n = read(p.fd[c], octets, p.block)
        if n >= 0:
            return <int> n
        if not _try_again(p, c, errno):
            break
    return 0


cdef int _send(fdport_t* p, int c, const uint8_t* octets) noexcept nogil:
    cdef int attempt
    cdef ssize_t n
    for attempt in range(EVENTS_MOST):
        n = write(p.fd[c], octets, p.block)
        if n >= 0:
            return <int> n
        if not _try_again(p, c, errno):
            break
    return 0


cdef void _prefill(fdport_t* p, int c) noexcept nogil:
    """From a driver with nothing to send."""
    cdef uint8_t idle[BLOCK_MAX]
    cdef int i
    memset(idle, p.idle, p.block)
    for i in range(p.prefill):
        _send(p, c, idle)
    p.dry[c] = 0


cdef void _begin(fdport_t* p, int c) noexcept nogil:
    """The channel's first block has come: what lies in the driver came before the line ran, and

    would stay a delay. All channels emptied at once also fill their next blocks at once."""
    if p.flush != NULL:
        p.flush(p.fd[c], True)
    _prefill(p, c)
    p.state[c], p.settles[c] = BEGUN, SETTLES


cdef void _settle(fdport_t* p, int c, bint came) noexcept nogil:
    """A channel emptied later than the clock's ends its blocks later too. Where they just miss the
    tick, one of them waits for the next: a pause, and nothing of what came is lost."""
    p.settles[c] -= 1
    if not came or p.settles[c] == 0:
        p.state[c] = RUNS


cdef bint _holds_back(fdport_t* p, int c) noexcept nogil:
    """After a channel ran dry: whether its block is one the line has done without already, as more

    received ones still wait. With the last of them sending begins anew."""
    cdef pollfd poll
    cdef timespec now
    poll.fd, poll.events = p.fd[c], POLLIN
    now.tv_sec = now.tv_nsec = 0
    p.dry[c] -= 1
    if p.dry[c] and ppoll(&poll, 1, &now, NULL) > 0 and poll.revents & POLLIN:
        p.tx_gaps[c] += p.block
        return True
    if p.flush != NULL:
        p.flush(p.fd[c], False)
    _prefill(p, c)
    return False


cdef int _read_fds(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef uint8_t* row
    cdef int c, n
    cdef uint64_t one = 1
    for c in range(p.channels):
        row = octets + c * stride
        n = 0
        if load_acquire(&p.state[c]) < HELD:
            n = _receive(p, c, row)
        if n and p.state[c] == WAITS:
            _begin(p, c)
            n = 0
        elif p.state[c] == BEGUN:
            if 0 < n < block and not p.joined[c]:
                p.rx_gaps[c] += block - n
            _settle(p, c, n > 0)
        elif n < block and p.state[c] == RUNS and not p.joined[c]:
            p.rx_gaps[c] += block - n
        memset(row + n, p.idle, block - n)
    if p.posted:
        p.posted = False
        write(p.notices_fd, &one, sizeof(one))
    return 0


cdef int _write_fds(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef int c, sent
    for c in range(p.channels):
        if _sends(p, c) and not (p.dry[c] and _holds_back(p, c)):
            sent = _send(p, c, octets + c * stride)
            if not p.joined[c]:
                p.tx_gaps[c] += block - sent
    return 0


cdef void _part(fdport_t* p, int c) noexcept nogil:
    if p.joined[c] and load_acquire(&p.state[c]) != GONE:
        p.listen(p.fd[c], 0)
        if _sends(p, c):
            _begin(p, c)
    p.joined[c] = False


cdef int _join_fds(void* ctx, int c, void* source, int from_channel) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef fdport_t* other = <fdport_t*> source
    cdef int answer
    if source == NULL:
        _part(p, c)
        return 1
    if not _sends(p, c) or p.dry[c] or not _sends(other, from_channel):
        return 0
    answer = p.listen(p.fd[c], other.number[from_channel])
    if answer < 0:
        return answer
    p.joined[c] = True
    return 1


cdef int _teller(fdport_t* p) noexcept nogil:
    cdef int c
    cdef int last = -1
    for c in range(p.channels - 1, -1, -1):
        if load_acquire(&p.state[c]) < HELD:
            if not p.joined[c]:
                return c
            last = max(last, c)
    return last


cdef int _wait_fds(void* ctx, int64_t timeout_ns) noexcept nogil:
    """1: a block is there; 0: none in this time; -1: no channel runs that could tell.

    The last channel tells: it began last, so that the others' blocks are there when its is. Not one
    that is joined, whose blocks the driver may have moved, as long as there is another."""
    cdef fdport_t* p = <fdport_t*> ctx
    cdef pollfd poll
    cdef timespec timeout
    cdef int c = _teller(p)
    if c < 0:
        return -1
    poll.fd, poll.events = p.fd[c], POLLIN
    timeout.tv_sec, timeout.tv_nsec = timeout_ns // 1000000000, timeout_ns % 1000000000
    if ppoll(&poll, 1, &timeout, NULL) > 0:
        return 1 if poll.revents & POLLIN else -1
    return 0


cdef class FdPort:
    """Channels that are open, non-blocking descriptors of a driver. `.port` goes to an engine.

    fds : one a channel; they stay the caller's to close, after the engine has stopped
    block, law : as the engine's
    prefill : blocks sent ahead of the line, 1 to 16
    pending : the errno by which the driver says that an event waits; 0 for none
    take_event : address of a C function int(int fd) that takes one event: > 0, 0 for none, -errno
    ran_dry : the event that tells that a channel had nothing to send; 0: the driver has none
    flush : address of a C function int(int fd, int received) that empties a driver of what is to be
        sent, and of what was received too; 0: it cannot
    listen : address of a C function int(int fd, int number) that lets the driver send on a channel
        what the one of this number receives, 0: no longer; < 0: refused. 0: it cannot.
        Ports with the same function are of one driver
    numbers : by which the driver knows the channels, where it can
    gone : channels that have no driver yet, as of one that has gone

    Raises ValueError for a shape or law that cannot be, MemoryError.
    """

    def __cinit__(self, fds, *, int block=80, str law="alaw", int prefill=1, int pending=0,
                  size_t take_event=0, int ran_dry=0, size_t flush=0, size_t listen=0,
                  numbers=(), gone=()):
        cdef int channels = len(fds)
        self.c.notices_fd = -1
        check_shape(channels, block, law)
        if not 1 <= prefill <= 16:
            raise ValueError(f"prefill {prefill}: 1 to 16 blocks are allowed")
        if pending and not take_event:
            raise ValueError("pending events need a function that takes them")
        if listen and len(numbers) != channels:
            raise ValueError(f"{len(numbers)} numbers for {channels} channels")
        self.c.channels, self.c.block, self.c.prefill = channels, block, prefill
        self.c.idle = encode_one(0, LAWS.index(law))
        self.c.pending, self.c.take_event = pending, <take_event_t> take_event
        self.c.ran_dry, self.c.flush = ran_dry, <flush_t> flush
        self.c.listen = <listen_t> listen
        self.c.fd = <int*> calloc(channels, sizeof(int))
        self.c.state = <uint64_t*> calloc(channels, sizeof(uint64_t))
        self.c.dry = <int*> calloc(channels, sizeof(int))
        self.c.settles = <int*> calloc(channels, sizeof(int))
        self.c.joined = <uint8_t*> calloc(channels, 1)
        self.c.number = <int*> calloc(channels, sizeof(int))
        self.c.rx_gaps = <int64_t*> calloc(channels, sizeof(int64_t))
        self.c.tx_gaps = <int64_t*> calloc(channels, sizeof(int64_t))
        if (self.c.fd == NULL or self.c.state == NULL or self.c.dry == NULL
                or self.c.settles == NULL or self.c.joined == NULL or self.c.number == NULL
                or self.c.rx_gaps == NULL or self.c.tx_gaps == NULL
                or not ring_init(&self.c.notices, NOTICES * sizeof(notice_t))):
            raise MemoryError(f"port of {channels} descriptors")
        self.c.notices_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if self.c.notices_fd < 0:
            raise OSError(errno, os.strerror(errno))
        for c, fd in enumerate(fds):
            self.c.fd[c] = fd
        for c, number in enumerate(numbers):
            self.c.number[c] = number
        for c in gone:
            self.c.state[c] = GONE

    def __init__(self, fds, *, block=80, law="alaw", prefill=1, pending=0, take_event=0,
                 ran_dry=0, flush=0, listen=0, numbers=(), gone=()):
        self.port = Port.__new__(Port)
        self.port.c.ctx = &self.c
        self.port.c.read, self.port.c.write, self.port.c.wait = _read_fds, _write_fds, _wait_fds
        self.port.c.delay = self.c.prefill * self.c.block
        if listen:
            self.port.c.join, self.port.c.driver = _join_fds, listen
        self.port.c.channels = self.port.channels = self.c.channels
        self.port.block, self.port.law, self.port.owner = block, law, self

    def __dealloc__(self):
        free(self.c.fd)
        free(self.c.state)
        free(self.c.dry)
        free(self.c.settles)
        free(self.c.joined)
        free(self.c.number)
        free(self.c.rx_gaps)
        free(self.c.tx_gaps)
        ring_release(&self.c.notices)
        if self.c.notices_fd >= 0:
            os.close(self.c.notices_fd)

    @property
    def eventfd(self):
        """Readable when `drain` has something to tell."""
        return self.c.notices_fd

    def drain(self):
        """(channel, event) of the driver's events in order; -errno tells that a channel has gone."""
        cdef uint64_t count
        cdef notice_t notice
        read(self.c.notices_fd, &count, sizeof(count))
        found = []
        while ring_read(&self.c.notices, &notice, sizeof(notice)):
            found.append((notice.channel, notice.event))
        return found

    def gone(self, int channel):
        """Whether the channel's driver has gone. Raises IndexError."""
        self._check(channel)
        return load_acquire(&self.c.state[channel]) == GONE

    def replace(self, int channel, int fd, int number=0):
        """Let a channel that has gone run on another descriptor, put in the place of the old one.

        The old one stays valid, so that no tick reads a stranger's file.
        number : by which the driver knows it now; 0: as before
        Raises IndexError; RuntimeError for a channel that has not gone.
        """
        self._check(channel)
        if not self.gone(channel):
            raise RuntimeError(f"channel {channel} runs")
        os.dup2(fd, self.c.fd[channel], inheritable=False)
        self.c.joined[channel] = False
        if number:
            self.c.number[channel] = number
        store_release(&self.c.state[channel], WAITS)

    def hold(self, int channel):
        """Leave a channel alone until `resume`: what is asked of its driver empties it.

        Raises IndexError; RuntimeError for a channel that has gone.
        """
        self._check(channel)
        if self.gone(channel):
            raise RuntimeError(f"channel {channel} has gone")
        store_release(&self.c.state[channel], HELD)

    def resume(self, int channel):
        """Let a channel begin anew after `hold`. Raises IndexError."""
        self._check(channel)
        if load_acquire(&self.c.state[channel]) == HELD:
            store_release(&self.c.state[channel], WAITS)

    @property
    def joined(self):
        """Channels on which the driver sends by itself."""
        return [c for c in range(self.c.channels) if self.c.joined[c]]

    @property
    def teller(self):
        """The channel whose blocks are the clock; -1: none runs."""
        return _teller(&self.c)

    def counts(self, int channel):
        """rx_gaps, tx_gaps: octets of one channel that were due and missing, either way."""
        self._check(channel)
        return {"rx_gaps": self.c.rx_gaps[channel], "tx_gaps": self.c.tx_gaps[channel]}

    def port_counters(self, port):
        """See Port.counters. What a stall made us leave out counts as overrun."""
        return {
            "overrun_octets": sum(self.c.tx_gaps[c] for c in range(self.c.channels)),
            "underrun_octets": sum(self.c.rx_gaps[c] for c in range(self.c.channels)),
        }

    def _check(self, int channel):
        if not 0 <= channel < self.c.channels:
            raise IndexError(f"channel {channel}: 0 to {self.c.channels - 1} are allowed")
