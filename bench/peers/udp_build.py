"""cffi binding of the peer that sends and receives datagrams and does nothing else."""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

SOURCE = Path(__file__).with_name("udp.c").read_text(encoding="utf-8")

ffibuilder = FFI()
ffibuilder.cdef("long udp_peer_turn(const int *fd, int sockets, int packets, int size);")
ffibuilder.set_source("bench.peers._udp", SOURCE, extra_compile_args=["-O3"])

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
