"""C doors of a datagram socket in a tick; cesop_net.pyx says what and how."""

from libc.stdint cimport int64_t, uint8_t

cdef enum:
    NET_BATCH = 64  # datagrams in one go; cesop_net.h says so too
    NET_ROOM = 2048  # octets of one; longer ones come cut, and are no packets of ours

cdef struct net_t:
    int fd
    void* batch  # net_batch
    int queued
    int64_t sent
    int64_t unsent  # the socket refused them
    int64_t errors  # of receiving, other than that there is nothing

cdef bint net_init(net_t* n) noexcept nogil  # False: no memory
cdef void net_release(net_t* n) noexcept nogil
cdef int net_receive(net_t* n) noexcept nogil  # -> datagrams, 0 when there are none
cdef const uint8_t* net_datagram(const net_t* n, int i, int* length) noexcept nogil
cdef bint net_is_remote(const net_t* n, int i) noexcept nogil
cdef int64_t net_came_ns(const net_t* n, int i) noexcept nogil  # 0: not told
cdef uint8_t* net_place(net_t* n) noexcept nogil  # for the next datagram to send
cdef void net_queue(net_t* n, int length) noexcept nogil  # it has been filled
cdef void net_flush(net_t* n) noexcept nogil
cdef int net_ask_times(int fd) noexcept nogil  # < 0: errno
cdef int net_to(net_t* n, str host, int port) except -1  # ValueError for no numeric address
