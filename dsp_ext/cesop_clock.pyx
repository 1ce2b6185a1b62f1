"""The far end's clock, learned from when its packets come.

What: tells by how many parts in a million the clock that sends the packets is faster than ours.
How: of each second the packet that was least delayed counts, as what delays packets only adds. A
line is fitted to these: at first through all (a growing memory), later with a memory of about forty
seconds, so that a wandering clock is followed. Five seconds in a row that do not fit begin it anew.
Limits: told after 8 s; ±500 ppm. A route that gets longer at a stroke is taken for a new beginning.
Source: RFC 5086 leaves the method open; the filter is an alpha-beta tracker whose gains are those
of a least-squares line until they reach their floor.
"""

from libc.math cimport fabs
from libc.stdint cimport int64_t

cdef enum:
    SECOND = 1000000000
    FRAME_NS = 125000
    TELLS_FROM = 8  # seconds
    MEMORY = 80  # seconds of the growing memory
    MISSES_MOST = 5
    MISFIT_NS = 50000000
    PPM_MOST = 500


cdef void clock_reset(clock_t* c) noexcept nogil:
    c.any = False
    c.seconds = c.misses = 0
    c.offset = c.drift = c.least = 0.0
    c.until_ns = 0


cdef void _begin(clock_t* c, int64_t frame, int64_t at_ns) noexcept nogil:
    clock_reset(c)
    c.first_ns, c.first_frame = at_ns, frame
    c.until_ns = at_ns + SECOND


cdef void _second(clock_t* c) noexcept nogil:
    """Fit the line to the second that has ended."""
    cdef int k = min(c.seconds + 1, MEMORY)
    cdef double error
    if c.seconds == 0:
        c.offset = c.least
    else:
        error = c.least - (c.offset + c.drift)
        if fabs(error) > MISFIT_NS:
            c.misses += 1
            c.offset += c.drift
            return
        c.offset += c.drift + error * (4.0 * k - 2.0) / (k * (k + 1.0))
        c.drift += error * 6.0 / (k * (k + 1.0))
        c.drift = min(max(c.drift, -PPM_MOST * 1000.0), PPM_MOST * 1000.0)
    c.misses = 0
    c.seconds += 1


cdef void clock_saw(clock_t* c, int64_t frame, int64_t at_ns) noexcept nogil:
    cdef double late
    if (c.until_ns == 0 or c.misses >= MISSES_MOST or at_ns < c.until_ns - 2 * <int64_t> SECOND
            or at_ns > c.until_ns + 10 * <int64_t> SECOND):
        _begin(c, frame, at_ns)
    while at_ns >= c.until_ns:
        if c.any:
            _second(c)
        elif c.seconds:
            c.offset += c.drift
        c.any = False
        c.until_ns += SECOND
    late = <double> (at_ns - c.first_ns) - <double> (frame - c.first_frame) * FRAME_NS
    c.least = late if not c.any else min(late, c.least)
    c.any = True


cdef bint clock_locked(const clock_t* c) noexcept nogil:
    return c.seconds >= TELLS_FROM


cdef double clock_ppm(const clock_t* c) noexcept nogil:
    # Later and later by `drift` ns a second: the far end is slow by as many parts in 10⁹.
    return -c.drift / 1000.0 if clock_locked(c) else 0.0


cdef class FarClock:
    """The far end's clock. `saw` is told of packets in the order of their coming."""

    cdef clock_t c

    def __cinit__(self):
        clock_reset(&self.c)

    def saw(self, int64_t frame, int64_t at_ns):
        """A packet whose first frame is number `frame` of the far end came at `at_ns`."""
        clock_saw(&self.c, frame, at_ns)

    @property
    def ppm(self):
        """Parts in a million by which the far end is faster; 0.0 until it can be told."""
        return clock_ppm(&self.c)

    @property
    def locked(self):
        """Whether it can be told."""
        return bool(clock_locked(&self.c))
