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

cdef struct fdport_t:
    int channels
    int block
    uint8_t idle
    int* fd  # [channels]
    uint64_t* state  # [channels] WAITS, BEGUN, RUNS, HELD or GONE
    int64_t* rx_gaps  # [channels] octets that were due and not there
    int64_t* tx_gaps  # [channels] octets the driver had no room for, or the line no use any more
    int* dry  # [channels] had nothing to send; blocks that may be held back for that, 0: none
    int* settles  # [channels] blocks until one that has begun counts as running
    uint8_t* joined  # [channels] the driver sends on it by itself
    int* number  # [channels] by which the driver knows it
    int prefill  # blocks sent ahead
    int pending  # errno that says: an event waits
    take_event_t take_event
    int ran_dry  # the event that tells so
    flush_t flush
    listen_t listen
    ring_t notices
    int notices_fd
    bint posted

cdef class FdPort:
    cdef fdport_t c
    cdef readonly Port port
