"""C doors of a block of an E1 over IP, in and out; cesop_io.pyx says what and how."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t

from dsp_ext.cesop cimport CESOP_MOST, CESOP_SLOTS_MOST, cesop_shape
from dsp_ext.cesop_clock cimport clock_t
from dsp_ext.cesop_fill cimport fill_t
from dsp_ext.cesop_jitter cimport jitter_t
from dsp_ext.cesop_net cimport net_t
from dsp_ext.hdlc cimport hdlc_rx_bank, hdlc_tx_bank
from dsp_ext.ring cimport ring_t

cdef enum:  # bits of alarms
    ALARM_RED = 1
    ALARM_AIS = 2
    ALARM_RAI = 4

cdef enum:
    D_LONGEST = 264  # octets of an HDLC frame without its FCS
    D_SCRATCH = 512  # what `frames` holds: all that can end in a block
    FRAMES_AT_ONCE = 55
    TOLD_MOST = 288  # octets of an entry

cdef enum:  # what is told
    TELL_ALARMS = 0
    TELL_FRAME = 1
    TELL_BITS = 2

cdef struct told_t:
    int kind
    int a  # alarms; a frame's octets; a time slot's place
    int b  # signalling bits

cdef struct cesop_port_t:
    cesop_shape shape
    net_t net
    jitter_t jitter
    fill_t fill
    clock_t clock
    int channels  # of the port: time slots but the D channel's
    int block
    uint8_t idle
    int[CESOP_SLOTS_MOST] place  # row of the block for each time slot; the D channel's is the last
    int d_place  # -1: none
    bint steers  # this port's clock is the engine's
    int64_t due_ns  # when the next block is, by the far end's clock
    # receiving
    uint8_t* rows  # [slots][block]
    uint8_t[CESOP_SLOTS_MOST] bits  # received
    uint64_t[CESOP_SLOTS_MOST] shown  # the same, for the control thread
    hdlc_rx_bank* rx
    uint8_t* frames  # scratch for frames received
    bint opened  # what came before the first read is dropped: it would be a delay for good
    int alarms
    bint far_l, far_r, far_m  # of the newest packet
    # sending
    uint8_t* sending  # [slots][block]
    uint8_t[CESOP_MOST] packet  # that is being filled
    uint8_t* payload  # in it
    int filled  # frames
    uint16_t seq
    int64_t stamp
    uint64_t asked  # ALARM_AIS, ALARM_RAI to send
    uint64_t[CESOP_SLOTS_MOST] send_bits
    hdlc_tx_bank* tx
    # faults to order: of 2³² packets so many are dropped
    uint64_t drop_in, drop_out
    uint64_t random
    int64_t ordered  # packets dropped so of those that came
    # telling
    ring_t told
    int told_fd
    bint posted
    int64_t untold

# port_io and port_wait of dsp_ext.state; ctx: a cesop_port_t
cdef int cesop_read(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil
cdef int cesop_write(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil
cdef int cesop_wait(void* ctx, int64_t timeout_ns) noexcept nogil
# A datagram of the far end -> its fate, counted
cdef int cesop_take(cesop_port_t* p, const uint8_t* data, int length,
                    int64_t came_ns) noexcept nogil
cdef double cesop_block_ns(const cesop_port_t* p) noexcept nogil
