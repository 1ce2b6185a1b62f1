"""C doors of CESoPSN packets; cesop.pyx says what and how."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    CESOP_SLOTS_MOST = 31
    CESOP_FRAMES_MOST = 64
    CESOP_CAS_MOST = 16  # octets of signalling bits
    CESOP_HEAD_MOST = 16  # RTP header and control word
    CESOP_MOST = 2016  # octets of a packet: headers, 31 time slots × 64 frames, signalling
    MULTIFRAME = 16  # frames

cdef enum:  # what becomes of a packet; names in cesop.pyx in this order
    CESOP_GOOD = 0
    CESOP_STRANGER = 1  # from another address than the far end's
    CESOP_SHORT = 2  # ends within its headers
    CESOP_RTP = 3  # no RTP, or not of our payload type
    CESOP_CHANNEL = 4  # first nibble not 0: not data of a pseudowire
    CESOP_RESERVED = 5  # L and M together mean nothing we know
    CESOP_FRAGMENT = 6  # FRG is not this span's
    CESOP_LENGTH = 7  # octets other than the span's time slots and frames make
    CESOP_DUPLICATE = 8
    CESOP_LATE = 9  # its time had gone by when it came
    CESOP_ASTRAY = 10  # its number is far from those before
    CESOP_OVERRUN = 11  # too far ahead of what is being heard
    CESOP_FATES = 12

cdef struct cesop_shape:  # what both ends agree on
    int slots  # time slots, 1 to 31
    int frames  # a packet, 8 to 64
    bint rtp
    bint cas  # trunk-specific: a multiframe or its half, signalling bits at the end of each
    int payload_type
    uint32_t ssrc

cdef struct cesop_packet:
    uint16_t seq
    bint l, r
    int m, frg
    const uint8_t* payload  # frame by frame; NULL: left out (L is set)
    const uint8_t* cas  # a nibble a time slot; NULL: not in this packet

cdef int cesop_cas_octets(const cesop_shape* shape) noexcept nogil
# -> CESOP_ fate; `out` points into `data`
cdef int cesop_parse(const cesop_shape* shape, const uint8_t* data, int length,
                     cesop_packet* out) noexcept nogil
# Writes the headers of a packet with its whole payload -> where the payload begins.
# `stamp`: frames since the beginning, for RTP
cdef int cesop_head(const cesop_shape* shape, uint8_t* out, uint16_t seq, bint l, bint r, int m,
                    int64_t stamp) noexcept nogil
# octets of that packet in all
cdef int cesop_size(const cesop_shape* shape, uint16_t seq) noexcept nogil
# rows octets[place[s] * stride + f] -> payload[f * slots + s], frames from `first` on; and back
cdef void cesop_gather(const cesop_shape* shape, uint8_t* payload, int first, int frames,
                       const uint8_t* octets, const int* place, int stride) noexcept nogil
cdef void cesop_scatter(const cesop_shape* shape, const uint8_t* payload, int frames,
                        uint8_t* octets, const int* place, int stride) noexcept nogil

cdef class Packets:
    cdef cesop_shape c
