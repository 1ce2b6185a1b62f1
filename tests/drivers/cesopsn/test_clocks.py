"""Both ends of an E1 over IP on clocks of their own, 50 ppm apart."""

from __future__ import annotations

import socket

import numpy as np
from numpy.typing import NDArray

from tests.drivers.cesopsn.rig import End, udp

BLOCK = 80  # frames of a tick, 10 ms
FRAMES = 40  # of a packet, 5 ms
LEAST = BLOCK  # what comes in bursts of a block waits for one, or blocks that pass each other meet
PPM = 50
MINUTES = 12
MARK = 8  # frames of a mark, 1 ms
MARKS = 251


class Clocked:
    """An end that sends marks of the time on its own clock, and hears those of the far end.

    What it sends is handed to the far end by `carry`, datagram by datagram, however busy the
    machine is.
    """

    def __init__(self, sock: socket.socket, middle: socket.socket) -> None:
        self.end = End(sock, middle.getsockname(), block=BLOCK, frames=FRAMES, least=LEAST)
        self.middle = middle
        self.sent = 0  # frames

    def tick(self, far: Clocked) -> int:
        """One block both ways; the mark at the end of what was heard."""
        heard = self.end.hear()
        frames = self.sent + np.arange(BLOCK)
        marks: NDArray[np.uint8] = (frames // MARK % MARKS).astype(np.uint8)
        self.end.send(np.tile(marks, (self.end.port.channels, 1)))
        self.sent += BLOCK
        for _ in range(BLOCK // FRAMES):
            far.end.ces.feed(self.middle.recv(4096))
        return int(heard[0, -1])


def run(minutes: int) -> tuple[Clocked, Clocked, list[tuple[int, int]]]:
    """The fast end, the slow end, and the delay of each direction in marks, twice a second."""
    with udp() as a, udp() as b, udp() as from_a, udp() as from_b:
        for middle in (from_a, from_b):
            middle.settimeout(10)
        fast, slow = Clocked(a, from_a), Clocked(b, from_b)
        delays, due = [], 0.0
        for n in range(minutes * 60 * 8000 // BLOCK):
            due += BLOCK * (1 + PPM * 1e-6)
            while fast.sent < due:
                back = fast.tick(slow)
            there = slow.tick(fast)
            if n % 50 == 49:
                delays.append(
                    ((fast.sent // MARK - there) % MARKS, (slow.sent // MARK - back) % MARKS)
                )
        return fast, slow, delays


def test_two_ends_50_ppm_apart_slip_and_their_delay_does_not_drift() -> None:
    """A block is the measure: which packets it meets turns once in 200 s, and slips follow that."""
    fast, slow, delays = run(MINUTES)
    due = MINUTES * 60 * 8000 * PPM * 1e-6
    heard_fast, heard_slow = fast.end.ces.counters(), slow.end.ces.counters()
    assert due - 2 * BLOCK < heard_slow["slips_passed"] < due + BLOCK
    assert due - 3 * BLOCK < heard_fast["slips_repeated"] < due + BLOCK
    assert heard_slow["slips_repeated"] == heard_fast["slips_passed"] == 0
    for counts in (heard_fast, heard_slow):
        assert (counts["lost_frames"], counts["underrun_frames"], counts["late"]) == (0, 0, 0)
    for way in zip(*delays, strict=True):
        third = len(way) // 3
        early, late = np.mean(way[:third]), np.mean(way[-third:])
        assert abs(early - late) < 5, f"the delay drifts from {early:.1f} to {late:.1f} ms"
        assert max(way) - min(way) <= 10, "a block at most, at any time"
