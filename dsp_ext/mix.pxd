"""C doors of the mixer; mix.pyx says what and how.

All doors but mix_new and mix_free are for the thread that ticks, between blocks. Channels and
bridges are 0 … channels - 1 and are not checked again here; -1 stands for none.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t

cdef enum:
    MIX_MOST_LOUDEST = 16

cdef struct mix_bank:
    int channels
    int cstride  # units.padded(channels)
    bint stale  # somebody joined, left or changed since the last block
    bint anybody  # who hears something
    int choosy  # bridges in which only the loudest are heard
    int whispers  # channels that whisper
    int rows  # samples taken together
    int32_t* bridge_of  # [cstride] -1: none
    float* talk  # [cstride] gain into the bridge; 0: listens only
    float* listen  # [cstride] gain out of the bridge; 0: deaf
    int32_t* whisper_to  # [cstride] -1: nobody
    float* whisper_gain  # [cstride]
    int32_t* whispered  # [cstride] how many whisper to it
    int32_t* talkers  # [cstride] by bridge: members whose talk is not 0
    int32_t* talker_sum  # [cstride] by bridge: their channels added up
    int32_t* loudest  # [cstride] by bridge: how many are heard; 0: all
    float* level  # [cstride] smoothed mean square of what a member says, where it counts
    float* gate  # [cstride] 1: heard, 0: not among the loudest
    uint8_t* heard  # [cstride] is one of the loudest
    int32_t* next  # [cstride] scratch: members of a bridge, one after another
    int32_t* first  # [cstride] scratch: of a bridge
    float* energy  # [cstride] scratch
    float* step  # [cstride] scratch: how say moves with each sample
    int slots  # bridges that have members
    int members  # of `member`
    int32_t* member  # [cstride] members in tiles of several bridges
    int32_t* slot  # [cstride] its bridge, numbered anew; `slots` for those in none
    int32_t* tile_slot  # [cstride / LANES] the one slot of a tile, -1: several
    int together  # tiles that are not alone
    uint8_t* alone  # [cstride / LANES] of a bridge that is this run of tiles and nothing else; 2: narrow
    float* say  # [cstride] talk, 0 for those in no bridge
    float* hear  # [cstride] listen, 0 for those who hear nobody
    uint32_t* given  # [rows][cstride] scratch: what each says in these rows
    uint32_t* total  # [rows][slots + 1] scratch: the rows' sums by slot

cdef mix_bank* mix_new(int channels) noexcept nogil  # NULL: no memory; nobody in a bridge
cdef void mix_free(mix_bank* bank) noexcept nogil  # NULL is allowed
# Joins, moves or changes gains; gains 0 … 32. Whispers stay.
cdef void mix_join(mix_bank* bank, int channel, int bridge, float talk,
                   float listen) noexcept nogil
# Out of its bridge; its whisper and whispers toward it end.
cdef void mix_leave(mix_bank* bank, int channel) noexcept nogil
# `channel` is heard by `to` alone, besides what `to` hears anyway, in a bridge or not; to -1 or
# gain 0: no longer. One listener a whisperer, any number of whisperers a listener.
cdef void mix_whisper(mix_bank* bank, int channel, int to, float gain) noexcept nogil
# Only the `count` loudest members of `bridge` are heard, 0: all; at most MIX_MOST_LOUDEST. Holds
# for the bridge until changed, whoever is in it.
cdef void mix_loudest(mix_bank* bank, int bridge, int count) noexcept nogil
# The one channel whose octets `channel` would hear unchanged, -1 when it hears none or a sum.
cdef int mix_peer(const mix_bank* bank, int channel) noexcept nogil
# Whether somebody may be heard by `channel`: it is in a bridge, or whispered to.
cdef bint mix_hears(const mix_bank* bank, int channel) noexcept nogil
# pcm_in within ±32768. pcm_out is written for all channels: zero for those who hear nobody. In place is not allowed.
cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int cstride,
                      int block) noexcept nogil
