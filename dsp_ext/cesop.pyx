"""CESoPSN packets: time slots of an E1 in UDP datagrams, written and read.

What: a packet holds 8 to 64 frames of 1 to 31 time slots, frame by frame, behind a control word (L:
its data is no good, R: its sender receives nothing, M: alarm of the sender's line, a sequence
number) and, if agreed on, an RTP header before that. In the trunk-specific mode the four signalling
bits of each time slot stand at the end of each multiframe of 2 ms.
How: plain C on the datagram's octets; nothing is copied until the payload is taken.
Limits: with signalling bits a packet is a multiframe or half of one, 16 or 8 frames. Whatever is not
exactly what the span's shape makes is refused with its reason; data may be left out where L is set.
Source: RFC 5086 4.2, 4.3 (control word, table of L and M), 5.1 and 5.2 (payloads); RFC 3550 5.1.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from typing import NamedTuple

cdef enum:
    RTP_OCTETS = 12
    WORD_OCTETS = 4
    L_BIT = 0x08
    R_BIT = 0x04
    RDI = 2  # M: remote defect of the sender's line
    WHOLE = 0  # FRG
    FIRST = 1
    LAST = 2
    LEN_BELOW = 64  # longer packets have LEN 0
    NOT_TOLD = -1
    TOO_FEW = -2

#: What becomes of a packet, by its number.
FATES = ("good", "stranger", "short", "rtp", "channel", "reserved", "fragment", "length", "duplicate",
         "late", "astray", "overrun")
TIMESLOTS = 31
FRAMES = (8, 16, 24, 32, 40, 48, 56, 64)


cdef int cesop_cas_octets(const cesop_shape* shape) noexcept nogil:
    return (shape.slots + 1) // 2


cdef inline int _frg(const cesop_shape* shape, uint16_t seq) noexcept nogil:
    """Halves of a multiframe go by the number: even ones begin it."""
    if not shape.cas or shape.frames == MULTIFRAME:
        return WHOLE
    return LAST if seq & 1 else FIRST


cdef inline int _octets(const cesop_shape* shape, int frg) noexcept nogil:
    """Of a payload, signalling bits included."""
    cdef int octets = shape.slots * shape.frames
    return octets + cesop_cas_octets(shape) if shape.cas and frg != FIRST else octets


cdef inline bint _rtp_fits(const cesop_shape* shape, const uint8_t* data) noexcept nogil:
    """Version 2, nothing added to the fixed header, our payload type."""
    return data[0] == 0x80 and data[1] & 0x7F == shape.payload_type


cdef inline int _told(int told, int head) noexcept nogil:
    """Octets behind the headers, by LEN."""
    if told == 0:
        return NOT_TOLD
    return told - head if told >= head else TOO_FEW


cdef int _fits(const cesop_shape* shape, const cesop_packet* p, int left, int given) noexcept nogil:
    """-> the fate of a packet of which `left` octets follow its headers, `given` if LEN says so."""
    if p.m != 0 and (p.l or p.m != RDI):
        return CESOP_RESERVED
    if p.frg not in (WHOLE, FIRST, LAST) or (p.frg != WHOLE) != (
            shape.cas and shape.frames < MULTIFRAME):
        return CESOP_FRAGMENT
    if given == TOO_FEW or given > left or (given == NOT_TOLD and left != _octets(shape, p.frg) and not (p.l and left == 0)):
        return CESOP_LENGTH
    if given != NOT_TOLD and given != _octets(shape, p.frg) and not (p.l and given == 0):
        return CESOP_LENGTH
    return CESOP_GOOD


cdef int cesop_parse(const cesop_shape* shape, const uint8_t* data, int length,
                     cesop_packet* out) noexcept nogil:
    cdef int head = (RTP_OCTETS if shape.rtp else 0) + WORD_OCTETS
    cdef const uint8_t* word = data + head - WORD_OCTETS
    cdef int told, fate, left = length - head
    if left < 0:
        return CESOP_SHORT
    if shape.rtp and not _rtp_fits(shape, data):
        return CESOP_RTP
    if word[0] & 0xF0:
        return CESOP_CHANNEL
    out.l, out.r, out.m = (word[0] & L_BIT) != 0, (word[0] & R_BIT) != 0, word[0] & 3
    out.frg, told = word[1] >> 6, word[1] & 0x3F
    out.seq = word[2] << 8 | word[3]
    fate = _fits(shape, out, left, _told(told, head))
    if fate != CESOP_GOOD:
        return fate
    if told:
        left = told - head
    out.payload = word + WORD_OCTETS if left else NULL
    out.cas = NULL
    if left and shape.cas and out.frg != FIRST:
        out.cas = out.payload + shape.slots * shape.frames
    return CESOP_GOOD


cdef int cesop_size(const cesop_shape* shape, uint16_t seq) noexcept nogil:
    return ((RTP_OCTETS if shape.rtp else 0) + WORD_OCTETS + _octets(shape, _frg(shape, seq)))


cdef void _rtp_head(const cesop_shape* shape, uint8_t* out, uint16_t seq,
                    int64_t stamp) noexcept nogil:
    cdef int i
    out[0], out[1] = 0x80, shape.payload_type
    out[2], out[3] = seq >> 8, seq & 0xFF
    for i in range(4):
        out[4 + i] = stamp >> (24 - 8 * i) & 0xFF
        out[8 + i] = shape.ssrc >> (24 - 8 * i) & 0xFF


cdef int cesop_head(const cesop_shape* shape, uint8_t* out, uint16_t seq, bint l, bint r, int m,
                    int64_t stamp) noexcept nogil:
    cdef int size = cesop_size(shape, seq)
    cdef uint8_t* word = out
    if shape.rtp:
        _rtp_head(shape, out, seq, stamp)
        word = out + RTP_OCTETS
    word[0] = (L_BIT if l else 0) | (R_BIT if r else 0) | (0 if l else m & 3)
    word[1] = _frg(shape, seq) << 6 | (size if size < LEN_BELOW else 0)
    word[2], word[3] = seq >> 8, seq & 0xFF
    return <int> (word - out) + WORD_OCTETS


cdef void cesop_gather(const cesop_shape* shape, uint8_t* payload, int first, int frames,
                       const uint8_t* octets, const int* place, int stride) noexcept nogil:
    cdef int s, f
    cdef const uint8_t* row
    cdef uint8_t* out
    for s in range(shape.slots):
        row = octets + <Py_ssize_t> place[s] * stride
        out = payload + first * shape.slots + s
        for f in range(frames):
            out[f * shape.slots] = row[f]


cdef void cesop_scatter(const cesop_shape* shape, const uint8_t* payload, int frames,
                        uint8_t* octets, const int* place, int stride) noexcept nogil:
    cdef int s, f
    cdef uint8_t* row
    for s in range(shape.slots):
        row = octets + <Py_ssize_t> place[s] * stride
        for f in range(frames):
            row[f] = payload[f * shape.slots + s]


class Packet(NamedTuple):
    """A packet's content. m: 0, or 2 for a remote defect. cas: a nibble a time slot, or none."""

    seq: int
    l: bool
    r: bool
    m: int
    payload: bytes | None
    cas: tuple[int, ...] | None


def check_packets(slots: int, frames: int, cas: bool) -> None:
    """ValueError when no packets can be made so."""
    if not 1 <= slots <= TIMESLOTS:
        raise ValueError(f"{slots} time slots: 1 to {TIMESLOTS} are allowed")
    if frames not in FRAMES:
        raise ValueError(f"{frames} frames a packet: whole milliseconds of 8 frames, 1 to 8")
    if cas and frames > MULTIFRAME:
        raise ValueError("with signalling bits a packet is 1 or 2 ms long")


cdef class Packets:
    """Writes and reads packets of one shape.

    slots : time slots, 1 to 31; frames : a packet, 8 to 64 in steps of 8
    rtp : with an RTP header of `payload_type` and `ssrc`; cas : with signalling bits, trunk-specific
    Raises ValueError for a shape that cannot be.
    """

    def __cinit__(self, int slots, int frames, *, bint rtp=False, bint cas=False,
                  int payload_type=96, uint32_t ssrc=0):
        check_packets(slots, frames, cas)
        if not 0 <= payload_type < 128:
            raise ValueError(f"payload type {payload_type}: 0 to 127 are allowed")
        self.c = cesop_shape(slots=slots, frames=frames, rtp=rtp, cas=cas,
                             payload_type=payload_type, ssrc=ssrc)

    def pack(self, int seq, payload not None, *, bint l=False, bint r=False, int m=0, cas=None):
        """One packet as bytes.

        payload : slots × frames octets, frame by frame; cas : a nibble for each time slot (needed in
        the packets that end a multiframe: with two to a multiframe those of odd numbers)
        Raises ValueError for other lengths or bits.
        """
        cdef uint8_t[CESOP_MOST] out
        cdef const uint8_t[::1] view = memoryview(payload).cast("B")
        cdef int octets = self.c.slots * self.c.frames
        cdef int s, head, size = cesop_size(&self.c, seq & 0xFFFF)
        if view.shape[0] != octets:
            raise ValueError(f"a payload is {octets} octets, not {view.shape[0]}")
        if m not in (0, RDI) or (l and m):
            raise ValueError(f"M {m} with L {int(l)} is reserved")
        head = cesop_head(&self.c, &out[0], seq & 0xFFFF, l, r, m, <int64_t> seq * self.c.frames)
        memcpy(&out[head], &view[0], octets)
        if head + octets < size:
            if cas is None or len(cas) != self.c.slots:
                raise ValueError(f"{self.c.slots} nibbles of signalling bits are needed")
            memset(&out[head + octets], 0, cesop_cas_octets(&self.c))
            for s, nibble in enumerate(cas):
                out[head + octets + s // 2] |= (nibble & 0xF) << (0 if s & 1 else 4)
        return (<const uint8_t*> out)[:size]

    def parse(self, data not None):
        """-> (fate, Packet or None): "good", or why it is refused (FATES)."""
        cdef const uint8_t[::1] view = memoryview(data).cast("B")
        cdef cesop_packet p
        cdef int fate, s
        if view.shape[0] == 0:
            return FATES[CESOP_SHORT], None
        fate = cesop_parse(&self.c, &view[0], <int> min(view.shape[0], 1 << 20), &p)
        if fate != CESOP_GOOD:
            return FATES[fate], None
        payload = None if p.payload == NULL else p.payload[:self.c.slots * self.c.frames]
        cas = None
        if p.cas != NULL:
            cas = tuple([p.cas[s // 2] >> (0 if s & 1 else 4) & 0xF for s in range(self.c.slots)])
        return FATES[CESOP_GOOD], Packet(p.seq, bool(p.l), bool(p.r), p.m, payload, cas)
