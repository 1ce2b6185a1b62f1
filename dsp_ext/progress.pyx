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

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import numpy as np

from dsp_ext.cadence cimport cadence_pattern, cadence_prepare
from dsp_ext.progress_learn cimport learn_clear, learn_follow, lowest_bin, progress_learner
from dsp_ext.progress_sound cimport (
    PROGRESS_FEW,
    PROGRESS_HOPS,
    PROGRESS_UNIT,
    progress_hear,
    progress_refer,
    progress_signature,
)
from dsp_ext.progress_track cimport (
    PROGRESS_BEGIN, SOUND_ANY, SOUND_HIGH,
    TONE_CED, TONE_CNG, TONE_LEARNED, TONE_MODEM, TONE_SIT, TONE_VOICE,
    progress_window,
    track_busy,
    track_follow,
    track_forget,
    track_reset,
    track_rest,
    track_tells,
)
from dsp_ext.units cimport LANES, SAMPLE_RATE, dbm0_of_mean_square, padded, zeroed
from dsp_ext import tone_plan
from dsp_ext.progress_plan import HEARD, ProgressEvent, compile_plan, known_hops
from dsp_ext.recording import one_channel
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "progress.h":
    void progress_unit(const float* pcm, long row, const progress_reference* r, progress_tile* t,
                       int unit) noexcept nogil
    bint progress_look(const progress_tile* t, const progress_reference* r,
                         const progress_signature* signatures, int count, int number,
                         progress_window_tile* w) noexcept nogil

cdef extern from "progress_one.h":
    void progress_unit_one(const float* pcm, long row, const progress_reference* r,
                           progress_tile* t, int lane, int unit) noexcept nogil
    bint progress_look_one(const progress_tile* t, const progress_reference* r,
                             const progress_signature* signatures, int count, int number, int lane,
                             progress_window_tile* w) noexcept nogil

cdef enum:
    WINDOW = 320
    PIECE = 160  # samples taken at once from Python


cdef progress_bank* progress_new(int channels, const progress_plan* plan) noexcept nogil:
    cdef progress_bank* bank = <progress_bank*>zeroed(sizeof(progress_bank))
    cdef size_t tiles
    cdef int channel
    if bank == NULL:
        return NULL
    bank.channels, bank.cstride, bank.plan = channels, padded(channels), plan[0]
    tiles = bank.cstride // LANES
    bank.reference = <progress_reference*>zeroed(sizeof(progress_reference))
    bank.heard = <progress_window_tile*>zeroed(sizeof(progress_window_tile))
    bank.carry = <float*>zeroed(PROGRESS_UNIT * 4 * <size_t>bank.cstride)
    bank.tiles = <progress_tile*>zeroed(tiles * sizeof(progress_tile))
    bank.enabled = <uint8_t*>zeroed(bank.cstride)
    bank.tile_on = <uint8_t*>zeroed(tiles)
    bank.tile_busy = <uint8_t*>zeroed(tiles)
    bank.tile_idle = <int32_t*>zeroed(tiles * sizeof(int32_t))
    bank.tracks = <progress_track*>zeroed(<size_t>channels * sizeof(progress_track))
    if (bank.reference == NULL or bank.heard == NULL or bank.carry == NULL or bank.tiles == NULL
            or bank.enabled == NULL or bank.tile_on == NULL or bank.tile_busy == NULL
            or bank.tile_idle == NULL or bank.tracks == NULL):
        progress_free(bank)
        return NULL
    cadence_prepare(&bank.plan.cadences)
    progress_refer(bank.reference, &bank.plan)
    for channel in range(channels):
        bank.tracks[channel].learner.learning = True
        progress_reset(bank, channel)
    return bank


cdef void progress_free(progress_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.reference)
    free(bank.heard)
    free(bank.carry)
    free(bank.tiles)
    free(bank.enabled)
    free(bank.tile_on)
    free(bank.tile_busy)
    free(bank.tile_idle)
    free(bank.tracks)
    free(bank)


cdef void _wake(progress_bank* bank, int tile) noexcept nogil:
    """The tile was passed over for a while: so much longer is its channels' silence."""
    cdef int channel
    for channel in range(tile * LANES, min((tile + 1) * LANES, bank.channels)):
        if bank.enabled[channel]:
            track_rest(&bank.tracks[channel], bank.tile_idle[tile])
    bank.tile_idle[tile] = 0


cdef void progress_reset(progress_bank* bank, int channel) noexcept nogil:
    cdef int row
    cdef int lane = channel % LANES
    cdef float* lanes = <float*>(bank.tiles + channel // LANES)
    for row in range(<int>(sizeof(progress_tile) // (LANES * sizeof(float)))):
        lanes[row * LANES + lane] = 0.0
    for row in range(PROGRESS_UNIT):
        bank.carry[row * bank.cstride + channel] = 0.0
    if bank.tile_idle[channel // LANES]:
        _wake(bank, channel // LANES)
    track_reset(&bank.tracks[channel])
    bank.tile_busy[channel // LANES] = True


cdef void progress_enable(progress_bank* bank, int channel, bint on) noexcept nogil:
    if bank.enabled[channel] == (1 if on else 0):
        return
    progress_reset(bank, channel)
    track_forget(&bank.tracks[channel])
    bank.enabled[channel] = 1 if on else 0
    bank.tile_on[channel // LANES] += 1 if on else -1


cdef void progress_learn(progress_bank* bank, int channel, bint on) noexcept nogil:
    bank.tracks[channel].learner.learning = on


cdef void progress_know(progress_bank* bank, int channel, int sound, int on,
                        int off) noexcept nogil:
    cdef progress_learner* l = &bank.tracks[channel].learner
    l.learned_bin, l.learned_on, l.learned_off = sound - SOUND_ANY, on, off


cdef int _follow(progress_bank* bank, int channel, int64_t now, progress_event* out, int told,
                 int max_events) noexcept nogil:
    """One channel's newest window; -> events written so far."""
    cdef progress_track* t = &bank.tracks[channel]
    cdef progress_window window
    cdef progress_event[2] events
    cdef int count, i
    progress_hear(&bank.plan, bank.tiles + channel // LANES, bank.heard, channel % LANES, t,
                  &window)
    if track_tells(t):
        learn_clear(&t.learner)  # what the plan knows is not learned
    else:
        learn_follow(&t.learner, window.power, &bank.heard.bins[0][channel % LANES], LANES,
                     bank.plan.lowest)
    count = track_follow(t, &bank.plan.cadences, &window, now, events)
    for i in range(count):
        if told >= max_events:
            bank.dropped += 1
            continue
        out[told] = events[i]
        out[told].channel = channel
        told += 1
    return told


cdef inline bint _look(progress_bank* bank, int tile) noexcept nogil:
    """Looks at the window of a tile's channels; whether there is anything in it."""
    cdef progress_plan* plan = &bank.plan
    cdef int first = tile * LANES
    cdef int channel
    cdef bint found = False
    if bank.tile_on[tile] > PROGRESS_FEW:
        return progress_look(bank.tiles + tile, bank.reference, plan.signature, plan.signatures,
                               SOUND_HIGH, bank.heard)
    for channel in range(first, min(first + LANES, bank.channels)):
        if bank.enabled[channel]:
            found |= progress_look_one(bank.tiles + tile, bank.reference, plan.signature,
                                         plan.signatures, SOUND_HIGH, channel - first, bank.heard)
    return found


cdef int _hop(progress_bank* bank, int tile, int64_t now, progress_event* out, int told,
              int max_events) noexcept nogil:
    """A hop of a tile is complete: looks at the window it ends, and follows its channels."""
    cdef int first = tile * LANES
    cdef int channel
    cdef bint busy = False
    if not _look(bank, tile) and not bank.tile_busy[tile]:
        bank.tile_idle[tile] += 1
        return told
    if bank.tile_idle[tile]:
        _wake(bank, tile)
    for channel in range(first, min(first + LANES, bank.channels)):
        if bank.enabled[channel]:
            told = _follow(bank, channel, now, out, told, max_events)
            busy |= track_busy(&bank.tracks[channel])
    bank.tile_busy[tile] = busy
    return told


cdef void _unit(progress_bank* bank, int tile, const float* pcm, int row, int unit) noexcept nogil:
    """Takes 40 samples of a tile."""
    cdef int first = tile * LANES
    cdef int channel
    if bank.tile_on[tile] > PROGRESS_FEW:
        progress_unit(pcm + first, row, bank.reference, bank.tiles + tile, unit)
        return
    for channel in range(first, min(first + LANES, bank.channels)):
        if bank.enabled[channel]:
            progress_unit_one(pcm + channel, row, bank.reference, bank.tiles + tile,
                              channel - first, unit)


cdef int _units(progress_bank* bank, const float* pcm, int row, int count, int64_t now,
                progress_event* out, int told, int max_events) noexcept nogil:
    """Takes one unit of every channel, or the two of a hop; tile by tile, to stay in the cache."""
    cdef int tile, k
    cdef bint whole = (bank.unit + count) % 2 == 0
    for tile in range(bank.cstride // LANES):
        if bank.tile_on[tile] == 0:
            continue
        for k in range(count):
            _unit(bank, tile, pcm + k * <Py_ssize_t>PROGRESS_UNIT * row, row, bank.unit + k)
        if whole:
            told = _hop(bank, tile, now, out, told, max_events)
    bank.unit = (bank.unit + count) % (2 * PROGRESS_HOPS)
    return told


cdef int _carry(progress_bank* bank, const float* pcm, int row, int n) noexcept nogil:
    """Keeps n samples of the unfinished unit, or what it lacks; -> how many."""
    cdef int i
    n = min(<int>PROGRESS_UNIT - bank.fill, n)
    for i in range(n):
        memcpy(bank.carry + (bank.fill + i) * bank.cstride, pcm + <Py_ssize_t>i * row,
               min(row, bank.cstride) * sizeof(float))
    bank.fill = (bank.fill + n) % PROGRESS_UNIT
    return n


cdef int _take(progress_bank* bank, const float* pcm, int row, int block, progress_event* out,
               int max_events) noexcept nogil:
    """`progress_process` on rows of `row` floats: fewer than cstride only if all are few."""
    cdef int done = 0
    cdef int told = 0
    cdef int count
    cdef const float* at
    while done < block:
        at = pcm + <Py_ssize_t>done * row
        if bank.fill or block - done < PROGRESS_UNIT:
            done += _carry(bank, at, row, block - done)
            if bank.fill == 0:
                told = _units(bank, bank.carry, bank.cstride, 1, bank.now + done, out, told,
                              max_events)
            continue
        count = 2 if bank.unit % 2 == 0 and block - done >= 2 * PROGRESS_UNIT else 1
        done += count * PROGRESS_UNIT
        told = _units(bank, at, row, count, bank.now + done, out, told, max_events)
    bank.now += block
    return told


cdef int progress_process(progress_bank* bank, const float* pcm, int block, progress_event* out,
                          int max_events) noexcept nogil:
    return _take(bank, pcm, bank.cstride, block, out, max_events)


#: What an event's `tone` is besides the index of a pattern of the plan.
OTHERS = {
    TONE_SIT: "sit",
    TONE_CNG: "cng",
    TONE_CED: "ced",
    TONE_MODEM: "modem",
    TONE_VOICE: "voice",
    TONE_LEARNED: "learned_busy",
}


def _names(listening):
    """What the numbers in events stand for: names by progress_event.tone."""
    names = {number: (name,) for number, name in OTHERS.items()}
    return names | {i: pattern.names for i, pattern in enumerate(listening.patterns)}


def _plan(plan):
    if isinstance(plan, str):
        return tone_plan.plan(plan)
    if not isinstance(plan, tone_plan.TonePlan):
        raise TypeError(f"plan must be a country code or a TonePlan, not {plan!r}")
    return plan


cdef int progress_set_plan(progress_plan* plan, object listening) except -1:
    cdef int i, k
    cdef cadence_pattern* pattern
    memset(plan, 0, sizeof(progress_plan))
    plan.centre_hz, plan.signatures = listening.centre_hz, len(listening.signatures)
    plan.lowest = lowest_bin(plan.centre_hz)
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
        pattern.even = source.even
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
    cdef progress_event* room  # for what one piece may tell
    cdef readonly object plan
    cdef readonly object listening  # the ListeningPlan made of it
    cdef dict names
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, plan="cn", *, tones=HEARD, learn=True):
        cdef progress_plan compiled
        cdef int count = channel_count(channels)
        cdef int channel
        plan = _plan(plan)
        listening = compile_plan(plan, tones)
        progress_set_plan(&compiled, listening)
        self.plan, self.listening, self.names = plan, listening, _names(listening)
        self.bank = progress_new(count, &compiled)
        self.room = <progress_event*>malloc(4 * <size_t>count * sizeof(progress_event))
        if self.bank == NULL or self.room == NULL:
            raise MemoryError("no memory for the call-progress detector")
        for channel in range(count):
            progress_learn(self.bank, channel, bool(learn))
            progress_enable(self.bank, channel, True)

    def __dealloc__(self):
        progress_free(self.bank)
        free(self.room)

    @property
    def channels(self):
        return self.bank.channels

    @property
    def tones(self):
        """The names of all that it can tell."""
        return tuple(name for number in sorted(self.names) for name in self.names[number])

    def enable(self, channel, on=True):
        """Listen on `channel` or not; begins afresh, with nothing learned. Raises TypeError, IndexError."""
        progress_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def learn(self, channel, on=True):
        """Take an unknown steady cadence on `channel` for busy, or not any more.

        What was learned stays known: it is told after two bursts from then on, also after `reset`.
        Raises TypeError, IndexError.
        """
        progress_learn(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def know(self, channel, sound, on_ms, off_ms):
        """Take a tone for busy that was learned at another time, by another detector of this plan.

        sound, on_ms, off_ms : as `learned` gave them
        Raises TypeError, IndexError, ValueError for what no busy tone is.
        """
        cdef int place = channel_index(channel, self.bank.channels)
        sound, on, off = known_hops(self.listening, sound, on_ms, off_ms)
        progress_know(self.bank, place, sound, on, off)

    def learned(self, channel):
        """(sound, on_ms, off_ms) of the busy tone that was learned on `channel`; None: none was."""
        cdef int place = channel_index(channel, self.bank.channels)
        cdef progress_learner* l = &self.bank.tracks[place].learner
        if l.learned_on == 0:
            return None
        return SOUND_ANY + l.learned_bin, 10 * l.learned_on, 10 * l.learned_off

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
        block_pcm = _in_range(pcm_block(pcm, self.bank.channels))
        if self.bank.channels > PROGRESS_FEW:
            block_pcm = pad(block_pcm)
        cdef const float[:, ::1] view = block_pcm
        cdef int length = view.shape[0]
        cdef int row = view.shape[1]
        cdef int most = 4 * self.bank.channels
        cdef int done = 0
        cdef int n, count, i
        found = []
        while done < length:
            n = min(<int>PIECE, length - done)
            with nogil:
                count = _take(self.bank, &view[done, 0], row, n, self.room, most)
            done += n
            for i in range(count):
                found.append(_event(self.names, &self.room[i]))
        return found


def _in_range(pcm):
    """What no decoder gives counts as full scale: its energies' squares would be infinite, and the
    channel deaf from then on."""
    if pcm.size and max(float(pcm.max()), -float(pcm.min())) > 32768:
        return np.clip(pcm, -32768, 32768)
    return pcm


def decode(samples, plan="cn", rate=SAMPLE_RATE):
    """What is heard in a recording: a list of ProgressEvent, an ended one for each tone's end.

    samples : 1-D array, linear ±32768, int16 or floating
    plan : a country code of tone_plan, or a TonePlan
    rate : Hz; other than 8000 is resampled first
    A tone that sounds at the end of the recording has no ended event.
    Raises TypeError, ValueError (shape, rate, NaN, infinity); tone_plan.UnknownTone.
    """
    return ProgressDetector(1, plan).edges(one_channel(samples, rate))


cdef _event(dict names, const progress_event* event):
    cdef int64_t since = max(event.since, 0)
    cdef tuple known = names[event.tone]
    cdef tuple values = (
        event.channel,
        known[0],
        known[1:],
        since * 1000 / <double>SAMPLE_RATE,
        event.at * 1000 / <double>SAMPLE_RATE,
        dbm0_of_mean_square(event.level / WINDOW),
        event.on_ms,
        event.off_ms,
        event.kind != PROGRESS_BEGIN,
    )
    return tuple.__new__(ProgressEvent, values)  # without the detour by its keyword arguments
