"""A busy tone that no plan knows: bursts of any steady tone in the plan's band, all alike.

What: follows one channel's windows by itself, whatever sounds of the plan they may hold, as a
stranger's busy tone may lie between two of them and count as now this one and now that. Four bursts
and their pauses, all alike, are learned; then two that match are enough.
How: a burst begins when the power has risen to a plateau within 50 ms and most of it is one tone or
a pair; its edges are where half that power is passed, so its length is right though a window takes
40 ms. It must keep its level and its tone but for a few hops. All by power, not by the tone's own
energy: near multiples of 200 Hz a tone's image falls on it, and it seems to be 1.3 dB more or less.
Limits: bursts and pauses of 80 to 1250 ms, lengths within 10 % and 20 ms of their mean, frequencies
within 50 Hz, levels within 2 dB of the burst before; frequencies 200 Hz about the plan's middle.
Source: ITU-T E.180 clause 5 (busy: bursts and pauses of 100 to 660 ms; here with room about it).
"""

from libc.math cimport fabs
from libc.string cimport memmove, memset

from dsp_ext.units cimport peak_of_dbm0

cdef enum:
    BINS = 16
    NOTHING = 0
    BURST = 1
    PAUSE = 2
    SHORTEST = 8
    LONGEST = 125
    BURSTS = 4  # alike that are learned
    KNOWN = 2  # and that are enough for one that was learned
    RAMP = 8  # hops of a pause that may still hold some of a burst
    BESIDE = 2  # bins
    ENDS = 3  # windows at a burst's end that may hold less than all of it

cdef float _SHARE = 0.5  # of a tone in all energy; 0.8 but for its image and noise
cdef float _LOWER = 0.25  # energy of the lower tone of a pair in its bin, of the louder one's
cdef float _BEFORE = 0.1  # power before a burst, of its own: less than a tremolo leaves, and
cdef float _QUIET = 0.25  # in a pause
cdef float _TILT = 0.28  # of a burst's power, from its beginning to its end
cdef float _LEAST = peak_of_dbm0(-43.0) ** 2 / 2 * 320  # power of a window that may hold a tone


cdef int lowest_bin(double centre_hz) noexcept nogil:
    return <int>((centre_hz - 200) * BINS / 400) + 1


cdef int tone_bin(const float* bins, int stride, int lowest, float* tone) noexcept nogil:
    cdef float[16] near
    cdef int k, other, most
    cdef int top = 0
    for k in range(BINS):
        near[k] = ((bins[(k - 1 & 15) * stride] + bins[k * stride])
                   + bins[(k + 1 & 15) * stride])
        if near[k] > near[top]:
            top = k
    other = top + 3 & 15
    for k in range(4, BINS - 2):
        if near[top + k & 15] > near[other]:
            other = top + k & 15
    tone[0] = near[top]
    if near[other] > 0.1 * near[top]:
        tone[0] += near[other]
    most = top
    for k in range(top - 1, top + 2):
        if bins[(k & 15) * stride] > bins[most * stride]:
            most = k & 15
    # A pair goes by its lower tone, however close the two are.
    for k in range(lowest, lowest + BINS - 1):
        if bins[(k & 15) * stride] >= _LOWER * bins[most * stride]:
            return k & 15
    return most


cdef void learn_clear(progress_learner* l) noexcept nogil:
    l.state, l.bursts, l.sounding = NOTHING, 0, False


cdef void learn_reset(progress_learner* l) noexcept nogil:
    cdef progress_learner old = l[0]
    memset(l, 0, sizeof(progress_learner))
    l.learning, l.learned_bin = old.learning, old.learned_bin
    l.learned_on, l.learned_off = old.learned_on, old.learned_off


cdef void learn_forget(progress_learner* l) noexcept nogil:
    l.learned_bin = l.learned_on = l.learned_off = 0


cdef bint learn_busy(const progress_learner* l) noexcept nogil:
    return l.state != NOTHING or l.past[LEARN_RISE - 1] >= _LEAST or l.past[0] >= _LEAST


cdef inline bint _one_tone(const progress_learner* l) noexcept nogil:
    """Whether the open burst kept its tone and level; two windows at its end hold less than all."""
    return l.odd <= l.seen // 8 + 2


cdef bint learn_hears(const progress_learner* l) noexcept nogil:
    cdef bint rises = l.past[0] < _BEFORE * l.past[LEARN_RISE - 1]
    return (l.state == BURST and _one_tone(l)) or l.bursts > 0 or rises


cdef inline int _apart(int one, int other) noexcept nogil:
    """By how many bins, the shorter way round: -8 … 7."""
    return ((one - other + BINS // 2) & (BINS - 1)) - BINS // 2


cdef inline float _plateau(const progress_learner* l) noexcept nogil:
    """The level that a sound begun within the last windows has reached; 0 when it rises or none did.

    Two close tones beat: what they hold in a window varies by 2 dB.
    """
    cdef const float* newest = l.past + LEARN_RISE - 3
    cdef float most = max(max(newest[0], newest[1]), newest[2])
    cdef float least = min(min(newest[0], newest[1]), newest[2])
    cdef float before = min(l.past[0], l.past[1])
    return most if most >= _LEAST and least >= 0.6 * most and before < _BEFORE * most else 0.0


cdef void _open(progress_learner* l, float level, int bin) noexcept nogil:
    cdef int risen = 0
    while risen < LEARN_RISE and l.past[LEARN_RISE - 1 - risen] >= 0.5 * level:
        risen += 1
    l.pause = l.length - risen if l.state == PAUSE else 0
    l.state, l.length, l.level, l.bin = BURST, risen, level, bin
    l.seen = l.odd = l.lean = 0
    l.total = l.moment = 0.0


cdef bint _flat(const progress_learner* l) noexcept nogil:
    """Whether the burst keeps its level, by the line of least squares through it: a note decays."""
    cdef double n = l.seen - ENDS
    cdef double slope
    if n < 3:
        return True
    slope = (l.moment - l.total * (n + 1) / 2) * 12 / (n * (n * n - 1))
    return fabs(slope) * n * n < _TILT * l.total


cdef void _first(progress_learner* l, int bin) noexcept nogil:
    """The burst that ends now is the first of its kind."""
    l.bursts, l.sound, l.sounding = 1, bin, False
    l.on_sum = l.on_least = l.on_most = l.length
    l.off_sum = l.off_most = 0
    l.off_least = LONGEST


cdef inline bint _even(int total, int count, int least, int most) noexcept nogil:
    """Whether `count` lengths are alike."""
    cdef int mean = total // count
    cdef int room = mean // 10 + 2
    return most - mean <= room and mean - least <= room


cdef bint _goes_on(progress_learner* l, int bin) noexcept nogil:
    """Counts the burst that ends now, if it is like those before."""
    if l.bursts == 0 or not 0.6 * l.before < l.level < 1.6 * l.before:
        return False
    if not -BESIDE <= _apart(bin, l.sound) <= BESIDE or not SHORTEST <= l.pause <= LONGEST:
        return False
    l.bursts += 1
    l.on_sum += l.length
    l.off_sum += l.pause
    l.on_least, l.on_most = min(l.on_least, l.length), max(l.on_most, l.length)
    l.off_least, l.off_most = min(l.off_least, l.pause), max(l.off_most, l.pause)
    return (_even(l.on_sum, l.bursts, l.on_least, l.on_most)
            and _even(l.off_sum, l.bursts - 1, l.off_least, l.off_most))


cdef inline bint _near(int length, int wanted) noexcept nogil:
    return wanted * 0.85 - 1.5 <= length <= wanted * 1.15 + 1.5


cdef void _judge(progress_learner* l) noexcept nogil:
    """Whether the bursts so far are a busy tone."""
    cdef int on = l.on_sum // l.bursts
    cdef int off = l.off_sum // max(1, l.bursts - 1)
    if l.learned_on and -BESIDE <= _apart(l.sound, l.learned_bin) <= BESIDE:
        l.sounding |= l.bursts >= KNOWN and _near(on, l.learned_on) and _near(off, l.learned_off)
    if l.learning and l.bursts >= BURSTS and not l.sounding:
        l.learned_bin, l.learned_on, l.learned_off = l.sound, on, off
        l.sounding = True


cdef void _close(progress_learner* l) noexcept nogil:
    """The burst ends; the window that shows it is the pause's first."""
    cdef int alike = l.seen - l.odd
    cdef int bin
    if not _flat(l) or not SHORTEST <= l.length <= LONGEST or not _one_tone(l) or alike <= 0:
        learn_clear(l)
        return
    bin = (l.bin + (2 * l.lean + alike + 8 * alike) // (2 * alike) - 4) & (BINS - 1)
    if not _goes_on(l, bin):
        _first(l, bin)
    _judge(l)
    l.state, l.length, l.loud, l.before = PAUSE, 1, 0, l.level


cdef void _burst(progress_learner* l, float power, const float* bins, int stride,
                 int lowest) noexcept nogil:
    """One more window of a burst."""
    cdef float tone
    cdef int apart
    if power < 0.5 * l.level:
        _close(l)
        return
    l.length += 1
    if l.length > LONGEST:
        learn_clear(l)
        return
    apart = _apart(tone_bin(bins, stride, lowest, &tone), l.bin)
    l.seen += 1
    if l.seen > ENDS:
        l.total += l.past[LEARN_RISE - 1 - ENDS]
        l.moment += (l.seen - ENDS) * l.past[LEARN_RISE - 1 - ENDS]
    if tone < _SHARE * power or not -BESIDE <= apart <= BESIDE or not (
            0.6 * l.level < power < 1.5 * l.level):
        l.odd += 1
    else:
        l.lean += apart


cdef void _pause(progress_learner* l, float power) noexcept nogil:
    """One more window of a pause."""
    l.length += 1
    l.loud += power >= _QUIET * l.level
    if l.sounding and l.length > max(l.learned_on, l.learned_off) * 1.3 + 5:
        l.sounding = False
    if l.length > LONGEST or l.loud > RAMP:
        learn_clear(l)


cdef void learn_follow(progress_learner* l, float power, const float* bins, int stride,
                       int lowest) noexcept nogil:
    cdef float level, tone
    cdef int bin
    memmove(l.past, l.past + 1, (LEARN_RISE - 1) * sizeof(float))
    l.past[LEARN_RISE - 1] = power
    if l.state == BURST:
        _burst(l, power, bins, stride, lowest)
        return
    if l.state == PAUSE:
        _pause(l, power)
    level = _plateau(l)
    if level > 0.0:
        bin = tone_bin(bins, stride, lowest, &tone)
        if tone >= _SHARE * power:
            _open(l, level, bin)


cdef int learn_length(const progress_learner* l) noexcept nogil:
    cdef int bursts = min(l.bursts, BURSTS)
    return l.length + (l.on_sum * bursts // l.bursts if l.bursts else 0) + (
        l.off_sum * (bursts - 1) // (l.bursts - 1) if l.bursts > 1 else 0)
