"""Voice detector: who speaks, on every channel, and how long nobody has.

What: speech yes or no each 10 ms, told when it changes; a pause counts once it has lasted the
hangover (250 ms unless said otherwise); how long a channel has been silent, which is what a silence
disconnect asks for.
How: the power below and above 900 Hz, each beside its own noise floor (level.pyx): white and line
noise fill both, a voice mostly one of them, and so it is seen where all of it together is not. 30 ms
in a row of 3.4 dB above either floor begin speech; while it lasts 20 ms of 2.8 dB are enough.
Limits: tells speech from steady noise, not from music, tones or other people's voices. Nothing below
-58 dBm0 is speech. Noise that rises at once counts as speech until the floor has followed, 1.8 s.
Source: the levels and hangover of ITU-T P.56 and G.729 Annex B were its models; the method is ours.
Memory: 158 bytes a channel.
"""

from libc.stdint cimport int16_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free

from dataclasses import dataclass

import numpy as np

from dsp_ext.level cimport noise_free, noise_new, noise_power, noise_reset, noise_unit
from dsp_ext.units cimport SAMPLE_RATE, padded, peak_of_dbm0, zeroed
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "vad.h":
    enum:
        VAD_STATES
    void vad_bands(const float* pcm, int cstride, int block, float* state, float* low, float* high,
                   float* all) noexcept nogil

cdef float _BEGIN = 2.2  # times the floor
cdef float _STAY = 1.9
cdef float _LEAST = peak_of_dbm0(-58.0) ** 2 / 2 / 2.2  # floor of the floors
cdef enum:
    ATTACK = 3  # units in a row that begin speech, and
    AGAIN = 2  # that keep it on: noise alone passes _STAY for one now and then


cdef vad_bank* vad_new(int channels, int hang_ms) noexcept nogil:
    cdef vad_bank* bank = <vad_bank*>calloc(1, sizeof(vad_bank))
    cdef size_t row
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride = channels, padded(channels)
    bank.hang = max(1, hang_ms * SAMPLE_RATE // 1000 // VAD_UNIT)
    row = bank.cstride * sizeof(float)
    bank.low_floor, bank.high_floor = noise_new(channels), noise_new(channels)
    bank.state, bank.low = <float*>zeroed(row * VAD_STATES), <float*>zeroed(row)
    bank.high, bank.all = <float*>zeroed(row), <float*>zeroed(row)
    bank.power, bank.low_power = <float*>zeroed(row), <float*>zeroed(row)
    bank.high_power = <float*>zeroed(row)
    bank.loud, bank.speaking = <uint8_t*>zeroed(bank.cstride), <uint8_t*>zeroed(bank.cstride)
    bank.run, bank.left = <int16_t*>zeroed(row // 2), <int16_t*>zeroed(row // 2)
    bank.since = <int64_t*>zeroed(row * 2)
    if (bank.low_floor == NULL or bank.high_floor == NULL or bank.state == NULL or bank.low == NULL
            or bank.high == NULL or bank.all == NULL or bank.power == NULL
            or bank.low_power == NULL or bank.high_power == NULL or bank.loud == NULL
            or bank.speaking == NULL or bank.run == NULL or bank.left == NULL
            or bank.since == NULL):
        vad_free(bank)
        return NULL
    return bank


cdef void vad_free(vad_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    noise_free(bank.low_floor)
    noise_free(bank.high_floor)
    free(bank.state)
    free(bank.low)
    free(bank.high)
    free(bank.all)
    free(bank.power)
    free(bank.low_power)
    free(bank.high_power)
    free(bank.loud)
    free(bank.speaking)
    free(bank.run)
    free(bank.left)
    free(bank.since)
    free(bank)


cdef void vad_reset(vad_bank* bank, int channel) noexcept nogil:
    cdef int k
    noise_reset(bank.low_floor, channel)
    noise_reset(bank.high_floor, channel)
    for k in range(VAD_STATES):
        bank.state[k * bank.cstride + channel] = 0.0
    bank.low[channel] = bank.high[channel] = bank.all[channel] = 0.0
    bank.power[channel] = bank.low_power[channel] = bank.high_power[channel] = 0.0
    bank.loud[channel] = bank.speaking[channel] = False
    bank.run[channel] = bank.left[channel] = 0
    bank.since[channel] = bank.now


cdef int _judge(vad_bank* bank, int c) noexcept nogil:
    """One unit of one channel: 1 when speech begins, -1 when it ends, 0 otherwise."""
    cdef float low = max(noise_power(bank.low_floor, c), _LEAST)
    cdef float high = max(noise_power(bank.high_floor, c), _LEAST)
    cdef float times = _STAY if bank.speaking[c] else _BEGIN
    # the unit itself must be loud too: a click only echoes in the smoothed power
    bank.loud[c] = ((bank.low_power[c] > times * low and bank.low[c] > low)
                    or (bank.high_power[c] > times * high and bank.high[c] > high))
    bank.run[c] = min(bank.run[c] + 1, ATTACK) if bank.loud[c] else 0
    if bank.run[c] == ATTACK or (bank.run[c] >= AGAIN and bank.speaking[c]):
        bank.left[c] = bank.hang
        if not bank.speaking[c]:
            bank.speaking[c] = True
            return 1
    elif bank.speaking[c]:
        bank.left[c] -= 1
        if bank.left[c] <= 0:
            bank.speaking[c] = False
            return -1
    return 0


cdef int _unit(vad_bank* bank, int64_t at, vad_event* out, int told, int most) noexcept nogil:
    cdef float scale = 1.0 / VAD_UNIT
    cdef int c, change
    for c in range(bank.cstride):
        bank.low[c] *= scale
        bank.high[c] *= scale
        bank.power[c] = bank.all[c] * scale
        bank.low_power[c] += 0.5 * (bank.low[c] - bank.low_power[c])
        bank.high_power[c] += 0.5 * (bank.high[c] - bank.high_power[c])
    noise_unit(bank.low_floor, bank.low)
    noise_unit(bank.high_floor, bank.high)
    for c in range(bank.channels):
        change = _judge(bank, c)
        if change == 0:
            continue
        bank.since[c] = at - (ATTACK if change > 0 else bank.hang) * VAD_UNIT
        if out != NULL and told < most:
            out[told].channel, out[told].speaking, out[told].at = c, change > 0, at
            out[told].since = bank.since[c]
            told += 1
    for c in range(bank.cstride):
        bank.low[c] = bank.high[c] = bank.all[c] = 0.0
    return told


cdef int vad_process(vad_bank* bank, const float* pcm, int block, vad_event* out,
                     int max_events) noexcept nogil:
    cdef int done = 0
    cdef int told = 0
    cdef int n
    while done < block:
        n = min(VAD_UNIT - bank.fill, block - done)
        vad_bands(pcm + <Py_ssize_t>done * bank.cstride, bank.cstride, n, bank.state, bank.low,
                  bank.high, bank.all)
        bank.fill += n
        done += n
        bank.now += n
        if bank.fill == VAD_UNIT:
            bank.fill = 0
            told = _unit(bank, bank.now, out, told, max_events)
    return told


cdef int64_t vad_silent(const vad_bank* bank, int channel) noexcept nogil:
    return 0 if bank.speaking[channel] else bank.now - max(bank.since[channel], <int64_t>0)


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """Speech began or ended on a channel. `at_ms`: when that was sure, in the detector's time."""

    channel: int
    speaking: bool
    at_ms: float


cdef class VoiceDetector:
    """Voice detector of `channels` channels.

    channels : int, 1 to 65536
    hangover_ms : int, 10 to 5000; how long a pause lasts before it counts
    Raises TypeError, ValueError.
    """

    cdef vad_bank* bank
    block = VAD_UNIT  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, *, hangover_ms=250):
        cdef int count = channel_count(channels)
        if isinstance(hangover_ms, bool) or not isinstance(hangover_ms, int):
            raise TypeError(f"hangover_ms must be an int, not {type(hangover_ms).__name__}")
        if not 10 <= hangover_ms <= 5000:
            raise ValueError(f"hangover_ms must be 10 to 5000, not {hangover_ms}")
        self.bank = vad_new(count, hangover_ms)
        if self.bank == NULL:
            raise MemoryError("no memory for the voice detector")

    def __dealloc__(self):
        vad_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def process(self, pcm):
        """Take one block; gives what changed in it, as a list of VoiceEvent.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        padded_pcm = pad(pcm_block(pcm, self.bank.channels))
        cdef const float[:, ::1] view = padded_pcm
        cdef int length = padded_pcm.shape[0]
        cdef int done = 0
        cdef int n, count, i
        cdef vad_event* out = <vad_event*>calloc(self.bank.channels, sizeof(vad_event))
        if out == NULL:
            raise MemoryError("no memory for voice events")
        found = []
        try:
            while done < length:
                n = min(VAD_UNIT, length - done)
                with nogil:
                    count = vad_process(self.bank, &view[done, 0], n, out, self.bank.channels)
                done += n
                for i in range(count):
                    at_ms = out[i].at * 1000 / <double>SAMPLE_RATE
                    found.append(VoiceEvent(out[i].channel, out[i].speaking, at_ms))
        finally:
            free(out)
        return found

    def speaking(self):
        """bool ndarray of shape (channels,): who speaks, the hangover counted in."""
        return np.array([self.bank.speaking[c] != 0 for c in range(self.bank.channels)], dtype=bool)

    def silent_ms(self):
        """float64 ndarray of shape (channels,): time since speech was last heard; 0 while it is."""
        samples = [vad_silent(self.bank, c) for c in range(self.bank.channels)]
        return np.array(samples, dtype=np.float64) * 1000 / SAMPLE_RATE

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        vad_reset(self.bank, channel_index(channel, self.bank.channels))
