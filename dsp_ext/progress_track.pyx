"""From a channel's windows to the tones it hears: steps, their cadence, and what each tells.

What: takes what each 40 ms window holds (a sound of the plan, another tone, speech or noise,
silence), one every 10 ms, and says when a tone is sure and when it is over.
How: a sound that is there for two hops is a step; a tone's step begins and ends where half its power
passes, so its length is right though the window is long. cadence.pyx tells the plan's tones by the
steps; the others have rules of their own: special information tone by its three sounds, CNG by its
length, 2100 Hz by its phase reversals, voice by loudness that varies. A busy tone that no plan knows
is progress_learn.pyx's.
Limits: bursts and pauses of 40 ms and more; speech for 40 ms ends a cadence.
Source: ITU-T E.180 clause 6 (special information tone: 330 ± 70 ms each), T.30 clause 4.2 and 5
(CNG 0.5 s in 3.5 s), V.25 (reversals each 450 ± 25 ms).
"""

from libc.math cimport M_PI, fabs, floor
from libc.stdint cimport int64_t
from libc.string cimport memmove, memset

from dsp_ext.cadence cimport (
    CADENCE_EVER,
    CADENCE_PAST,
    cadence_clear,
    cadence_close,
    cadence_holds,
    cadence_look,
    cadence_match,
    cadence_pattern,
)
from dsp_ext.progress_learn cimport (
    learn_busy,
    learn_forget,
    learn_hears,
    learn_length,
    learn_reset,
)

cdef enum:
    HOP = 80
    BINS = 16
    PLATEAU = 6  # hops after which a tone has its level
    SURE = 2  # hops alike that change the sound, but
    SURE_MIXED = 4  # or a tone that follows another: in between a window holds something of both
    SURE_OTHER = 4  # hops of speech or noise that break a cadence
    AGAIN = 100  # hops after which a tone whose level varied is looked at once more
    SETTLED = 24  # hops of a tone after which its smoothed level says something
    UNEVEN = 3  # hops of a burst that may be off its level: its end
    FORGET = 1000  # hops of silence after which nothing that was heard counts
    CNG_PAUSE = 400  # hops after a burst of CNG in which another may come
    START = 6  # hops after the beginning: what sounds by then began before


cdef inline bint _is_tone(int sound) noexcept nogil:
    return 0 < sound < SOUND_OTHER


cdef bint same_sound(int one, int other) noexcept nogil:
    """Whether two windows have one sound: an unknown tone may lie between two bins."""
    cdef int apart
    if one == other:
        return True
    if one < SOUND_ANY or one >= SOUND_OTHER or other < SOUND_ANY or other >= SOUND_OTHER:
        return False
    apart = (one - other) & (BINS - 1)
    return apart == 1 or apart == BINS - 1


cdef void track_reset(progress_track* t) noexcept nogil:
    cdef progress_learner kept = t.learner
    memset(t, 0, sizeof(progress_track))
    t.learner, t.tone = kept, -1
    learn_reset(&t.learner)
    cadence_clear(&t.past, True)


cdef void track_forget(progress_track* t) noexcept nogil:
    learn_forget(&t.learner)


cdef bint track_busy(const progress_track* t) noexcept nogil:
    return (t.past.open_sound != 0 or t.past.count != 0 or t.past.open_length < START or t.gone != 0
            or t.tone >= 0 or t.voice_run != 0 or learn_busy(&t.learner))


cdef bint track_tells(const progress_track* t) noexcept nogil:
    return t.tone >= 0 and t.tone != TONE_LEARNED and t.tone != TONE_VOICE


cdef void track_rest(progress_track* t, int hops) noexcept nogil:
    t.past.open_length = min(t.past.open_length + hops, <int>CADENCE_EVER)


cdef void _begin_tone(progress_track* t, int early) noexcept nogil:
    """The open step, a tone, has its level: moves its beginning to where half of it was passed.

    `early` hops of it are older than `rise` goes back.
    """
    cdef int i = 0
    while i < t.seen - 1 and t.rise[i] < 0.5 * t.level:
        i += 1
    early += i
    t.smooth, t.watched = t.level, 0
    t.past.open_length -= early
    if t.past.count:
        t.past.length[t.past.newest] += early


cdef void _burst(progress_track* t) noexcept nogil:
    """The open step, a tone, is over: an exchange's bursts keep their level, notes of music decay."""
    if t.uneven > UNEVEN:
        t.even_bursts = 0
    elif t.even_bursts and not 0.6 * t.last_level < t.level < 1.6 * t.last_level:
        t.even_bursts = 1
    else:
        t.even_bursts += 1
    t.last_level = t.level


cdef inline void _level(progress_track* t, float energy) noexcept nogil:
    """One more hop of a tone that has its level: is it off it, and how far does it swell?

    Two tones that beat are smoothed to their mean.
    """
    t.watched += 1
    t.smooth += (energy - t.smooth) / 12
    if t.watched <= SETTLED:
        t.low = t.high = t.smooth
    t.low, t.high = min(t.low, t.smooth), max(t.high, t.smooth)
    if t.past.open_length <= PLATEAU:
        t.level = max(t.level, energy)  # the first windows may have held little of it
    elif not 0.7 * t.level < energy < 1.4 * t.level:
        t.uneven += 1


cdef void _open(progress_track* t, int sound) noexcept nogil:
    """Another sound is sure: closes the open step, begins the next."""
    cdef bint early = t.past.count == 0 and t.past.cut and t.past.open_length < START
    cdef int i
    if _is_tone(t.past.open_sound):
        if t.seen < PLATEAU:
            _begin_tone(t, 0)
        _burst(t)
    if t.past.open_sound == SOUND_OTHER or sound == SOUND_OTHER or early:
        # What was heard before says nothing; a pause that speech began has no known length.
        cadence_clear(&t.past, early or sound == 0)
        t.past.open_sound, t.past.open_length = sound, t.gone
    else:
        cadence_close(&t.past, sound, t.gone)
    t.level = 0.0
    t.seen = min(t.gone, <int>PLATEAU)
    for i in range(t.seen):
        t.rise[i] = t.next_rise[i]
        t.level = max(t.level, t.rise[i])
    if _is_tone(sound) and t.seen == PLATEAU:
        _begin_tone(t, t.gone - PLATEAU)
    t.gone = t.next_run = t.uneven = 0
    t.reversals = t.since_reversal = 0


cdef inline int _enough(const progress_track* t) noexcept nogil:
    """Hops alike that change the sound."""
    if t.next_sound == SOUND_OTHER:
        return SURE_OTHER
    if _is_tone(t.past.open_sound) and _is_tone(t.next_sound):
        return SURE_MIXED
    return SURE


cdef bint _step(progress_track* t, int sound, float energy) noexcept nogil:
    """One more hop; whether it completed a step."""
    if sound == t.past.open_sound:
        t.past.open_length += 1 + t.gone
        t.gone = t.next_run = 0
        if _is_tone(sound) and t.seen < PLATEAU:
            t.rise[t.seen] = energy
            t.seen += 1
            t.level = max(t.level, energy)
            if t.seen == PLATEAU:
                _begin_tone(t, 0)
        elif _is_tone(sound):
            _level(t, energy)
        return False
    t.gone += 1
    if t.next_run and same_sound(sound, t.next_sound):
        t.next_run += 1
    else:
        t.next_sound, t.next_run = sound, 1
    if t.gone > PLATEAU:
        memmove(t.next_rise, t.next_rise + 1, (PLATEAU - 1) * sizeof(float))
    t.next_rise[min(t.gone, <int>PLATEAU) - 1] = energy if _is_tone(sound) else 0.0
    if t.next_run < _enough(t):
        return False
    _open(t, t.next_sound)
    return True


cdef void _reversals(progress_track* t, const progress_window* window) noexcept nogil:
    """2100 Hz sounds: has its phase turned round since two hops ago?"""
    cdef double turned = window.phase - t.phase[0] - 4 * window.step
    turned -= 2 * M_PI * floor(turned / (2 * M_PI) + 0.5)
    t.phase[0], t.phase[1] = t.phase[1], window.phase
    t.since_reversal += 1
    if fabs(turned) > 2.2 and t.past.open_length > PLATEAU and t.since_reversal > 20:
        # The first may come at any time, the others each 450 ± 25 ms.
        if t.reversals == 0 or 41 <= t.since_reversal <= 49:
            t.reversals += 1
        else:
            t.reversals = 1
        t.since_reversal = 0


cdef int _past_sound(const progress_track* t, int back, int* length) noexcept nogil:
    """Sound and length of the step that was complete `back` steps ago, 0 the newest; -1 none."""
    cdef int ring
    length[0] = 0
    if back >= t.past.count:
        return -1
    ring = (t.past.newest - back + CADENCE_PAST) % CADENCE_PAST
    length[0] = t.past.length[ring]
    return t.past.sound[ring]


cdef bint _special(const progress_track* t) noexcept nogil:
    """950, 1400 Hz, each 220 to 460 ms, then 1800 Hz for 150 ms, gaps of up to 60 ms between."""
    cdef int back = 0
    cdef int wanted, sound, length
    if t.past.open_sound != SOUND_1800 or t.past.open_length < 15:
        return False
    for wanted in range(SOUND_1400, SOUND_950 - 1, -1):
        sound = _past_sound(t, back, &length)
        if sound == 0 and length <= 6:
            back += 1
            sound = _past_sound(t, back, &length)
        back += 1
        if sound != wanted or not 22 <= length <= 46:
            return False
    return True


cdef bint _even(progress_track* t, const cadence_pattern* pattern) noexcept nogil:
    """Whether the tone keeps its level as an exchange's does; a held note swells, trembles, decays.

    If a continuous one does not, it is watched afresh: an automatic gain may have settled.
    """
    cdef bint trembles = pattern.even and t.uneven * 8 > t.watched
    if pattern.step[pattern.steps - 1].nominal:
        return not pattern.even or t.even_bursts >= 2
    if t.past.open_sound == 0:
        return True
    if not trembles and (t.watched <= SETTLED or t.high <= 1.4 * t.low):
        return True
    t.level, t.watched, t.uneven = t.smooth, 0, 0
    return False


cdef int _known(progress_track* t, const cadence_plan* plan) noexcept nogil:
    """The tone that the steps so far are, -1 when they are none (yet)."""
    cdef int sound = t.past.open_sound
    cdef int tone, length
    cdef bint told
    if SOUND_HIGH <= sound < SOUND_ANY:
        if sound == SOUND_2100 and t.reversals >= 2:
            return TONE_MODEM
        if sound == SOUND_2100 and t.past.open_length >= 100 and t.reversals == 0:
            return TONE_CED
        return TONE_SIT if _special(t) else -1
    if sound == 0 and _past_sound(t, 0, &length) == SOUND_1100:
        told = 20 <= t.past.open_length <= CNG_PAUSE
        return TONE_CNG if told and 42 <= length <= 58 else -1
    if t.past.count == 0 and sound == 0:
        return -1
    tone = cadence_match(plan, &t.past)
    return tone if tone >= 0 and _even(t, &plan.pattern[tone]) else -1


cdef inline int _next_look(const progress_track* t, const cadence_plan* plan) noexcept nogil:
    """The length of the open step at which it may say more."""
    cdef int length
    if SOUND_HIGH <= t.past.open_sound < SOUND_ANY:
        return t.past.open_length + 1
    if t.past.open_sound == 0 and _past_sound(t, 0, &length) == SOUND_1100:
        return t.past.open_length + 1
    if _is_tone(t.past.open_sound) and t.tone < 0 and t.watched == 0:
        return t.past.open_length + AGAIN
    return cadence_look(plan, t.past.open_length)


cdef bint _over(const progress_track* t, const cadence_plan* plan, bint closed) noexcept nogil:
    """Whether the tone that was told is over."""
    cdef int sound = t.past.open_sound
    cdef int pause
    cdef const cadence_pattern* pattern
    if t.tone < plan.patterns:
        pattern = &plan.pattern[t.tone]
        if sound == 0 and t.past.open_length > pattern.pause:
            return True
        return closed and not cadence_holds(pattern, &t.past)
    if t.tone == TONE_LEARNED:
        return not t.learner.sounding
    if t.tone == TONE_VOICE:
        return t.voice_run == 0
    pause = CNG_PAUSE if t.tone == TONE_CNG else 20
    if sound == 0:
        return t.past.open_length > pause
    return closed and not SOUND_HIGH <= sound < SOUND_ANY


cdef bint _voice(progress_track* t, const progress_window* window) noexcept nogil:
    """Whether what is no tone is voice or music: its loudness varies, as noise's does not.

    Windows next to a tone or a pause hold some of it and are not counted. A vowel's strongest harmonic
    is a tone for a window or two; only one that lasts is no voice.
    """
    cdef double power
    cdef bint lasts = t.past.open_sound != SOUND_OTHER
    if window.sound == 0 or (window.sound != SOUND_OTHER and lasts):
        t.loud_run = 0
        t.voice_rest += 1
        if t.voice_rest > 100:
            t.voice_run, t.voice_told = 0, False
            t.voice_sum = t.voice_square = 0.0
        return False
    t.loud_run += 1
    power = t.loud[t.loud_run % 3]
    t.loud[t.loud_run % 3] = window.power
    if t.loud_run <= 4:
        return False
    t.voice_rest = 0
    t.voice_run += 1
    t.voice_sum += power
    t.voice_square += power * power
    return (not t.voice_told and t.voice_run >= 16
            and t.voice_square * t.voice_run > 1.15 * t.voice_sum * t.voice_sum)


cdef int64_t _length(const progress_track* t, int tone) noexcept nogil:
    """Hops since the first step that may belong to the tone."""
    cdef int64_t total = t.past.open_length + t.gone + 1  # a window's middle is past
    cdef int back, length
    if tone == TONE_VOICE:
        return t.voice_run
    if tone == TONE_LEARNED:
        return learn_length(&t.learner) + 1
    for back in range(t.past.count):
        if _past_sound(t, back, &length) == 0 and back == t.past.count - 1:
            break  # the silence before it
        total += length
    return total


cdef void _tell(const progress_track* t, int tone, int kind, int64_t at,
                progress_event* event) noexcept nogil:
    event.tone, event.kind, event.at, event.since = tone, kind, at, t.since
    event.on_ms = event.off_ms = event.sound = 0
    event.level = t.level if _is_tone(t.past.open_sound) else t.last_level
    if tone == TONE_LEARNED:
        event.on_ms, event.off_ms = 10 * t.learner.learned_on, 10 * t.learner.learned_off
        event.sound, event.level = SOUND_ANY + t.learner.learned_bin, t.learner.level
    if tone == TONE_VOICE and t.voice_run:
        event.level = <float>(t.voice_sum / t.voice_run)


cdef int track_follow(progress_track* t, const cadence_plan* plan, const progress_window* window,
                      int64_t now, progress_event* out) noexcept nogil:
    """One channel's newest window: goes on with its step and its tone."""
    cdef bint closed = False
    cdef bint talks = _voice(t, window)
    cdef int told = 0
    cdef int tone = -1
    if _step(t, window.sound, window.energy):
        t.fresh = True
    if t.past.open_sound == 0 and t.past.open_length > FORGET and t.past.count and t.tone < 0:
        cadence_clear(&t.past, False)
    if t.fresh and (t.seen >= PLATEAU or not _is_tone(t.past.open_sound)):
        closed, t.fresh = True, False  # now the beginning of a tone is right too
    if t.past.open_sound == SOUND_2100:
        _reversals(t, window)
    if t.tone >= 0 and _over(t, plan, closed):
        _tell(t, t.tone, PROGRESS_END, now, out)
        t.tone, told = -1, 1
    if t.past.open_sound == SOUND_OTHER:
        if talks and not learn_hears(&t.learner):
            tone, t.voice_told = TONE_VOICE, True
    elif closed or (not t.fresh and t.past.open_length >= t.look):
        tone = _known(t, plan)
        t.look = _next_look(t, plan)
    if tone < 0 and t.learner.sounding:
        tone = TONE_LEARNED
    if tone < 0 or tone == t.tone:
        return told
    if t.tone >= 0:
        _tell(t, t.tone, PROGRESS_END, now, out + told)
        told += 1
    t.tone, t.since = tone, now - HOP * _length(t, tone)
    _tell(t, tone, PROGRESS_BEGIN, now, out + told)
    return told + 1
