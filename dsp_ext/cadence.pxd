"""C doors of cadence matching; cadence.pyx says what and how. Times are in hops of 10 ms."""

from libc.stdint cimport int32_t, uint8_t

cdef enum:
    CADENCE_STEPS = 16  # of a pattern
    CADENCE_PATTERNS = 16
    CADENCE_PAST = 16  # steps remembered
    CADENCE_EVER = 1 << 30  # longer than any step
    CADENCE_LOOKS = 512

cdef struct cadence_step:
    int32_t sound  # 0 is silence
    int32_t least
    int32_t nominal  # 0: until it is stopped
    int32_t most

cdef struct cadence_pattern:
    cadence_step step[16]
    int steps
    bint repeats
    int need  # complete steps before the open one, so that it is this pattern
    int wait  # the step that need not be complete: a continuous one, a long pause; -1 none
    int hold  # how long that one must have lasted
    int pause  # the longest silence in it
    bint even  # its level stays: one continuous frequency (pairs may beat), or a very short pause

cdef struct cadence_plan:
    cadence_pattern pattern[16]
    int patterns
    int32_t look[512]  # by the open step's length: the next one at which a match may change

cdef struct cadence_past:
    uint8_t sound[16]
    int32_t length[16]
    int newest  # place in the ring
    int count
    bint cut  # the beginning of the oldest was not heard
    int open_sound  # the step that goes on
    int open_length

cdef void cadence_prepare(cadence_plan* plan) noexcept nogil  # fills `look`
cdef inline int cadence_look(const cadence_plan* plan, int length) noexcept nogil:
    """The next length of the open step, after `length`, at which it is worth while to match."""
    return plan.look[length] if 0 <= length < CADENCE_LOOKS else CADENCE_EVER

cdef void cadence_clear(cadence_past* past, bint cut) noexcept nogil
cdef void cadence_close(cadence_past* past, int next_sound, int next_length) noexcept nogil
# -> pattern that is now sure, -1 none
cdef int cadence_match(const cadence_plan* plan, const cadence_past* past) noexcept nogil
# whether pattern still goes on
cdef bint cadence_holds(const cadence_pattern* pattern, const cadence_past* past) noexcept nogil
