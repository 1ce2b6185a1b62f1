"""Echo canceller for the lines of many channels (electrical echo of hybrids, G.168).

What: takes away from what a line brings the echo of what was sent into it, up to 64 or 128 ms
late; what is left is replaced by comfort noise while only the far end speaks (the non-linear
processor, which can be left out).
How: a partitioned-block adaptive filter in the frequency domain, in blocks of 80 samples, without
any delay added. Its step is a Kalman gain: for every part of the path a variance says, in bands of
three bins, how much the model may still be wrong; noise is what the error has beyond that. So it
converges as fast as the signal permits and does not move when the near end speaks: no detector
holds it. The path is taken to wander in proportion to its own power: after a beginning by much, so
that parts with echo learn faster than parts without, later by little. Guards: an error far beyond
expectation shrinks the step at once; one that resembles the model, or exceeds what came in, says
that the path has changed; a model worse than none is not used. Grown models adapt by turns, the
main parts of one that is not good at once. A bulk delay is found by comparing 32 bits of each block
sent and left (echo_find.h); the far end is then held back by whole blocks (echo_delay.h), so that
the tail counts from where the echo begins. 2100 Hz with phase reversals switches a channel off
until it is silent (echo_tone.h).
Limits: at most 160 ms are held back; 24 kB a channel at 128 ms, 16 kB at 64 ms. Another path is
noticed after some 100 ms. A signal that repeats itself within 280 ms has no delay that can be found.
Tones sent and received alike (signalling in both directions) are taken for echo.
Source: ITU-T G.168; Enzner and Vary 2006 (frequency-domain Kalman filter)."""

from libc.math cimport M_PI, cos, exp, log10, sin
from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import numpy as np

from dsp_ext.units cimport LANES, padded, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "echo.h":
    enum:
        FFT_BINS
        FFT_ROWS
        ECHO_BLOCK
        ECHO_BANDS
        ECHO_MOST_DELAY
    ctypedef struct fft160_tables:
        float[81][2] turn
        unsigned char[16][5] from_ "from"
        unsigned char[5][16] to
    ctypedef struct echo_state:
        float[13][16] gain
        float[16] on
        float[16] adapt
        float[16] nlp
        float[16] disabler
        float[16] off
        float[16] data
        float[16] error
        float[16] heard
        float[16] active
        float[16] near
        int32_t[16] delay
        int32_t[16] least
        int32_t[16] fixed
    ctypedef struct echo_find:
        pass
    ctypedef struct echo_tile:
        const fft160_tables* fft
        const float (*wave)[2]
        const float* prior
        int slots
        int parts
        echo_state* state
        echo_find* find
        void* sent
        void* path
        void* doubt
    ctypedef void (*echo_block_fn)(const echo_tile* t, const float* tx, const float* rx, float* out,
                                   int cstride) noexcept nogil
    echo_block_fn echo_best() noexcept nogil
    void echo_forget(const echo_tile* t, int lane, uint32_t seed) noexcept nogil
    void echo_hold_back(const echo_tile* tile, int lane, int delay) noexcept nogil

cdef echo_block_fn _block = echo_best()
cdef fft160_tables _TABLES
cdef float[80][2] _WAVE  # 2100 Hz, 21 periods
cdef double _FADE = 0.4  # of what is expected, from a part of the path to the next
cdef float _NO_ECHO = 1e-4  # power a path passes that is not taken for an echo


cdef void _fill() noexcept:
    cdef int k, a, b, i
    for k in range(81):
        _TABLES.turn[k][0] = cos(2 * M_PI * k / 160)
        _TABLES.turn[k][1] = sin(2 * M_PI * k / 160)
    for k in range(80):
        _WAVE[k][0] = cos(2 * M_PI * 21 * k / 80)
        _WAVE[k][1] = -sin(2 * M_PI * 21 * k / 80)
    for a in range(5):
        for b in range(16):
            _TABLES.from_[b][a] = (16 * a + 5 * b) % 80
            i = b // 4 + 4 * (b % 4)
            _TABLES.to[a][b] = (16 * a + 65 * i) % 80


_fill()


cdef echo_bank* echo_new(int channels, int tail_ms, bint nlp) noexcept nogil:
    cdef echo_bank* bank = <echo_bank*>calloc(1, sizeof(echo_bank))
    cdef int channel, part, tiles
    cdef double total = 0.0
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    bank.slots = (tail_ms * 8 + ECHO_BLOCK - 1) // ECHO_BLOCK
    for part in range(bank.slots):
        total += exp(-_FADE * part)
    for part in range(bank.slots):
        bank.prior[part] = <float>(exp(-_FADE * part) / total)
    tiles = bank.cstride // LANES
    bank.per_tile = (sizeof(echo_state) + 63) // 64 * 64 + (sizeof(echo_find) + 63) // 64 * 64
    bank.per_tile += <size_t>bank.slots * (2 * FFT_ROWS + ECHO_BANDS) * LANES * sizeof(float)
    bank.tiles = calloc(tiles, sizeof(echo_tile))
    bank.memory = <char*>zeroed(tiles * bank.per_tile)
    if bank.tiles == NULL or bank.memory == NULL:
        echo_free(bank)
        return NULL
    for part in range(tiles):
        _lay_out(bank, part)
    for channel in range(bank.channels):
        echo_reset(bank, channel)
        echo_enable(bank, channel, True)
        echo_freeze(bank, channel, False)
        echo_set_nlp(bank, channel, nlp)
        echo_set_disabler(bank, channel, True)
    return bank


cdef void _lay_out(echo_bank* bank, int index) noexcept nogil:
    cdef echo_tile* tile = <echo_tile*>bank.tiles + index
    cdef char* at = bank.memory + index * bank.per_tile
    cdef size_t spectra = <size_t>bank.slots * FFT_ROWS * LANES * sizeof(float)
    tile.fft = &_TABLES
    tile.wave = _WAVE
    tile.prior = bank.prior
    tile.slots = tile.parts = bank.slots
    tile.state = <echo_state*>at
    at += (sizeof(echo_state) + 63) // 64 * 64
    tile.find = <echo_find*>at
    at += (sizeof(echo_find) + 63) // 64 * 64
    tile.sent = at
    tile.path = at + spectra
    tile.doubt = at + 2 * spectra


cdef void echo_free(echo_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.tiles)
        free(bank.memory)
        free(bank)


cdef void echo_process(echo_bank* bank, const float* tx, const float* rx, float* out,
                       int block) noexcept nogil:
    cdef const echo_tile* tiles = <const echo_tile*>bank.tiles
    cdef int tile, index, row
    cdef size_t at
    for tile in range(bank.cstride // LANES):
        for index in range(block // ECHO_BLOCK):
            at = <size_t>index * ECHO_BLOCK * bank.cstride + tile * LANES
            if _any_on(tiles[tile].state):
                _block(tiles + tile, tx + at, rx + at, out + at, bank.cstride)
            elif out != rx:
                for row in range(ECHO_BLOCK):
                    memcpy(out + at + row * bank.cstride, rx + at + row * bank.cstride,
                           LANES * sizeof(float))


cdef inline bint _any_on(const echo_state* s) noexcept nogil:
    cdef int lane
    for lane in range(LANES):
        if s.on[lane] > 0:
            return True
    return False


cdef inline echo_tile* _tile(const echo_bank* bank, int channel) noexcept nogil:
    return <echo_tile*>bank.tiles + channel // LANES


cdef inline echo_state* _state(const echo_bank* bank, int channel) noexcept nogil:
    return _tile(bank, channel).state


cdef void echo_reset(echo_bank* bank, int channel) noexcept nogil:
    echo_forget(_tile(bank, channel), channel % LANES, <uint32_t>channel * 2654435761u + 1u)


cdef void echo_enable(echo_bank* bank, int channel, bint on) noexcept nogil:
    cdef echo_state* s = _state(bank, channel)
    if (s.on[channel % LANES] > 0) != on:
        echo_reset(bank, channel)
        s.on[channel % LANES] = 1.0 if on else 0.0


cdef void echo_freeze(echo_bank* bank, int channel, bint frozen) noexcept nogil:
    _state(bank, channel).adapt[channel % LANES] = 0.0 if frozen else 1.0


cdef void echo_set_nlp(echo_bank* bank, int channel, bint on) noexcept nogil:
    _state(bank, channel).nlp[channel % LANES] = 1.0 if on else 0.0


cdef void echo_set_disabler(echo_bank* bank, int channel, bint on) noexcept nogil:
    cdef echo_state* s = _state(bank, channel)
    s.disabler[channel % LANES] = 1.0 if on else 0.0
    if not on:
        s.off[channel % LANES] = s.data[channel % LANES] = 0.0


cdef void echo_set_delay(echo_bank* bank, int channel, int samples) noexcept nogil:
    cdef echo_state* s = _state(bank, channel)
    cdef int lane = channel % LANES
    cdef int blocks = min(samples // ECHO_BLOCK, ECHO_MOST_DELAY)
    s.fixed[lane] = samples >= 0
    if samples >= 0 and blocks != s.delay[lane]:
        echo_hold_back(_tile(bank, channel), lane, blocks)


cdef void echo_set_least(echo_bank* bank, int channel, int samples) noexcept nogil:
    _state(bank, channel).least[channel % LANES] = min(samples // ECHO_BLOCK, ECHO_MOST_DELAY)


cdef void echo_set_tail(echo_bank* bank, int parts) noexcept nogil:
    cdef int tile
    for tile in range(bank.cstride // LANES):
        (<echo_tile*>bank.tiles)[tile].parts = min(max(parts, 1), bank.slots)


cdef int echo_tail(const echo_bank* bank) noexcept nogil:
    return (<echo_tile*>bank.tiles)[0].parts


cdef float _passed(const echo_bank* bank, int channel) noexcept nogil:
    cdef const echo_state* s = _state(bank, channel)
    cdef float total = 0.0
    for part in range(bank.slots):
        total += s.gain[part][channel % LANES]
    return total


cdef int echo_delay(const echo_bank* bank, int channel) noexcept nogil:
    cdef const echo_state* s = _state(bank, channel)
    cdef int lane = channel % LANES
    cdef float total = _passed(bank, channel)
    cdef int part
    for part in range(bank.slots):
        if total > _NO_ECHO and s.gain[part][lane] > total / 16:
            return (s.delay[lane] + part) * ECHO_BLOCK
    return -1


cdef double echo_erl_db(const echo_bank* bank, int channel) noexcept nogil:
    return -_db(_passed(bank, channel))


cdef double echo_erle_db(const echo_bank* bank, int channel) noexcept nogil:
    cdef const echo_state* s = _state(bank, channel)
    return _db(s.heard[channel % LANES] / s.error[channel % LANES])


cdef bint echo_double_talk(const echo_bank* bank, int channel) noexcept nogil:
    cdef const echo_state* s = _state(bank, channel)
    return s.active[channel % LANES] > 0 and s.near[channel % LANES] > 0


cdef bint echo_disabled(const echo_bank* bank, int channel) noexcept nogil:
    return _state(bank, channel).off[channel % LANES] > 0


cdef inline double _db(double ratio) noexcept nogil:
    return 10.0 * log10(ratio if ratio > 1e-10 else 1e-10)


cdef class EchoCanceller:
    """Echo cancellers of `channels` lines, all switched on.

    channels : int, 1 to 65536
    tail_ms : 64 or 128, how late the echo may come
    nlp : whether what the filter leaves is replaced by comfort noise
    Raises TypeError, ValueError, MemoryError.
    """

    cdef echo_bank* bank
    block = 80  # samples

    def __cinit__(self, channels, tail_ms=64, nlp=True):
        if isinstance(tail_ms, bool) or tail_ms not in (64, 128):
            raise ValueError(f"tail_ms must be 64 or 128, not {tail_ms!r}")
        self.bank = echo_new(channel_count(channels), int(tail_ms), bool(nlp))
        if self.bank == NULL:
            raise MemoryError("no memory for the echo canceller")

    def __dealloc__(self):
        echo_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    @property
    def taps(self):
        """Length of the model, samples."""
        return self.bank.slots * ECHO_BLOCK

    @property
    def bytes_per_channel(self):
        """Memory one channel takes."""
        return self.bank.per_tile // LANES

    def process(self, tx, rx):
        """Take one block; gives what is left of `rx`, float32 of the same shape.

        tx, rx : float32 ndarray of shape (block, channels), linear ±32768: what was sent into the
            line and what came from it in the same time; `block` a multiple of 80
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        sent = pad(pcm_block(tx, self.bank.channels))
        received = pad(pcm_block(rx, self.bank.channels))
        if sent.shape != received.shape:
            raise ValueError(f"tx and rx differ in shape: {tx.shape} and {rx.shape}")
        cdef int length = received.shape[0]
        if length % ECHO_BLOCK:
            raise ValueError(f"a block must be a multiple of {ECHO_BLOCK} samples, not {length}")
        if length == 0:
            return np.zeros((0, self.bank.channels), dtype=np.float32)
        out = np.empty_like(received)
        cdef const float[:, ::1] far = sent, heard = received
        cdef float[:, ::1] left = out
        with nogil:
            echo_process(self.bank, &far[0, 0], &heard[0, 0], &left[0, 0], length)
        return np.ascontiguousarray(out[:, : self.bank.channels])

    def enable(self, channel, on=True):
        """Cancel on `channel` or let it pass; begins afresh. Raises TypeError, IndexError."""
        echo_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def freeze(self, channel, frozen=True):
        """Keep the model of `channel` as it is, or let it learn. Raises TypeError, IndexError."""
        echo_freeze(self.bank, channel_index(channel, self.bank.channels), bool(frozen))

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        echo_reset(self.bank, channel_index(channel, self.bank.channels))

    def set_nlp(self, channel, on=True):
        """Replace what the filter leaves by comfort noise, or not.  Raises TypeError, IndexError."""
        echo_set_nlp(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def set_disabler(self, channel, on=True):
        """Let 2100 Hz with phase reversals switch `channel` off.  Raises TypeError, IndexError."""
        echo_set_disabler(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def set_bulk_delay_ms(self, channel, delay_ms):
        """The echo comes at least `delay_ms` (0 to 160) late; None: find it (as at the beginning).

        Kept to whole blocks of 10 ms.  Raises TypeError, ValueError, IndexError.
        """
        cdef int at = channel_index(channel, self.bank.channels)
        if delay_ms is None:
            echo_set_delay(self.bank, at, ECHO_FIND)
            return
        if isinstance(delay_ms, bool) or not isinstance(delay_ms, (int, float)):
            raise TypeError(f"delay_ms must be a number, not {type(delay_ms).__name__}")
        if not 0 <= delay_ms <= ECHO_MOST_DELAY_SAMPLES / 8:
            raise ValueError(f"delay_ms must be 0 to {ECHO_MOST_DELAY_SAMPLES // 8}: {delay_ms}")
        echo_set_delay(self.bank, at, int(delay_ms * 8))

    @property
    def tail_ms(self):
        """How late after the bulk delay an echo is cancelled, all channels; to shed load it can
        be shortened, in steps of 10 ms.  Raises TypeError, ValueError.
        """
        return echo_tail(self.bank) * ECHO_BLOCK // 8

    @tail_ms.setter
    def tail_ms(self, tail_ms):
        if isinstance(tail_ms, bool) or not isinstance(tail_ms, int):
            raise TypeError(f"tail_ms must be an int, not {tail_ms!r}")
        if not 10 <= tail_ms <= self.bank.slots * 10:
            raise ValueError(f"tail_ms must be 10 to {self.bank.slots * 10}, not {tail_ms}")
        echo_set_tail(self.bank, (tail_ms + 9) // 10)

    def impulse_response(self, channel):
        """The model of the echo's path after the bulk delay held back, float32 of shape (taps,).

        Raises TypeError, IndexError.
        """
        cdef int part, k, at = channel_index(channel, self.bank.channels), lane = at % LANES
        cdef const float* path = <const float*>_tile(self.bank, at).path
        bins = np.empty((self.bank.slots, FFT_BINS), dtype=np.complex64)
        cdef float complex[:, ::1] view = bins
        for part in range(self.bank.slots):
            for k in range(FFT_BINS):
                view[part, k].real = path[(part * FFT_ROWS + 2 * k) * LANES + lane]
                view[part, k].imag = path[(part * FFT_ROWS + 2 * k + 1) * LANES + lane]
        return np.fft.irfft(bins, axis=1)[:, :ECHO_BLOCK].astype(np.float32).reshape(-1)

    def held_back_ms(self, channel):
        """By how much the filter sees the far end later.  Raises TypeError, IndexError."""
        cdef int at = channel_index(channel, self.bank.channels)
        return _state(self.bank, at).delay[at % LANES] * ECHO_BLOCK // 8

    def bulk_delay_ms(self, channel):
        """When the echo begins: the first tap of a quarter of the strongest; nan without echo.

        Raises TypeError, IndexError.
        """
        taps = np.abs(self.impulse_response(channel))
        strongest = float(taps.max())
        if strongest < 1e-3:
            return float("nan")
        return float(np.argmax(taps >= strongest / 4)) / 8 + self.held_back_ms(channel)

    def erl_db(self, channel):
        """Echo return loss of the path as modelled, dB. Raises TypeError, IndexError."""
        return echo_erl_db(self.bank, channel_index(channel, self.bank.channels))

    def erle_db(self, channel):
        """By how much the filter lowers what comes in, over 100 ms, dB; near end included.

        Raises TypeError, IndexError.
        """
        return echo_erle_db(self.bank, channel_index(channel, self.bank.channels))

    def double_talk(self, channel):
        """Whether both ends of `channel` speak. Raises TypeError, IndexError."""
        return echo_double_talk(self.bank, channel_index(channel, self.bank.channels))

    def disabled(self, channel):
        """Whether 2100 Hz with phase reversals has switched `channel` off for now.

        Raises TypeError, IndexError.
        """
        return echo_disabled(self.bank, channel_index(channel, self.bank.channels))
