"""Echo of what the engine sends, taken out of what it receives.

What: for each channel that asks for it, the canceller gets what is received now and, as reference,
what went out on the line in the block before: the octets themselves, decoded, so that clipping,
companding, copied octets and silence are all in it.
How: with a slot for every channel a tile is worked on where it lies. With fewer, the octets of the
slots' channels are decoded straight into the slots' own tiles, and what is left is put into the
channels' tiles as these are heard.
The delay of the port's buffers is known and begun with.
Limits: blocks of whole 80 samples. The line must not return a block before it was sent: its echo
comes one block later at the earliest, which is so where a port has any buffer.
"""

from dsp_ext.echo cimport (
    ECHO_BLOCK_SAMPLES,
    echo_bank,
    echo_enable,
    echo_freeze,
    echo_process,
    echo_set_least,
    echo_set_nlp,
    echo_set_tail,
)
from dsp_ext.g711 cimport decode_block
from dsp_ext.slots cimport slots_give, slots_t, slots_take
from dsp_ext.state cimport (
    ECHO_BARE,
    ECHO_FROZEN,
    SHED_ADAPT,
    SHED_NLP,
    SHED_TAIL,
    echo_t,
    engine_t,
)
from dsp_ext.units cimport LANES


cdef inline int _parts(int tail_ms) noexcept nogil:
    return (tail_ms * 8 + ECHO_BLOCK_SAMPLES - 1) // ECHO_BLOCK_SAMPLES


cdef void _settle(engine_t* e, int slot) noexcept nogil:
    cdef echo_bank* bank = e.echo.banks[slot // LANES]
    cdef int asked = e.echo.asked[slot]
    echo_freeze(bank, slot % LANES, asked & ECHO_FROZEN or e.shed.level >= SHED_ADAPT)
    echo_set_nlp(bank, slot % LANES,
                 e.echo.nlp and not asked & ECHO_BARE and e.shed.level < SHED_NLP)


cdef int _held_back(const engine_t* e, int channel) noexcept nogil:
    """Samples by which the buffers of the channel's port delay what is sent."""
    cdef int place = e.joins.place[channel]
    return e.ports[place].port.delay if place >= 0 else 0


cdef void cancel_set(engine_t* e, int channel, bint on, int asked) noexcept nogil:
    cdef slots_t* slots = &e.echo.slots
    cdef int slot = slots_take(slots, channel) if on else slots_give(slots, channel)
    if slot < 0:
        return  # it had none; that there is one to take the control plane has seen to
    e.echo.asked[slot] = asked if on else 0
    echo_set_least(e.echo.banks[slot // LANES], slot % LANES, _held_back(e, channel))
    echo_enable(e.echo.banks[slot // LANES], slot % LANES, on)
    _settle(e, slot)


cdef void cancel_settle(engine_t* e) noexcept nogil:
    cdef int slot, tile
    cdef int parts = _parts(64 if e.shed.level >= SHED_TAIL else e.echo.tail_ms)
    for tile in range(e.echo.slots.tiles):
        echo_set_tail(e.echo.banks[tile], parts)
    for slot in range(e.echo.slots.tiles * LANES):
        _settle(e, slot)


cdef bint cancels(const engine_t* e, int channel) noexcept nogil:
    return e.echo.slots.slot_of[channel] >= 0


cdef void cancel_slots(engine_t* e) noexcept nogil:
    cdef echo_t* echo = &e.echo
    cdef float* clean
    cdef int tile, lane, channel
    for tile in range(echo.slots.tiles):
        if echo.slots.busy[tile] == 0:
            continue
        clean = echo.clean + <size_t> tile * LANES * e.block
        for lane in range(LANES):
            channel = echo.slots.channel_of[tile * LANES + lane]
            if channel >= 0:
                decode_block(e.rx + channel * e.block, e.block, clean + lane, LANES, 1, e.block,
                             e.law)
                decode_block(e.tx + channel * e.block, e.block, e.sent_tile + lane, LANES, 1,
                             e.block, e.law)
        echo_process(echo.banks[tile], e.sent_tile, clean, clean, e.block)


cdef void _put_clean(engine_t* e, int first, int n) noexcept nogil:
    """What is left of the tile's channels that have slots, into their columns of e.in_tile."""
    cdef const float* clean
    cdef int lane, slot, i
    for lane in range(n):
        slot = e.echo.slots.slot_of[first + lane]
        if slot < 0:
            continue
        clean = e.echo.clean + <size_t> (slot // LANES) * LANES * e.block + slot % LANES
        for i in range(e.block):
            e.in_tile[i * LANES + lane] = clean[i * LANES]


cdef void cancel_tile(engine_t* e, int tile, int first, int n) noexcept nogil:
    if not e.echo.slots.whole:
        _put_clean(e, first, n)
    elif e.echo.slots.busy[tile]:
        decode_block(e.tx + first * e.block, e.block, e.sent_tile, LANES, n, e.block, e.law)
        echo_process(e.echo.banks[tile], e.sent_tile, e.in_tile, e.in_tile, e.block)
