"""Datagrams in and out within a tick: many a system call, no Python, no memory taken.

What: receives what waits on a UDP socket with its senders and times, and sends what was queued to
one far end.
How: recvmmsg and sendmmsg on buffers laid out once. The socket is not connected: a stranger's
datagrams can so be counted, and no ICMP message from the far end makes a call fail.
Limits: 64 datagrams a call of 2048 octets; IPv4 or IPv6, numeric.
"""

import socket

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memset

from dsp_ext.units cimport zeroed

cdef extern from "cesop_net.h" nogil:
    struct mmsghdr:
        unsigned int msg_len
    struct iovec:
        size_t iov_len
    ctypedef struct net_batch:
        mmsghdr* out
        mmsghdr* inward "in"
        iovec* out_piece
        uint8_t[2048]* in_data
        uint8_t[2048]* out_data
    void net_lay_out(net_batch* b, int remote_size)
    int net_recv(net_batch* b, int fd)
    int64_t net_stamp(net_batch* b, int i)
    bint net_same(const net_batch* b, int i)
    int net_set_remote(net_batch* b, int family, const uint8_t* address, int port)
    int net_want_times(int fd)
    int sendmmsg(int fd, mmsghdr* messages, unsigned int n, int flags)
    int MSG_DONTWAIT


cdef bint net_init(net_t* n) noexcept nogil:
    memset(n, 0, sizeof(net_t))
    n.fd = -1
    n.batch = zeroed(sizeof(net_batch))
    return n.batch != NULL


cdef void net_release(net_t* n) noexcept nogil:
    free(n.batch)
    n.batch = NULL


cdef int net_receive(net_t* n) noexcept nogil:
    cdef int got = net_recv(<net_batch*> n.batch, n.fd)
    if got < 0:
        n.errors += errno not in (EAGAIN, EINTR)
        return 0
    return got


cdef int net_ask_times(int fd) noexcept nogil:
    return net_want_times(fd)


cdef const uint8_t* net_datagram(const net_t* n, int i, int* length) noexcept nogil:
    length[0] = (<net_batch*> n.batch).inward[i].msg_len
    return &(<net_batch*> n.batch).in_data[i][0]


cdef bint net_is_remote(const net_t* n, int i) noexcept nogil:
    return net_same(<const net_batch*> n.batch, i)


cdef int64_t net_came_ns(const net_t* n, int i) noexcept nogil:
    return net_stamp(<net_batch*> n.batch, i)


cdef uint8_t* net_place(net_t* n) noexcept nogil:
    if n.queued == NET_BATCH:
        net_flush(n)
    return &(<net_batch*> n.batch).out_data[n.queued][0]


cdef void net_queue(net_t* n, int length) noexcept nogil:
    (<net_batch*> n.batch).out_piece[n.queued].iov_len = length
    n.queued += 1


cdef void net_flush(net_t* n) noexcept nogil:
    """What the socket does not take is not sent later: it would be late for good."""
    cdef int gone, done = 0
    while done < n.queued:
        gone = sendmmsg(n.fd, (<net_batch*> n.batch).out + done, n.queued - done, MSG_DONTWAIT)
        if gone <= 0:
            if errno == EINTR:
                continue
            n.unsent += n.queued - done
            break
        n.sent += gone
        done += gone
    n.queued = 0


cdef int net_to(net_t* n, str host, int port) except -1:
    cdef const uint8_t[::1] address
    cdef int family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not 1 <= port <= 65535:
        raise ValueError(f"port {port}: 1 to 65535 are allowed")
    try:
        address = socket.inet_pton(family, host)
    except OSError:
        raise ValueError(f"{host!r} is no numeric address") from None
    net_lay_out(<net_batch*> n.batch,
                net_set_remote(<net_batch*> n.batch, family, &address[0], port))
    return 0
