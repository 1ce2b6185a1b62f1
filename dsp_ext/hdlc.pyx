"""HDLC framing on the octets of time slots, as on a D channel, for many channels.

What: a framer that makes a time slot's octets of frames (flags, zero insertion, FCS, abort), and a
deframer that finds the frames in them and counts whatever was none.
How: bits are put in by table, an octet with its inserted zeros at a time. They are taken out by
table too; only an octet in which six ones stand in a row (flag, abort) is walked bit by bit.
The FCS is the 16-bit one of Q.921, by table. Frames wait in a lock-free ring for each channel.
Limits: frames of 1 to 4096 octets without the FCS. Either end takes flags that serve as closing and
opening flag at once, and flags that share a zero. A frame's octets go lowest bit first; a time
slot's octet goes highest bit first (as G.711 octets do), or lowest with msb_first=False.
Memory a channel: received 82 octets and the longest frame's; sent 160 and the queue's, rounded up to
a power of two.
Source: ITU-T Q.921 2.2 (flags), 2.6 (transparency), 2.7 (FCS), 2.8 (bit order), 2.9 (invalid
frames), 2.10 (abort); 5.9.3 for the longest frame.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from typing import NamedTuple

import numpy as np

from dsp_ext.native cimport load_acquire, store_release
from dsp_ext.ring cimport ring_init, ring_put, ring_read, ring_readable, ring_release, ring_t
from dsp_ext.units cimport zeroed
from dsp_ext.units import channel_count, channel_index

cdef extern from "hdlc.h":
    enum:
        HDLC_SPECIAL
    const uint16_t[256] hdlc_fcs
    const uint8_t[256] hdlc_mirror
    const uint32_t[5][256] hdlc_put
    const uint16_t[6][256] hdlc_take
    void hdlc_fill()

cdef enum:
    MOST = 4096  # octets of a frame
    CRC_START = 0xFFFF
    CRC_GOOD = 0xF0B8  # the register after a good frame and its FCS
    FLAG = 0x7E
    SHARED_FLAG = 0x3F  # with the zero of the flag before: 7 bits 1111110
    IDLE = 0  # a sender between frames
    DATA = 1
    HUNT = 0  # a receiver that looks for a flag
    OPEN = 1  # after a flag: in a frame, or between flags

cdef struct sender:
    ring_t queue
    uint64_t abort  # asked for; set by the one who asks, cleared by the sender
    int stage
    int left  # octets of the frame yet to be taken from the queue
    int ones  # the last bits sent
    bint flagged  # the last thing sent was a flag
    uint16_t crc
    uint64_t bits  # not yet sent, the next one lowest; at most 7 + 3 octets of 10 + a flag
    int count


cdef struct receiver:
    int state
    int ones  # the last bits received, at most 7
    int length  # octets of the frame so far
    int count  # bits of its next octet
    uint32_t bits
    hdlc_counts counts


hdlc_fill()


cdef hdlc_tx_bank* hdlc_tx_new(int channels, int longest, int queue, bint msb_first,
                               bint idle_ones, bint shared_zero) noexcept nogil:
    cdef hdlc_tx_bank* bank = <hdlc_tx_bank*>calloc(1, sizeof(hdlc_tx_bank))
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.longest, bank.msb_first = channels, longest, msb_first
    bank.idle_ones, bank.shared_zero = idle_ones, shared_zero
    bank.lines = zeroed(<size_t>channels * sizeof(sender))
    if bank.lines == NULL:
        hdlc_tx_free(bank)
        return NULL
    for channel in range(channels):
        if not ring_init(&(<sender*>bank.lines + channel).queue, queue):
            hdlc_tx_free(bank)
            return NULL
    return bank


cdef void hdlc_tx_free(hdlc_tx_bank* bank) noexcept nogil:
    cdef int channel
    if bank == NULL:
        return
    if bank.lines != NULL:
        for channel in range(bank.channels):
            ring_release(&(<sender*>bank.lines + channel).queue)
    free(bank.lines)
    free(bank)


cdef bint hdlc_tx_put(hdlc_tx_bank* bank, int channel, const uint8_t* data,
                      int length) noexcept nogil:
    cdef uint8_t[4098] entry
    entry[0], entry[1] = length & 0xFF, length >> 8
    memcpy(&entry[2], data, length)
    return ring_put(&(<sender*>bank.lines + channel).queue, &entry[0], length + 2)


cdef void hdlc_tx_abort(hdlc_tx_bank* bank, int channel) noexcept nogil:
    store_release(&(<sender*>bank.lines + channel).abort, 1)


cdef size_t hdlc_tx_pending(const hdlc_tx_bank* bank, int channel) noexcept nogil:
    return ring_readable(&(<sender*>bank.lines + channel).queue)


cdef inline void _queue_bits(sender* s, uint64_t bits, int count) noexcept nogil:
    s.bits |= bits << s.count
    s.count += count


cdef inline void _queue_octet(sender* s, uint8_t octet) noexcept nogil:
    cdef uint32_t entry = hdlc_put[s.ones][octet]
    _queue_bits(s, entry & 0x3FF, entry >> 10 & 0xF)
    s.ones = entry >> 14


cdef void _flag(const hdlc_tx_bank* bank, sender* s) noexcept nogil:
    if s.flagged and bank.shared_zero:
        _queue_bits(s, SHARED_FLAG, 7)
    else:
        _queue_bits(s, FLAG, 8)
    s.flagged, s.ones = True, 0


cdef void _begin(const hdlc_tx_bank* bank, sender* s) noexcept nogil:
    """Between frames: the next frame's opening flag, or what fills the line."""
    cdef uint8_t[2] length
    if ring_readable(&s.queue) > 0:
        if not s.flagged:
            _flag(bank, s)
        ring_read(&s.queue, &length[0], 2)
        s.left, s.crc, s.stage, s.flagged = length[0] | length[1] << 8, CRC_START, DATA, False
    elif bank.idle_ones:
        _queue_bits(s, 0xFF, 8)
        s.flagged = False
    else:
        _flag(bank, s)


cdef void _end(const hdlc_tx_bank* bank, sender* s) noexcept nogil:
    """After a frame's last octet: its FCS and closing flag."""
    cdef uint16_t fcs = ~s.crc
    _queue_octet(s, fcs & 0xFF)
    _queue_octet(s, fcs >> 8)
    _flag(bank, s)
    s.stage = IDLE


cdef void _give_up(sender* s) noexcept nogil:
    """Drop the rest of the frame that is being sent: eight ones say so."""
    cdef uint8_t octet
    while s.left > 0:
        ring_read(&s.queue, &octet, 1)
        s.left -= 1
    _queue_bits(s, 0xFF, 8)
    s.stage, s.flagged = IDLE, False


cdef void _more(const hdlc_tx_bank* bank, sender* s) noexcept nogil:
    cdef uint8_t octet
    if load_acquire(&s.abort):
        store_release(&s.abort, 0)
        if s.stage == DATA:
            _give_up(s)
            return
    if s.stage == IDLE:
        _begin(bank, s)
        return
    ring_read(&s.queue, &octet, 1)
    s.crc = s.crc >> 8 ^ hdlc_fcs[(s.crc ^ octet) & 0xFF]
    _queue_octet(s, octet)
    s.left -= 1
    if s.left == 0:
        _end(bank, s)


cdef void hdlc_tx_process(hdlc_tx_bank* bank, uint8_t* octets, int stride,
                          int block) noexcept nogil:
    cdef int channel, i
    cdef sender* s
    cdef uint8_t* out
    for channel in range(bank.channels):
        s = <sender*>bank.lines + channel
        out = octets + <Py_ssize_t>channel * stride
        for i in range(block):
            while s.count < 8:
                _more(bank, s)
            out[i] = hdlc_mirror[s.bits & 0xFF] if bank.msb_first else s.bits & 0xFF
            s.bits >>= 8
            s.count -= 8


cdef hdlc_rx_bank* hdlc_rx_new(int channels, int shortest, int longest,
                               bint msb_first) noexcept nogil:
    cdef hdlc_rx_bank* bank = <hdlc_rx_bank*>calloc(1, sizeof(hdlc_rx_bank))
    if bank == NULL:
        return NULL
    bank.channels, bank.msb_first = channels, msb_first
    bank.shortest, bank.longest = shortest, longest
    bank.lines = zeroed(<size_t>channels * sizeof(receiver))
    bank.frames = <uint8_t*>zeroed(<size_t>channels * (longest + 2))
    if bank.lines == NULL or bank.frames == NULL:
        hdlc_rx_free(bank)
        return NULL
    return bank


cdef void hdlc_rx_free(hdlc_rx_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.lines)
    free(bank.frames)
    free(bank)


cdef void hdlc_rx_reset(hdlc_rx_bank* bank, int channel) noexcept nogil:
    cdef receiver* r = <receiver*>bank.lines + channel
    r.state, r.ones, r.length, r.count, r.bits = HUNT, 0, 0, 0, 0


cdef hdlc_counts hdlc_rx_counts(const hdlc_rx_bank* bank, int channel) noexcept nogil:
    return (<receiver*>bank.lines + channel).counts


cdef struct yield_to:
    hdlc_frame* frames
    int told, most
    uint8_t* store
    int used, room


cdef inline void _store(const hdlc_rx_bank* bank, receiver* r, uint8_t* frame) noexcept nogil:
    """Takes a whole octet out of the bits; a frame that grows too long is given up."""
    if r.length >= bank.longest + 2:
        r.counts.too_long += 1
        r.state = HUNT
        return
    frame[r.length] = r.bits & 0xFF
    r.bits >>= 8
    r.count -= 8
    r.length += 1


cdef void _hand_out(hdlc_rx_bank* bank, receiver* r, int channel, const uint8_t* frame,
                    int64_t at, yield_to* to) noexcept nogil:
    cdef int length = r.length - 2
    cdef hdlc_frame* told = to.frames + to.told
    if to.told >= to.most or to.used + length > to.room:
        r.counts.no_room += 1
        return
    r.counts.frames += 1
    told.channel, told.at, told.offset, told.length = channel, at, to.used, length
    memcpy(to.store + to.used, frame, length)
    to.told += 1
    to.used += length


cdef void _close(hdlc_rx_bank* bank, receiver* r, int channel, const uint8_t* frame, int64_t at,
                 yield_to* to) noexcept nogil:
    """A flag ended what came since the last one; seven of its bits have been taken for data."""
    cdef int bits = 8 * r.length + r.count - 7
    cdef uint16_t crc = CRC_START
    cdef int i
    if bits <= 0:
        return  # flags in a row, be their zeros shared or not
    if bits % 8:
        r.counts.misaligned += 1
    elif r.length < bank.shortest + 2:
        r.counts.too_short += 1
    else:
        for i in range(r.length):
            crc = crc >> 8 ^ hdlc_fcs[(crc ^ frame[i]) & 0xFF]
        if crc == CRC_GOOD:
            _hand_out(bank, r, channel, frame, at, to)
        else:
            r.counts.crc_errors += 1


cdef inline void _take_bit(hdlc_rx_bank* bank, receiver* r, int channel, int bit, uint8_t* frame,
                           int64_t at, yield_to* to) noexcept nogil:
    cdef bint inserted
    if bit:
        if r.ones < 7:
            r.ones += 1
        if r.ones == 7:
            if r.state == OPEN and 8 * r.length + r.count > 7:
                r.counts.aborts += 1
            r.state = HUNT
            return
    elif r.ones == 6:
        if r.state == OPEN:
            _close(bank, r, channel, frame, at, to)
        r.state, r.ones, r.length, r.count, r.bits = OPEN, 0, 0, 0, 0
        return
    else:
        inserted, r.ones = r.ones == 5, 0
        if inserted:
            return
    if r.state == OPEN:
        r.bits |= <uint32_t>bit << r.count
        r.count += 1
        if r.count == 8:
            _store(bank, r, frame)


cdef int hdlc_rx_process(hdlc_rx_bank* bank, const uint8_t* octets, int stride, int block,
                         hdlc_frame* out, int max_frames, uint8_t* store,
                         int room) noexcept nogil:
    cdef yield_to to
    cdef int channel, i, bit
    cdef receiver* r
    cdef uint8_t* frame
    cdef const uint8_t* line
    cdef uint8_t octet
    cdef uint16_t entry
    to.frames, to.told, to.most, to.store, to.used, to.room = out, 0, max_frames, store, 0, room
    for channel in range(bank.channels):
        r = <receiver*>bank.lines + channel
        frame = bank.frames + <Py_ssize_t>channel * (bank.longest + 2)
        line = octets + <Py_ssize_t>channel * stride
        for i in range(block):
            octet = hdlc_mirror[line[i]] if bank.msb_first else line[i]
            entry = hdlc_take[r.ones][octet] if r.ones < 6 else <uint16_t>HDLC_SPECIAL
            if entry == HDLC_SPECIAL or r.state == HUNT:
                for bit in range(8):
                    _take_bit(bank, r, channel, octet >> bit & 1, frame, bank.now + i, &to)
                continue
            r.bits |= <uint32_t>(entry & 0xFF) << r.count
            r.count += entry >> 8 & 0xF
            r.ones = entry >> 12
            if r.count >= 8:
                _store(bank, r, frame)
    bank.now += block
    return to.told


cdef int _between(value, int least, int most, str what) except -1:
    if not least <= int(value) <= most:
        raise ValueError(f"{what} must be {least} to {most}, not {value}")
    return int(value)


class Frame(NamedTuple):
    """A good frame.

    at : octet since the deframer's beginning in which its closing flag ended
    data : its octets without the FCS
    """

    channel: int
    at: int
    data: bytes


cdef class Framer:
    """Makes the octets of `channels` time slots of the frames given to it.

    channels : int, 1 to 65536
    longest : octets of a frame without its FCS, 1 to 4096; Q.921: 4 more than N201's 260
    queue : octets of frames that may wait on a channel (each takes 2 more than it is long)
    msb_first : the order of bits in a time slot's octet on the line
    idle : "flags" or "ones" between frames
    shared_zero : flags in a row share their zeros (011111101111110)
    """

    cdef hdlc_tx_bank* bank

    def __cinit__(self, channels, *, longest=264, queue=4096, msb_first=True, idle="flags",
                  shared_zero=False):
        cdef int most = _between(longest, 1, MOST, "longest")
        cdef int room = _between(queue, most + 2, 1 << 24, "queue")
        if idle not in ("flags", "ones"):
            raise ValueError(f"idle must be 'flags' or 'ones', not {idle!r}")
        self.bank = hdlc_tx_new(channel_count(channels), most, room, bool(msb_first),
                                idle == "ones", bool(shared_zero))
        if self.bank == NULL:
            raise MemoryError("no memory for the HDLC framer")

    def __dealloc__(self):
        hdlc_tx_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def send(self, channel, frame):
        """Queue a frame; its FCS is added. -> False when the queue has no room for it.

        frame : bytes-like, 1 to `longest` octets
        Raises TypeError, IndexError for the channel, ValueError for the length.
        """
        cdef int place = channel_index(channel, self.bank.channels)
        cdef const uint8_t[::1] view = memoryview(frame).cast("B")
        if not 1 <= view.shape[0] <= self.bank.longest:
            raise ValueError(f"a frame has 1 to {self.bank.longest} octets, not {view.shape[0]}")
        return bool(hdlc_tx_put(self.bank, place, &view[0], <int>view.shape[0]))

    def abort(self, channel):
        """Break off the frame that is being sent, if one is. Raises TypeError, IndexError."""
        hdlc_tx_abort(self.bank, channel_index(channel, self.bank.channels))

    def pending(self, channel):
        """Octets that wait, two more for each frame. Raises TypeError, IndexError."""
        return hdlc_tx_pending(self.bank, channel_index(channel, self.bank.channels))

    def process(self, block):
        """The next `block` octets of all channels: uint8 ndarray of shape (channels, block)."""
        cdef int n = _between(block, 0, 1 << 24, "block")
        octets = np.empty((self.bank.channels, n), dtype=np.uint8)
        cdef uint8_t[:, ::1] view = octets
        if n:
            with nogil:
                hdlc_tx_process(self.bank, &view[0, 0], n, n)
        return octets


cdef class Deframer:
    """Finds the frames in the octets of `channels` time slots.

    channels : int, 1 to 65536
    shortest, longest : octets of a frame without its FCS, 1 to 4096; Q.921: 3, and 4 more than
        N201's 260
    msb_first : the order of bits in a time slot's octet on the line
    """

    cdef hdlc_rx_bank* bank

    def __cinit__(self, channels, *, shortest=3, longest=264, msb_first=True):
        cdef int most = _between(longest, 1, MOST, "longest")
        cdef int least = _between(shortest, 1, most, "shortest")
        self.bank = hdlc_rx_new(channel_count(channels), least, most, bool(msb_first))
        if self.bank == NULL:
            raise MemoryError("no memory for the HDLC deframer")

    def __dealloc__(self):
        hdlc_rx_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def reset(self, channel):
        """Forget a frame half received; counters stay. Raises TypeError, IndexError."""
        hdlc_rx_reset(self.bank, channel_index(channel, self.bank.channels))

    def counters(self, channel):
        """dict of frames, crc_errors, aborts, misaligned, too_short, too_long.

        Raises TypeError, IndexError.
        """
        cdef dict counts = hdlc_rx_counts(self.bank, channel_index(channel, self.bank.channels))
        counts.pop("no_room")  # `process` has room for everything
        return counts

    def process(self, octets):
        """The frames that ended in these octets, channel by channel, as a list of Frame.

        octets : uint8 ndarray of shape (channels, block), C-contiguous, any block length
        Raises TypeError, ValueError.
        """
        if not isinstance(octets, np.ndarray) or octets.dtype != np.uint8:
            raise TypeError("octets must be a uint8 NumPy array")
        if octets.ndim != 2 or octets.shape[0] != self.bank.channels:
            raise ValueError(f"octets must be ({self.bank.channels}, block), not {octets.shape}")
        if not octets.flags.c_contiguous or octets.size > 1 << 26:
            raise ValueError(f"octets must be C-contiguous and at most {1 << 26}")
        if not octets.size:
            return []
        cdef const uint8_t[:, ::1] view = octets
        cdef int block = octets.shape[1]
        cdef int channels = self.bank.channels
        cdef int most = channels * (block // 3 + 2)
        cdef int room = channels * (block + self.bank.longest + 2)
        cdef uint8_t[::1] frames = np.empty(most * sizeof(hdlc_frame), dtype=np.uint8)
        cdef uint8_t[::1] store = np.empty(room, dtype=np.uint8)
        cdef hdlc_frame* out = <hdlc_frame*>&frames[0]
        cdef int count, i
        with nogil:
            count = hdlc_rx_process(self.bank, &view[0, 0], block, block, out, most, &store[0],
                                    room)
        return [_frame(&out[i], &store[0]) for i in range(count)]


cdef _frame(const hdlc_frame* frame, const uint8_t* store):
    return Frame(frame.channel, frame.at, store[frame.offset : frame.offset + frame.length])
