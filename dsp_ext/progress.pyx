"""Call-progress detector for many channels: what a caller is told while a call is set up.

What: tells dial tone, ring-back, busy, congestion and the other tones of a national plan, special
information tones, fax calling (CNG) and answer (CED), modem answer with phase reversals, and voice;
learns a busy tone the plan does not know by its steady cadence. It frames for itself.
How: each 2.5 ms the band of 400 Hz in which the plan's tones lie becomes one complex value; the last
16 of them give, every 10 ms, a spectrum of 25 Hz steps. The tone of the plan that holds most of
all energy is the window's sound. 950, 1100, 1400, 1800 and 2100 Hz are correlated apart; how their
phase advances from one 5 ms to the next gives frequency and purity. A sound that lasts is a step,
timed by where it passes half its power; cadence.pyx matches the steps with the plan's patterns.
Limits: from -43 dBm0; ±26 Hz about a plan's frequency (less where another is near); a tone must hold
68 % of all energy; steps of 40 ms and more, ±15 % and 15 ms; pauses may hold noise 8 dB below the tone.
Source: ITU-T E.180 (cadences; special information tone, clause 6), T.30 clause 4 (CNG, CED), V.25 and
G.168 (2100 Hz with reversals each 450 ms); the plans' own sources are in tone_plans.toml.
"""

from libc.math cimport M_PI, atan2, cos, fabs, floor, sin
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from dsp_ext.cadence cimport cadence_pattern
from dsp_ext.progress_track cimport (
    PROGRESS_BEGIN, SOUND_2100, SOUND_ANY, SOUND_HIGH, SOUND_OTHER,
    TONE_CED, TONE_CNG, TONE_LEARNED, TONE_MODEM, TONE_SIT, TONE_VOICE,
    progress_event,
    progress_track,
    progress_window,
    same_sound,
    track_follow,
    track_reset,
)
from dsp_ext.units cimport (
    LANES, SAMPLE_RATE, dbm0_of_mean_square, padded, peak_of_dbm0, zeroed
)
from dsp_ext import tone_plan
from dsp_ext.progress_plan import HEARD, ProgressEvent, compile_plan
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "progress.h":
    enum:
        PROGRESS_UNIT
        PROGRESS_FOLD
        PROGRESS_HALF
        PROGRESS_CHUNK
        PROGRESS_BINS
        PROGRESS_HOPS
        PROGRESS_BANDS
    void progress_unit(const float* pcm, int cstride, const float* low, const float* high,
                       int bands, float* chunk, float* band, float* energy) noexcept nogil
    void progress_advance(const float* band, int bands, int cstride, float* last,
                          float* advance) noexcept nogil
    void progress_spectrum(const float* chunk, int cstride, const float* weight,
                           float* bins) noexcept nogil
    void progress_low(const float* bins, int cstride, const progress_signature* signatures,
                      int count, const float* power, float* tone, int32_t* sound) noexcept nogil
    void progress_high(const float* advance, int hop_rows, int cstride, const float* turn,
                       float limit, int number, float* tone, int32_t* sound) noexcept nogil

cdef enum:
    HOP = 80
    WINDOW = 320

cdef double[5] _HIGH_HZ
_HIGH_HZ[:] = [950, 1400, 1800, 1100, 2100]
cdef double[5] _HIGH_REACH_HZ  # E.180: ±50; T.30: ±38 and, widened, ±15
_HIGH_REACH_HZ[:] = [52, 52, 52, 40, 36]

cdef float _SHARE = 0.68  # of a tone in all energy when it begins
cdef float _PAUSE = 0.16  # energy in a pause, of the tone's
cdef float _FAINT = 0.04  # of the last tone, so that it is another and not its end
cdef float _LEAST = peak_of_dbm0(-43.0) ** 2 / 2 * WINDOW
cdef float[5][2] _TURN
cdef float[5] _LIMIT


cdef void _fill() noexcept:
    cdef int b
    for b in range(PROGRESS_BANDS):
        _TURN[b][0] = cos(2 * M_PI * _HIGH_HZ[b] * PROGRESS_UNIT / SAMPLE_RATE)
        _TURN[b][1] = sin(2 * M_PI * _HIGH_HZ[b] * PROGRESS_UNIT / SAMPLE_RATE)
        _LIMIT[b] = cos(2 * M_PI * _HIGH_REACH_HZ[b] * PROGRESS_UNIT / SAMPLE_RATE)


_fill()


cdef double _gain(double offset_hz) noexcept nogil:
    """What a chunk keeps of a tone's amplitude so far from the centre of the band."""
    cdef double x = M_PI * offset_hz / SAMPLE_RATE
    if fabs(x) < 1e-9:
        return 1.0
    return sin(PROGRESS_CHUNK * x) / (PROGRESS_CHUNK * sin(x))


cdef void _references(progress_bank* bank) noexcept nogil:
    cdef int i, b
    cdef double at, hz, band
    cdef double spread = SAMPLE_RATE / <double>PROGRESS_CHUNK
    for i in range(PROGRESS_HALF):
        at = 2 * M_PI * bank.plan.centre_hz / SAMPLE_RATE * (PROGRESS_HALF - 0.5 - i)
        bank.low[i], bank.low[PROGRESS_HALF + i] = cos(at), sin(at)
    for b in range(PROGRESS_BANDS):
        for i in range(PROGRESS_FOLD):
            at = 2 * M_PI * _HIGH_HZ[b] / SAMPLE_RATE * (PROGRESS_FOLD - 0.5 - i)
            bank.high[2 * PROGRESS_FOLD * b + i] = cos(at)
            bank.high[2 * PROGRESS_FOLD * b + PROGRESS_FOLD + i] = sin(at)
    for i in range(PROGRESS_BINS):
        hz = i * spread / PROGRESS_BINS - bank.plan.centre_hz
        band = hz - spread * floor(hz / spread + 0.5)  # the frequency of this bin next the centre
        bank.weight[i] = 2.0 / (WINDOW * _gain(band) ** 2)


cdef progress_bank* progress_new(int channels, const progress_plan* plan) noexcept nogil:
    cdef progress_bank* bank = <progress_bank*>calloc(1, sizeof(progress_bank))
    cdef size_t row
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride, bank.plan = channels, padded(channels), plan[0]
    row = 4 * <size_t>bank.cstride
    bank.carry = <float*>zeroed(PROGRESS_UNIT * row)
    bank.chunk = <float*>zeroed(2 * PROGRESS_BINS * row)
    bank.band = <float*>zeroed(2 * PROGRESS_BANDS * row)
    bank.last = <float*>zeroed(2 * PROGRESS_BANDS * row)
    bank.advance = <float*>zeroed(2 * PROGRESS_BANDS * PROGRESS_HOPS * row)
    bank.energy = <float*>zeroed(PROGRESS_HOPS * row)
    bank.bins = <float*>zeroed(PROGRESS_BINS * row)
    bank.power = <float*>zeroed(row)
    bank.tone = <float*>zeroed(row)
    bank.sound = <int32_t*>zeroed(row)
    bank.enabled = <uint8_t*>zeroed(row)
    bank.tile_on = <uint8_t*>zeroed(row)
    bank.tracks = <progress_track*>zeroed(<size_t>channels * sizeof(progress_track))
    if (bank.carry == NULL or bank.chunk == NULL or bank.band == NULL or bank.last == NULL
            or bank.advance == NULL or bank.energy == NULL or bank.bins == NULL
            or bank.power == NULL or bank.tone == NULL or bank.sound == NULL
            or bank.enabled == NULL or bank.tile_on == NULL or bank.tracks == NULL):
        progress_free(bank)
        return NULL
    _references(bank)
    for channel in range(channels):
        bank.tracks[channel].learning = True
        progress_reset(bank, channel)
    return bank


cdef void progress_free(progress_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.carry)
    free(bank.chunk)
    free(bank.band)
    free(bank.last)
    free(bank.advance)
    free(bank.energy)
    free(bank.bins)
    free(bank.power)
    free(bank.tone)
    free(bank.sound)
    free(bank.enabled)
    free(bank.tile_on)
    free(bank.tracks)
    free(bank)


cdef inline void _silence(float* rows, int count, int cstride, int channel) noexcept nogil:
    cdef int row
    for row in range(count):
        rows[row * cstride + channel] = 0.0


cdef void progress_reset(progress_bank* bank, int channel) noexcept nogil:
    """Forgets what the channel had, but for what it has learned."""
    track_reset(&bank.tracks[channel])
    _silence(bank.carry, PROGRESS_UNIT, bank.cstride, channel)
    _silence(bank.chunk, 2 * PROGRESS_BINS, bank.cstride, channel)
    _silence(bank.last, 2 * PROGRESS_BANDS, bank.cstride, channel)
    _silence(bank.advance, 2 * PROGRESS_BANDS * PROGRESS_HOPS, bank.cstride, channel)
    _silence(bank.energy, PROGRESS_HOPS, bank.cstride, channel)


cdef void progress_enable(progress_bank* bank, int channel, bint on) noexcept nogil:
    if bank.enabled[channel] == (1 if on else 0):
        return
    progress_reset(bank, channel)
    bank.enabled[channel] = 1 if on else 0
    bank.tile_on[channel // LANES] += 1 if on else -1


cdef void progress_learn(progress_bank* bank, int channel, bint on) noexcept nogil:
    bank.tracks[channel].learning = on


cdef int _unknown(const progress_bank* bank, int channel, float power, float* tone) noexcept nogil:
    """The tone or pair of tones, not the plan's, that fills this window; 0 when none does."""
    cdef float[16] near
    cdef int k
    cdef int top = 0
    cdef int other = 0
    cdef int lowest = <int>((bank.plan.centre_hz - 200) * PROGRESS_BINS / 400) + 1
    cdef const float* bins = bank.bins + channel
    cdef int row = bank.cstride
    for k in range(PROGRESS_BINS):
        near[k] = (bins[(k - 1 & 15) * row] + bins[k * row]) + bins[(k + 1 & 15) * row]
        if near[k] > near[top]:
            top = k
    other = top + 3 & 15
    for k in range(4, PROGRESS_BINS - 2):
        if near[top + k & 15] > near[other]:
            other = top + k & 15
    tone[0] = near[top]
    if near[other] > 0.1 * near[top]:
        tone[0] += near[other]
        if (other - lowest & 15) < (top - lowest & 15):
            top = other  # a pair goes by its lower tone
    return SOUND_ANY + top if tone[0] > 0.8 * power else 0


cdef void _phase(const progress_bank* bank, int channel, progress_window* window) noexcept nogil:
    """Where 2100 Hz stands at the window's end, and how far it goes in a unit."""
    cdef int row = bank.cstride
    cdef int at = 2 * (SOUND_2100 - SOUND_HIGH) * row + channel
    cdef int hop = 2 * PROGRESS_BANDS * row
    cdef double re = 0.0
    cdef double im = 0.0
    cdef int h
    for h in range(PROGRESS_HOPS):
        re += bank.advance[h * hop + at]
        im += bank.advance[h * hop + at + row]
    window.phase = atan2(bank.last[at + row], bank.last[at])
    window.step = atan2(im, re)


cdef inline float _half(const progress_bank* bank, int sound) noexcept nogil:
    """Of a tone's energy: with less it has ended."""
    if sound >= SOUND_HIGH:
        return 0.5
    if bank.plan.signature[sound - 1].beats:
        return 0.15  # it may be that quiet for a window
    return 0.4 if bank.plan.signature[sound - 1].second else 0.5  # one of a pair may go on


cdef int _heard(const progress_bank* bank, const progress_track* t, int channel,
                float* energy) noexcept nogil:
    """What this window holds; `energy` is that of its tone."""
    cdef float power = bank.power[channel]
    cdef float reference = t.level if t.past.open_sound else t.last_level
    cdef int sound = bank.sound[channel]
    energy[0] = bank.tone[channel]
    if power < _LEAST:
        return 0
    if sound == 0:
        sound = _unknown(bank, channel, power, energy)
    if sound and same_sound(sound, t.past.open_sound):
        return t.past.open_sound if energy[0] >= _half(bank, sound) * t.level else 0
    if sound and energy[0] >= _SHARE * power and energy[0] >= _FAINT * reference:
        return sound
    if 0 < t.past.open_sound < SOUND_OTHER and t.gone < 4 and power < 0.6 * reference:
        return 0  # both ends of a short pause in one window are no pure tone
    return 0 if power < _PAUSE * reference else SOUND_OTHER


cdef int _follow(progress_bank* bank, int channel, int64_t now, progress_event* out, int told,
                 int max_events) noexcept nogil:
    """One channel's newest window; -> events written so far."""
    cdef progress_track* t = &bank.tracks[channel]
    cdef progress_window window
    cdef progress_event[2] events
    cdef int count, i
    window.sound = _heard(bank, t, channel, &window.energy)
    window.power = bank.power[channel]
    if window.sound == SOUND_2100 or t.past.open_sound == SOUND_2100:
        _phase(bank, channel, &window)
    count = track_follow(t, &bank.plan.cadences, &window, now, events)
    for i in range(count):
        if told >= max_events:
            bank.dropped += 1
            continue
        out[told] = events[i]
        out[told].channel = channel
        told += 1
    return told


cdef int _hop(progress_bank* bank, int64_t now, progress_event* out, int told,
              int max_events) noexcept nogil:
    """A hop is complete: looks at the window it ends."""
    cdef int row = bank.cstride
    cdef int tile, first, channel, b
    for tile in range(row // LANES):
        if bank.tile_on[tile] == 0:
            continue
        first = tile * LANES
        for channel in range(first, first + LANES):
            bank.power[channel] = (
                (bank.energy[channel] + bank.energy[row + channel])
                + (bank.energy[2 * row + channel] + bank.energy[3 * row + channel])
            )
        progress_spectrum(bank.chunk + first, row, bank.weight, bank.bins + first)
        progress_low(bank.bins + first, row, bank.plan.signature, bank.plan.signatures,
                     bank.power + first, bank.tone + first, bank.sound + first)
        for b in range(PROGRESS_BANDS):
            progress_high(bank.advance + 2 * b * row + first, 2 * PROGRESS_BANDS, row, _TURN[b],
                          _LIMIT[b], SOUND_HIGH + b, bank.tone + first, bank.sound + first)
        for channel in range(first, min(first + LANES, bank.channels)):
            if bank.enabled[channel]:
                told = _follow(bank, channel, now, out, told, max_events)
    return told


cdef void _unit(progress_bank* bank, const float* pcm) noexcept nogil:
    """Takes 40 samples of every channel."""
    cdef int row = bank.cstride
    cdef int hop = bank.unit // 2
    cdef float* energy = bank.energy + hop * row
    cdef float* advance = bank.advance + 2 * PROGRESS_BANDS * hop * row
    cdef int tile, first, b
    for tile in range(row // LANES):
        if bank.tile_on[tile] == 0:
            continue
        first = tile * LANES
        if bank.unit % 2 == 0:
            memset(energy + first, 0, LANES * sizeof(float))
            for b in range(2 * PROGRESS_BANDS):
                memset(advance + b * row + first, 0, LANES * sizeof(float))
        progress_unit(pcm + first, row, bank.low, bank.high, PROGRESS_BANDS,
                      bank.chunk + 4 * bank.unit * row + first, bank.band + first, energy + first)
        progress_advance(bank.band + first, PROGRESS_BANDS, row, bank.last + first,
                         advance + first)
    bank.unit = (bank.unit + 1) % (2 * PROGRESS_HOPS)


cdef int progress_process(progress_bank* bank, const float* pcm, int block, progress_event* out,
                          int max_events) noexcept nogil:
    cdef int done = 0
    cdef int told = 0
    cdef int n
    cdef size_t row = bank.cstride * sizeof(float)
    while done < block:
        n = min(<int>PROGRESS_UNIT - bank.fill, block - done)
        if n == PROGRESS_UNIT:
            _unit(bank, pcm + <Py_ssize_t>done * bank.cstride)
        else:
            memcpy(bank.carry + bank.fill * bank.cstride,
                   pcm + <Py_ssize_t>done * bank.cstride, n * row)
            bank.fill += n
            if bank.fill == PROGRESS_UNIT:
                _unit(bank, bank.carry)
                bank.fill = 0
        done += n
        if bank.fill == 0 and bank.unit % 2 == 0:
            told = _hop(bank, bank.now + done, out, told, max_events)
    bank.now += block
    return told


#: What an event's `tone` is besides the index of a pattern of the plan.
OTHERS = {
    TONE_SIT: "sit",
    TONE_CNG: "cng",
    TONE_CED: "ced",
    TONE_MODEM: "modem",
    TONE_VOICE: "voice",
    TONE_LEARNED: "learned_busy",
}


cdef int progress_set_plan(progress_plan* plan, object listening) except -1:
    cdef int i, k
    cdef cadence_pattern* pattern
    memset(plan, 0, sizeof(progress_plan))
    plan.centre_hz, plan.signatures = listening.centre_hz, len(listening.signatures)
    for i, signature in enumerate(listening.signatures):
        plan.signature[i].all = signature.all
        plan.signature[i].first, plan.signature[i].second = signature.first, signature.second
        plan.signature[i].beats = signature.beats
    plan.cadences.patterns = len(listening.patterns)
    for i, source in enumerate(listening.patterns):
        pattern = &plan.cadences.pattern[i]
        pattern.steps, pattern.repeats = len(source.steps), source.repeats
        pattern.need, pattern.wait, pattern.hold = source.need, source.wait, source.hold
        pattern.pause = source.pause
        for k, step in enumerate(source.steps):
            pattern.step[k].sound, pattern.step[k].least = step.sound, step.least
            pattern.step[k].nominal, pattern.step[k].most = step.nominal, step.most
    return 0


cdef class ProgressDetector:
    """Detector of `channels` channels, all listening for the tones of one plan.

    channels : int, 1 to 65536
    plan : a country code of tone_plan, or a TonePlan
    tones : those of the plan to listen for
    learn : whether an unknown steady cadence is taken for busy
    Raises TypeError, ValueError; tone_plan.UnknownTone for an unknown country.
    """

    cdef progress_bank* bank
    cdef readonly object plan
    cdef tuple names
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, plan="cn", *, tones=HEARD, learn=True):
        cdef progress_plan compiled
        cdef int count = channel_count(channels)
        cdef int channel
        if isinstance(plan, str):
            plan = tone_plan.plan(plan)
        elif not isinstance(plan, tone_plan.TonePlan):
            raise TypeError(f"plan must be a country code or a TonePlan, not {plan!r}")
        listening = compile_plan(plan, tones)
        progress_set_plan(&compiled, listening)
        self.plan, self.names = plan, tuple(pattern.names for pattern in listening.patterns)
        self.bank = progress_new(count, &compiled)
        if self.bank == NULL:
            raise MemoryError("no memory for the call-progress detector")
        for channel in range(count):
            progress_learn(self.bank, channel, bool(learn))
            progress_enable(self.bank, channel, True)

    def __dealloc__(self):
        progress_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    @property
    def tones(self):
        """The names of all that it can tell."""
        return tuple(name for names in self.names for name in names) + tuple(OTHERS.values())

    def enable(self, channel, on=True):
        """Listen on `channel` or not; begins afresh. Raises TypeError, IndexError."""
        progress_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def learn(self, channel, on=True):
        """Take an unknown steady cadence on `channel` for busy, or not any more.

        What was learned stays known: it is told after two bursts from then on, also after `reset`.
        Raises TypeError, IndexError.
        """
        progress_learn(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def reset(self, channel):
        """Forget what `channel` had, but for what it learned. Raises TypeError, IndexError."""
        progress_reset(self.bank, channel_index(channel, self.bank.channels))

    def process(self, pcm):
        """Take one block; gives the tones that became sure in it, as a list of ProgressEvent.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        return [event for event in self.edges(pcm) if not event.ended]

    def edges(self, pcm):
        """As `process`, but gives an event for the end of a tone too."""
        block_pcm = pad(pcm_block(pcm, self.bank.channels))
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int done = 0
        cdef int most = 4 * self.bank.channels
        cdef int n, count, i
        found = []
        cdef progress_event* out = <progress_event*>calloc(most, sizeof(progress_event))
        if out == NULL:
            raise MemoryError("no memory for call-progress events")
        try:
            while done < length:
                n = min(160, length - done)
                with nogil:
                    count = progress_process(self.bank, &view[done, 0], n, out, most)
                done += n
                for i in range(count):
                    found.append(_event(self.names, &out[i]))
        finally:
            free(out)
        return found


cdef _event(names, const progress_event* event):
    known = names[event.tone] if event.tone < len(names) else (OTHERS[event.tone],)
    return ProgressEvent(
        event.channel,
        known[0],
        known[1:],
        max(event.since, 0) * 1000 / <double>SAMPLE_RATE,
        event.at * 1000 / <double>SAMPLE_RATE,
        dbm0_of_mean_square(event.level / WINDOW),
        event.on_ms,
        event.off_ms,
        event.kind != PROGRESS_BEGIN,
    )
