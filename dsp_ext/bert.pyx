"""Bit error test: a pseudo-random pattern sent on 64 kbit/s channels, and what becomes of it.

What: makes octets of a pattern for every channel, and of the octets that come back counts bit
errors, octets with errors, losses of the pattern, and slips with their size and direction.
How: the bits of an octet follow from the 15 before them, so that eight are made and compared at
once, across channels. The receiver takes the pattern for found when eight octets in a row follow
from what came before them; from then on it compares with a generator of its own, so that a wrong
bit counts once. When what comes is the pattern again, but at another place of it, octets were
repeated or left out: how many tells the distance of the two places. The errors of the last 32
octets wait, and are none when a slip or a loss explains them.
Limits: counts are 4 ms behind. A slip is told to half the pattern's length, 1,023 octets or 16,383.
A quarter of wrong bits within 32 octets is a loss; up to a rate of 0.1 none is told falsely.
Whatever alters octets on the way (gain, echo cancelling, another law) leaves no pattern to find.
Source: patterns of O.152 2.1 (2047 bits) and O.151 2.1 (32767 bits, inverted).
Memory: 116 bytes a channel.
"""

from libc.stdint cimport uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import numpy as np

from dsp_ext.units cimport LANES, padded, zeroed
from dsp_ext.units import channel_count

cdef extern from "bert.h":
    enum:
        BERT_NONE
    void bert_send(bert_tile* t, const bert_pattern* p, uint8_t* octets, long stride,
                   int n) noexcept nogil
    int bert_compare(bert_tile* t, const bert_pattern* p, const uint8_t* octets, long stride, int n,
                     int at) noexcept nogil
    void bert_judge(bert_tile* t, const bert_pattern* p, int c) noexcept nogil

cdef enum:
    APART = 97  # places of the pattern between one channel's start and the next

#: Names of the patterns, in the order of their numbers.
PATTERNS = ("2047", "32767")


cdef bert_bank* bert_new(int channels, int pattern) noexcept nogil:
    cdef bert_bank* bank = <bert_bank*>calloc(1, sizeof(bert_bank))
    cdef int tile, lane
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride = channels, padded(channels)
    if pattern == BERT_2047:
        bank.pattern = bert_pattern(near=9, far=11, inverted=0, mask=(1 << 11) - 1)
    else:
        bank.pattern = bert_pattern(near=14, far=15, inverted=0xFF, mask=(1 << 15) - 1)
    bank.tiles = <bert_tile*>zeroed(bank.cstride // LANES * sizeof(bert_tile))
    if bank.tiles == NULL:
        bert_free(bank)
        return NULL
    for tile in range(bank.cstride // LANES):
        for lane in range(LANES):
            # Channels are at different places, so that octets on the wrong one are found.
            bank.tiles[tile].sent[lane] = 1 + (tile * LANES + lane) * APART % bank.pattern.mask
    bert_begin(bank)
    return bank


cdef void bert_free(bert_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.tiles)
        free(bank)


cdef void bert_begin(bert_bank* bank) noexcept nogil:
    cdef int tile
    cdef bert_tile* t
    cdef size_t row = LANES * sizeof(int64_t)
    for tile in range(bank.cstride // LANES):
        t = bank.tiles + tile
        memset(t.window, BERT_NONE, sizeof(t.window))
        memset(t.locked, 0, LANES * sizeof(int32_t))
        memset(t.met, 0, LANES * sizeof(int32_t))
        memset(t.waiting, 0, LANES * sizeof(int32_t))
        memset(t.run, 0, LANES * sizeof(int32_t))
        memset(t.octets, 0, row)
        memset(t.errors, 0, row)
        memset(t.errored, 0, row)
        memset(t.lost, 0, row)
        memset(t.losses, 0, row)
        memset(t.slips, 0, row)
        memset(t.slipped, 0, row)


cdef void bert_make(bert_bank* bank, uint8_t* octets, int n) noexcept nogil:
    cdef int tile
    for tile in range(bank.cstride // LANES):
        bert_send(bank.tiles + tile, &bank.pattern, octets + tile * LANES, bank.cstride, n)


cdef void bert_check(bert_bank* bank, const uint8_t* octets, int n) noexcept nogil:
    cdef int tile, lane, done
    for tile in range(bank.cstride // LANES):
        done = 0
        while done < n:
            done += bert_compare(bank.tiles + tile, &bank.pattern,
                                 octets + <Py_ssize_t>done * bank.cstride + tile * LANES,
                                 bank.cstride, n - done, bank.at + done)
            for lane in range(LANES):
                bert_judge(bank.tiles + tile, &bank.pattern, lane)
    bank.at = (bank.at + n) % BERT_WINDOW


cdef class BitErrorTester:
    """Sender and receiver of a pattern on `channels` channels.

    pattern : "2047" or "32767"

    Raises TypeError, ValueError, MemoryError.
    """

    cdef bert_bank* bank
    cdef readonly str pattern

    def __cinit__(self, channels, *, pattern="2047"):
        if pattern not in PATTERNS:
            raise ValueError(f"pattern must be one of {', '.join(PATTERNS)}, not {pattern!r}")
        self.pattern = pattern
        self.bank = bert_new(channel_count(channels), PATTERNS.index(pattern))
        if self.bank == NULL:
            raise MemoryError(f"bit error tester of {channels} channels")

    def __dealloc__(self):
        bert_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def make(self, int n):
        """The next octets to send, uint8 of shape (n, channels). Raises ValueError for n < 0."""
        if n < 0:
            raise ValueError(f"n must not be negative: {n}")
        out = np.zeros((n, self.bank.cstride), dtype=np.uint8)
        cdef uint8_t[:, ::1] view = out
        if n:
            with nogil:
                bert_make(self.bank, &view[0, 0], n)
        return np.ascontiguousarray(out[:, : self.bank.channels])

    def process(self, octets):
        """Compare what came: uint8 of shape (n, channels). Raises TypeError, ValueError."""
        given = np.asarray(octets)
        if given.dtype != np.uint8:
            raise TypeError(f"octets must be uint8, not {given.dtype}")
        if given.ndim != 2 or given.shape[1] != self.bank.channels:
            raise ValueError(f"octets must have shape (n, {self.bank.channels}), not {given.shape}")
        cdef int n = given.shape[0]
        wide = np.zeros((n, self.bank.cstride), dtype=np.uint8)
        wide[:, : self.bank.channels] = given
        cdef const uint8_t[:, ::1] view = wide
        if n:
            with nogil:
                bert_check(self.bank, &view[0, 0], n)

    def begin(self):
        """Counts at 0, and the pattern to be found anew; what is sent goes on."""
        bert_begin(self.bank)

    def counts(self):
        """One int64 array of shape (channels,) by name.

        locked : 1 while the pattern is there; met : 1 once it has been
        octets, errors, errored : compared; wrong bits in them; those with any wrong bit
        lost : octets after the first meeting that could not be compared
        losses, slips, slipped : times it was lost in place; times it moved; octets repeated less
            left out
        """
        cdef int c, lane
        cdef bert_tile* t
        names = ("locked", "met", "octets", "errors", "errored", "lost", "losses", "slips",
                 "slipped")
        table = np.zeros((len(names), self.bank.channels), dtype=np.int64)
        cdef int64_t[:, ::1] view = table
        for c in range(self.bank.channels):
            t, lane = self.bank.tiles + c // LANES, c % LANES
            view[0, c], view[1, c], view[2, c] = t.locked[lane], t.met[lane], t.octets[lane]
            view[3, c], view[4, c], view[5, c] = t.errors[lane], t.errored[lane], t.lost[lane]
            view[6, c], view[7, c], view[8, c] = t.losses[lane], t.slips[lane], t.slipped[lane]
        return dict(zip(names, table, strict=True))
