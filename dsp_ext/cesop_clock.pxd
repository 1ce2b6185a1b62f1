"""C door of the far end's clock; cesop_clock.pyx says what and how."""

from libc.stdint cimport int64_t

cdef struct clock_t:
    int64_t first_ns, first_frame  # where the lines of sight begin
    int64_t until_ns  # end of the second that is being looked at
    double least  # of (arrival − frames × 125 µs), the fastest packet in it
    bint any
    int seconds  # looked at so far
    double offset  # ns, filtered
    double drift  # ns a second: how much later each second's packets come
    int misses  # seconds in a row that did not fit

cdef void clock_reset(clock_t* c) noexcept nogil
# a packet that begins with `frame` came at `at_ns`
cdef void clock_saw(clock_t* c, int64_t frame, int64_t at_ns) noexcept nogil
# how much faster than ours the far end's clock is; 0 until it can be told
cdef double clock_ppm(const clock_t* c) noexcept nogil
cdef bint clock_locked(const clock_t* c) noexcept nogil
