"""DTMF detector for many channels (Q.23 keys, limits of Q.24).

What: tells when a key begins to sound (about 32 ms in) and when it has ended, with level, twist and
length. It frames for itself: blocks may have any length.
How: every channel is correlated with the eight tones in hops of 34 samples; the last three hops,
turned to a common phase, are a window of 102 samples, so there is a full window's view each
4.25 ms. A window looks like a key by level, twist, a clear peak in either group, and the two tones'
share of all energy (speech and music have more). Six such windows in a row are judged together:
the advance of phase between them gives the exact frequencies, which must be right, and by which
the tones' levels, share and twist are put right. Seven windows without the key end it.
Limits: frequency ±1.5 % accepted, ±3.5 % refused; twist (high to low) -9.5 to +6 dB; -36 to 0 dBm0 a
tone; 40 ms and more accepted, under 23 ms refused; gaps to 20 ms bridged, from 30 ms on separate keys.
Source: ITU-T Q.23, Q.24; the AT&T column of Q.24 where administrations differ.
"""

from libc.math cimport M_PI, atan2, cos, fabs, log10, sin
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free

import math
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
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "dtmf.h":
    enum:
        DTMF_TONES
        DTMF_HOP
        DTMF_HOPS
        DTMF_WINDOW
        DTMF_ROWS
    void dtmf_add(const float* pcm, int cstride, int n, int at, const float* cosine,
                  const float* sine, float* sums) noexcept nogil
    void dtmf_window(const float* old, const float* mid, const float* fresh, int cstride,
                     const float* turn, float least, float* window,
                     int32_t* candidate) noexcept nogil

cdef enum:
    RUN = 6  # windows alike that make a key
    QUIET = 7  # windows without it that end it
    # A window begins to look like a key when 65 % of it sound, on average 19 samples after that.
    LEAD = 83  # from a key's beginning to the end of its first window
    TAIL = 19  # from a key's end to the end of its last window

cdef double[8] _HZ
_HZ[:] = [697, 770, 852, 941, 1209, 1336, 1477, 1633]
cdef char* _KEYS = b"123A456B789C*0#D"
cdef double _LEAST_DBM0 = -36.0  # a tone
cdef double _SHARE = 0.80  # of the two tones in all energy, over a run
cdef double _TWIST_LOW_DB = -9.5
cdef double _TWIST_HIGH_DB = 6.0

cdef float[8][34] _COSINE
cdef float[8][34] _SINE
cdef float[8][4] _TURN
cdef float _LEAST


cdef struct track:
    int digit  # the key that sounds, -1 none
    int quiet  # windows without it
    int key  # the key the last windows looked like
    int run  # how many did, in a row; 0 none
    int windows  # summed below: the run without its first window, which is not yet full
    int64_t since, first, last  # bank time: key's beginning; ends of windows
    double low, high, energy  # summed power of the tones, energy
    double[2] low_step, high_step  # summed products of a window and the one before
    double[2] low_was, high_was
    float level_dbm0, twist_db  # of the key that sounds


cdef void _fill() noexcept:
    cdef int k, i
    cdef double w
    global _LEAST
    for k in range(8):
        w = 2 * M_PI * _HZ[k] / SAMPLE_RATE
        for i in range(DTMF_HOP):
            _COSINE[k][i] = cos(w * i)
            _SINE[k][i] = -sin(w * i)
        for i in range(2):
            _TURN[k][2 * i] = cos(w * DTMF_HOP * (i + 1))
            _TURN[k][2 * i + 1] = -sin(w * DTMF_HOP * (i + 1))
    _LEAST = (peak_of_dbm0(_LEAST_DBM0) * DTMF_WINDOW / 2) ** 2


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
    bank.window = <float*>zeroed(DTMF_ROWS * row)
    bank.enabled = <uint8_t*>zeroed(row)
    bank.tile_on = <uint8_t*>zeroed(row)
    bank.candidate = <int32_t*>zeroed(row)
    bank.tracks = zeroed(<size_t>channels * sizeof(track))
    if (bank.history == NULL or bank.window == NULL or bank.enabled == NULL
            or bank.tile_on == NULL or bank.candidate == NULL or bank.tracks == NULL):
        dtmf_free(bank)
        return NULL
    for channel in range(channels):
        dtmf_reset(bank, channel)
    return bank


cdef void dtmf_free(dtmf_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.history)
    free(bank.window)
    free(bank.enabled)
    free(bank.tile_on)
    free(bank.candidate)
    free(bank.tracks)
    free(bank)


cdef void dtmf_reset(dtmf_bank* bank, int channel) noexcept nogil:
    cdef track* t = <track*>bank.tracks + channel
    cdef int row
    for row in range(DTMF_HOPS * DTMF_ROWS):
        bank.history[row * bank.cstride + channel] = 0.0
    t.digit, t.quiet, t.run = -1, 0, 0


cdef void dtmf_enable(dtmf_bank* bank, int channel, bint on) noexcept nogil:
    if bank.enabled[channel] == (1 if on else 0):
        return
    dtmf_reset(bank, channel)
    bank.enabled[channel] = 1 if on else 0
    bank.tile_on[channel // LANES] += 1 if on else -1


cdef inline double _lobe(double offset_hz) noexcept nogil:
    """What a window sees of the power of a tone that is off its frequency."""
    cdef double x = M_PI * offset_hz * DTMF_WINDOW / SAMPLE_RATE
    if fabs(x) < 1e-6:
        return 1.0
    return (sin(x) / x) * (sin(x) / x)


cdef inline double _offset(const double* step, int k) noexcept nogil:
    """How far a tone is off its frequency, Hz: its phase goes round at hop by hop."""
    cdef const float* turn = _TURN[k]
    cdef double re = step[0] * turn[0] - step[1] * turn[1]
    cdef double im = step[0] * turn[1] + step[1] * turn[0]
    return atan2(im, re) * (SAMPLE_RATE / (2 * M_PI * DTMF_HOP))


cdef inline double _power(const dtmf_bank* bank, int k, int channel, double* was,
                          double* step, bint going_on) noexcept nogil:
    """The power of tone k in this window; adds its advance since the last one to `step`."""
    cdef double re = bank.window[2 * k * bank.cstride + channel]
    cdef double im = bank.window[(2 * k + 1) * bank.cstride + channel]
    if going_on:
        step[0] += re * was[0] + im * was[1]
        step[1] += im * was[0] - re * was[1]
    was[0], was[1] = re, im
    return re * re + im * im


cdef void _begin(track* t, int key, int64_t at) noexcept nogil:
    t.key, t.first, t.run, t.windows = key, at, 0, 0
    t.low = t.high = t.energy = 0.0
    t.low_step[0] = t.low_step[1] = t.high_step[0] = t.high_step[1] = 0.0


cdef void _add_window(const dtmf_bank* bank, track* t, int channel) noexcept nogil:
    cdef bint going_on = t.run > 0
    cdef double low = _power(bank, t.key // 4, channel, t.low_was, t.low_step, going_on)
    cdef double high = _power(bank, 4 + t.key % 4, channel, t.high_was, t.high_step, going_on)
    t.run += 1
    if going_on:
        t.windows += 1
        t.low += low
        t.high += high
        t.energy += bank.window[2 * DTMF_TONES * bank.cstride + channel]


cdef bint _convincing(track* t) noexcept nogil:
    """Whether the run as a whole is a key; sets level and twist."""
    cdef int k = t.key // 4
    cdef int m = 4 + t.key % 4
    cdef double low_off = _offset(t.low_step, k)
    cdef double high_off = _offset(t.high_step, m)
    cdef double low, high, twist
    if fabs(low_off) > 0.025 * _HZ[k] + 1 or fabs(high_off) > 0.025 * _HZ[m] + 1:
        return False
    low = t.low / _lobe(low_off)
    high = t.high / _lobe(high_off)
    twist = 10 * log10(high / low)
    if not _TWIST_LOW_DB <= twist <= _TWIST_HIGH_DB:
        return False
    if (low + high) * (2.0 / DTMF_WINDOW) < _SHARE * t.energy:
        return False
    t.twist_db = <float>twist
    t.level_dbm0 = <float>dbm0_of_mean_square(
        (low + high) * 2.0 / (<double>DTMF_WINDOW * DTMF_WINDOW) / t.windows
    )
    return True


cdef int _tell(dtmf_bank* bank, const track* t, int channel, int kind, dtmf_event* out,
               int told, int max_events) noexcept nogil:
    cdef dtmf_event* event
    if told >= max_events:
        bank.dropped += 1
        return told
    event = out + told
    event.channel, event.digit, event.kind, event.at = channel, _KEYS[t.digit], kind, t.since
    event.duration_ms = 0
    if kind == DIGIT_END:
        event.duration_ms = <int>((t.last - TAIL - t.since) * 1000 // SAMPLE_RATE)
    event.level_dbm0, event.twist_db = t.level_dbm0, t.twist_db
    return told + 1


cdef int _follow(dtmf_bank* bank, int channel, int64_t now, dtmf_event* out, int told,
                 int max_events) noexcept nogil:
    """One channel's newest window: goes on with its run and its key."""
    cdef track* t = <track*>bank.tracks + channel
    cdef int key = bank.candidate[channel]
    if t.digit >= 0:
        if key == t.digit:
            t.last, t.quiet, t.run = now, 0, 0
            return told
        t.quiet += 1
        if t.quiet >= QUIET:
            told = _tell(bank, t, channel, DIGIT_END, out, told, max_events)
            t.digit = -1
    if key < 0:
        t.run = 0
        return told
    if t.run == 0 or key != t.key:
        _begin(t, key, now)
    _add_window(bank, t, channel)
    if t.run >= RUN and _convincing(t):
        if t.digit >= 0:
            told = _tell(bank, t, channel, DIGIT_END, out, told, max_events)
        t.digit, t.quiet, t.run = key, 0, 0
        t.since, t.last = t.first - LEAD, now
        told = _tell(bank, t, channel, DIGIT_START, out, told, max_events)
    return told


cdef int _hop(dtmf_bank* bank, int64_t now, dtmf_event* out, int told,
              int max_events) noexcept nogil:
    """A hop is complete: looks at the window it ends, and makes room for the next."""
    cdef Py_ssize_t size = <Py_ssize_t>DTMF_ROWS * bank.cstride
    cdef const float* fresh = bank.history + bank.slot * size
    cdef const float* mid = bank.history + (bank.slot + 2) % 3 * size
    cdef int row, tile, first, channel
    bank.slot = (bank.slot + 1) % 3
    cdef float* old = bank.history + bank.slot * size
    for tile in range(bank.cstride // LANES):
        if bank.tile_on[tile] == 0:
            continue
        first = tile * LANES
        dtmf_window(old + first, mid + first, fresh + first, bank.cstride, _TURN[0], _LEAST,
                    bank.window + first, bank.candidate + first)
        for channel in range(first, min(first + LANES, bank.channels)):
            if bank.enabled[channel]:
                told = _follow(bank, channel, now, out, told, max_events)
        for row in range(DTMF_ROWS):
            for channel in range(first, first + LANES):
                old[row * bank.cstride + channel] = 0.0
    bank.fill = 0
    return told


cdef int dtmf_process(dtmf_bank* bank, const float* pcm, int block, dtmf_event* out,
                      int max_events) noexcept nogil:
    cdef int done = 0
    cdef int told = 0
    cdef int n, tile, first
    cdef float* sums
    while done < block:
        n = min(<int>DTMF_HOP - bank.fill, block - done)
        sums = bank.history + <Py_ssize_t>bank.slot * DTMF_ROWS * bank.cstride
        for tile in range(bank.cstride // LANES):
            first = tile * LANES
            if bank.tile_on[tile]:
                dtmf_add(pcm + <Py_ssize_t>done * bank.cstride + first, bank.cstride, n,
                         bank.fill, _COSINE[0], _SINE[0], sums + first)
        bank.fill += n
        done += n
        if bank.fill == DTMF_HOP:
            told = _hop(bank, bank.now + done, out, told, max_events)
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
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels):
        self.bank = dtmf_new(channel_count(channels))
        if self.bank == NULL:
            raise MemoryError("no memory for the DTMF detector")
        cdef int channel
        for channel in range(self.bank.channels):
            dtmf_enable(self.bank, channel, True)

    def __dealloc__(self):
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
        return [event for event in self.edges(pcm) if event.duration_ms > 0]

    def edges(self, pcm):
        """As `process`, but gives two events a key: at its start (duration 0) and at its end."""
        block_pcm = pad(pcm_block(pcm, self.bank.channels))
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int done = 0
        cdef int most = 2 * self.bank.channels
        cdef int n, count, i
        found = []
        cdef dtmf_event* out = <dtmf_event*>calloc(most, sizeof(dtmf_event))
        if out == NULL:
            raise MemoryError("no memory for DTMF events")
        try:
            while done < length:
                n = min(160, length - done)
                with nogil:
                    count = dtmf_process(self.bank, &view[done, 0], n, out, most)
                done += n
                for i in range(count):
                    found.append(_event(&out[i]))
        finally:
            free(out)
        return found


cdef _event(const dtmf_event* event):
    return DtmfEvent(
        event.channel,
        chr(event.digit),
        event.at * 1000 / <double>SAMPLE_RATE,
        event.duration_ms,
        event.level_dbm0,
        event.twist_db,
    )


def decode(samples, rate=8000):
    """The keys in a recording, as a string.

    samples : 1-D array, linear ±32768, int16 or floating
    rate : Hz; other than 8000 is resampled first
    Raises TypeError for what is no number array, ValueError for another shape, NaN or infinity.
    """
    values = np.asarray(samples)
    if values.dtype != np.int16 and not np.issubdtype(values.dtype, np.floating):
        raise TypeError(f"samples must be int16 or floating, not {values.dtype}")
    if values.ndim != 1:
        raise ValueError(f"samples must have one dimension, not {values.ndim}")
    if isinstance(rate, bool) or int(rate) != rate or not 4000 <= rate <= 192000:
        raise ValueError(f"rate must be a whole number of 4000 to 192000 Hz, not {rate!r}")
    pcm = values.astype(np.float32)
    if rate != SAMPLE_RATE and pcm.size:
        from scipy.signal import resample_poly

        common = math.gcd(int(rate), SAMPLE_RATE)
        pcm = resample_poly(pcm, SAMPLE_RATE // common, int(rate) // common)
    silence = np.zeros(SAMPLE_RATE // 10, dtype=np.float32)  # lets the last key end
    pcm = np.concatenate([pcm.astype(np.float32, copy=False), silence])
    return "".join(event.digit for event in DtmfDetector(1).process(pcm[:, np.newaxis]))
