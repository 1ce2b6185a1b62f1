"""Tone generator: up to four sines a segment, cadences, DTMF strings; one program a channel.

What: a program is a list of segments (frequencies with a level each, on, off) that is played once
or goes on from `repeat_from`. Sound is added into pcm.
How: the phase of each oscillator is a 32-bit fraction of a turn and the sine a polynomial, so there
is no drift of amplitude, and a frequency is right to 1 µHz however long the tone lasts. Segment
borders fall on exact samples; a tile of 16 channels is run from one border to the next. A burst
begins at phase 0; where two segments join without a pause, equal frequencies go on unbroken.
Limits: 32 segments, frequencies below 4000 Hz, harmonic distortion under -120 dB before G.711.
Source: cadences as in ITU-T E.180; DTMF frequencies of Q.23.
"""

from libc.math cimport floor
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dsp_ext.units cimport LANES, SAMPLE_RATE, padded, peak_of_dbm0, zeroed
from dsp_ext.units import FULL_SCALE_DBM0, channel_count, channel_index

cdef extern from "tone.h":
    void tone_run(uint32_t* phase, const uint32_t* step, const float* amplitude, int row,
                  int voices, float* pcm, int cstride, int n) noexcept nogil

cdef enum:
    IDLE = 0
    ON = 1
    OFF = 2
    ENDED = 3
    FOREVER = -1  # `left` of a continuous segment

DTMF_KEYS = "123A456B789C*0#D"
DTMF_LOW_HZ = (697, 770, 852, 941)
DTMF_HIGH_HZ = (1209, 1336, 1477, 1633)
LONGEST_MS = 24 * 3600 * 1000


cdef tone_bank* tone_new(int channels) noexcept nogil:
    cdef tone_bank* bank = <tone_bank*>calloc(1, sizeof(tone_bank))
    cdef size_t row
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    row = 4 * <size_t>bank.cstride
    bank.phase = <uint32_t*>zeroed(TONE_FREQUENCIES * row)
    bank.step = <uint32_t*>zeroed(TONE_FREQUENCIES * row)
    bank.amplitude = <float*>zeroed(TONE_FREQUENCIES * row)
    bank.left = <int32_t*>zeroed(row)
    bank.tile_active = <int32_t*>zeroed(row)
    bank.state = <uint8_t*>zeroed(row)
    bank.index = <int32_t*>zeroed(row)
    bank.count = <int32_t*>zeroed(row)
    bank.programs = <tone_program*>zeroed(<size_t>channels * sizeof(tone_program))
    if (bank.phase == NULL or bank.step == NULL or bank.amplitude == NULL or bank.left == NULL
            or bank.tile_active == NULL or bank.state == NULL or bank.index == NULL
            or bank.count == NULL or bank.programs == NULL):
        tone_free(bank)
        return NULL
    return bank


cdef void tone_free(tone_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.phase)
    free(bank.step)
    free(bank.amplitude)
    free(bank.left)
    free(bank.tile_active)
    free(bank.state)
    free(bank.index)
    free(bank.count)
    free(bank.programs)
    free(bank)


cdef uint32_t _step(float hz) noexcept nogil:
    return <uint32_t><long long>floor(hz * (4294967296.0 / SAMPLE_RATE) + 0.5)


cdef void _hush(tone_bank* bank, int channel) noexcept nogil:
    cdef int v
    for v in range(TONE_FREQUENCIES):
        bank.amplitude[v * bank.cstride + channel] = 0.0


cdef void _sound(tone_bank* bank, int channel, bint joined) noexcept nogil:
    """Begins the segment at `index`; `joined` when the one before has just been sounding."""
    cdef const tone_segment* segment = &bank.programs[channel].seg[bank.index[channel]]
    cdef int v, place
    cdef uint32_t step
    cdef int before = bank.count[channel] if joined else 0
    for v in range(TONE_FREQUENCIES):
        place = v * bank.cstride + channel
        if v < segment.count:
            step = _step(segment.hz[v])
            if v >= before or step != bank.step[place]:
                bank.phase[place] = 0
            bank.step[place] = step
            bank.amplitude[place] = segment.amplitude[v]
        else:
            bank.amplitude[place] = 0.0
    bank.count[channel] = segment.count
    bank.state[channel] = ON
    bank.left[channel] = segment.on if segment.on > 0 else FOREVER


cdef void _settle(tone_bank* bank, int channel, int state) noexcept nogil:
    """Takes a sounding channel out of its tile: to IDLE or ENDED."""
    if tone_active(bank, channel):
        bank.tile_active[channel // LANES] -= 1
    elif bank.state[channel] == ENDED:
        bank.pending -= 1
    _hush(bank, channel)
    bank.state[channel] = state
    bank.left[channel] = FOREVER
    if state == ENDED:
        bank.pending += 1


cdef void _advance(tone_bank* bank, int channel) noexcept nogil:
    """Goes on to what follows, its time being up."""
    cdef const tone_program* program = &bank.programs[channel]
    cdef int off = program.seg[bank.index[channel]].off
    cdef bint sounding = bank.state[channel] == ON
    if sounding and off > 0:
        _hush(bank, channel)
        bank.state[channel] = OFF
        bank.left[channel] = off
        return
    bank.index[channel] += 1
    if bank.index[channel] >= program.segments:
        if program.repeat_from < 0:
            _settle(bank, channel, ENDED)
            return
        bank.index[channel] = program.repeat_from
    _sound(bank, channel, sounding)


cdef void tone_start(tone_bank* bank, int channel, const tone_program* program) noexcept nogil:
    _settle(bank, channel, IDLE)
    bank.programs[channel] = program[0]
    bank.index[channel] = 0
    if program.segments <= 0:
        _settle(bank, channel, ENDED)
        return
    bank.tile_active[channel // LANES] += 1
    _sound(bank, channel, False)


cdef void tone_stop(tone_bank* bank, int channel) noexcept nogil:
    _settle(bank, channel, IDLE)


cdef bint tone_active(tone_bank* bank, int channel) noexcept nogil:
    return bank.state[channel] == ON or bank.state[channel] == OFF


cdef void _tile(tone_bank* bank, int first, float* pcm, int cstride, int block) noexcept nogil:
    cdef int done = 0
    cdef int n, c, voices
    while done < block:
        n, voices = block - done, 0
        for c in range(first, first + LANES):
            if bank.left[c] > 0 and bank.left[c] < n:
                n = bank.left[c]
            if bank.state[c] == ON and bank.count[c] > voices:
                voices = bank.count[c]
        tone_run(bank.phase + first, bank.step + first, bank.amplitude + first, bank.cstride,
                 voices, pcm + <Py_ssize_t>done * cstride, cstride, n)
        for c in range(first, first + LANES):
            if bank.left[c] > 0:
                bank.left[c] -= n
                if bank.left[c] == 0:
                    _advance(bank, c)
        done += n


cdef int tone_process(tone_bank* bank, float* pcm_add, int cstride, int block,
                      int* done_channels, int max) noexcept nogil:
    cdef int tile, channel
    cdef int told = 0
    for tile in range(bank.cstride // LANES):
        if bank.tile_active[tile] > 0:
            _tile(bank, tile * LANES, pcm_add + tile * LANES, cstride, block)
    if bank.pending > 0:
        for channel in range(bank.channels):
            if bank.state[channel] == ENDED and told < max:
                done_channels[told] = channel
                told += 1
                _settle(bank, channel, IDLE)
    return told


class Segment(NamedTuple):
    """Part of a program.

    hz : up to 4 frequencies, 0 < hz < 4000; none is silence
    on_ms : time of sound; 0 is continuous
    off_ms : silence after it
    level_dbm0 : of each frequency, or one level for all of them; up to +3.14
    """

    hz: tuple
    on_ms: float = 0
    off_ms: float = 0
    level_dbm0: object = -10.0


def _samples(ms, str what):
    number = float(ms)
    if not math.isfinite(number) or not 0 <= number <= LONGEST_MS:
        raise ValueError(f"{what} must be 0 to {LONGEST_MS} ms, not {ms!r}")
    return round(number * SAMPLE_RATE / 1000)


def _levels(segment):
    level = segment.level_dbm0
    count = len(segment.hz)
    levels = tuple(level) if isinstance(level, Iterable) else (level,) * count
    if len(levels) != count:
        raise ValueError(f"{count} frequencies need as many levels, not {len(levels)}")
    for each in levels:
        if not math.isfinite(each) or each > FULL_SCALE_DBM0:
            raise ValueError(f"level_dbm0 must be at most {FULL_SCALE_DBM0}, not {each!r}")
    return levels


cdef _fill(tone_segment* target, segment):
    if len(segment.hz) > TONE_FREQUENCIES:
        raise ValueError(f"a segment has at most 4 frequencies, not {len(segment.hz)}")
    target.count = len(segment.hz)
    target.on = _samples(segment.on_ms, "on_ms")
    target.off = _samples(segment.off_ms, "off_ms")
    if segment.on_ms > 0 and target.on == 0:
        raise ValueError(f"on_ms {segment.on_ms!r} is shorter than a sample")
    cdef int v
    for v, (hz, level) in enumerate(zip(segment.hz, _levels(segment))):
        if not 0 < hz < SAMPLE_RATE / 2:
            raise ValueError(f"a frequency must lie between 0 and 4000 Hz, not {hz!r}")
        target.hz[v] = hz
        target.amplitude[v] = peak_of_dbm0(level)


cdef class Program:
    """What a channel is to sound; made once, given to any number of channels."""

    def __init__(self):
        raise TypeError("use Program.from_segments or Program.dtmf")

    @staticmethod
    def from_segments(segments, *, repeat_from=None, name=""):
        """A program of 1 to 32 segments.

        segments : of Segment, or tuples in its order: (hz, on_ms, off_ms, level_dbm0)
        repeat_from : index of the segment to go on from after the last; None plays once
        Raises ValueError for anything outside the limits, TypeError for what is no segment.
        """
        parts = [Segment(*part) for part in segments]
        parts = [part._replace(hz=tuple(part.hz)) for part in parts]
        if not 1 <= len(parts) <= TONE_SEGMENTS:
            raise ValueError(f"a program has 1 to {TONE_SEGMENTS} segments, not {len(parts)}")
        if repeat_from is not None and not 0 <= repeat_from < len(parts):
            raise ValueError(f"repeat_from must be 0 to {len(parts) - 1}, not {repeat_from!r}")
        cdef Program program = Program.__new__(Program)
        cdef int index
        memset(&program.raw, 0, sizeof(tone_program))
        program.name = name
        program.raw.segments = len(parts)
        program.raw.repeat_from = -1 if repeat_from is None else repeat_from
        for index, part in enumerate(parts):
            _fill(&program.raw.seg[index], part)
        return program

    @staticmethod
    def dtmf(digits, *, on_ms=80, off_ms=80, level_dbm0=-9.0, twist_db=0.0):
        """A DTMF string of 1 to 32 keys, played once.

        digits : of 0-9 * # A-D (or a-d)
        level_dbm0 : of the low tone; the high tone is `twist_db` stronger
        Raises ValueError for other characters and values outside the limits.
        """
        parts = []
        for key in str(digits).upper():
            place = DTMF_KEYS.find(key)
            if place < 0:
                raise ValueError(f"{key!r} is no DTMF key; those are 0-9 * # A-D")
            hz = (DTMF_LOW_HZ[place // 4], DTMF_HIGH_HZ[place % 4])
            parts.append(Segment(hz, on_ms, off_ms, (level_dbm0, level_dbm0 + twist_db)))
        if _samples(on_ms, "on_ms") == 0:
            raise ValueError("on_ms of a DTMF key must be more than 0")
        return Program.from_segments(parts, name="dtmf")

    @property
    def repeats(self):
        """Whether it sounds until it is stopped."""
        return self.duration_ms is None

    @property
    def duration_ms(self):
        """Its length in ms, or None when it sounds until it is stopped."""
        cdef int index
        cdef long long total = 0
        if self.raw.repeat_from >= 0:
            return None
        for index in range(self.raw.segments):
            if self.raw.seg[index].on == 0:
                return None
            total += self.raw.seg[index].on + self.raw.seg[index].off
        return total * 1000 / SAMPLE_RATE

    def __repr__(self):
        return f"<Program {self.name or 'unnamed'}, {self.raw.segments} segments>"


cdef class ToneGenerator:
    """Programs on `channels` channels, heard as pcm.

    channels : int, 1 to 65536
    """

    cdef tone_bank* bank

    def __cinit__(self, channels):
        self.bank = tone_new(channel_count(channels))
        if self.bank == NULL:
            raise MemoryError("no memory for the tone generator")

    def __dealloc__(self):
        tone_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def start(self, channel, Program program not None):
        """Sound `program` from its beginning. Raises TypeError, IndexError."""
        tone_start(self.bank, channel_index(channel, self.bank.channels), &program.raw)

    def stop(self, channel):
        """Be silent from the next block on. Raises TypeError, IndexError."""
        tone_stop(self.bank, channel_index(channel, self.bank.channels))

    def active(self, channel):
        """Whether a program is on, be it in a pause. Raises TypeError, IndexError."""
        return bool(tone_active(self.bank, channel_index(channel, self.bank.channels)))

    def process(self, block):
        """The next `block` samples: float32 ndarray of shape (block, channels).

        Raises ValueError for a negative length.
        """
        cdef int n = block
        if n < 0:
            raise ValueError(f"block must not be negative: {block}")
        pcm = np.zeros((n, self.bank.cstride), dtype=np.float32)
        ended = np.empty(self.bank.channels, dtype=np.intc)
        cdef float[:, ::1] view = pcm
        cdef int[::1] done = ended
        if n:
            with nogil:
                tone_process(self.bank, &view[0, 0], self.bank.cstride, n, &done[0],
                             self.bank.channels)
        return np.ascontiguousarray(pcm[:, : self.bank.channels])
