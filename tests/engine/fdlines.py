"""Sockets that keep blocks apart stand in for the channels of a driver, which at times refuses."""

from __future__ import annotations

import ctypes
import os
import socket
from collections import deque

import numpy as np

from dsp_ext.fdport import FdPort

BLOCK = 80
IDLE = 0xD5
RAN_DRY, BOUNCED = 30, 12


def packets(end: socket.socket) -> list[bytes]:
    """All that wait; one at least: the far end's has been written before."""
    found = [end.recv(4096)]
    while True:
        try:
            found.append(end.recv(4096))
        except BlockingIOError:
            return found


def says(end: socket.socket) -> int:
    try:
        os.read(end.fileno(), 1)
    except OSError as error:
        return error.errno or 0
    return 0


class Stalled:
    """One channel that is refused once with an event, as after a stall: it had nothing to send."""

    def __init__(self, **options: object) -> None:
        self.ours, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line = os.dup(self.ours.fileno())
        self.refusing = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.ours, self.far, self.refusing):
            end.setblocking(False)
        self.storm = 0
        self.flushed: list[bool] = []
        self.queue: deque[int] = deque()
        self._take = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(self._taken)
        self._flush = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(self._empty)
        self.fds = FdPort(
            [self.ours.fileno()],
            block=BLOCK,
            pending=says(self.refusing),
            take_event=ctypes.cast(self._take, ctypes.c_void_p).value,
            ran_dry=RAN_DRY,
            flush=ctypes.cast(self._flush, ctypes.c_void_p).value,
            **options,
        )

    def _taken(self, fd: int) -> int:
        self.storm -= 1
        if self.storm > 0:
            return BOUNCED
        os.dup2(self.line, fd)
        return RAN_DRY if self.storm < 0 else BOUNCED

    def _empty(self, fd: int, received: int) -> int:
        self.flushed.append(bool(received))
        self.sent()
        while received:
            try:
                os.read(fd, 4096)
            except BlockingIOError:
                break
        return 0

    def receives(self, *marks: int) -> None:
        for mark in marks:
            self.far.send(bytes([mark]) * BLOCK)

    def stalls(self) -> None:
        os.dup2(self.refusing.fileno(), self.ours.fileno())

    def tick(self, mark: int) -> int:
        """The block received, by its mark."""
        heard = int(self.fds.port.read()[0][0])
        self.fds.port.write(np.full((1, BLOCK), mark, np.uint8))
        return heard

    def pump(self) -> None:
        """Have `queue` hold what the driver has been given to send, and has not sent yet."""
        while True:
            try:
                self.queue.append(self.far.recv(4096)[0])
            except BlockingIOError:
                return

    def sent(self) -> list[int]:
        """What lies in the driver, by its marks; no longer then."""
        self.pump()
        found = list(self.queue)
        self.queue.clear()
        return found

    def close(self) -> None:
        os.close(self.line)
        for end in (self.ours, self.far, self.refusing):
            end.close()
