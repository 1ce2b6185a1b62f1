"""One direction of a memory wire, as a ring of blocks with history.

What: blocks of octets of all channels, one block of latency, in lock step
nothing lost. When one end is not ticked, the other goes on: blocks that find
the FIFO full and reads that find it empty are counted in octets.
How: SPSC by two block counts. Slots outlive their reading long enough for a
delay of DELAY_MAX + SLIP_MAX samples, so delay lines and echo need no copies.
Reading also takes the orders of the control thread; so faults change between
blocks and never within one.
"""

from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dsp_ext.g711 cimport encode_one
from dsp_ext.impair cimport impair_block, impair_orders, random_seed
from dsp_ext.line cimport (
    DELAY_MAX,
    HYBRID_MAX,
    LINE_DEPTH,
    LINE_PREFILL,
    SLIP_MAX,
    fault_t,
    line_t,
    order_t,
)
from dsp_ext.native cimport load_acquire, store_release
from dsp_ext.ring cimport ring_init, ring_release

cdef enum:
    ORDERS = 2048  # that may wait for the next block


cdef line_t* line_new(int channels, int block, int law, uint64_t seed) noexcept nogil:
    cdef line_t* line = <line_t*> calloc(1, sizeof(line_t))
    cdef size_t octets
    cdef int c
    if line == NULL:
        return NULL
    line.channels, line.block, line.law = channels, block, law
    line.idle = encode_one(0, law)
    line.slots = (DELAY_MAX + SLIP_MAX) // block + LINE_DEPTH + 2
    octets = <size_t> line.slots * channels * block
    line.store = <uint8_t*> calloc(octets, 1)
    line.faults = <fault_t*> calloc(channels, sizeof(fault_t))
    line.scratch = <float*> calloc(HYBRID_MAX + 2 * block, sizeof(float))
    if (line.store == NULL or line.faults == NULL or line.scratch == NULL
            or not ring_init(&line.orders, ORDERS * sizeof(order_t))):
        line_free(line)
        return NULL
    memset(line.store, line.idle, octets)
    line.written = LINE_PREFILL
    line.random = random_seed(seed, 0)
    for c in range(channels):
        line.faults[c].gain = 1.0
        line.faults[c].random = random_seed(seed, c + 1)
    return line


cdef void line_free(line_t* line) noexcept nogil:
    if line == NULL:
        return
    free(line.store)
    free(line.faults)
    free(line.scratch)
    ring_release(&line.orders)
    free(line)


cdef void _copy(const uint8_t* source, int from_stride, uint8_t* target, int to_stride,
                int channels, int block) noexcept nogil:
    cdef int c
    if from_stride == block and to_stride == block:
        memcpy(target, source, <size_t> channels * block)
        return
    for c in range(channels):
        memcpy(target + c * to_stride, source + c * from_stride, block)


cdef void line_write(line_t* line, const uint8_t* octets, int stride) noexcept nogil:
    cdef size_t slot = line.written % <uint64_t> line.slots
    if line.written - load_acquire(&line.reads) >= LINE_DEPTH:
        line.overrun_octets += line.channels * line.block
        return
    _copy(octets, stride, line.store + slot * line.channels * line.block, line.block,
          line.channels, line.block)
    store_release(&line.written, line.written + 1)


cdef void line_read(line_t* line, uint8_t* octets, int stride) noexcept nogil:
    cdef int c
    cdef size_t slot = line.reads % <uint64_t> line.slots
    impair_orders(line)
    if load_acquire(&line.written) == line.reads:
        line.underrun_octets += line.channels * line.block
        for c in range(line.channels):
            memset(octets + c * stride, line.idle, line.block)
        return
    _copy(line.store + slot * line.channels * line.block, line.block, octets, stride,
          line.channels, line.block)
    if line.faulty or line.lose or line.loss_rate > 0.0:
        impair_block(line, octets, stride)
    store_release(&line.reads, line.reads + 1)
