"""What one direction of a wire is: its blocks, its faults, and the orders for them; delayline.pyx."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from dsp_ext.ring cimport ring_t

cdef enum:
    LINE_PREFILL = 1  # blocks of latency
    LINE_DEPTH = 8  # blocks that wait for a reader before writes are refused
    DELAY_MAX = 4000  # samples
    SLIP_MAX = 800  # samples that slips may add to a delay
    HYBRID_MAX = 1024  # taps

cdef enum:  # orders from the control thread
    SET_DELAY = 1
    SET_GAIN = 2  # linear
    SET_NOISE = 3  # RMS, linear
    SET_HYBRID = 4  # ptr, n: taps
    SET_BIT_ERRORS = 5
    SET_LOSS = 6
    SET_ALARM = 7
    SLIP = 8
    LOSE = 9
    CLEAR = 10
    SET_LOOP = 11

cdef struct order_t:  # 32 octets
    int32_t what
    int32_t channel  # -1: all
    double value
    const float* ptr
    int64_t n

cdef struct fault_t:  # of one channel
    bint active
    int offset  # samples of delay, slips included
    int skip  # of a drop, what the delay could not give; for one block
    float gain
    float noise_rms
    const float* taps
    int tap_count
    double bit_error_rate
    int64_t next_error  # bits until the next one
    double loss_rate
    bint alarm
    bint loop  # what the receiver sent comes back to it
    uint64_t random

cdef struct line_t:
    int channels
    int block
    int law
    uint8_t idle
    int slots
    uint8_t* store  # [slots][channels][block]
    uint64_t written  # blocks; the writer's
    uint64_t reads  # blocks; the reader's
    line_t* back  # the other direction
    fault_t* faults  # [channels]
    int faulty  # channels with any
    double loss_rate  # of the line as a whole
    uint64_t random
    int64_t lose  # blocks to lose next
    ring_t orders
    uint64_t orders_done
    float* scratch  # [HYBRID_MAX + 2 * block]
    int64_t lost
    int64_t lost_octets
    int64_t slips
    int64_t bit_errors
    int64_t overrun_octets
    int64_t underrun_octets
