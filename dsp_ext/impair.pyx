"""Impairments of a wire: what the lab orders, done at the receiving end, block by block.

What, in this order: a loop at the far end, delay and slips (octets), gain, echo of what the receiving
end itself sent (FIR), noise, bit errors, lost blocks (idle octets); an alarm
(all ones) covers all. Gain, echo and noise work on linear samples and encode
again; all else moves or flips octets. A channel without faults is not touched.
How: random numbers are SplitMix64, one stream a channel and direction, so runs
with the same seed are alike whatever else happens. Noise is the sum of eight
uniform numbers (within 0.1 % of its RMS, no peaks beyond 4.9 sigma). Bit errors
are drawn as distances, so a rate of 1e-9 costs nothing.
Source of SplitMix64: Steele, Lea, Flood, OOPSLA 2014.
"""

from libc.math cimport floor, log, log1p, lrintf, sqrt
from libc.stdint cimport int16_t, int64_t, uint8_t, uint64_t
from libc.string cimport memset

from dsp_ext.g711 cimport decode_one, encode_one
from dsp_ext.line cimport (
    CLEAR,
    DELAY_MAX,
    LOSE,
    SET_ALARM,
    SET_BIT_ERRORS,
    SET_DELAY,
    SET_GAIN,
    SET_HYBRID,
    SET_LOOP,
    SET_LOSS,
    SET_NOISE,
    SLIP,
    SLIP_MAX,
    fault_t,
    line_t,
    order_t,
)
from dsp_ext.native cimport store_release
from dsp_ext.ring cimport ring_read

cdef uint64_t _GOLDEN = 0x9E3779B97F4A7C15
# Standard deviation of the sum of eight uniform 16-bit numbers.
cdef double _SUM_SIGMA = 65536.0 * sqrt(8.0 / 12.0)


cdef inline uint64_t _draw(uint64_t* state) noexcept nogil:
    cdef uint64_t z
    state[0] += _GOLDEN
    z = state[0]
    z = (z ^ (z >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * <uint64_t> 0x94D049BB133111EB
    return z ^ (z >> 31)


cdef inline double _uniform(uint64_t* state) noexcept nogil:
    """In (0, 1]."""
    return ((_draw(state) >> 11) + 1) * (1.0 / 9007199254740992.0)


cdef inline double _normal(uint64_t* state) noexcept nogil:
    cdef uint64_t a = _draw(state)
    cdef uint64_t b = _draw(state)
    cdef int64_t total = ((a & 0xFFFF) + (a >> 16 & 0xFFFF) + (a >> 32 & 0xFFFF) + (a >> 48)
                          + (b & 0xFFFF) + (b >> 16 & 0xFFFF) + (b >> 32 & 0xFFFF) + (b >> 48))
    return (total - 4 * 65535) / _SUM_SIGMA


cdef uint64_t random_seed(uint64_t seed, uint64_t channel) noexcept nogil:
    cdef uint64_t state = seed
    _draw(&state)
    state ^= channel * <uint64_t> 0xD1342543DE82EF95
    return _draw(&state)


cdef int64_t _distance(fault_t* fault) noexcept nogil:
    """Good bits before the next bad one."""
    cdef double bits = floor(log(_uniform(&fault.random)) / log1p(-fault.bit_error_rate))
    return <int64_t> min(bits, 1e15)


cdef void _slip(fault_t* fault, int octets) noexcept nogil:
    """+n: back by n octets, which come again. -n: on by n, as far as the delay can give them."""
    cdef int offset = min(fault.offset + octets, DELAY_MAX + SLIP_MAX)
    fault.skip = max(-offset, 0)
    fault.offset = max(offset, 0)


cdef void _set(fault_t* fault, const order_t* order) noexcept nogil:
    if order.what == SET_DELAY:
        fault.offset = <int> order.value
    elif order.what == SET_GAIN:
        fault.gain = order.value
    elif order.what == SET_NOISE:
        fault.noise_rms = order.value
    elif order.what == SET_HYBRID:
        fault.taps, fault.tap_count = order.ptr, <int> order.n
    elif order.what == SET_BIT_ERRORS:
        fault.bit_error_rate = order.value
        if order.value > 0.0:
            fault.next_error = _distance(fault)
    elif order.what == SET_LOSS:
        # For all channels it is the line that loses whole blocks; see _order.
        fault.loss_rate = order.value if order.channel >= 0 else 0.0
    elif order.what == SET_ALARM:
        fault.alarm = order.value != 0.0
    elif order.what == SET_LOOP:
        fault.loop = order.value != 0.0
    elif order.what == SLIP:
        _slip(fault, <int> order.value)
    elif order.what == CLEAR:
        fault.offset, fault.gain, fault.noise_rms, fault.tap_count = 0, 1.0, 0.0, 0
        fault.taps = NULL
        fault.bit_error_rate = fault.loss_rate = 0.0
        fault.alarm = fault.loop = False


cdef inline bint _linear(const fault_t* fault) noexcept nogil:
    return fault.gain != 1.0 or fault.noise_rms > 0.0 or fault.tap_count > 0


cdef inline bint _any(const fault_t* fault) noexcept nogil:
    return (_linear(fault) or fault.offset > 0 or fault.skip > 0 or fault.alarm or fault.loop
            or fault.bit_error_rate > 0.0 or fault.loss_rate > 0.0)


cdef void _order(line_t* line, const order_t* order) noexcept nogil:
    cdef int c
    cdef int first = max(order.channel, 0)
    cdef int last = line.channels if order.channel < 0 else order.channel + 1
    if order.what == LOSE:
        line.lose += <int64_t> order.value
        return
    if order.what == SLIP:
        line.slips += 1
    if order.channel < 0 and (order.what == SET_LOSS or order.what == CLEAR):
        line.loss_rate = order.value
    if order.what == CLEAR:
        line.lose = 0
    for c in range(first, last):
        _set(&line.faults[c], order)
        line.faulty -= line.faults[c].active
        line.faults[c].active = _any(&line.faults[c])
        line.faulty += line.faults[c].active


cdef void impair_orders(line_t* line) noexcept nogil:
    cdef order_t order
    while ring_read(&line.orders, &order, sizeof(order)):
        _order(line, &order)
        store_release(&line.orders_done, line.orders_done + 1)


cdef const uint8_t* _run(const line_t* line, int channel, int64_t position,
                         int* run) noexcept nogil:
    """Octets of `channel` from `position` on; `run`: how many lie side by side."""
    # Before the beginning there is idle: those slots are unwritten while they are asked for.
    cdef int64_t at = position + <int64_t> line.slots * line.block
    cdef int inside = <int> (at % line.block)
    run[0] = line.block - inside
    cdef int64_t slot = at // line.block % line.slots
    return line.store + (slot * line.channels + channel) * line.block + inside


cdef void _delayed(line_t* line, int channel, uint8_t* octets) noexcept nogil:
    cdef fault_t* fault = &line.faults[channel]
    # Looped, what is delayed is what the receiving end sent; its last block lies under this one.
    cdef const line_t* source = line.back if fault.loop else line
    cdef uint64_t block = source.written - 1 if fault.loop else line.reads
    cdef int64_t begin = <int64_t> block * line.block
    cdef int64_t newest = begin + line.block - 1
    cdef int64_t first = begin - fault.offset + fault.skip
    cdef int i, run
    for i in range(line.block):
        octets[i] = _run(source, channel, min(first + i, newest), &run)[0]
    if fault.skip:
        fault.skip = 0
        line.faulty -= fault.active
        fault.active = _any(fault)
        line.faulty += fault.active


cdef void _echo(line_t* line, int channel, float* x) noexcept nogil:
    """Add to x what the receiving end sent, filtered; its last block lies under this one."""
    cdef fault_t* fault = &line.faults[channel]
    cdef line_t* back = line.back
    cdef int past = fault.tap_count - 1
    cdef int64_t position = <int64_t> back.written * line.block - line.block - past
    cdef float* sent = line.scratch + line.block
    cdef const uint8_t* octets
    cdef int i, k, run
    cdef int filled = 0
    while filled < past + line.block:
        octets = _run(back, channel, position + filled, &run)
        run = min(run, past + line.block - filled)
        for i in range(run):
            sent[filled + i] = decode_one(octets[i], line.law)
        filled += run
    for k in range(fault.tap_count):
        for i in range(line.block):
            x[i] += fault.taps[k] * sent[past - k + i]


cdef void _relevel(line_t* line, int channel, uint8_t* octets) noexcept nogil:
    """Gain, echo and noise."""
    cdef fault_t* fault = &line.faults[channel]
    cdef float* x = line.scratch
    cdef float limited
    cdef int i
    for i in range(line.block):
        x[i] = fault.gain * decode_one(octets[i], line.law)
    if fault.tap_count:
        _echo(line, channel, x)
    if fault.noise_rms > 0.0:
        for i in range(line.block):
            x[i] += fault.noise_rms * _normal(&fault.random)
    for i in range(line.block):
        limited = max(<float> -32768.0, min(<float> 32767.0, x[i]))
        octets[i] = encode_one(<int16_t> lrintf(limited), line.law)


cdef void _flip(line_t* line, int channel, uint8_t* octets) noexcept nogil:
    cdef fault_t* fault = &line.faults[channel]
    cdef int bits = 8 * line.block
    while fault.next_error < bits:
        octets[fault.next_error >> 3] ^= 1 << (fault.next_error & 7)
        line.bit_errors += 1
        fault.next_error += 1 + _distance(fault)
    fault.next_error -= bits


cdef void _impair_channel(line_t* line, int channel, uint8_t* octets) noexcept nogil:
    cdef fault_t* fault = &line.faults[channel]
    if fault.offset or fault.skip or fault.loop:
        _delayed(line, channel, octets)
    if _linear(fault):
        _relevel(line, channel, octets)
    if fault.bit_error_rate > 0.0:
        _flip(line, channel, octets)
    if fault.loss_rate > 0.0 and _uniform(&fault.random) <= fault.loss_rate:
        line.lost += 1
        line.lost_octets += line.block
        memset(octets, line.idle, line.block)
    if fault.alarm:
        memset(octets, 0xFF, line.block)


cdef void impair_block(line_t* line, uint8_t* octets, int stride) noexcept nogil:
    cdef int c
    cdef bint lost = line.lose > 0
    if lost:
        line.lose -= 1
    elif line.loss_rate > 0.0:
        lost = _uniform(&line.random) <= line.loss_rate
    if lost:
        line.lost += 1
        line.lost_octets += line.channels * line.block
    for c in range(line.channels):
        if line.faults[c].active:
            _impair_channel(line, c, octets + c * stride)
        if lost and not line.faults[c].alarm:
            memset(octets + c * stride, line.idle, line.block)
