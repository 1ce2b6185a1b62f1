"""What a channel's windows add up to; progress_track.pyx says how. Times in hops of 10 ms."""

from libc.stdint cimport int64_t

from dsp_ext.cadence cimport cadence_past, cadence_plan
from dsp_ext.progress_learn cimport progress_learner

cdef enum:
    PROGRESS_BEGIN = 1
    PROGRESS_END = 0
    # what an event's `tone` is besides the index of a pattern of the plan
    TONE_SIT = 16
    TONE_CNG = 17
    TONE_CED = 18
    TONE_MODEM = 19
    TONE_VOICE = 20
    TONE_LEARNED = 21
    # sounds: 0 silence, 1 … 8 the plan's, then
    SOUND_HIGH = 9  # … 13, in this order
    SOUND_950 = 9
    SOUND_1400 = 10
    SOUND_1800 = 11
    SOUND_1100 = 12
    SOUND_2100 = 13
    SOUND_ANY = 16  # … 31, a tone the plan does not know, by its bin
    SOUND_OTHER = 32  # speech, music, noise

cdef struct progress_event:
    int channel
    int tone
    int kind  # PROGRESS_BEGIN when it is sure, PROGRESS_END when it is over
    int64_t at  # bank time (samples since progress_new) of the telling
    int64_t since  # bank time at which the tone began, as far as it was followed
    int on_ms  # of a learned cadence, else 0
    int off_ms
    int sound  # and its sound
    float level  # energy of 320 samples of it; of voice, on average

cdef struct progress_window:
    int sound
    float energy  # of the sound's tone
    float power  # of everything
    double phase  # of 2100 Hz at the end, when that sounds
    double step  # and its advance each 5 ms

cdef struct progress_track:
    cadence_past past
    int tone  # that was told and goes on, -1 none
    int64_t since
    int look  # the open step's length at which its cadence may say more
    int gone  # hops since the open step's sound was last there
    int next_sound  # what the last hops were instead
    int next_run  # and how many in a row
    bint fresh  # a step is complete and was not yet looked at
    float level  # energy of the open tone's window
    float last_level  # of the tone before
    int seen  # of the open tone's first windows
    float smooth  # that of the last 120 ms, and the
    float low  # least and
    float high  # most it was
    int watched  # hops of that
    int uneven  # hops of the open tone, once it has its level, that are off it
    int even_bursts  # complete tones in a row that kept their level, and each other's
    float rise[6]  # their energies
    float next_rise[6]  # of the hops gone
    int reversals  # of 2100 Hz
    int since_reversal
    double phase[2]  # of the last two hops
    int loud_run  # hops that were no tone and no silence, in a row
    float loud[3]  # the last ones' power
    int voice_run  # hops of speech or music
    int voice_rest  # and without
    double voice_sum  # of the run's power
    double voice_square
    bint voice_told
    progress_learner learner

cdef bint same_sound(int one, int other) noexcept nogil
cdef void track_reset(progress_track* t) noexcept nogil  # keeps what was learned
cdef void track_forget(progress_track* t) noexcept nogil  # what was learned
cdef void track_rest(progress_track* t, int hops) noexcept nogil  # of silence, not busy
# whether a tone goes on that is no learned one
cdef bint track_tells(const progress_track* t) noexcept nogil
cdef bint track_busy(const progress_track* t) noexcept nogil  # would silence change anything?
# -> events written to `out`: up to 2
cdef int track_follow(progress_track* t, const cadence_plan* plan, const progress_window* window,
                      int64_t now, progress_event* out) noexcept nogil
