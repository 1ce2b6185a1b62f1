"""Who sits in which bridge of the mixer, and what that makes of each tile.

What: membership, gains and whispers as commands change them; and from these, before the next block,
what the inner loops go by (`mix_seats`): members bridge by bridge, and what each tile of sixteen
neighbours is. A tile is nobody's; or one of a run of tiles that hold one whole bridge and nobody
else; or it is turned, as where several bridges share it, somebody in it is whispered to, or a
bridge hears its loudest alone.
Memory: 212 bytes a channel.
"""

from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from dsp_ext.units cimport LANES, padded, zeroed

cdef enum:
    _ARRAYS = 21  # of four bytes a channel
    _ENDS = 2 * 64  # bytes that two arrays have beyond their channels'


cdef mix_bank* mix_new(int channels) noexcept nogil:
    cdef mix_bank* bank = <mix_bank*>calloc(1, sizeof(mix_bank))
    cdef size_t row = sizeof(float) * <size_t>padded(channels)
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.seats.width, bank.stale = channels, padded(channels), True
    bank.memory = zeroed((_ARRAYS + 2 * MIX_ROWS) * row + _ENDS + row // LANES)
    if bank.memory == NULL:
        free(bank)
        return NULL
    _lay_out(bank, <char*>bank.memory, row)
    for channel in range(bank.seats.width):
        bank.bridge_of[channel] = bank.seats.whisper_to[channel] = -1
        bank.gate[channel] = 1.0
    return bank


cdef void* _take(char** at, size_t size) noexcept nogil:
    cdef void* here = at[0]
    at[0] += size
    return here


cdef void _lay_out(mix_bank* bank, char* at, size_t row) noexcept nogil:
    """Gives each array its place in the bank's memory, on lines of the cache."""
    cdef mix_seats* seats = &bank.seats
    bank.bridge_of, bank.whispered = <int32_t*>_take(&at, row), <int32_t*>_take(&at, row)
    bank.talk, bank.listen = <float*>_take(&at, row), <float*>_take(&at, row)
    bank.talkers, bank.talker_sum = <int32_t*>_take(&at, row), <int32_t*>_take(&at, row)
    bank.loudest, bank.heard = <int32_t*>_take(&at, row), <int32_t*>_take(&at, row)
    bank.level, bank.gate = <float*>_take(&at, row), <float*>_take(&at, row)
    bank.energy, bank.number = <float*>_take(&at, row), <int32_t*>_take(&at, row)
    seats.slot, seats.member = <int32_t*>_take(&at, row), <int32_t*>_take(&at, row)
    seats.whisperer, seats.whisper_to = <int32_t*>_take(&at, row), <int32_t*>_take(&at, row)
    seats.whisper_gain, seats.hear = <float*>_take(&at, row), <float*>_take(&at, row)
    seats.say, seats.step = <float*>_take(&at, row), <float*>_take(&at, row)
    seats.given = <uint32_t*>_take(&at, MIX_ROWS * row)
    seats.total = <uint32_t*>_take(&at, MIX_ROWS * row + 64)
    seats.first = <int32_t*>_take(&at, row + 64)
    seats.tile = <int32_t*>_take(&at, row // LANES)


cdef void mix_free(mix_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.memory)
        free(bank)


cdef void _count(mix_bank* bank, int channel, int sign) noexcept nogil:
    """Counts a member of a bridge in or out."""
    cdef int bridge = bank.bridge_of[channel]
    if bridge >= 0 and bank.talk[channel] != 0.0:
        bank.talkers[bridge] += sign
        bank.talker_sum[bridge] += sign * channel


cdef void mix_join(mix_bank* bank, int channel, int bridge, float talk,
                   float listen) noexcept nogil:
    _count(bank, channel, -1)
    if bank.bridge_of[channel] != bridge:
        bank.level[channel], bank.heard[channel] = 0.0, False
        bank.gate[channel] = 0.0 if bank.loudest[bridge] else 1.0
    bank.bridge_of[channel] = bridge
    bank.talk[channel], bank.listen[channel] = talk, listen
    _count(bank, channel, 1)
    bank.stale = True


cdef void mix_leave(mix_bank* bank, int channel) noexcept nogil:
    cdef int c
    _count(bank, channel, -1)
    bank.bridge_of[channel] = -1
    bank.stale = True
    mix_whisper(bank, channel, -1, 0.0)
    if bank.whispered[channel]:
        for c in range(bank.channels):
            if bank.seats.whisper_to[c] == channel:
                mix_whisper(bank, c, -1, 0.0)


cdef void mix_whisper(mix_bank* bank, int channel, int to, float gain) noexcept nogil:
    cdef int before = bank.seats.whisper_to[channel]
    if gain == 0.0:
        to = -1
    if before >= 0:
        bank.whispered[before] -= 1
        bank.whispers -= 1
    if to >= 0:
        bank.whispered[to] += 1
        bank.whispers += 1
    bank.seats.whisper_to[channel], bank.seats.whisper_gain[channel] = to, gain
    bank.stale = True


cdef void mix_loudest(mix_bank* bank, int bridge, int count) noexcept nogil:
    cdef int c
    bank.choosy += (count > 0) - (bank.loudest[bridge] > 0)
    bank.loudest[bridge] = count
    if count == 0:
        for c in range(bank.channels):
            if bank.bridge_of[c] == bridge:
                bank.gate[c], bank.level[c] = 1.0, 0.0
    bank.stale = True


cdef int mix_peer(const mix_bank* bank, int channel) noexcept nogil:
    cdef int bridge = bank.bridge_of[channel]
    cdef int peer
    cdef bint talks = bank.talk[channel] != 0.0
    if (bridge < 0 or bank.talkers[bridge] - talks != 1 or bank.listen[channel] != 1.0
            or bank.loudest[bridge] or bank.whispered[channel]):
        return -1
    peer = bank.talker_sum[bridge] - (channel if talks else 0)
    return peer if bank.talk[peer] == 1.0 else -1


cdef bint mix_hears(const mix_bank* bank, int channel) noexcept nogil:
    return bank.bridge_of[channel] >= 0 or bank.whispered[channel] > 0


cdef void _number(mix_bank* bank) noexcept nogil:
    """Numbers the bridges that have members, so that their sums lie close together."""
    cdef mix_seats* seats = &bank.seats
    cdef int c, bridge
    for bridge in range(bank.channels):
        bank.number[bridge] = -1
    seats.slots = 0
    for c in range(bank.channels):
        bridge = bank.bridge_of[c]
        if bridge >= 0 and bank.number[bridge] < 0:
            bank.number[bridge] = seats.slots
            seats.slots += 1
    for c in range(seats.width):  # whole lanes; what pads them is in no bridge
        bridge = bank.bridge_of[c]
        seats.slot[c] = bank.number[bridge] if bridge >= 0 else seats.slots


cdef void _sort(mix_seats* seats) noexcept nogil:
    """Lists the members, slot by slot."""
    cdef int32_t* first = seats.first
    cdef int c, slot
    memset(first, 0, sizeof(int32_t) * <size_t>(seats.slots + 2))
    for c in range(seats.width):
        if seats.slot[c] < seats.slots:
            first[seats.slot[c] + 2] += 1
    for slot in range(seats.slots):
        first[slot + 2] += first[slot + 1]
    for c in range(seats.width):  # first[slot + 1] is where the next of slot belongs
        slot = seats.slot[c]
        if slot < seats.slots:
            seats.member[first[slot + 1]] = c
            first[slot + 1] += 1


cdef int _tile(const mix_bank* bank, int tile) noexcept nogil:
    """MIX_IDLE, MIX_TURNED or the one slot whose members sit in a tile."""
    cdef int found = MIX_IDLE
    cdef int c, slot
    for c in range(tile * LANES, (tile + 1) * LANES):
        slot = bank.seats.slot[c]
        if bank.whispered[c]:
            return MIX_TURNED
        if slot < bank.seats.slots and slot != found:
            if found != MIX_IDLE:
                return MIX_TURNED
            found = slot
    return found


cdef void _tiles(mix_bank* bank) noexcept nogil:
    """What each tile is: that of a bridge which is no run of tiles of its own is turned."""
    cdef mix_seats* seats = &bank.seats
    cdef int32_t* member = seats.member
    cdef int tile, slot, k
    cdef bint alone
    for tile in range(seats.width // LANES):
        seats.tile[tile] = _tile(bank, tile)
    for slot in range(seats.slots):
        k = seats.first[slot]
        alone = not bank.loudest[bank.bridge_of[member[k]]]
        for tile in range(member[k] // LANES, member[seats.first[slot + 1] - 1] // LANES + 1):
            alone = alone and seats.tile[tile] == slot
        for k in range(k, k if alone else seats.first[slot + 1]):
            seats.tile[member[k] // LANES] = MIX_TURNED
    seats.turned = 0
    for tile in range(seats.width // LANES):
        seats.turned += seats.tile[tile] == MIX_TURNED


cdef void mix_seat(mix_bank* bank) noexcept nogil:
    cdef mix_seats* seats = &bank.seats
    cdef int c
    _number(bank)
    _sort(seats)
    _tiles(bank)
    seats.whisperers = 0
    for c in range(seats.width):
        seats.say[c] = seats.hear[c] = seats.step[c] = 0.0
        if bank.bridge_of[c] >= 0:
            seats.say[c], seats.hear[c] = bank.talk[c] * bank.gate[c], bank.listen[c]
        elif bank.whispered[c]:
            seats.hear[c] = 1.0
        if seats.whisper_to[c] >= 0:
            seats.whisperer[seats.whisperers] = c
            seats.whisperers += 1
    bank.stale = False
