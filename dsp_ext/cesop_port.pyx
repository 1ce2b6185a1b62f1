"""Ports that carry an E1's time slots over UDP: the Python door of cesop_io.pyx.

What: a CesopPort owns the buffers of one span over IP and hands its port to an engine. It tells what
came (frames, signalling bits, alarms), and takes what is to go.
How: frames and bits go down by a ring and by single words, up by a ring with an eventfd, so that
neither side waits for the other.
Limits: one reader and one writer, as any port.
Memory: about 0.3 MB for 31 time slots, nearly all of it a second of packets.
"""

import os

from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from posix.unistd cimport read

from dsp_ext.cesop cimport cesop_shape
from dsp_ext.cesop_clock cimport clock_locked, clock_ppm, clock_reset, clock_saw
from dsp_ext.cesop_fill cimport fill_init, fill_release
from dsp_ext.cesop_io cimport (
    ALARM_AIS,
    ALARM_RAI,
    ALARM_RED,
    D_LONGEST,
    D_SCRATCH,
    TELL_ALARMS,
    TELL_BITS,
    cesop_block_ns,
    cesop_read,
    cesop_take,
    cesop_wait,
    cesop_write,
    told_t,
)
from dsp_ext.cesop_jitter cimport jitter_counts, jitter_depth, jitter_init, jitter_release
from dsp_ext.cesop_net cimport net_ask_times, net_init, net_release, net_to
from dsp_ext.g711 cimport encode_one
from dsp_ext.hdlc cimport (
    hdlc_rx_counts,
    hdlc_rx_free,
    hdlc_rx_new,
    hdlc_tx_free,
    hdlc_tx_new,
    hdlc_tx_put,
)
from dsp_ext.native cimport load_acquire, store_release
from dsp_ext.port cimport Port
from dsp_ext.ring cimport ring_init, ring_read, ring_readable, ring_release

from dsp_ext.cesop import FATES, check_packets
from dsp_ext.port import LAWS, check_shape

cdef extern from "<sys/eventfd.h>" nogil:
    int eventfd(unsigned int initval, int flags)
    int EFD_NONBLOCK
    int EFD_CLOEXEC

cdef enum:
    D_SLOT = 16
    QUEUE = 16384  # octets of frames that wait to be sent
    TOLD = 65536  # octets of the ring upwards
    BLOCKED = 0xD  # signalling bits nobody has set

cdef double WHOLE = 4294967296.0


cdef class CesopPort:
    """An E1's time slots on a UDP socket. `.port` goes to an engine.

    fd : a bound, unconnected UDP socket that does not block; it stays the caller's to close, after
        the engine has stopped
    host, number : the far end, a numeric address and its port
    timeslots : their numbers, rising, 1 to 31
    frames : a packet, 8 to 64 in steps of 8
    d_channel : time slot 16 carries frames, and is no channel of the port
    cas : signalling bits travel with the packets (8 or 16 frames), and there is no time slot 16
    least, most : frames of 125 us a packet waits for its turn
    steers : the far end's clock is the engine's

    Raises ValueError for what cannot be, OSError, MemoryError.
    """

    def __cinit__(self, int fd, str host, int number, *, timeslots, int frames=40, int block=80,
                  str law="alaw", bint rtp=False, bint cas=False, bint d_channel=False,
                  int least=8, int most=480, bint steers=False, uint32_t ssrc=0):
        cdef int slots = len(timeslots)
        self.c.told_fd = -1
        self.timeslots = tuple(timeslots)
        self._check(cas, d_channel)
        check_packets(slots, frames, cas)
        check_shape(max(1, slots - d_channel), block, law)
        if slots == d_channel:
            raise ValueError("there is no time slot for calls")
        if not 0 <= least <= most <= 4000:
            raise ValueError(f"a packet waits {least} to {most} frames: 0 to 4000 are allowed")
        self.c.shape = cesop_shape(slots=slots, frames=frames, rtp=rtp, cas=cas, payload_type=96,
                                   ssrc=ssrc)
        self.c.block, self.c.channels, self.c.steers = block, slots - d_channel, steers
        self.c.idle = encode_one(0, LAWS.index(law))
        self._lay_out(d_channel, least, most, frames if steers else 1, LAWS.index(law))
        net_to(&self.c.net, host, number)
        self.c.net.fd = fd
        if net_ask_times(fd) < 0:
            raise OSError(errno, os.strerror(errno))
        self.c.told_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
        if self.c.told_fd < 0:
            raise OSError(errno, os.strerror(errno))

    def _check(self, cas, d_channel):
        slots = self.timeslots
        if not slots or list(slots) != sorted(set(slots)) or slots[0] < 1 or max(slots) > 31:
            raise ValueError(f"time slots {slots}: rising numbers from 1 to 31 are needed")
        if d_channel and D_SLOT not in slots:
            raise ValueError("a D channel needs time slot 16")
        if cas and (d_channel or D_SLOT in slots):
            raise ValueError("with signalling bits time slot 16 is not carried")

    def _lay_out(self, bint d_channel, int least, int most, int slack, int law):
        """Take all memory, and put each time slot in its place: channels first, the D channel last."""
        cdef int place = 0
        self.c.d_place = -1
        for s, slot in enumerate(self.timeslots):
            self.c.bits[s] = self.c.shown[s] = self.c.send_bits[s] = BLOCKED
            if d_channel and slot == D_SLOT:
                self.c.d_place = self.c.place[s] = self.c.channels
            else:
                self.c.place[s] = place
                place += 1
        clock_reset(&self.c.clock)
        self.c.random = 5086
        self.c.alarms = ALARM_RED
        self.c.rows = <uint8_t*> calloc(self.c.shape.slots, self.c.block)
        self.c.sending = <uint8_t*> calloc(self.c.shape.slots, self.c.block)
        self.c.frames = <uint8_t*> calloc(1, D_SCRATCH)
        self.c.rx = hdlc_rx_new(1, 3, D_LONGEST, True)
        self.c.tx = hdlc_tx_new(1, D_LONGEST, QUEUE, True, False, False)
        if (self.c.rows == NULL or self.c.sending == NULL or self.c.frames == NULL
                or self.c.rx == NULL or self.c.tx == NULL or not net_init(&self.c.net)
                or not ring_init(&self.c.told, TOLD)
                or not fill_init(&self.c.fill, self.c.channels, law, self.c.idle)
                or not jitter_init(&self.c.jitter, &self.c.shape, least, most, slack)):
            raise MemoryError("port of an E1 over IP")

    def __init__(self, fd, host, number, *, timeslots, frames=40, block=80, law="alaw", rtp=False,
                 cas=False, d_channel=False, least=8, most=480, steers=False, ssrc=0):
        self.port = Port.__new__(Port)
        self.port.c.ctx = &self.c
        self.port.c.read, self.port.c.write = cesop_read, cesop_write
        if self.c.steers:
            self.port.c.wait = cesop_wait
        self.port.c.channels = self.port.channels = self.c.channels
        self.port.block, self.port.law, self.port.owner = block, law, self

    def __dealloc__(self):
        free(self.c.rows)
        free(self.c.sending)
        free(self.c.frames)
        hdlc_rx_free(self.c.rx)
        hdlc_tx_free(self.c.tx)
        net_release(&self.c.net)
        ring_release(&self.c.told)
        fill_release(&self.c.fill)
        jitter_release(&self.c.jitter)
        if self.c.told_fd >= 0:
            os.close(self.c.told_fd)

    # ---- what comes

    @property
    def eventfd(self):
        """Readable when `drain` has something to tell."""
        return self.c.told_fd

    def drain(self):
        """What happened, in order: ("alarms", frozenset of red, ais, rai), ("frame", octets),

        ("bits", time slot, abcd).
        """
        cdef uint64_t count
        cdef told_t told
        cdef uint8_t[D_LONGEST] frame
        read(self.c.told_fd, &count, sizeof(count))
        found = []
        while ring_readable(&self.c.told):
            ring_read(&self.c.told, &told, sizeof(told))
            if told.kind == TELL_ALARMS:
                found.append(("alarms", alarm_words(told.a)))
            elif told.kind == TELL_BITS:
                found.append(("bits", self.timeslots[told.a], told.b))
            else:
                ring_read(&self.c.told, &frame[0], told.a)
                found.append(("frame", (<const uint8_t*> frame)[:told.a]))
        return found

    @property
    def alarms(self):
        """Of red (nothing comes), ais (its data is no good), rai (the far end lacks ours)."""
        return alarm_words(self.c.alarms)

    def bits(self, int timeslot):
        """Signalling bits received. Raises KeyError for a time slot that is not carried."""
        return load_acquire(&self.c.shown[self._slot(timeslot)])

    # ---- what goes

    def send_frame(self, frame not None):
        """Queue a frame -> False when there is no room. Raises ValueError for its length, RuntimeError

        without a D channel."""
        cdef const uint8_t[::1] view = memoryview(frame).cast("B")
        if self.c.d_place < 0:
            raise RuntimeError("this span has no D channel")
        if not 1 <= view.shape[0] <= D_LONGEST:
            raise ValueError(f"a frame has 1 to {D_LONGEST} octets, not {view.shape[0]}")
        return bool(hdlc_tx_put(self.c.tx, 0, &view[0], <int> view.shape[0]))

    def send_bits(self, int timeslot, int abcd):
        """Signalling bits of a time slot from now on. Raises KeyError for one not carried."""
        store_release(&self.c.send_bits[self._slot(timeslot)], abcd & 0xF)

    def send_alarms(self, *, bint ais=False, bint rai=False):
        """Tell the far end of an alarm of a line of ours: data no good (L), remote defect (M)."""
        store_release(&self.c.asked, (ALARM_AIS if ais else 0) | (ALARM_RAI if rai else 0))

    def lose(self, *, double incoming=0.0, double outgoing=0.0):
        """Lose such a share of packets from now on, 0 to 1, as a network does; for lab and tests.

        Raises ValueError.
        """
        if not (0 <= incoming <= 1 and 0 <= outgoing <= 1):
            raise ValueError(f"shares of packets {incoming}, {outgoing}: 0 to 1 are allowed")
        store_release(&self.c.drop_in, <uint64_t> (incoming * WHOLE))
        store_release(&self.c.drop_out, <uint64_t> (outgoing * WHOLE))

    def _slot(self, int timeslot):
        try:
            return self.timeslots.index(timeslot)
        except ValueError:
            raise KeyError(f"time slot {timeslot} is not carried") from None

    # ---- how it goes

    def feed(self, data not None):
        """Take a datagram as if the far end had sent it -> its fate; not while an engine runs."""
        cdef const uint8_t[::1] view = memoryview(data).cast("B")
        if self.port.attached:
            raise RuntimeError("an engine is attached to this port")
        cdef uint8_t nothing = 0
        if view.shape[0] == 0:
            return FATES[cesop_take(&self.c, &nothing, 0, 0)]
        return FATES[cesop_take(&self.c, &view[0], <int> min(view.shape[0], 65536), 0)]

    @property
    def depth_ms(self):
        """How much waits in the jitter buffer now."""
        return jitter_depth(&self.c.jitter) / 8

    @property
    def far_ppm(self):
        """By how much the far end's clock is faster than ours; None until it can be told."""
        return clock_ppm(&self.c.clock) if clock_locked(&self.c.clock) else None

    @property
    def block_ns(self):
        """A block's time by the far end's clock, as this port would pace the engine."""
        return cesop_block_ns(&self.c)

    def saw(self, int64_t frame, int64_t at_ns):
        """For tests of the clock: as if a packet beginning with `frame` had come at `at_ns`."""
        clock_saw(&self.c.clock, frame, at_ns)

    def counters(self):
        """Packets by fate, and sent; frames lost, repeated, passed over; HDLC's counts."""
        counts = jitter_counts(&self.c.jitter) | {
            "sent": self.c.net.sent,
            "unsent": self.c.net.unsent,
            "socket_errors": self.c.net.errors,
            "untold": self.c.untold,
        }
        if self.c.d_place >= 0:
            hdlc = hdlc_rx_counts(self.c.rx, 0)
            counts |= {"d_frames": hdlc.frames, "d_crc_errors": hdlc.crc_errors,
                       "d_aborts": hdlc.aborts}
        return counts

    def port_counters(self, port):
        """See Port.counters. What `lose` made of packets that came is not counted."""
        missing = self.c.jitter.lost + self.c.jitter.underrun
        missing = max(0, missing - self.c.ordered * self.c.shape.frames)
        return {
            "overrun_octets": self.c.net.unsent * self.c.shape.frames * self.c.channels,
            "underrun_octets": missing * self.c.channels,
        }


def alarm_words(int alarms):
    """Bits of alarms as a frozenset of "red", "ais", "rai"."""
    words = ((ALARM_RED, "red"), (ALARM_AIS, "ais"), (ALARM_RAI, "rai"))
    return frozenset([word for bit, word in words if alarms & bit])
