"""The mixer: every member of a bridge hears all the others (N - 1).

What: any number of bridges over the channels of one block. Each member gives `in * talk`, rounded
to a whole number; it hears the sum of its bridge less what it gave itself, times `listen`, clipped
once to ±32767. `talk` 0 is a listener only (a monitor), `listen` 0 is deaf. A whisper is heard by
one channel alone, inside that one's sum and before its clip: a supervisor who joins with talk 0 and
whispers to the agent hears all and is heard by no caller. Others hear silence.
In a bridge of the `loudest` k only those k are summed, so that fifty open microphones are not fifty
noises; all others still hear them, each of the k without itself. A member is judged by its mean
square, up within 20 ms and down within 300; one that is heard is left for another only when that
is 3 dB louder; it comes and goes over 10 ms.
How: one int32 sum a bridge and sample, whatever the number of members: no pair of members is ever
looked at, and a member's own voice cancels exactly. A bridge that has a run of whole tiles to
itself is mixed in one go of sixteen rows; else sixteen neighbours in one bridge are added at once,
members strewn among other bridges one by one.
Limits: input within ±32768; a bridge's sum must stay within int32, as 2047 members at full scale and
30 dB of gain do. Both hold for what comes out of a decoder; beyond, noise, but nothing undefined.
Memory: 73 bytes a channel, and 20 KB of scratch or, beyond 640 channels, 32 bytes a channel.
"""

from libc.math cimport expf
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import math

import numpy as np

from dsp_ext.units cimport LANES, SAMPLE_RATE, padded, zeroed
from dsp_ext.finite import largest
from dsp_ext.units import channel_count, channel_index, on_lines, pad, pcm_block

MOST_CHANNELS = 2047
MOST_LOUDEST = MIX_MOST_LOUDEST
MOST_GAIN = 32

cdef extern from "mix.h":
    const float MIX_LIMIT
    const float MIX_NARROW
    enum:
        MIX_ROWS
        MIX_VALUES
    void mix_give(const float* pcm, int cstride, int rows, int width, const float* say,
                  const uint8_t* alone, uint32_t* given) noexcept nogil
    void mix_all_alone(const float* pcm, int cstride, int rows, int width,
                       const int32_t* tile_slot, const uint8_t* alone, const float* say,
                       const float* hear, float* out) noexcept nogil
    void mix_give_moving(const float* pcm, int cstride, int rows, int width, float* say,
                         const float* step, uint32_t* given) noexcept nogil
    void mix_add_tiles(const uint32_t* given, int rows, int width, const int32_t* tile_slot,
                       const uint8_t* alone, uint32_t* total, int totals) noexcept nogil
    void mix_add_members(const uint32_t* given, int rows, int width, const int32_t* member,
                         int members, const int32_t* slot, int totals,
                         uint32_t* total) noexcept nogil
    void mix_add_whisper(const float* pcm, int cstride, int rows, int width, int source, int to,
                         float gain, uint32_t* given) noexcept nogil
    void mix_hear(const uint32_t* total, int totals, int rows, int width, const int32_t* slot,
                  const int32_t* tile_slot, const uint8_t* alone, const uint32_t* given,
                  const float* hear, float* pcm, int cstride) noexcept nogil
    void mix_energy(const float* pcm, int cstride, int rows, int width,
                    float* energy) noexcept nogil

cdef float _RISE_S = 0.020
cdef float _FALL_S = 0.300
cdef float _KEEP = 2.0  # how much louder, in power, another must be
cdef float _MOVE = 0.010 * SAMPLE_RATE  # samples in which a gate opens or closes


cdef mix_bank* mix_new(int channels) noexcept nogil:
    cdef mix_bank* bank = <mix_bank*>calloc(1, sizeof(mix_bank))
    cdef size_t row
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride, bank.stale = channels, padded(channels), True
    bank.rows = max(4, min(MIX_ROWS, MIX_VALUES // bank.cstride))
    row = sizeof(float) * <size_t>bank.cstride
    bank.bridge_of, bank.slot = <int32_t*>zeroed(row), <int32_t*>zeroed(row)
    bank.whisper_to, bank.loudest = <int32_t*>zeroed(row), <int32_t*>zeroed(row)
    bank.talkers, bank.talker_sum = <int32_t*>zeroed(row), <int32_t*>zeroed(row)
    bank.whispered = <int32_t*>zeroed(row)
    bank.next, bank.first = <int32_t*>zeroed(row), <int32_t*>zeroed(row)
    bank.member, bank.tile_slot = <int32_t*>zeroed(row), <int32_t*>zeroed(row // LANES)
    bank.talk, bank.listen = <float*>zeroed(row), <float*>zeroed(row)
    bank.say, bank.hear = <float*>zeroed(row), <float*>zeroed(row)
    bank.gate, bank.level = <float*>zeroed(row), <float*>zeroed(row)
    bank.energy, bank.step = <float*>zeroed(row), <float*>zeroed(row)
    bank.whisper_gain = <float*>zeroed(row)
    bank.heard = <uint8_t*>zeroed(bank.cstride)
    bank.alone = <uint8_t*>zeroed(bank.cstride // LANES)
    bank.given = <uint32_t*>zeroed(row * bank.rows)
    bank.total = <uint32_t*>zeroed((row + 4) * bank.rows)
    if not _each(bank, False):
        mix_free(bank)
        return NULL
    for channel in range(bank.cstride):
        bank.bridge_of[channel] = bank.whisper_to[channel] = -1
        bank.gate[channel] = 1.0
    return bank


cdef bint _each(mix_bank* bank, bint release) noexcept nogil:
    """Frees all that a bank holds, or tells whether all of it found memory."""
    cdef void** parts = [
        bank.bridge_of, bank.slot, bank.whisper_to, bank.loudest, bank.talkers, bank.talker_sum,
        bank.whispered, bank.next, bank.first, bank.member, bank.tile_slot, bank.alone, bank.talk,
        bank.listen, bank.say, bank.hear, bank.gate, bank.level, bank.heard, bank.energy,
        bank.step, bank.whisper_gain, bank.given, bank.total,
    ]
    cdef bint whole = True
    for part in parts[:24]:
        whole = whole and part != NULL
        if release:
            free(part)
    return whole


cdef void mix_free(mix_bank* bank) noexcept nogil:
    if bank != NULL:
        _each(bank, True)
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
            if bank.whisper_to[c] == channel:
                mix_whisper(bank, c, -1, 0.0)


cdef void mix_whisper(mix_bank* bank, int channel, int to, float gain) noexcept nogil:
    cdef int before = bank.whisper_to[channel]
    if gain == 0.0:
        to = -1
    if before >= 0:
        bank.whispered[before] -= 1
        bank.whispers -= 1
    if to >= 0:
        bank.whispered[to] += 1
        bank.whispers += 1
    bank.whisper_to[channel], bank.whisper_gain[channel] = to, gain
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


cdef void _seat_tile(mix_bank* bank, int tile) noexcept nogil:
    """Finds out whether a tile is one bridge's; if it is several's, lists its members."""
    cdef int first = tile * LANES
    cdef int spare = bank.slots
    cdef int one = spare
    cdef int c
    for c in range(first, first + LANES):
        if bank.slot[c] != spare:
            if one != spare and one != bank.slot[c]:
                one = -1
                break
            one = bank.slot[c]
    bank.tile_slot[tile] = one
    if one >= 0:
        return
    for c in range(first, first + LANES):
        if bank.slot[c] != spare:
            bank.member[bank.members] = c
            bank.members += 1


cdef void _part(mix_bank* bank) noexcept nogil:
    """Finds the bridges that are a run of tiles and nothing else: they can be mixed by themselves.

    Not where somebody whispers or the loudest are chosen: there all that is given is kept.
    """
    cdef bint plain = not bank.whispers and not bank.choosy
    cdef int tiles = bank.cstride // LANES
    cdef int t, slot
    for slot in range(bank.slots):
        bank.next[slot] = 0  # runs of it; -1: it shares a tile
        bank.energy[slot] = 0.0  # what its members give at most, by full scale
    for t in range(bank.channels):
        if bank.slot[t] < bank.slots:
            bank.energy[bank.slot[t]] += bank.say[t]
    for t in range(tiles):
        slot = bank.tile_slot[t]
        if 0 <= slot < bank.slots and (t == 0 or bank.tile_slot[t - 1] != slot):
            bank.next[slot] += 1
    for t in range(bank.members):
        bank.next[bank.slot[bank.member[t]]] = -1
    bank.together = 0
    for t in range(tiles):
        slot = bank.tile_slot[t]
        if plain and 0 <= slot < bank.slots and bank.next[slot] == 1:
            bank.alone[t] = 2 if bank.energy[slot] <= MIX_NARROW else 1
        else:
            bank.alone[t] = 0
            bank.together += 1


cdef void _number(mix_bank* bank) noexcept nogil:
    """Numbers the bridges that have members, so that their sums lie close together."""
    cdef int c, bridge
    for bridge in range(bank.channels):
        bank.first[bridge] = -1
    bank.slots = 0
    for c in range(bank.channels):
        bridge = bank.bridge_of[c]
        if bridge >= 0 and bank.first[bridge] < 0:
            bank.first[bridge] = bank.slots
            bank.slots += 1


cdef void _seat(mix_bank* bank) noexcept nogil:
    """Who is in which bridge, for the blocks to come."""
    cdef int c, bridge
    _number(bank)
    bank.members, bank.anybody = 0, False
    for c in range(bank.cstride):  # whole lanes; what pads them is in no bridge
        bridge = bank.bridge_of[c]
        bank.slot[c] = bank.first[bridge] if bridge >= 0 else bank.slots
        bank.say[c] = bank.talk[c] * bank.gate[c] if bridge >= 0 else 0.0
        bank.hear[c] = bank.listen[c] if bridge >= 0 else (bank.whispered[c] > 0)
        bank.anybody = bank.anybody or bank.hear[c] != 0.0
        bank.step[c] = 0.0
    for c in range(bank.cstride // LANES):
        _seat_tile(bank, c)
    _part(bank)
    bank.stale = False


cdef int _best(const mix_bank* bank, int bridge, float* least) noexcept nogil:
    """How many of the loudest there are in `bridge`; `least` is what the last of them scores."""
    cdef float[MIX_MOST_LOUDEST] best
    cdef int count = 0
    cdef int c = bank.first[bridge]
    cdef int i
    while c >= 0:
        if bank.talk[c] != 0.0 and (count < bank.loudest[bridge]
                                    or bank.energy[c] > best[count - 1]):
            count = min(count + 1, bank.loudest[bridge])
            i = count - 1
            while i > 0 and best[i - 1] < bank.energy[c]:
                best[i] = best[i - 1]
                i -= 1
            best[i] = bank.energy[c]
        c = bank.next[c]
    least[0] = best[count - 1] if count else 0.0
    return count


cdef void _choose_in(mix_bank* bank, int bridge, int rows) noexcept nogil:
    """Sets the gates of one bridge moving."""
    cdef float least, gate
    cdef float most = rows / _MOVE
    cdef int left = _best(bank, bridge, &least)
    cdef int c = bank.first[bridge]
    while c >= 0:
        bank.heard[c] = left > 0 and bank.talk[c] != 0.0 and bank.energy[c] >= least
        left -= bank.heard[c]
        gate = bank.gate[c]
        if bank.heard[c]:
            bank.gate[c] = min(gate + most, <float>1.0)
        else:
            bank.gate[c] = max(gate - most, <float>0.0)
        bank.say[c] = bank.talk[c] * gate
        bank.step[c] = bank.talk[c] * (bank.gate[c] - gate) / rows
        c = bank.next[c]


cdef void _choose(mix_bank* bank, const float* pcm, int cstride, int rows) noexcept nogil:
    """In bridges of the loudest only: who is heard in these rows."""
    cdef float rise = 1 - expf(-rows / (_RISE_S * SAMPLE_RATE))
    cdef float fall = 1 - expf(-rows / (_FALL_S * SAMPLE_RATE))
    cdef float change
    cdef int c, bridge
    mix_energy(pcm, cstride, rows, bank.cstride, bank.energy)
    for bridge in range(bank.channels):
        bank.first[bridge] = -1
    for c in range(bank.channels - 1, -1, -1):
        bridge = bank.bridge_of[c]
        if bridge < 0 or not bank.loudest[bridge]:
            continue
        bank.next[c], bank.first[bridge] = bank.first[bridge], c
        change = bank.energy[c] / rows * bank.talk[c] * bank.talk[c] - bank.level[c]
        bank.level[c] += change * (rise if change > 0 else fall)
        bank.energy[c] = bank.level[c] * (_KEEP if bank.heard[c] else <float>1.0)
    for bridge in range(bank.channels):
        if bank.first[bridge] >= 0:
            _choose_in(bank, bridge, rows)


cdef void _mix_rows(mix_bank* bank, const float* pcm_in, float* pcm_out, int cstride,
                    int rows) noexcept nogil:
    cdef int width = bank.cstride
    cdef int totals = bank.slots + 1
    cdef int c
    mix_all_alone(pcm_in, cstride, rows, width, bank.tile_slot, bank.alone, bank.say, bank.hear,
                  pcm_out)
    if not bank.together:
        return
    if bank.choosy:
        _choose(bank, pcm_in, cstride, rows)
        mix_give_moving(pcm_in, cstride, rows, width, bank.say, bank.step, bank.given)
        bank.stale = True
    else:
        mix_give(pcm_in, cstride, rows, width, bank.say, bank.alone, bank.given)
    memset(bank.total, 0, sizeof(uint32_t) * <size_t>(rows * totals))
    mix_add_tiles(bank.given, rows, width, bank.tile_slot, bank.alone, bank.total, totals)
    mix_add_members(bank.given, rows, width, bank.member, bank.members, bank.slot, totals,
                    bank.total)
    if bank.whispers:
        for c in range(bank.channels):
            if bank.whisper_to[c] >= 0:
                mix_add_whisper(pcm_in, cstride, rows, width, c, bank.whisper_to[c],
                                bank.whisper_gain[c], bank.given)
    mix_hear(bank.total, totals, rows, width, bank.slot, bank.tile_slot, bank.alone, bank.given,
             bank.hear, pcm_out, cstride)


cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int cstride,
                      int block) noexcept nogil:
    cdef int done = 0
    cdef int rows
    while done < block:
        if bank.stale:
            _seat(bank)
        if not bank.anybody:
            memset(pcm_out + <Py_ssize_t>done * cstride, 0,
                   sizeof(float) * <size_t>cstride * (block - done))
            return
        rows = min(bank.rows, block - done) if bank.together else block - done
        _mix_rows(bank, pcm_in + <Py_ssize_t>done * cstride,
                  pcm_out + <Py_ssize_t>done * cstride, cstride, rows)
        done += rows


cdef float _gain(value, str what) except? -1:
    number = float(value)
    if not math.isfinite(number) or not 0 <= number <= MOST_GAIN:
        raise ValueError(f"{what} must be 0 to {MOST_GAIN}, not {value!r}")
    return number


cdef class Mixer:
    """Bridges over `channels` channels.

    channels : int, 1 to 2047; bridges are numbered 0 … channels - 1
    """

    cdef mix_bank* bank

    def __cinit__(self, channels):
        self.bank = mix_new(channel_count(channels, MOST_CHANNELS))
        if self.bank == NULL:
            raise MemoryError("no memory for the mixer")

    def __dealloc__(self):
        mix_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def join(self, channel, bridge, *, talk=1.0, listen=1.0):
        """Put `channel` in `bridge`, or change its gains there.

        talk, listen : linear gains 0 … 32; talk 0 listens only, listen 0 is deaf
        Raises TypeError, IndexError (channel, bridge), ValueError (gains).
        """
        cdef int c = channel_index(channel, self.bank.channels)
        cdef int b = channel_index(bridge, self.bank.channels)
        mix_join(self.bank, c, b, _gain(talk, "talk"), _gain(listen, "listen"))

    def leave(self, channel):
        """Take `channel` out of its bridge; whispers from it and to it end.

        Raises TypeError, IndexError.
        """
        mix_leave(self.bank, channel_index(channel, self.bank.channels))

    def whisper(self, channel, to, gain=1.0):
        """Let `channel` be heard by `to` alone, besides all that `to` hears anyway.

        It is heard whether either of them is in a bridge or not; a supervisor joins the bridge with
        talk 0, so that it is not heard twice. A channel whispers to one at a time.
        gain : linear, 0 … 32; 0 ends it
        Raises TypeError, IndexError (channel, to), ValueError (gain, or `to` is `channel` itself).
        """
        cdef int c = channel_index(channel, self.bank.channels)
        cdef int t = channel_index(to, self.bank.channels)
        if c == t:
            raise ValueError(f"channel {c} cannot whisper to itself")
        mix_whisper(self.bank, c, t, _gain(gain, "gain"))

    def loudest(self, bridge, count):
        """Let only the `count` loudest members of `bridge` be heard; 0: all of them.

        count : int, 0 … 16
        Raises TypeError, IndexError (bridge), ValueError (count).
        """
        cdef int b = channel_index(bridge, self.bank.channels)
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"count must be an int, not {type(count).__name__}")
        if not 0 <= count <= MOST_LOUDEST:
            raise ValueError(f"count must be 0 to {MOST_LOUDEST}, not {count}")
        mix_loudest(self.bank, b, count)

    def peer(self, channel):
        """The one channel that `channel` hears unchanged, None when it hears none or a sum.

        Raises TypeError, IndexError.
        """
        cdef int found = mix_peer(self.bank, channel_index(channel, self.bank.channels))
        return None if found < 0 else found

    def process(self, pcm):
        """One block: what each channel says in, what each hears out.

        pcm : float32 ndarray of shape (block, channels), linear ±32768; what is beyond is clipped
        returns float32 ndarray of the same shape
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        given = pad(pcm_block(pcm, self.bank.channels))
        if given.size and largest(given) > MIX_LIMIT:
            given = np.clip(given, -MIX_LIMIT, MIX_LIMIT)
        out = np.empty_like(given)
        self._run(given, out, 1)
        return np.ascontiguousarray(out[:, : self.bank.channels])

    def repeat(self, pcm, times):
        """Mix one block `times` over and drop what is heard: the body's cost without the door's.

        pcm : as for `process`, `channels` a multiple of 16
        Raises TypeError, ValueError.
        """
        if self.bank.channels != self.bank.cstride:
            raise ValueError(f"channels must be a multiple of 16, not {self.bank.channels}")
        given = pcm_block(pcm, self.bank.channels)
        self._run(given, on_lines(np.empty_like(given)), times)

    cdef _run(self, const float[:, ::1] source, float[:, ::1] target, int times):
        cdef int block = source.shape[0]
        if block:
            with nogil:
                for _ in range(times):
                    mix_process(self.bank, &source[0, 0], &target[0, 0], self.bank.cstride, block)
