"""Cadence matching: which tone of a plan has the pattern of sounds and pauses just heard.

What: a channel's past is a row of steps (sound, length); patterns are such rows too, most of them
without end. `cadence_match` tells the pattern that explains the past, once no other can.
How: each pattern is laid over the past with each of its steps as the one that goes on, and compared
backwards step by step. The pattern with the most complete steps in agreement wins. It is told when
these are enough (three: two bursts and a pause, or the pauses about a burst), or when a step that
tells the end (a continuous tone, the long pause of ringing) has lasted, and no other pattern fits
as well; patterns that stay alike for two of their cycles are told apart by the closer fit.
Limits: 16 patterns of 16 steps, the last 16 steps heard; nothing is allocated.
Source: cadences and their limits, ITU-T E.180 clauses 3 to 7, as each plan has them.
"""

from libc.stdlib cimport abs as iabs

cdef enum:
    LEAST_HEARD = 40  # hops of complete steps that a repeating pattern is told by


cdef void cadence_prepare(cadence_plan* plan) noexcept nogil:
    """The open step decides something when it outlasts a step of the plan, or has lasted enough."""
    cdef const cadence_pattern* pattern
    cdef int length, i, k
    for length in range(CADENCE_LOOKS):
        plan.look[length] = CADENCE_EVER
        for i in range(plan.patterns):
            pattern = &plan.pattern[i]
            if pattern.wait >= 0 and pattern.hold > length:
                plan.look[length] = min(plan.look[length], pattern.hold)
            for k in range(pattern.steps):
                if pattern.step[k].most >= length:
                    plan.look[length] = min(plan.look[length], pattern.step[k].most + 1)


cdef void cadence_clear(cadence_past* past, bint cut) noexcept nogil:
    past.count, past.newest, past.cut = 0, 0, cut


cdef void cadence_close(cadence_past* past, int next_sound, int next_length) noexcept nogil:
    """The open step is complete; `next_sound` has gone on for `next_length` already."""
    past.newest = (past.newest + 1) % CADENCE_PAST
    past.sound[past.newest] = past.open_sound
    past.length[past.newest] = past.open_length
    if past.count < CADENCE_PAST:
        past.count += 1
    else:
        past.cut = False
    past.open_sound, past.open_length = next_sound, next_length


cdef int _fit(const cadence_pattern* pattern, const cadence_past* past, int at, double* error,
              int* heard) noexcept nogil:
    """Complete steps that agree when step `at` is the open one; -1 when that one cannot be."""
    cdef int agreed = 0
    cdef int i, place, ring, length
    cdef const cadence_step* step = &pattern.step[at]
    error[0], heard[0] = 0.0, 0
    if step.sound != past.open_sound or past.open_length > step.most:
        return -1
    for i in range(past.count):
        place = at - 1 - i
        if place < 0 and not pattern.repeats:
            break
        while place < 0:
            place += pattern.steps
        step = &pattern.step[place]
        ring = (past.newest - i + CADENCE_PAST) % CADENCE_PAST
        length = past.length[ring]
        if step.sound != past.sound[ring] or not step.least <= length <= step.most:
            break
        agreed += 1
        heard[0] += length
        error[0] += iabs(length - step.nominal) / <double>step.nominal
    if agreed:
        error[0] /= agreed
    return agreed


cdef int _best(const cadence_pattern* pattern, const cadence_past* past, double* error,
               bint* sure) noexcept nogil:
    """The best of all ways to lay the pattern: steps in agreement, and whether that is enough."""
    cdef int most = -1
    cdef int at, agreed, heard
    cdef double fit
    for at in range(pattern.steps):
        agreed = _fit(pattern, past, at, &fit, &heard)
        if agreed < most or agreed < 0 or (agreed == most and fit >= error[0]):
            continue
        most, error[0] = agreed, fit
        if at == pattern.wait and past.open_length >= pattern.hold and agreed >= pattern.need:
            sure[0] = True
        else:
            sure[0] = pattern.repeats and agreed >= 3 and heard >= LEAST_HEARD
    return most


cdef int cadence_match(const cadence_plan* plan, const cadence_past* past) noexcept nogil:
    cdef int[16] agreed
    cdef double[16] error
    cdef bint[16] sure
    cdef int best = -1
    cdef int i
    cdef const cadence_pattern* winner
    for i in range(plan.patterns):
        error[i], sure[i] = 0.0, False
        agreed[i] = _best(&plan.pattern[i], past, &error[i], &sure[i])
        if agreed[i] >= 0 and sure[i] and (
                best < 0 or agreed[i] > agreed[best]
                or (agreed[i] == agreed[best] and error[i] < error[best])):
            best = i
    if best < 0:
        return -1
    winner = &plan.pattern[best]
    if winner.wait >= 0 and winner.step[winner.wait].nominal == 0:
        return best
    for i in range(plan.patterns):
        if i == best or agreed[i] < agreed[best]:
            continue
        if agreed[i] > agreed[best] or agreed[i] < 2 * max(winner.steps, plan.pattern[i].steps):
            return -1
    return best


cdef bint cadence_holds(const cadence_pattern* pattern, const cadence_past* past) noexcept nogil:
    cdef int at, heard
    cdef double error
    for at in range(pattern.steps):
        if _fit(pattern, past, at, &error, &heard) >= (1 if past.count and pattern.steps > 1 else 0):
            return True
    return False
