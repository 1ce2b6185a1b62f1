/* What UDP alone costs: the same datagrams between the same number of sockets, one system call for
 * each, nothing made of them. */
#include <string.h>
#include <sys/socket.h>

/* Every socket of `fd` (connected in pairs) sends `packets` datagrams of `size` octets and then takes
 * what came -> datagrams taken. */
long udp_peer_turn(const int *fd, int sockets, int packets, int size)
{
    static char data[2048];
    long taken = 0;
    for (int s = 0; s < sockets; s++)
        for (int n = 0; n < packets; n++)
            send(fd[s], data, size, MSG_DONTWAIT);
    for (int s = 0; s < sockets; s++)
        while (recv(fd[s], data, sizeof data, MSG_DONTWAIT) > 0)
            taken++;
    return taken;
}
