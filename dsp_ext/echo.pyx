"""Echo canceller for the lines of many channels (electrical echo of hybrids, G.168).

What: takes away from what a line brings the echo of what was sent into it, up to 64 or 128 ms
late; what is left is replaced by comfort noise while only the far end speaks (the non-linear
processor, which can be left out).
How: a partitioned-block adaptive filter in the frequency domain, in blocks of 80 samples, without
any delay added. Its step is a Kalman gain: for every part of the path a variance says, in bands of
three bins, how much the model may still be wrong; noise is what the error has beyond that. So it
converges as fast as the signal permits and does not move when the near end speaks: no detector
holds it. The path is taken to wander in proportion to its own power: after a beginning by much, so
that parts with echo learn faster than parts without, later by little. Three guards: an error far
beyond expectation shrinks the step at once; an error that resembles the model, or is greater than
what came in, says that the path has changed; and what came in is sent when the model is worse than
none. A grown model adapts by halves in turn.
Limits: no search for delay beyond the tail, no disabling by 2100 Hz. Blocks of 80 samples; 19 kB a
channel at 128 ms, 11 kB at 64 ms. After a sudden other path some 100 ms pass until it is noticed.
Source: ITU-T G.168; Enzner and Vary 2006 (frequency-domain Kalman filter).
"""

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
        ECHO_FLOOR
    float ECHO_PRIOR
    float ECHO_FIRST_FLOOR
    float ECHO_LEFT_MOST
    ctypedef struct fft160_tables:
        float[81][2] turn
        unsigned char[16][5] from_ "from"
        unsigned char[5][16] to
    ctypedef struct echo_state:
        float[81][16] noise
        float[13][16] gain
        float[16] on
        float[16] adapt
        float[16] age
        float[16] hold
        float[16] cross
        float[16] error
        float[16] model
        float[16] heard
        float[16] swift_error
        float[16] swift_model
        float[16] swift_heard
        float[16] active
        float[16] choice
        float[16] near
        float[16] left
        float[16] suppress
        float[16] floor
        float[16] lag
        uint32_t[16] dice
    ctypedef struct echo_tile:
        const fft160_tables* fft
        const float* prior
        int parts
        int nlp
        echo_state* state
        void* sent
        void* path
        void* doubt
    void echo_block(const echo_tile* tile, const float* tx, const float* rx, float* out,
                    int cstride) noexcept nogil

cdef fft160_tables _TABLES
cdef double _FADE = 0.4  # of what is expected, from a part of the path to the next


cdef void _fill() noexcept:
    cdef int k, a, b, i
    for k in range(81):
        _TABLES.turn[k][0] = cos(2 * M_PI * k / 160)
        _TABLES.turn[k][1] = sin(2 * M_PI * k / 160)
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
    bank.parts = (tail_ms * 8 + ECHO_BLOCK - 1) // ECHO_BLOCK
    bank.nlp = nlp
    for part in range(bank.parts):
        total += exp(-_FADE * part)
    for part in range(bank.parts):
        bank.prior[part] = <float>(exp(-_FADE * part) / total)
    tiles = bank.cstride // LANES
    bank.per_tile = (sizeof(echo_state) + 63) // 64 * 64
    bank.per_tile += <size_t>bank.parts * (2 * FFT_ROWS + ECHO_BANDS) * LANES * sizeof(float)
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
    return bank


cdef void _lay_out(echo_bank* bank, int index) noexcept nogil:
    cdef echo_tile* tile = <echo_tile*>bank.tiles + index
    cdef char* at = bank.memory + index * bank.per_tile
    cdef size_t spectra = <size_t>bank.parts * FFT_ROWS * LANES * sizeof(float)
    tile.fft = &_TABLES
    tile.prior = bank.prior
    tile.parts = bank.parts
    tile.nlp = bank.nlp
    tile.state = <echo_state*>at
    at += (sizeof(echo_state) + 63) // 64 * 64
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
                echo_block(tiles + tile, tx + at, rx + at, out + at, bank.cstride)
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


cdef void echo_reset(echo_bank* bank, int channel) noexcept nogil:
    cdef echo_tile* tile = <echo_tile*>bank.tiles + channel // LANES
    cdef echo_state* s = tile.state
    cdef int lane = channel % LANES
    cdef int part, k
    cdef float* path = <float*>tile.path + lane
    cdef float* sent = <float*>tile.sent + lane
    cdef float* doubt = <float*>tile.doubt + lane
    for k in range(bank.parts * FFT_ROWS):
        path[k * LANES] = 0.0
        sent[k * LANES] = 0.0
    for k in range(bank.parts * ECHO_BANDS):
        doubt[k * LANES] = bank.prior[k // ECHO_BANDS] * ECHO_PRIOR
    for part in range(bank.parts):
        s.gain[part][lane] = 0.0
    for k in range(FFT_BINS):
        s.noise[k][lane] = ECHO_FLOOR
    s.age[lane] = s.hold[lane] = s.cross[lane] = 0.0
    s.error[lane] = s.model[lane] = s.heard[lane] = 1.0
    s.swift_error[lane] = s.swift_model[lane] = s.swift_heard[lane] = 0.0
    s.choice[lane] = s.near[lane] = s.suppress[lane] = s.lag[lane] = 0.0
    s.floor[lane] = ECHO_FIRST_FLOOR
    s.left[lane] = ECHO_LEFT_MOST
    s.dice[lane] = <uint32_t>channel * 2654435761u + 1u


cdef void echo_enable(echo_bank* bank, int channel, bint on) noexcept nogil:
    cdef echo_state* s = (<echo_tile*>bank.tiles)[channel // LANES].state
    if (s.on[channel % LANES] > 0) != on:
        echo_reset(bank, channel)
        s.on[channel % LANES] = 1.0 if on else 0.0


cdef void echo_freeze(echo_bank* bank, int channel, bint frozen) noexcept nogil:
    (<echo_tile*>bank.tiles)[channel // LANES].state.adapt[channel % LANES] = 0.0 if frozen else 1.0


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

    cdef echo_state* _state(self, channel):
        return (<echo_tile*>self.bank.tiles)[channel // LANES].state

    @property
    def channels(self):
        return self.bank.channels

    @property
    def taps(self):
        """Length of the model, samples."""
        return self.bank.parts * ECHO_BLOCK

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
        cdef const float[:, ::1] sent_view = sent
        cdef float[:, ::1] view = received
        with nogil:
            echo_process(self.bank, &sent_view[0, 0], &view[0, 0], &view[0, 0], length)
        return np.ascontiguousarray(received[:, : self.bank.channels])

    def enable(self, channel, on=True):
        """Cancel on `channel` or let it pass; begins afresh. Raises TypeError, IndexError."""
        echo_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def freeze(self, channel, frozen=True):
        """Keep the model of `channel` as it is, or let it learn. Raises TypeError, IndexError."""
        echo_freeze(self.bank, channel_index(channel, self.bank.channels), bool(frozen))

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        echo_reset(self.bank, channel_index(channel, self.bank.channels))

    def impulse_response(self, channel):
        """The model of the echo's path, float32 of shape (taps,). Raises TypeError, IndexError."""
        cdef int at = channel_index(channel, self.bank.channels)
        cdef int lane = at % LANES
        cdef const float* path = <const float*>(<echo_tile*>self.bank.tiles)[at // LANES].path
        cdef int part, k
        bins = np.empty((self.bank.parts, FFT_BINS), dtype=np.complex64)
        cdef float complex[:, ::1] view = bins
        for part in range(self.bank.parts):
            for k in range(FFT_BINS):
                view[part, k].real = path[(part * FFT_ROWS + 2 * k) * LANES + lane]
                view[part, k].imag = path[(part * FFT_ROWS + 2 * k + 1) * LANES + lane]
        return np.fft.irfft(bins, axis=1)[:, :ECHO_BLOCK].astype(np.float32).reshape(-1)

    def delay_ms(self, channel):
        """When the echo begins: the first tap of a quarter of the strongest; nan without echo.

        Raises TypeError, IndexError.
        """
        taps = np.abs(self.impulse_response(channel))
        strongest = float(taps.max())
        return float(np.argmax(taps >= strongest / 4)) / 8 if strongest > 1e-3 else float("nan")

    def erl_db(self, channel):
        """Echo return loss of the path as modelled, dB. Raises TypeError, IndexError."""
        cdef int at = channel_index(channel, self.bank.channels)
        cdef double total = 0.0
        cdef int part
        for part in range(self.bank.parts):
            total += self._state(at).gain[part][at % LANES]
        return -_db(total)

    def erle_db(self, channel):
        """By how much the filter lowers what comes in, over 100 ms, dB; near end included.

        Raises TypeError, IndexError.
        """
        cdef int at = channel_index(channel, self.bank.channels)
        cdef echo_state* s = self._state(at)
        return _db(s.heard[at % LANES] / s.error[at % LANES])

    def double_talk(self, channel):
        """Whether both ends of `channel` speak. Raises TypeError, IndexError."""
        cdef int at = channel_index(channel, self.bank.channels)
        cdef echo_state* s = self._state(at)
        return s.active[at % LANES] > 0 and s.near[at % LANES] > 0
