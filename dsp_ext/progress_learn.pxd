"""A steady tone that no plan knows, and learning its cadence; progress_learn.pyx says how.

Times in hops of 10 ms.
"""

cdef enum:
    LEARN_RISE = 7  # hops in which a burst's beginning is sought

cdef struct progress_learner:
    float past[7]  # power of the last windows, the newest last
    float level  # of the open burst, or the last one
    double total  # sum of its windows' power,
    double moment  # and each times its number
    float before  # level of the burst before
    int state  # nothing, a burst, a pause
    int length  # of that
    int loud  # hops of the pause that are louder than a pause is
    int seen  # hops of the burst that were looked at
    int odd  # and of these such as are another tone or off its level
    int bin  # where the burst's tone lies
    int lean  # sum of how far the hops' own tones lie from it
    int pause  # before the open burst
    int bursts  # complete and alike, up to now
    int sound  # bin of the first of them
    int on_sum
    int on_least
    int on_most
    int off_sum
    int off_least
    int off_most
    bint sounding  # the learned tone is on
    bint learning
    int learned_bin
    int learned_on  # 0: nothing learned
    int learned_off

# the bin of the tone, or of the lower one of a pair, that holds most of the band; `tone` is what it
# holds. `bins`: 16 of a channel, `stride` floats apart; `lowest`: the band's lowest bin
cdef int tone_bin(const float* bins, int stride, int lowest, float* tone) noexcept nogil
# where the band about this frequency begins
cdef int lowest_bin(double centre_hz) noexcept nogil
cdef void learn_reset(progress_learner* l) noexcept nogil  # keeps what was learned
cdef void learn_forget(progress_learner* l) noexcept nogil  # what was learned
cdef void learn_clear(progress_learner* l) noexcept nogil  # what was heard: a tone of the plan is on
cdef bint learn_busy(const progress_learner* l) noexcept nogil  # would silence change anything?
# whether bursts of a tone are heard, learned or not, or one may begin: it is no voice yet
cdef bint learn_hears(const progress_learner* l) noexcept nogil
# one more window of this power; only where a tone is sought in it are the bins looked at
cdef void learn_follow(progress_learner* l, float power, const float* bins, int stride,
                       int lowest) noexcept nogil
# hops since the tone that is sounding began, as far as it was followed
cdef int learn_length(const progress_learner* l) noexcept nogil
