"""MF-R2 detector for many channels (Q.441 signals, limits of Q.455), and their generator.

What: tells when a register signal, two of six tones, begins to sound (about 25 ms in) and when it
has ended, with level, twist and length. One bank listens to one direction; China's backward
direction has four tones and six signals. It frames for itself: blocks may have any length.
How: every channel is correlated with the six tones in hops of 44 samples, about a hop's middle, where
sums and differences of two samples do the work of both; the last three hops, turned to one phase,
are a window of 132 samples, whose zeros lie 60.6 Hz apart and so fall on the neighbours at
120 Hz. A window looks like a signal by level, by twist, by how far the third tone lies below, and
by the two tones' share of all energy, which is low while a window is not yet full of the signal.
Three such windows in a row begin a signal, five without it end it. The lanes of a vector are 16
channels, or one channel's tones where few channels are on.
Limits: a tone from -37.5 dBm0 on, ±10 Hz accepted, 60 Hz refused; difference in level 7 dB
accepted, from 11 dB refused; bursts under 7 ms ignored, gaps to 7 ms bridged; operate and release
together 70 ms. What else is on the line, the other direction's signals too, may have up to a third
of the power. Memory a channel: 436 octets.
Source: ITU-T Q.441 (signals), Q.454 (sending), Q.455 (receiving); China: GF 002-9002.
"""

from cpython.object cimport PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.math cimport M_PI, cos, log10, sin
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free

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
from dsp_ext.tone import Program, Segment
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "Python.h":
    object PyType_GenericAlloc(PyTypeObject* kind, Py_ssize_t items)

cdef extern from "mfr2.h":
    enum:
        MFR2_TONES
        MFR2_HOP
        MFR2_HOPS
        MFR2_HALF
        MFR2_WINDOW
        MFR2_ROWS
        MFR2_FEW
    void mfr2_keep(const float* pcm, int cstride, int n, float* waiting) noexcept nogil
    void mfr2_keep_one(const float* pcm, int cstride, int n, float* waiting) noexcept nogil
    void mfr2_hop(const float* pcm, int cstride, const float* reference, int tones,
                  float* sums) noexcept nogil
    void mfr2_hop_one(const float* pcm, int cstride, const float* reference,
                      float* sums) noexcept nogil
    bint mfr2_window(const float* old, const float* mid, const float* fresh, const float* turn,
                     int tones, float least, float* power, int32_t* candidate) noexcept nogil
    bint mfr2_busy(const uint8_t* busy) noexcept nogil
    void mfr2_window_one(const float* old, const float* mid, const float* fresh, const float* turn,
                         int tones, float least, float* power, int32_t* candidate) noexcept nogil

cdef enum:
    RUN = 3  # windows alike that make a signal
    PARTIAL = 1  # of them may not be full of it
    QUIET = 5  # windows without it that end it
    # A window begins to look like a signal when 65 % of it sound, on average 22 samples after that.
    LEAD = 108  # from a signal's beginning to the end of its first window
    TAIL = 24  # from a signal's end to the end of its last window
    PIECE = 132  # samples taken at once from Python: whole hops, at most two events a channel

FORWARD_HZ = (1380, 1500, 1620, 1740, 1860, 1980)
BACKWARD_HZ = (1140, 1020, 900, 780, 660, 540)
CHINA_BACKWARD_HZ = BACKWARD_HZ[:4]
SEND_DBM0 = -11.5  # a tone, Q.454

cdef double[2][6] _HZ
_HZ[0][:] = [1380, 1500, 1620, 1740, 1860, 1980]
_HZ[1][:] = [1140, 1020, 900, 780, 660, 540]
cdef double _LEAST_DBM0 = -37.5  # a tone

cdef float[2][22][16] _REFERENCE  # [way][distance from a hop's middle][6 cosines, 6 sines from 8]
cdef float[2][16] _TURN  # the same for the distance between two hops
cdef float _LEAST


cdef struct track:
    int signal  # that sounds, 0 none
    int quiet  # windows without it
    int key  # the signal the last windows looked like
    int run  # how many did, in a row; 0 none
    int64_t since, first, last  # bank time: signal's beginning; ends of windows
    double low, high  # summed power of the tones of lower and higher frequency
    float level_dbm0, twist_db  # of the signal that sounds


cdef void _fill() noexcept:
    cdef int way, i, k
    cdef double turn
    global _LEAST
    for way in range(2):
        for k in range(MFR2_TONES):
            turn = 2 * M_PI * _HZ[way][k] / SAMPLE_RATE
            for i in range(MFR2_HALF):
                _REFERENCE[way][i][k] = cos(turn * (i + 0.5))
                _REFERENCE[way][i][8 + k] = sin(turn * (i + 0.5))
            _TURN[way][k] = cos(turn * MFR2_HOP)
            _TURN[way][8 + k] = sin(turn * MFR2_HOP)
    _LEAST = (peak_of_dbm0(_LEAST_DBM0) * MFR2_WINDOW / 2) ** 2


_fill()


cdef mfr2_bank* mfr2_new(int channels, int set) noexcept nogil:
    cdef mfr2_bank* bank = <mfr2_bank*>calloc(1, sizeof(mfr2_bank))
    cdef size_t row
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    bank.set = set
    bank.tones = 4 if set == MF_BACKWARD_CHINA else MFR2_TONES
    row = 4 * <size_t>bank.cstride
    bank.waiting = <float*>zeroed(MFR2_HOP * row)
    bank.history = <float*>zeroed(MFR2_HOPS * MFR2_ROWS * row)
    bank.power = <float*>zeroed(MFR2_TONES * row)
    bank.enabled = <uint8_t*>zeroed(row)
    bank.tile_on = <uint8_t*>zeroed(row)
    bank.busy = <uint8_t*>zeroed(row)
    bank.candidate = <int32_t*>zeroed(row)
    bank.tracks = zeroed(<size_t>channels * sizeof(track))
    if (bank.waiting == NULL or bank.history == NULL or bank.power == NULL
            or bank.enabled == NULL or bank.tile_on == NULL or bank.busy == NULL
            or bank.candidate == NULL or bank.tracks == NULL):
        mfr2_free(bank)
        return NULL
    return bank


cdef void mfr2_free(mfr2_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.waiting)
    free(bank.history)
    free(bank.power)
    free(bank.enabled)
    free(bank.tile_on)
    free(bank.busy)
    free(bank.candidate)
    free(bank.tracks)
    free(bank)


cdef inline float* _sums(const mfr2_bank* bank, int channel, int age) noexcept nogil:
    """The channel's place in its tile's sums of the newest hop (age 0) or of one before it."""
    cdef int slot = (bank.slot + MFR2_HOPS - age) % MFR2_HOPS
    cdef Py_ssize_t at = (channel // LANES * MFR2_HOPS + slot) * (<int>MFR2_ROWS * LANES)
    return bank.history + at + channel % LANES


cdef inline float* _waiting(const mfr2_bank* bank, int channel) noexcept nogil:
    return bank.waiting + channel // LANES * (<Py_ssize_t>MFR2_HOP * LANES) + channel % LANES


cdef inline float* _power(const mfr2_bank* bank, int channel) noexcept nogil:
    return bank.power + channel // LANES * (<int>MFR2_TONES * LANES) + channel % LANES


cdef void mfr2_reset(mfr2_bank* bank, int channel) noexcept nogil:
    cdef track* t = <track*>bank.tracks + channel
    cdef int row, age
    for age in range(MFR2_HOPS):
        for row in range(MFR2_ROWS):
            _sums(bank, channel, age)[row * LANES] = 0.0
    for row in range(MFR2_HOP):
        _waiting(bank, channel)[row * LANES] = 0.0
    t.signal, t.quiet, t.run = 0, 0, 0
    bank.busy[channel] = False


cdef void mfr2_enable(mfr2_bank* bank, int channel, bint on) noexcept nogil:
    if bank.enabled[channel] == (1 if on else 0):
        return
    mfr2_reset(bank, channel)
    bank.enabled[channel] = 1 if on else 0
    bank.tile_on[channel // LANES] += 1 if on else -1


cdef void _add_window(const mfr2_bank* bank, track* t, int channel) noexcept nogil:
    """Adds the window's powers to the run's; its first may not be full of the signal."""
    cdef int high = 1
    cdef int low
    cdef double a, b
    t.run += 1
    if t.run <= PARTIAL:
        t.low = t.high = 0.0
        return
    while high * (high + 1) // 2 < t.key:
        high += 1
    low = t.key - high * (high - 1) // 2 - 1
    a = _power(bank, channel)[low * LANES]
    b = _power(bank, channel)[high * LANES]
    t.low += a if bank.set == MF_FORWARD else b  # backward tones are numbered downwards
    t.high += b if bank.set == MF_FORWARD else a


cdef int _tell(mfr2_bank* bank, const track* t, int channel, int kind, mfr2_event* out,
               int told, int max_events) noexcept nogil:
    cdef mfr2_event* event
    if told >= max_events:
        bank.dropped += 1
        return told
    event = out + told
    event.channel, event.signal, event.kind, event.at = channel, t.signal, kind, t.since
    event.duration_ms = 0
    if kind == MF_END:
        event.duration_ms = <int>((t.last - TAIL - t.since) * 1000 // SAMPLE_RATE)
    event.level_dbm0, event.twist_db = t.level_dbm0, t.twist_db
    return told + 1


cdef int _follow(mfr2_bank* bank, int channel, int64_t now, mfr2_event* out, int told,
                 int max_events) noexcept nogil:
    """One channel's newest window: goes on with its run and its signal."""
    cdef track* t = <track*>bank.tracks + channel
    cdef int key = bank.candidate[channel]
    bank.busy[channel] = True
    if t.signal:
        if key == t.signal:
            t.last, t.quiet, t.run = now, 0, 0
            return told
        t.quiet += 1
        if t.quiet >= QUIET:
            told = _tell(bank, t, channel, MF_END, out, told, max_events)
            t.signal = 0
    if key == 0:
        t.run = 0
        bank.busy[channel] = t.signal != 0
        return told
    if t.run == 0 or key != t.key:
        t.key, t.first, t.run = key, now, 0
    _add_window(bank, t, channel)
    if t.run >= RUN:
        if t.signal:
            told = _tell(bank, t, channel, MF_END, out, told, max_events)
        t.signal, t.quiet, t.run = key, 0, 0
        t.since, t.last = max(t.first - LEAD, 0), now
        t.twist_db = <float>(10 * log10(t.high / t.low))
        t.level_dbm0 = <float>dbm0_of_mean_square(
            (t.low + t.high) * 2.0 / (<double>MFR2_WINDOW * MFR2_WINDOW) / (RUN - PARTIAL)
        )
        told = _tell(bank, t, channel, MF_START, out, told, max_events)
    return told


cdef bint _look(mfr2_bank* bank, int first, const float* pcm, int cstride) noexcept nogil:
    """A hop of a tile, many of whose channels are on: what each channel's window looks like.

    -> whether any looks like a signal, or one without it would change something
    """
    cdef bint way = bank.set != MF_FORWARD
    mfr2_hop(pcm, cstride, &_REFERENCE[way][0][0], bank.tones, _sums(bank, first, 0))
    return mfr2_window(_sums(bank, first, 2), _sums(bank, first, 1), _sums(bank, first, 0),
                       _TURN[way], bank.tones, _LEAST, _power(bank, first),
                       bank.candidate + first) or mfr2_busy(bank.busy + first)


cdef void _look_at_few(mfr2_bank* bank, int first, const float* pcm,
                       int cstride) noexcept nogil:
    """The same where few are on."""
    cdef bint way = bank.set != MF_FORWARD
    cdef int channel
    for channel in range(first, min(first + LANES, bank.channels)):
        if bank.enabled[channel]:
            mfr2_hop_one(pcm + channel - first, cstride, &_REFERENCE[way][0][0],
                         _sums(bank, channel, 0))
            mfr2_window_one(_sums(bank, channel, 2), _sums(bank, channel, 1),
                            _sums(bank, channel, 0), _TURN[way], bank.tones, _LEAST,
                            _power(bank, channel), bank.candidate + channel)


cdef int _hop(mfr2_bank* bank, const float* pcm, int cstride, int64_t now, mfr2_event* out,
              int told, int max_events) noexcept nogil:
    """A hop is complete, in `pcm` or (NULL) in what waited: looks at the window it ends."""
    cdef int tile, first, channel
    cdef const float* samples
    bank.slot = (bank.slot + 1) % MFR2_HOPS
    for tile in range(bank.cstride // LANES):
        if bank.tile_on[tile] == 0:
            continue
        first = tile * LANES
        samples = _waiting(bank, first)
        if pcm != NULL:
            samples = pcm + first
        if bank.tile_on[tile] > MFR2_FEW:
            if not _look(bank, first, samples, LANES if pcm == NULL else cstride):
                continue
        else:
            _look_at_few(bank, first, samples, LANES if pcm == NULL else cstride)
        for channel in range(first, min(first + LANES, bank.channels)):
            if bank.enabled[channel] and (bank.candidate[channel] or bank.busy[channel]):
                told = _follow(bank, channel, now, out, told, max_events)
    return told


cdef void _keep(mfr2_bank* bank, const float* pcm, int cstride, int n) noexcept nogil:
    """Takes n samples into the unfinished hop."""
    cdef int at = bank.fill * LANES
    cdef int tile, first, channel
    for tile in range(bank.cstride // LANES):
        first = tile * LANES
        if bank.tile_on[tile] > MFR2_FEW:
            mfr2_keep(pcm + first, cstride, n, _waiting(bank, first) + at)
        elif bank.tile_on[tile]:
            for channel in range(first, min(first + LANES, bank.channels)):
                if bank.enabled[channel]:
                    mfr2_keep_one(pcm + channel, cstride, n, _waiting(bank, channel) + at)


cdef int _process(mfr2_bank* bank, const float* pcm, int cstride, int block, mfr2_event* out,
                  int max_events) noexcept nogil:
    """With rows of any length, as long as no tile has more than MFR2_FEW channels on."""
    cdef int done = 0
    cdef int told = 0
    cdef int n
    cdef const float* rows
    while done < block:
        n = min(<int>MFR2_HOP - bank.fill, block - done)
        rows = pcm + <Py_ssize_t>done * cstride
        done += n
        if n < MFR2_HOP:
            _keep(bank, rows, cstride, n)
            rows = NULL
        bank.fill += n
        if bank.fill == MFR2_HOP:
            told = _hop(bank, rows, cstride, bank.now + done, out, told, max_events)
            bank.fill = 0
    bank.now += block
    return told


cdef int mfr2_process(mfr2_bank* bank, const float* pcm, int block, mfr2_event* out,
                      int max_events) noexcept nogil:
    return _process(bank, pcm, bank.cstride, block, out, max_events)


class MfEvent(NamedTuple):
    """A signal that began, or that has ended.

    signal : 1 to 15
    start_ms, duration_ms : since the detector's beginning; a duration of 0 marks a start
    level_dbm0 : of both tones together
    twist_db : positive when the tone of higher frequency is the stronger one
    """

    channel: int
    signal: int
    start_ms: float
    duration_ms: int
    level_dbm0: float
    twist_db: float


def _set(direction, china):
    if direction not in ("forward", "backward"):
        raise ValueError(f"direction must be 'forward' or 'backward', not {direction!r}")
    if direction == "forward":
        return MF_FORWARD
    return MF_BACKWARD_CHINA if china else MF_BACKWARD


cdef class MfDetector:
    """Detector of `channels` channels, all listening.

    channels : int, 1 to 65536
    direction : of the signals to hear: "forward" or "backward"
    china : four backward frequencies, signals 1 to 6; forward ones are everywhere the same
    """

    cdef mfr2_bank* bank
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, direction="forward", *, china=False):
        self.bank = mfr2_new(channel_count(channels), _set(direction, china))
        if self.bank == NULL:
            raise MemoryError("no memory for the MF-R2 detector")
        cdef int channel
        for channel in range(self.bank.channels):
            mfr2_enable(self.bank, channel, True)

    def __dealloc__(self):
        mfr2_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def enable(self, channel, on=True):
        """Listen on `channel` or not; begins afresh. Raises TypeError, IndexError."""
        mfr2_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        mfr2_reset(self.bank, channel_index(channel, self.bank.channels))

    def process(self, pcm):
        """Take one block; gives two events a signal: at its start (duration 0) and at its end.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        block_pcm = pcm_block(pcm, self.bank.channels)
        if self.bank.channels > MFR2_FEW and self.bank.channels != self.bank.cstride:
            block_pcm = pad(block_pcm)
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int row = block_pcm.shape[1]
        cdef int done = 0
        cdef int most = 2 * self.bank.channels
        cdef int n, count, i
        found = []
        cdef uint8_t[::1] room = np.empty(most * sizeof(mfr2_event), dtype=np.uint8)
        cdef mfr2_event* out = <mfr2_event*>&room[0]
        while done < length:
            n = min(<int>PIECE, length - done)
            with nogil:
                count = _process(self.bank, &view[done, 0], row, n, out, most)
            done += n
            for i in range(count):
                found.append(_event(&out[i]))
        return found


cdef inline void _put(made, int place, value) noexcept:
    Py_INCREF(value)
    PyTuple_SET_ITEM(made, place, value)


cdef _event(const mfr2_event* event):
    """The tuple is filled in place: made by its class, it would cost more than it took to find."""
    made = PyType_GenericAlloc(<PyTypeObject*>MfEvent, 6)
    _put(made, 0, event.channel)
    _put(made, 1, event.signal)
    _put(made, 2, event.at * 1000 / <double>SAMPLE_RATE)
    _put(made, 3, event.duration_ms)
    _put(made, 4, event.level_dbm0)
    _put(made, 5, event.twist_db)
    return made


def frequencies(signal, direction="forward", *, china=False):
    """The two frequencies of a signal, Hz, in the order of Q.441.

    signal : 1 to 15; 1 to 6 for China's backward direction
    Raises ValueError for another signal or direction.
    """
    kind = _set(direction, china)
    most = 6 if kind == MF_BACKWARD_CHINA else 15
    if isinstance(signal, bool) or signal not in range(1, most + 1):
        raise ValueError(f"a {direction} signal is 1 to {most}, not {signal!r}")
    hz = FORWARD_HZ if kind == MF_FORWARD else BACKWARD_HZ
    high = next(k for k in range(1, 6) if signal <= k * (k + 1) // 2)
    return hz[signal - high * (high - 1) // 2 - 1], hz[high]


def program(signal, direction="forward", *, china=False, on_ms=0, off_ms=0,
            level_dbm0=SEND_DBM0, twist_db=0.0):
    """A register signal for the tone generator; on_ms 0: until it is stopped, as compelled.

    level_dbm0 : of the tone of lower frequency; the other is `twist_db` stronger
    Raises ValueError for another signal, direction, or values the generator does not take.
    """
    hz = tuple(sorted(frequencies(signal, direction, china=china)))
    levels = (level_dbm0, level_dbm0 + twist_db)
    name = f"mfr2 {direction} {signal}"
    return Program.from_segments([Segment(hz, on_ms, off_ms, levels)], name=name)


def decode(samples, direction="forward", *, china=False):
    """The signals in a recording, as a list of int.

    samples : 1-D array of numbers, linear ±32768, 8000 Hz
    Raises ValueError for another shape, NaN, infinity or another direction.
    """
    values = np.asarray(samples, dtype=np.float32)
    if values.ndim != 1:
        raise ValueError(f"samples must have one dimension, not {values.ndim}")
    silence = np.zeros(SAMPLE_RATE // 10, dtype=np.float32)  # lets the last signal end
    pcm = np.concatenate([values, silence])[:, np.newaxis]
    events = MfDetector(1, direction, china=china).process(pcm)
    return [event.signal for event in events if event.duration_ms == 0]
