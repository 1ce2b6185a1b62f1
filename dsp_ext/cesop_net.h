/* Batches of datagrams: recvmmsg and sendmmsg with addresses and times of arrival. */
#ifndef DSP_EXT_CESOP_NET_H
#define DSP_EXT_CESOP_NET_H

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NET_DATAGRAMS 64
#define NET_OCTETS 2048
#define NET_CONTROL CMSG_SPACE(sizeof(struct timespec))

typedef struct {
    struct mmsghdr in[NET_DATAGRAMS], out[NET_DATAGRAMS];
    struct iovec in_piece[NET_DATAGRAMS], out_piece[NET_DATAGRAMS];
    struct sockaddr_storage sender[NET_DATAGRAMS], remote;
    union { /* the kernel writes whole headers there */
        uint8_t octets[NET_CONTROL];
        struct cmsghdr aligned;
    } control[NET_DATAGRAMS];
    uint8_t in_data[NET_DATAGRAMS][NET_OCTETS], out_data[NET_DATAGRAMS][NET_OCTETS];
} net_batch;

static void net_lay_out(net_batch *b, int remote_size)
{
    for (int i = 0; i < NET_DATAGRAMS; i++) {
        b->in_piece[i].iov_base = b->in_data[i];
        b->in_piece[i].iov_len = NET_OCTETS;
        b->in[i].msg_hdr.msg_iov = &b->in_piece[i];
        b->in[i].msg_hdr.msg_iovlen = 1;
        b->in[i].msg_hdr.msg_name = &b->sender[i];
        b->in[i].msg_hdr.msg_control = b->control[i].octets;
        b->out_piece[i].iov_base = b->out_data[i];
        b->out[i].msg_hdr.msg_iov = &b->out_piece[i];
        b->out[i].msg_hdr.msg_iovlen = 1;
        b->out[i].msg_hdr.msg_name = &b->remote;
        b->out[i].msg_hdr.msg_namelen = remote_size;
    }
}

static int net_recv(net_batch *b, int fd)
{
    for (int i = 0; i < NET_DATAGRAMS; i++) {
        b->in[i].msg_hdr.msg_namelen = sizeof b->sender[i];
        b->in[i].msg_hdr.msg_controllen = sizeof b->control[i].octets;
        b->in[i].msg_hdr.msg_flags = 0;
    }
    return recvmmsg(fd, b->in, NET_DATAGRAMS, MSG_DONTWAIT, NULL);
}

static int net_want_times(int fd)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

/* When a datagram came, by the system's clock; 0 where the system does not say. */
static int64_t net_stamp(net_batch *b, int i)
{
    struct msghdr *head = &b->in[i].msg_hdr;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof t);
            return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
        }
    return 0;
}

/* Family, port and address, and nothing else of an address, say who somebody is. */
static int net_same(const net_batch *b, int i)
{
    const struct sockaddr_storage *from = &b->sender[i];
    if (from->ss_family != b->remote.ss_family)
        return 0;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)from, *y = (const void *)&b->remote;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *x = (const void *)from, *y = (const void *)&b->remote;
    return from->ss_family == AF_INET6 && x->sin6_port == y->sin6_port
        && memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

static int net_set_remote(net_batch *b, int family, const uint8_t *address, int port)
{
    memset(&b->remote, 0, sizeof b->remote);
    b->remote.ss_family = family;
    if (family == AF_INET) {
        struct sockaddr_in *to = (void *)&b->remote;
        to->sin_port = htons(port);
        memcpy(&to->sin_addr, address, sizeof to->sin_addr);
        return sizeof *to;
    }
    struct sockaddr_in6 *to = (void *)&b->remote;
    to->sin6_port = htons(port);
    memcpy(&to->sin6_addr, address, sizeof to->sin6_addr);
    return sizeof *to;
}

#endif
