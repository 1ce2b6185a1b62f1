"""The event ring with its eventfd, and how nothing that matters is lost in it.

What: the tick's way out. ACK, PLAY_DONE and TONE_DONE are *replies* and never
lost: a command waits in its ring until there is room for what it can cause,
and an end that finds no room is told in a later block. Digits, overruns and
missed ticks are *news*: they leave a reserve for replies and are counted when
refused.
How: POD records in an SPSC ring; one non-blocking eventfd write a block, only
when something was posted.
"""

from libc.stdint cimport uint64_t
from posix.unistd cimport close, read, write

from dsp_ext.ring cimport ring_init, ring_put, ring_release, ring_writable

cdef extern from "<sys/eventfd.h>" nogil:
    int eventfd(unsigned int initval, int flags)
    int EFD_NONBLOCK
    int EFD_CLOEXEC


cdef bint outbox_init(outbox_t* box, int events) noexcept nogil:
    box.full = 0
    box.posted = False
    box.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
    if box.fd < 0 or not ring_init(&box.ring, events * sizeof(event_t)):
        return False
    # A quarter of the ring, at least what one command needs, at most 64 events.
    box.reserve = sizeof(event_t) * max(REPLIES, min(64, events // 4))
    return True


cdef void outbox_release(outbox_t* box) noexcept nogil:
    ring_release(&box.ring)
    if box.fd >= 0:
        close(box.fd)
    box.fd = -1


cdef void outbox_open(outbox_t* box) noexcept nogil:
    box.posted = False


cdef bint outbox_ready(const outbox_t* box) noexcept nogil:
    return ring_writable(&box.ring) >= REPLIES * sizeof(event_t)


cdef bint outbox_room(const outbox_t* box) noexcept nogil:
    return ring_writable(&box.ring) >= box.reserve + sizeof(event_t)


cdef bint outbox_post(outbox_t* box, const event_t* event) noexcept nogil:
    if not outbox_room(box):
        box.full += 1
        return False
    return outbox_reply(box, event)


cdef bint outbox_reply(outbox_t* box, const event_t* event) noexcept nogil:
    if not ring_put(&box.ring, event, sizeof(event_t)):
        return False
    box.posted = True
    return True


cdef void outbox_close(outbox_t* box) noexcept nogil:
    cdef uint64_t one = 1
    if box.posted:
        write(box.fd, &one, sizeof(one))


cdef void outbox_drained(outbox_t* box) noexcept nogil:
    cdef uint64_t count
    read(box.fd, &count, sizeof(count))
