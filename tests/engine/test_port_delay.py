"""The delay of a port's buffers is known to the echo canceller: it begins with it."""

from __future__ import annotations

import socket
from collections import deque

import numpy as np

from dsp_ext import g711
from dsp_ext.engine import Engine
from dsp_ext.fdport import FdPort

BLOCK = 80
AHEAD = 8  # blocks: 80 ms, more than the tail
LOSS = 0.25


class Hybrid:
    """A line of one channel that gives back what is sent, 12 dB down, 80 ms later.

    ours : blocks of it that are buffers of our port; the rest is the line's
    """

    def __init__(self, ours: int) -> None:
        self.ours, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.ours, self.far):
            end.setblocking(False)
        self.fds = FdPort([self.ours.fileno()], block=BLOCK, prefill=ours)
        self.engine = Engine(1, block=BLOCK, echo=1)
        self.engine.attach(0, self.fds.port)
        self.late = deque([np.zeros(BLOCK, np.int16)] * (AHEAD - ours))
        noise = np.random.default_rng(1).integers(-6000, 6000, 16_000, dtype=np.int16)
        self.engine.play(0, noise, loop=True)

    def pass_blocks(self, count: int) -> None:
        for _ in range(count):
            try:
                sent = g711.alaw_decode(np.frombuffer(self.far.recv(BLOCK), np.uint8))
            except BlockingIOError:
                sent = np.zeros(BLOCK, np.int16)
            self.late.append(sent)
            back = (self.late.popleft() * LOSS).astype(np.int16)
            self.far.send(bytes(g711.alaw_encode(back)))
            self.engine.tick()

    def close(self) -> None:
        self.ours.close()
        self.far.close()


def _cancelled(ours: int) -> list[bool]:
    """Block by block from the canceller's beginning: whether it knows the echo's path by then."""
    line = Hybrid(ours)
    line.pass_blocks(50)
    line.engine.echo(0)
    known = []
    for _ in range(60):
        line.pass_blocks(1)
        found = line.engine.echo_of(0)
        known.append(found["delay_ms"] >= 80 and abs(found["erl_db"] - 12) < 1)
    line.close()
    return known


def test_the_delay_of_our_own_buffers_is_not_searched_for() -> None:
    known, found = _cancelled(AHEAD), _cancelled(1)
    assert all(known[12:])
    assert not any(found[:20])
