"""Two ports of an E1 over IP on loopback, ticked by hand, and what lies between them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp_ext.cesop_port import CesopPort

ALL = tuple(range(1, 32))
B_SLOTS = tuple(slot for slot in ALL if slot != 16)


def udp() -> socket.socket:
    """A bound socket that does not block."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


class End:
    """One end: its socket and its port."""

    def __init__(self, sock: socket.socket, far: tuple[str, int], **options: Any) -> None:
        self.socket = sock
        options.setdefault("timeslots", (1, 2, 3))
        self.ces = CesopPort(sock.fileno(), *far, **options)
        self.port = self.ces.port
        self.port.read()  # the first one only opens the line

    def send(self, value: int | NDArray[np.uint8]) -> None:
        """One block: one octet everywhere, or a row a channel."""
        shape = (self.port.channels, self.port.block)
        self.port.write(np.full(shape, value, np.uint8) if isinstance(value, int) else value)

    def hear(self) -> NDArray[np.uint8]:
        return self.port.read()


@contextmanager
def pair(**options: Any) -> Iterator[tuple[End, End]]:
    """Two ends of a line on loopback."""
    with udp() as a, udp() as b:
        yield End(a, b.getsockname(), **options), End(b, a.getsockname(), **options)


@contextmanager
def relayed(**options: Any) -> Iterator[tuple[End, End, socket.socket]]:
    """As `pair`, but all packets to the second end go through a socket of the test's.

    It hands them on with `sendto` to the second end, whose far end is that socket.
    """
    with udp() as a, udp() as b, udp() as middle:
        near = End(a, middle.getsockname(), **options)
        far = End(b, middle.getsockname(), **options)
        yield near, far, middle


def waiting(sock: socket.socket) -> list[bytes]:
    """All datagrams that wait."""
    found = []
    while True:
        try:
            found.append(sock.recv(4096))
        except BlockingIOError:
            return found


def noise(shape: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def carry(near: End, far: End, middle, order, blocks: int = 20, start: int = 0) -> list[int]:
    """Sends blocks valued by their number; `order` hands on some of each tick's packets."""
    heard: list[int] = []
    for number in range(start, start + blocks):
        near.send(number % 200)
        for data in order(number, waiting(middle)):
            middle.sendto(data, far.socket.getsockname())
        heard += far.hear()[0].tolist()
    return heard
