"""Sounds of the call-progress detector: what a channel hears in one window of 40 ms.

What: `progress_refer` fills the tables that samples are multiplied with; `progress_hear` says what
a window holds: a sound of the plan, a high tone, a tone the plan does not know, silence, or another
thing (speech, music, noise).
How: progress.h finds the strongest of the sounds that are listened for; here it is held to its share
of all energy, and to the tone that the channel was in: what began as a tone goes on while half its
energy is there, so that noise in a burst or an echo in a pause breaks no cadence.
Limits: a tone must hold 68 % of all energy when it begins, and be louder than -43 dBm0.
Source: ITU-T E.180 clauses 4 to 6; T.30 clause 4 (1100 ± 38 Hz, 2100 ± 15 Hz).
"""

from libc.math cimport M_PI, atan2, cos, fabs, floor, sin

from dsp_ext.progress_learn cimport tone_bin
from dsp_ext.progress_track cimport SOUND_2100, SOUND_ANY, SOUND_HIGH, SOUND_OTHER, same_sound
from dsp_ext.units cimport LANES, SAMPLE_RATE, peak_of_dbm0

cdef enum:
    WINDOW = 320

cdef double[5] _HIGH_HZ
_HIGH_HZ[:] = [950, 1400, 1800, 1100, 2100]
cdef double[5] _HIGH_REACH_HZ  # E.180: ±50; T.30: ±38 and, widened, ±15
_HIGH_REACH_HZ[:] = [52, 52, 52, 40, 36]

cdef float _SHARE = 0.68  # of a tone in all energy when it begins
cdef float _PAUSE = 0.16  # energy in a pause, of the tone's
cdef float _FAINT = 0.04  # of the last tone, so that it is another and not its end
cdef float _LEAST = peak_of_dbm0(-43.0) ** 2 / 2 * WINDOW


cdef double _gain(double offset_hz) noexcept nogil:
    """What a chunk keeps of a tone's amplitude so far from the centre of the band."""
    cdef double x = M_PI * offset_hz / SAMPLE_RATE
    if fabs(x) < 1e-9:
        return 1.0
    return sin(PROGRESS_CHUNK * x) / (PROGRESS_CHUNK * sin(x))


cdef void _samples(progress_reference* r, double centre_hz) noexcept nogil:
    """References of the samples: about the middle of what they are correlated with."""
    cdef int i, b
    cdef double at
    for i in range(PROGRESS_UNIT):
        at = 2 * M_PI * centre_hz / SAMPLE_RATE * ((PROGRESS_CHUNK - 1) * 0.5 - i % PROGRESS_CHUNK)
        r.one[i][0], r.one[i][1] = cos(at), sin(at)
        if i < PROGRESS_HALF:
            r.low[i][0], r.low[i][1] = cos(at), sin(at)
        for b in range(PROGRESS_BANDS):
            at = 2 * M_PI * _HIGH_HZ[b] / SAMPLE_RATE * ((PROGRESS_UNIT - 1) * 0.5 - i)
            r.one[i][2 + 2 * b], r.one[i][3 + 2 * b] = cos(at), sin(at)
            if i < PROGRESS_FOLD:
                r.high[i][2 * b], r.high[i][2 * b + 1] = cos(at), sin(at)


cdef void progress_refer(progress_reference* r, const progress_plan* plan) noexcept nogil:
    cdef int i, k, b
    cdef double hz, band, turn
    cdef double spread = SAMPLE_RATE / <double>PROGRESS_CHUNK
    _samples(r, plan.centre_hz)
    for i in range(PROGRESS_BINS):
        for k in range(PROGRESS_BINS):
            turn = 2 * M_PI * i * k / PROGRESS_BINS
            r.turn[i][0][k], r.turn[i][1][k] = cos(turn), sin(turn)
        hz = i * spread / PROGRESS_BINS - plan.centre_hz
        band = hz - spread * floor(hz / spread + 0.5)  # the frequency of this bin next the centre
        r.weight[i] = 2.0 / (WINDOW * _gain(band) ** 2)
    for b in range(PROGRESS_BANDS):
        turn = 2 * M_PI * PROGRESS_UNIT / SAMPLE_RATE
        r.step[b][0], r.step[b][1] = cos(turn * _HIGH_HZ[b]), sin(turn * _HIGH_HZ[b])
        r.limit[b] = cos(turn * _HIGH_REACH_HZ[b])
    r.least = _LEAST


cdef int _unknown(const progress_plan* plan, const progress_window_tile* heard, int lane,
                  float* tone) noexcept nogil:
    """The tone or pair of tones, not the plan's, that fills this window; 0 when none does."""
    cdef int k
    cdef float total = 0.0
    cdef float enough = 0.8 * heard.power[lane]
    for k in range(PROGRESS_BINS):
        total += heard.bins[k][lane]
    if total <= enough:
        return 0
    k = tone_bin(&heard.bins[0][lane], LANES, plan.lowest, tone)
    return SOUND_ANY + k if tone[0] > enough else 0


cdef void _phase(const progress_tile* tile, int lane, progress_window* window) noexcept nogil:
    """Where 2100 Hz stands at the window's end, and how far it goes in a unit."""
    cdef int b = SOUND_2100 - SOUND_HIGH
    cdef double re = 0.0
    cdef double im = 0.0
    cdef int h
    for h in range(PROGRESS_HOPS):
        re += tile.advance[h][b][0][lane]
        im += tile.advance[h][b][1][lane]
    window.phase = atan2(tile.last[b][1][lane], tile.last[b][0][lane])
    window.step = atan2(im, re)


cdef inline float _half(const progress_plan* plan, int sound) noexcept nogil:
    """Of a tone's energy: with less it has ended."""
    if sound >= SOUND_HIGH:
        return 0.5
    if plan.signature[sound - 1].beats:
        return 0.15  # it may be that quiet for a window
    return 0.4 if plan.signature[sound - 1].second else 0.5  # one of a pair may go on


cdef int _sound(const progress_plan* plan, const progress_window_tile* heard, int lane,
                const progress_track* t, float* energy) noexcept nogil:
    """What this window holds; `energy` is that of its tone."""
    cdef float power = heard.power[lane]
    cdef float reference = t.level if t.past.open_sound else t.last_level
    cdef int sound = heard.sound[lane]
    energy[0] = 0.0
    if power < _LEAST:
        return 0
    energy[0] = heard.tone[lane]
    if sound == 0:
        sound = _unknown(plan, heard, lane, energy)
    if sound and same_sound(sound, t.past.open_sound):
        return t.past.open_sound if energy[0] >= _half(plan, sound) * t.level else 0
    if sound and energy[0] >= _SHARE * power and energy[0] >= _FAINT * reference:
        return sound
    if 0 < t.past.open_sound < SOUND_OTHER and t.gone < 4 and power < 0.6 * reference:
        return 0  # both ends of a short pause in one window are no pure tone
    return 0 if power < _PAUSE * reference else SOUND_OTHER


cdef void progress_hear(const progress_plan* plan, const progress_tile* tile,
                        const progress_window_tile* heard, int lane, const progress_track* track,
                        progress_window* window) noexcept nogil:
    window.sound = _sound(plan, heard, lane, track, &window.energy)
    window.power = heard.power[lane]
    if window.sound == SOUND_2100 or track.past.open_sound == SOUND_2100:
        _phase(tile, lane, window)
