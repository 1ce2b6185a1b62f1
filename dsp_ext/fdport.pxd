"""C door of ports on file descriptors; fdport.pyx says what and how."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from dsp_ext.port cimport Port
from dsp_ext.ring cimport ring_t

ctypedef int (*take_event_t)(int fd) noexcept nogil  # an event, 0 for none, or -errno
ctypedef int (*flush_t)(int fd, int received) noexcept nogil
ctypedef int (*listen_t)(int fd, int number) noexcept nogil  # < 0: it cannot

cdef struct notice_t:
    int channel
    int event

cdef struct channel_t:
    int fd
    uint64_t state  # WAITS, BEGUN, RUNS, HELD or GONE
    int64_t rx_gaps  # octets that were due and not there
    int64_t tx_gaps  # octets the driver had no room for, or the line no use any more
    int64_t slips  # blocks passed over or left out as its clock is not the engine's
    int64_t behind_since  # tick since when a block more than is due waits; 0: none does
    int dry  # had nothing to send; blocks that may be held back for that, 0: none
    int tries  # how often it began anew to be with the clock
    int settles  # blocks until one that has begun counts as running
    int ahead  # blocks sent since it began more than were received: 0, or 1
    int stood  # ticks in a row in which no block came
    int number  # by which the driver knows it
    bint twice  # one received was passed over: the next is sent twice
    bint joined  # the driver sends on it by itself

cdef struct fdport_t:
    int channels
    int block
    uint8_t idle
    channel_t* of
    int64_t ticks
    bint hurried  # as far as the thread has told: the engine catches up
    int prefill  # blocks sent ahead
    int pending  # errno that says: an event waits
    take_event_t take_event
    int ran_dry  # the event that tells so
    int leaves  # the event that tells that a channel goes
    flush_t flush
    listen_t listen
    ring_t notices
    int notices_fd
    bint posted

cdef class FdPort:
    cdef fdport_t c
    cdef readonly Port port
