"""Ports whose channels are file descriptors of a driver: one descriptor a channel.

What: each tick reads one block from every descriptor and writes one to it, without Python. The
driver's clock is the engine's: `wait` gives the moment the next block is there.
How: descriptors do not block and their driver hands out whole blocks. A pending event, which makes
read and write fail until it is taken, is taken at once by the driver's own function and posted in
a ring with an eventfd, so that it costs no audio. A channel whose driver has gone, or says that it
goes, is idle until `replace` gives it another descriptor: asking once more may take the driver long. A channel begins with its driver emptied, and a few blocks
are sent ahead. Where the driver tells that a channel had nothing to send, what is sent begins anew:
the blocks the line had to do without are not sent late, as they would stay a delay for good.
A line whose clock is not the engine's slips by whole blocks, so that its delay does not drift: of
what it takes no more than one block is sent ahead, and one that has waited for `BEHIND` ticks at
each look is passed over, and a block sent twice. A line that stood still comes back as late as it
was.
Where the driver can send on one channel what another receives, the two may be joined there: both go
on being read and written, for the events and the clock, but what lacks is not counted, and as they
are parted they begin anew, as the driver's queues between them have moved their blocks.
Limits: one reader and one writer; blocks of 16 octets and more (the driver's least).
"""

import os

from libc.errno cimport EAGAIN, EINTR, ENODEV, errno
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
    TRIES = 3  # to begin with the clock
    BEHIND = 100  # ticks in which a block more than is due has waited: it is no matter of a moment


cdef void _post(fdport_t* p, int channel, int event) noexcept nogil:
    cdef notice_t notice
    notice.channel, notice.event = channel, event
    p.posted |= ring_put(&p.notices, &notice, sizeof(notice))


cdef bint _sends(fdport_t* p, int c) noexcept nogil:
    cdef uint64_t state = load_acquire(&p.of[c].state)
    return state == BEGUN or state == RUNS


cdef bint _try_again(fdport_t* p, int c, int code) noexcept nogil:
    """After a refusal: whether to ask again. A channel that has gone is told once."""
    cdef int event
    if code == EINTR:
        return True
    if code == p.pending:
        event = p.take_event(p.of[c].fd)
        if event > 0:
            _post(p, c, event)
        if event == p.ran_dry and _sends(p, c) and not p.of[c].joined:
            p.of[c].dry = HELD_MOST
        if event == 0 or event != p.leaves:
            return event >= 0
        code = ENODEV
    if code != EAGAIN:
        store_release(&p.of[c].state, GONE)
        _post(p, c, -code)
    return False


cdef int _receive(fdport_t* p, int c, uint8_t* octets) noexcept nogil:
    """-> octets got."""
    cdef int attempt
    cdef ssize_t n
    for attempt in range(EVENTS_MOST):
        n = read(p.of[c].fd, octets, p.block)
        if n >= 0:
            return <int> n
        if not _try_again(p, c, errno):
            break
    return 0


cdef int _send(fdport_t* p, int c, const uint8_t* octets) noexcept nogil:
    cdef int attempt
    cdef ssize_t n
    for attempt in range(EVENTS_MOST):
        n = write(p.of[c].fd, octets, p.block)
        if n >= 0:
            return <int> n
        if not _try_again(p, c, errno):
            break
    return 0


cdef void _prefill(fdport_t* p, int c, int more) noexcept nogil:
    """From a driver with nothing to send."""
    cdef uint8_t idle[BLOCK_MAX]
    cdef int i
    memset(idle, p.idle, p.block)
    for i in range(p.prefill + more):
        _send(p, c, idle)
    p.of[c].dry = 0
    p.of[c].ahead = more - 1  # this tick's block is still to be sent


cdef void _begin(fdport_t* p, int c) noexcept nogil:
    """The channel's first block has come: what lies in the driver came before the line ran, and

    would stay a delay. All channels emptied at once also fill their next blocks at once."""
    if p.flush != NULL:
        p.flush(p.of[c].fd, True)
    _prefill(p, c, 0)
    p.of[c].state, p.of[c].settles = BEGUN, SETTLES
    p.of[c].behind_since, p.of[c].twice = 0, False


cdef void _settle(fdport_t* p, int c, bint came) noexcept nogil:
    """A channel emptied a moment after the clock's ends its blocks later too. Where they just miss
    the tick, each would wait for the next, a block late for good: so it begins anew, in ticks that
    have less to do than the first. Where that does not help, it is late."""
    p.of[c].settles -= 1
    if not came and p.flush != NULL and p.of[c].tries < TRIES:
        p.of[c].tries += 1
        _begin(p, c)
    elif not came or p.of[c].settles == 0:
        p.of[c].state = RUNS


cdef bint _waits(fdport_t* p, int c) noexcept nogil:
    """Whether a block that was received is there."""
    cdef pollfd poll
    cdef timespec now
    poll.fd, poll.events = p.of[c].fd, POLLIN
    now.tv_sec = now.tv_nsec = 0
    return ppoll(&poll, 1, &now, NULL) > 0 and poll.revents & POLLIN


cdef int _look(fdport_t* p, int c, uint8_t* octets) noexcept nogil:
    """After a block was received: whether the channel is behind the clock for good; it is made up
    for by the next block in place of this one -> octets of it, 0: none."""
    if not _waits(p, c):
        p.of[c].behind_since = 0
    elif not p.of[c].behind_since:
        p.of[c].behind_since = p.ticks
    elif p.ticks - p.of[c].behind_since >= BEHIND:
        p.of[c].behind_since = 0
        p.of[c].slips += 1
        p.of[c].twice = True
        return _receive(p, c, octets)
    return 0


cdef bint _holds_back(fdport_t* p, int c) noexcept nogil:
    """After a channel ran dry: whether its block is one the line has done without already, as more

    received ones still wait. With the last of them sending begins anew. Where the engine does not
    hurry there was no stall: the line's clock is the faster, or the machine's is uneven, and the
    channel gets a block more to live on."""
    cdef bint at_first = p.of[c].dry == HELD_MOST
    cdef bint waits = _waits(p, c)
    p.of[c].dry -= 1
    if p.of[c].dry and (p.hurried or at_first) and waits:
        p.of[c].tx_gaps += p.block
        return True
    if p.flush != NULL:
        p.flush(p.of[c].fd, False)
    _prefill(p, c, not (p.hurried or waits))
    return False


cdef int _read_fds(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef uint8_t* row
    cdef int c, n
    cdef uint64_t one = 1
    p.ticks += 1
    for c in range(p.channels):
        row = octets + c * stride
        n = 0
        if p.of[c].state == BEGUN and p.of[c].settles > SETTLES:
            p.of[c].settles = SETTLES
            memset(row, p.idle, block)
            continue
        if load_acquire(&p.of[c].state) < HELD:
            n = _receive(p, c, row)
        if n and p.of[c].state == RUNS and not p.of[c].joined and p.ticks % p.channels == c:
            n = _look(p, c, row) or n
        p.of[c].ahead -= n > 0
        p.of[c].stood = 0 if n else p.of[c].stood + 1
        if n and p.of[c].state == WAITS:
            p.of[c].tries = 0
            _begin(p, c)
            n = 0
        elif p.of[c].state == BEGUN:
            if 0 < n < block and not p.of[c].joined:
                p.of[c].rx_gaps += block - n
            _settle(p, c, n > 0)
        elif n < block and p.of[c].state == RUNS and not p.of[c].joined:
            p.of[c].rx_gaps += block - n
        memset(row + n, p.idle, block - n)
    if p.posted:
        p.posted = False
        write(p.notices_fd, &one, sizeof(one))
    return 0


cdef void _leave_out(fdport_t* p, int c) noexcept nogil:
    """A block for which the line has no use: it has slipped, or stands still."""
    if p.of[c].stood == 1:
        p.of[c].slips += 1
    else:
        p.of[c].tx_gaps += p.block


cdef int _write_fds(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef uint8_t* row
    cdef int c, sent
    for c in range(p.channels):
        if not _sends(p, c) or (p.of[c].dry and _holds_back(p, c)):
            continue
        row = octets + c * stride
        if p.of[c].joined:
            _send(p, c, row)
        elif p.of[c].ahead > 0:
            _leave_out(p, c)
        else:
            sent = _send(p, c, row)
            p.of[c].tx_gaps += block - sent
            p.of[c].ahead += sent > 0
            if p.of[c].twice:
                _send(p, c, row)
                p.of[c].twice = False
    return 0


cdef void _part(fdport_t* p, int c) noexcept nogil:
    if p.of[c].joined and load_acquire(&p.of[c].state) != GONE:
        p.listen(p.of[c].fd, 0)
        if _sends(p, c):
            p.of[c].tries = 0
            _begin(p, c)
    p.of[c].joined = False


cdef int _join_fds(void* ctx, int c, void* source, int from_channel) noexcept nogil:
    cdef fdport_t* p = <fdport_t*> ctx
    cdef fdport_t* other = <fdport_t*> source
    cdef int answer
    if source == NULL:
        _part(p, c)
        return 1
    if not _sends(p, c) or p.of[c].dry or not _sends(other, from_channel):
        return 0
    answer = p.listen(p.of[c].fd, other.of[from_channel].number)
    if answer < 0:
        return answer
    p.of[c].joined = True
    return 1


cdef int _teller(fdport_t* p) noexcept nogil:
    cdef int c
    cdef int last = -1
    for c in range(p.channels - 1, -1, -1):
        if _sends(p, c):
            if not p.of[c].joined:
                return c
            last = max(last, c)
    return last


cdef int _wait_fds(void* ctx, int64_t timeout_ns) noexcept nogil:
    """2: a block is there; 1: it has come; 0: not in this time; -1: no channel runs that could tell.

    The last channel tells: it began last, so that the others' blocks are there when its is. Not one
    that waits, as what emptied it has moved its blocks, by which all others would miss one; nor one
    that is joined, whose blocks the driver may have moved, as long as there is another."""
    cdef fdport_t* p = <fdport_t*> ctx
    cdef pollfd poll
    cdef timespec timeout
    cdef int c = _teller(p)
    if c < 0:
        return -1
    if _waits(p, c):
        return 2
    poll.fd, poll.events = p.of[c].fd, POLLIN
    timeout.tv_sec, timeout.tv_nsec = timeout_ns // 1000000000, timeout_ns % 1000000000
    if ppoll(&poll, 1, &timeout, NULL) > 0:
        return 1 if poll.revents & POLLIN else -1
    return 0


cdef void _pace_fds(void* ctx, bint hurried) noexcept nogil:
    """Channels that wait begin where the clock's block ends, and not as late as they are read: their
    blocks would come so late too, and miss the ticks that are early."""
    cdef fdport_t* p = <fdport_t*> ctx
    cdef uint8_t before[BLOCK_MAX]
    cdef int c
    p.hurried = hurried
    for c in range(p.channels):
        if load_acquire(&p.of[c].state) == WAITS and _receive(p, c, before):
            p.of[c].tries = 0
            _begin(p, c)
            p.of[c].settles += 1  # nothing can have come when it is read in this tick


cdef class FdPort:
    """Channels that are open, non-blocking descriptors of a driver. `.port` goes to an engine.

    fds : one a channel; they stay the caller's to close, after the engine has stopped
    block, law : as the engine's
    prefill : blocks sent ahead of the line, 1 to 16
    pending : the errno by which the driver says that an event waits; 0 for none
    take_event : address of a C function int(int fd) that takes one event: > 0, 0 for none, -errno
    ran_dry : the event that tells that a channel had nothing to send; 0: the driver has none
    leaves : the event that tells that a channel is about to go; 0: the driver has none
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
                  size_t take_event=0, int ran_dry=0, int leaves=0, size_t flush=0,
                  size_t listen=0, numbers=(), gone=()):
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
        self.c.hurried = True
        self.c.idle = encode_one(0, LAWS.index(law))
        self.c.pending, self.c.take_event = pending, <take_event_t> take_event
        self.c.ran_dry, self.c.leaves, self.c.flush = ran_dry, leaves, <flush_t> flush
        self.c.listen = <listen_t> listen
        self.c.of = <channel_t*> calloc(channels, sizeof(channel_t))
        if self.c.of == NULL or not ring_init(&self.c.notices, NOTICES * sizeof(notice_t)):
            raise MemoryError(f"port of {channels} descriptors")
        self.c.notices_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if self.c.notices_fd < 0:
            raise OSError(errno, os.strerror(errno))
        for c, fd in enumerate(fds):
            self.c.of[c].fd = fd
        for c, number in enumerate(numbers):
            self.c.of[c].number = number
        for c in gone:
            self.c.of[c].state = GONE

    def __init__(self, fds, *, block=80, law="alaw", prefill=1, pending=0, take_event=0,
                 ran_dry=0, leaves=0, flush=0, listen=0, numbers=(), gone=()):
        self.port = Port.__new__(Port)
        self.port.c.ctx = &self.c
        self.port.c.read, self.port.c.write = _read_fds, _write_fds
        self.port.c.wait, self.port.c.pace = _wait_fds, _pace_fds
        self.port.c.delay = self.c.prefill * self.c.block
        if listen:
            self.port.c.join, self.port.c.driver = _join_fds, listen
        self.port.c.channels = self.port.channels = self.c.channels
        self.port.block, self.port.law, self.port.owner = block, law, self

    def __dealloc__(self):
        free(self.c.of)
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
        return load_acquire(&self.c.of[channel].state) == GONE

    def replace(self, int channel, int fd, int number=0):
        """Let a channel that has gone run on another descriptor, put in the place of the old one.

        The old one stays valid, so that no tick reads a stranger's file.
        number : by which the driver knows it now; 0: as before
        Raises IndexError; RuntimeError for a channel that has not gone.
        """
        self._check(channel)
        if not self.gone(channel):
            raise RuntimeError(f"channel {channel} runs")
        os.dup2(fd, self.c.of[channel].fd, inheritable=False)
        self.c.of[channel].joined = False
        if number:
            self.c.of[channel].number = number
        store_release(&self.c.of[channel].state, WAITS)

    def hold(self, int channel):
        """Leave a channel alone until `resume`: what is asked of its driver empties it.

        Raises IndexError; RuntimeError for a channel that has gone.
        """
        self._check(channel)
        if self.gone(channel):
            raise RuntimeError(f"channel {channel} has gone")
        store_release(&self.c.of[channel].state, HELD)

    def resume(self, int channel):
        """Let a channel begin anew after `hold`. Raises IndexError."""
        self._check(channel)
        if load_acquire(&self.c.of[channel].state) == HELD:
            store_release(&self.c.of[channel].state, WAITS)

    @property
    def prefill(self):
        """Blocks sent ahead of the line."""
        return self.c.prefill

    @property
    def hurried(self):
        """Whether the last tick came late, by what the thread has told."""
        return self.c.hurried

    @property
    def joined(self):
        """Channels on which the driver sends by itself."""
        return [c for c in range(self.c.channels) if self.c.of[c].joined]

    @property
    def teller(self):
        """The channel whose blocks are the clock; -1: none runs."""
        return _teller(&self.c)

    def counts(self, int channel):
        """rx_gaps, tx_gaps: octets of one channel that were due and missing, either way.

        slips : blocks passed over or left out as its clock is not the engine's
        """
        self._check(channel)
        return {"rx_gaps": self.c.of[channel].rx_gaps, "tx_gaps": self.c.of[channel].tx_gaps,
                "slips": self.c.of[channel].slips}

    def port_counters(self, port):
        """See Port.counters. What a stall or a slip made us leave out counts as overrun."""
        return {
            "overrun_octets": sum(self.c.of[c].tx_gaps + self.c.of[c].slips * self.c.block
                                  for c in range(self.c.channels)),
            "underrun_octets": sum(self.c.of[c].rx_gaps for c in range(self.c.channels)),
        }

    def _check(self, int channel):
        if not 0 <= channel < self.c.channels:
            raise IndexError(f"channel {channel}: 0 to {self.c.channels - 1} are allowed")
