"""Who sits in which bridge of the mixer; mix_seat.pyx says how.

All but mix_new and mix_free is for the thread that ticks, between blocks. Channels and bridges are
0 … channels - 1 and are not checked again here; -1 stands for none.
"""

from libc.stdint cimport int32_t, uint32_t

cdef extern from "mix_wide.h":
    enum:
        MIX_ROWS
        MIX_IDLE
        MIX_TURNED
    ctypedef struct mix_seats:
        int width
        int slots
        int turned
        int whisperers
        int32_t* tile
        int32_t* slot
        int32_t* first
        int32_t* member
        int32_t* whisperer
        int32_t* whisper_to
        float* whisper_gain
        float* say
        float* step
        float* hear
        uint32_t* given
        uint32_t* total

cdef enum:
    MIX_MOST_LOUDEST = 16

# Arrays are by channel or by bridge, [padded(channels)].
cdef struct mix_bank:
    int channels
    bint stale  # somebody joined, left or changed since `seats` was made
    int choosy  # bridges in which only the loudest are heard
    int whispers  # channels that whisper
    mix_seats seats
    void* memory  # of all arrays
    int32_t* bridge_of  # -1: none
    float* talk  # gain into the bridge; 0: listens only
    float* listen  # gain out of the bridge; 0: deaf
    int32_t* whispered  # how many whisper to it
    int32_t* talkers  # by bridge: members whose talk is not 0
    int32_t* talker_sum  # by bridge: their channels added up
    int32_t* loudest  # by bridge: how many are heard; 0: all
    int32_t* number  # by bridge, scratch: its slot
    float* level  # smoothed mean square of what a member says, where it counts
    float* gate  # 1: heard, 0: not among the loudest
    float* energy  # scratch: of these samples, then what it scores
    int32_t* heard  # whether it is one of the loudest

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
# Makes `seats` anew, for the blocks to come.
cdef void mix_seat(mix_bank* bank) noexcept nogil
