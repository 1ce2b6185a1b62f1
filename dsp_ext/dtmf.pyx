"""DTMF detector for many channels (Q.23 keys, limits of Q.24).

What: tells when a key begins to sound (about 36 ms in) and when it has ended, with level, twist and
length. It frames for itself: blocks may have any length.
How: every channel is correlated with the eight tones in hops of 34 samples; the last three hops,
turned to a common phase, are a window of 102 samples, so there is a full window's view each
4.25 ms. A window looks like a key by level, twist, a clear peak in either group, and the two tones'
share of all energy. Seven such windows in a row are judged together (dtmf_fit.h): two tones are
fitted to them, whose exact frequencies, levels and twist are those of the key; the tones must
hold nearly all energy and keep level and frequency as well as noise as strong as what is left over
allows. In voices something glides; and where more is left over than a hundredth, it must not repeat
itself with a pitch of which the tones are two harmonics (dtmf_rest.h). Where much is left over (SNR
below some 12 dB) the run must be longer by two windows. Seven windows without the key end it. The lanes of a vector are 16 channels,
or one channel's tones where few channels are on; tiles without sound are passed over.
Limits: frequency ±1.5 % and 2 Hz accepted, ±3.5 % refused; twist (high to low) -9 to +6 dB; -39 to
+3 dBm0 a tone; 40 ms and more accepted (in noise 50), under 23 ms refused; gaps to 20 ms bridged,
from 30 ms on separate keys; noise or dial tone to 8 dB below the key.
Source: ITU-T Q.23, Q.24; the AT&T column of Q.24 where administrations differ.
"""

from libc.math cimport M_PI, cos, log10, sin
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from dsp_ext.units cimport (
    LANES,
    SAMPLE_RATE,
    dbm0_of_mean_square,
    padded,
    peak_of_dbm0,
    zeroed,
)
from dsp_ext.resample import MOST_TERM, resample
from dsp_ext.tone import Program, ToneGenerator
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "dtmf_fit.h":
    enum:
        DTMF_TONES
        DTMF_HOP
        DTMF_HALF
        DTMF_HOPS
        DTMF_WINDOW
        DTMF_ROWS
        DTMF_FEW
        DTMF_QUIET
    ctypedef struct dtmf_tile:
        int32_t[16] on
        int32_t[16] digit
        int32_t[16] quiet
        int32_t[16] running
        int32_t channels
        int32_t silent
        int32_t busy
    ctypedef struct dtmf_run:
        int length
        int kept
    ctypedef struct dtmf_pair:
        double low
        double high
    ctypedef bint (*dtmf_add_fn)(const float* pcm, int cstride, const float* reference,
                                 float quiet, float* sums) noexcept nogil
    dtmf_add_fn dtmf_add_best() noexcept nogil
    void dtmf_add_one(const float* pcm, int cstride, const float* reference,
                      float* sums) noexcept nogil
    void dtmf_window(const float* old, const float* mid, const float* fresh, const float* turn,
                     float least, float* window, int32_t* candidate) noexcept nogil
    void dtmf_window_one(const float* old, const float* mid, const float* fresh,
                         const float* turn, float least, float* window,
                         int32_t* candidate) noexcept nogil
    unsigned int dtmf_count(dtmf_tile* tile, int32_t* candidate) noexcept nogil
    int32_t dtmf_busy(const dtmf_tile* tile) noexcept nogil
    void dtmf_keep(const float* pcm, int cstride, int n, float* kept) noexcept nogil
    void dtmf_run_begin(dtmf_run* run) noexcept nogil
    void dtmf_run_add(dtmf_run* run, const float* window, int low, int high, const float* pcm,
                      int cstride) noexcept nogil
    bint dtmf_convincing(const dtmf_run* run, double low_hz, double high_hz,
                         dtmf_pair* pair) noexcept nogil

cdef enum:
    # A window begins to look like a key when 65 % of it sound, on average 19 samples after that.
    LEAD = 83  # from a key's beginning to the end of its first window
    TAIL = 19  # from a key's end to the end of its last window
    PIECE = 204  # samples taken at once from Python: whole hops, at most two events a channel

cdef double[8] _HZ
_HZ[:] = [697, 770, 852, 941, 1209, 1336, 1477, 1633]
cdef char* _KEYS = b"123A456B789C*0#D"
cdef double _LEAST_DBM0 = -40.0  # a tone

cdef float[17][16] _REFERENCE
cdef float[8][2] _TURN
cdef float _LEAST  # power of a tone in a window
cdef float _QUIET  # energy of a hop


cdef dtmf_add_fn _add = dtmf_add_best()


cdef struct track:
    int key  # the key the last windows looked like
    int64_t since  # bank time at which the key that sounds began
    int64_t first  # bank time at the end of the run's first window
    float level_dbm0, twist_db  # of the key that sounds
    dtmf_run run  # of windows that looked like `key`, in a row


cdef void _fill() noexcept:
    cdef int k, i
    cdef double turn
    global _LEAST, _QUIET
    for k in range(DTMF_TONES):
        turn = 2 * M_PI * _HZ[k] / SAMPLE_RATE
        for i in range(DTMF_HALF):
            _REFERENCE[i][k] = cos(turn * (i + 0.5))
            _REFERENCE[i][DTMF_TONES + k] = -sin(turn * (i + 0.5))
        _TURN[k][0] = cos(turn * DTMF_HOP)
        _TURN[k][1] = sin(turn * DTMF_HOP)
    _LEAST = (peak_of_dbm0(_LEAST_DBM0) * DTMF_WINDOW / 2) ** 2
    _QUIET = peak_of_dbm0(_LEAST_DBM0) ** 2 * DTMF_HOP / 20  # a twentieth of the faintest key's


_fill()


cdef dtmf_bank* dtmf_new(int channels) noexcept nogil:
    cdef dtmf_bank* bank = <dtmf_bank*>calloc(1, sizeof(dtmf_bank))
    cdef size_t row
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    row = 4 * <size_t>bank.cstride
    bank.history = <float*>zeroed(DTMF_HOPS * DTMF_ROWS * row)
    bank.kept = <float*>zeroed(DTMF_HOP * row)
    bank.window = <float*>zeroed(DTMF_ROWS * LANES * sizeof(float))
    bank.candidate = <int32_t*>zeroed(LANES * sizeof(int32_t))
    bank.tiles = zeroed(bank.cstride // LANES * sizeof(dtmf_tile))
    bank.tracks = zeroed(<size_t>channels * sizeof(track))
    if (bank.history == NULL or bank.kept == NULL or bank.window == NULL
            or bank.candidate == NULL or bank.tiles == NULL or bank.tracks == NULL):
        dtmf_free(bank)
        return NULL
    for channel in range(bank.cstride):
        _tile_of(bank, channel).digit[channel % LANES] = -1
    return bank


cdef void dtmf_free(dtmf_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.history)
    free(bank.kept)
    free(bank.window)
    free(bank.candidate)
    free(bank.tiles)
    free(bank.tracks)
    free(bank)


cdef inline dtmf_tile* _tile_of(const dtmf_bank* bank, int channel) noexcept nogil:
    return <dtmf_tile*>bank.tiles + channel // LANES


cdef inline float* _history(const dtmf_bank* bank, int channel, int hop) noexcept nogil:
    """The channel's place in its tile's sums of one hop."""
    cdef Py_ssize_t size = DTMF_ROWS * LANES
    return bank.history + (channel // LANES * DTMF_HOPS + hop) * size + channel % LANES


cdef inline float* _kept(const dtmf_bank* bank, int channel) noexcept nogil:
    return bank.kept + channel // LANES * (<Py_ssize_t>DTMF_HOP * LANES) + channel % LANES


cdef void dtmf_reset(dtmf_bank* bank, int channel) noexcept nogil:
    cdef track* t = <track*>bank.tracks + channel
    cdef dtmf_tile* tile = _tile_of(bank, channel)
    cdef int lane = channel % LANES
    cdef int hop, row
    for hop in range(DTMF_HOPS):
        for row in range(DTMF_ROWS):
            _history(bank, channel, hop)[row * LANES] = 0.0
    for row in range(DTMF_HOP):
        _kept(bank, channel)[row * LANES] = 0.0
    dtmf_run_begin(&t.run)
    tile.digit[lane], tile.quiet[lane], tile.running[lane] = -1, 0, 0


cdef void dtmf_enable(dtmf_bank* bank, int channel, bint on) noexcept nogil:
    cdef dtmf_tile* tile = _tile_of(bank, channel)
    if tile.on[channel % LANES] == (1 if on else 0):
        return
    dtmf_reset(bank, channel)
    tile.on[channel % LANES] = 1 if on else 0
    tile.channels += 1 if on else -1
    tile.silent = 0


cdef int _tell(dtmf_bank* bank, int channel, int kind, int64_t now, dtmf_event* out, int told,
               int max_events) noexcept nogil:
    """The key that sounds on the channel begins or has ended."""
    cdef const dtmf_tile* tile = _tile_of(bank, channel)
    cdef const track* t = <track*>bank.tracks + channel
    cdef dtmf_event* event
    cdef int64_t last
    if told >= max_events:
        bank.dropped += 1
        return told
    event = out + told
    event.channel, event.kind, event.at = channel, kind, t.since
    event.digit = _KEYS[tile.digit[channel % LANES]]
    event.duration_ms = 0
    if kind == DIGIT_END:
        last = now - tile.quiet[channel % LANES] * DTMF_HOP  # the last window with it
        event.duration_ms = <int>((last - TAIL - t.since) * 1000 // SAMPLE_RATE)
    event.level_dbm0, event.twist_db = t.level_dbm0, t.twist_db
    return told + 1


cdef int _follow(dtmf_bank* bank, int channel, int key, const float* window, const float* pcm,
                 int cstride, int64_t now, dtmf_event* out, int told, int max_events) noexcept nogil:
    """One channel's newest window, which looks like `key`: goes on with its run and its key."""
    cdef track* t = <track*>bank.tracks + channel
    cdef dtmf_tile* tile = _tile_of(bank, channel)
    cdef int lane = channel % LANES
    cdef bint running = tile.running[lane]
    cdef dtmf_pair pair
    if tile.digit[lane] >= 0 and tile.quiet[lane] >= DTMF_QUIET:
        told = _tell(bank, channel, DIGIT_END, now, out, told, max_events)
        tile.digit[lane] = -1
    tile.running[lane] = key >= 0 and key != tile.digit[lane]
    if not tile.running[lane]:
        return told
    if not running or key != t.key:
        dtmf_run_begin(&t.run)
        t.key, t.first = key, now
    dtmf_run_add(&t.run, window, key // 4, 4 + key % 4, pcm, cstride)
    if dtmf_convincing(&t.run, _HZ[key // 4], _HZ[4 + key % 4], &pair):
        if tile.digit[lane] >= 0:
            told = _tell(bank, channel, DIGIT_END, now, out, told, max_events)
        tile.digit[lane], tile.quiet[lane], tile.running[lane] = key, 0, 0
        t.since = max(t.first - LEAD, 0)
        t.twist_db = <float>(10 * log10(pair.high / pair.low))
        t.level_dbm0 = <float>dbm0_of_mean_square(pair.low + pair.high)
        told = _tell(bank, channel, DIGIT_START, now, out, told, max_events)
    return told


cdef int _judge(dtmf_bank* bank, int first, int slot, const float* pcm, int cstride, int64_t now,
                dtmf_event* out, int told, int max_events) noexcept nogil:
    """A tile's newest window; pcm: its newest hop."""
    cdef dtmf_tile* tile = _tile_of(bank, first)
    cdef int mid = (slot + DTMF_HOPS - 1) % DTMF_HOPS
    cdef int old = (slot + 1) % DTMF_HOPS
    cdef unsigned int todo
    cdef int lane
    if tile.channels > DTMF_FEW:
        dtmf_window(_history(bank, first, old), _history(bank, first, mid),
                    _history(bank, first, slot), _TURN[0], _LEAST, bank.window, bank.candidate)
    else:
        for lane in range(LANES):
            if tile.on[lane]:
                dtmf_window_one(_history(bank, first + lane, old),
                                _history(bank, first + lane, mid),
                                _history(bank, first + lane, slot), _TURN[0], _LEAST,
                                bank.window + lane, bank.candidate + lane)
    todo = dtmf_count(tile, bank.candidate)
    if not todo:
        return told
    for lane in range(LANES):
        if todo >> lane & 1:
            told = _follow(bank, first + lane, bank.candidate[lane], bank.window + lane, pcm + lane,
                           cstride, now, out, told, max_events)
    tile.busy = dtmf_busy(tile)
    return told


cdef int _hop(dtmf_bank* bank, int first, int slot, const float* pcm, int cstride, int64_t now,
              dtmf_event* out, int told, int max_events) noexcept nogil:
    """A tile's hop is complete: correlates it and looks at the window it ends."""
    cdef dtmf_tile* tile = _tile_of(bank, first)
    cdef int lane
    if tile.channels > DTMF_FEW:
        if _add(pcm, cstride, _REFERENCE[0], _QUIET, _history(bank, first, slot)):
            tile.silent = 0
        elif tile.silent < DTMF_HOPS:
            tile.silent += 1
        if tile.silent >= DTMF_HOPS and not tile.busy:
            return told
    else:
        for lane in range(LANES):
            if tile.on[lane]:
                dtmf_add_one(pcm + lane, cstride, _REFERENCE[0],
                             _history(bank, first + lane, slot))
    return _judge(bank, first, slot, pcm, cstride, now, out, told, max_events)


cdef int _tile(dtmf_bank* bank, int first, const float* pcm, int block, dtmf_event* out, int told,
               int max_events) noexcept nogil:
    """A tile's block: its whole hops where they lie, others when they are complete."""
    cdef int slot = bank.slot
    cdef int fill = bank.fill
    cdef int done = 0
    cdef int n, stride
    cdef const float* heard
    while done < block:
        n = min(<int>DTMF_HOP - fill, block - done)
        heard, stride = pcm + <Py_ssize_t>done * bank.cstride, bank.cstride
        if n < DTMF_HOP:
            dtmf_keep(heard, stride, n, _kept(bank, first) + fill * LANES)
            heard, stride = _kept(bank, first), LANES
        fill += n
        done += n
        if fill == DTMF_HOP:
            told = _hop(bank, first, slot, heard, stride, bank.now + done, out, told, max_events)
            slot, fill = (slot + 1) % DTMF_HOPS, 0
    return told


cdef int dtmf_process(dtmf_bank* bank, const float* pcm, int block, dtmf_event* out,
                      int max_events) noexcept nogil:
    cdef int told = 0
    cdef int tile
    for tile in range(bank.cstride // LANES):
        if _tile_of(bank, tile * LANES).channels:
            told = _tile(bank, tile * LANES, pcm + tile * LANES, block, out, told, max_events)
    bank.slot = (bank.slot + (bank.fill + block) // DTMF_HOP) % DTMF_HOPS
    bank.fill = (bank.fill + block) % DTMF_HOP
    bank.now += block
    return told


class DtmfEvent(NamedTuple):
    """A key that was heard.

    digit : one of 0-9 A-D * #
    start_ms, duration_ms : since the detector's beginning; a duration of 0 marks a key's start
    level_dbm0 : of both tones together
    twist_db : positive when the high tone is the stronger one
    """

    channel: int
    digit: str
    start_ms: float
    duration_ms: int
    level_dbm0: float
    twist_db: float


cdef class DtmfDetector:
    """Detector of `channels` channels, all listening.

    channels : int, 1 to 65536
    """

    cdef dtmf_bank* bank
    cdef dtmf_event* found  # [2 × channels] room for what one call of dtmf_process tells
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels):
        cdef int channel
        self.bank = dtmf_new(channel_count(channels))
        if self.bank != NULL:
            self.found = <dtmf_event*>calloc(2 * self.bank.channels, sizeof(dtmf_event))
        if self.found == NULL:
            raise MemoryError("no memory for the DTMF detector")
        for channel in range(self.bank.channels):
            dtmf_enable(self.bank, channel, True)

    def __dealloc__(self):
        free(self.found)
        dtmf_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def enable(self, channel, on=True):
        """Listen on `channel` or not; begins afresh. Raises TypeError, IndexError."""
        dtmf_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        dtmf_reset(self.bank, channel_index(channel, self.bank.channels))

    def process(self, pcm):
        """Take one block; gives the keys that ended in it, as a list of DtmfEvent.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        return self._heard(pcm, False)

    def edges(self, pcm):
        """As `process`, but gives two events a key: at its start (duration 0) and at its end."""
        return self._heard(pcm, True)

    cdef list _heard(self, pcm, bint starts):
        block_pcm = pcm_block(pcm, self.bank.channels)
        if self.bank.channels != self.bank.cstride:
            block_pcm = pad(block_pcm)
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int done = 0
        cdef int most = 2 * self.bank.channels
        cdef int n, count, i
        cdef list found = []
        while done < length:
            n = min(<int>PIECE, length - done)
            with nogil:
                count = dtmf_process(self.bank, &view[done, 0], n, self.found, most)
            done += n
            for i in range(count):
                if starts or self.found[i].kind == DIGIT_END:
                    found.append(_event(&self.found[i]))
        return found


_event_of = tuple.__new__  # without the detour by its keyword arguments


cdef _event(const dtmf_event* event):
    cdef double start_ms = event.at * 1000.0 / SAMPLE_RATE
    cdef tuple values = (event.channel, chr(event.digit), start_ms, event.duration_ms,
                         event.level_dbm0, event.twist_db)
    return _event_of(DtmfEvent, values)


def _near(rate):
    """Two rates the resampler takes that are to each other as `rate` is to ours, within 0.1 %."""
    exact = Fraction(rate, SAMPLE_RATE)
    near = exact.limit_denominator(MOST_TERM)
    if exact > 1:
        near = 1 / (1 / exact).limit_denominator(MOST_TERM)
    times = -(-4000 // min(near.numerator, near.denominator))
    return near.numerator * times, near.denominator * times


def decode(samples, rate=8000):
    """The keys in a recording, as a string.

    samples : 1-D array, linear ±32768, int16 or floating
    rate : Hz, 4000 to 192000; other than 8000 is resampled first
    Raises TypeError for what is no such array, ValueError for another shape or rate, NaN, infinity.
    """
    values = np.asarray(samples)
    if values.dtype != np.int16 and not np.issubdtype(values.dtype, np.floating):
        raise TypeError(f"samples must be int16 or floating, not {values.dtype}")
    if values.ndim != 1:
        raise ValueError(f"samples must have one dimension, not {values.ndim}")
    if not isinstance(rate, (int, np.integer)) or not 4000 <= rate <= 192000:
        raise ValueError(f"rate must be a whole number of 4000 to 192000 Hz, not {rate!r}")
    with np.errstate(over="ignore"):  # what is too much for float32 is refused as infinite
        pcm = values.astype(np.float32)
    if rate != SAMPLE_RATE:
        pcm = resample(pcm, *_near(int(rate)))
    silence = np.zeros(SAMPLE_RATE // 10, dtype=np.float32)  # lets the last key end
    pcm = np.concatenate([pcm, silence])
    return "".join(event.digit for event in DtmfDetector(1).process(pcm[:, np.newaxis]))


def generate(digits, level_dbm0=-9.0, twist_db=0.0, on_ms=80, off_ms=80):
    """Keys as samples: float32 of shape (n,), linear ±32768, 8000 Hz; each key with its pause.

    digits : of 0-9 * # A-D (or a-d), any number
    level_dbm0 : of the low tone; the high tone is `twist_db` stronger
    Raises ValueError for other characters and values outside the tone generator's limits.
    """
    generator = ToneGenerator(1)
    parts = [np.zeros(0, dtype=np.float32)]
    for digit in str(digits):
        key = Program.dtmf(digit, on_ms=on_ms, off_ms=off_ms, level_dbm0=level_dbm0,
                           twist_db=twist_db)
        generator.start(0, key)
        parts.append(generator.process(round(key.duration_ms * SAMPLE_RATE / 1000))[:, 0])
    return np.concatenate(parts)
