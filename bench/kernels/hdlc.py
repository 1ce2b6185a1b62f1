"""Rows of the suite ``kernels``: HDLC on time slots beside libspandsp's, frames and flags in turn.

There is no goal: a span's D channel is one slot of 32, and both sides take about a microsecond for
20 ms of it. Ours takes the frames from a ring that another thread may fill.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, row
from bench.peers._hdlc import ffi, lib
from bench.report import Result
from dsp_ext import hdlc

PEER = "libspandsp hdlc_rx and hdlc_tx, channel by channel, in C"
FRAMES = 25  # of 20 ms
OCTETS = FRAMES * 160
SENT = 50  # HDLC frames in that time
LENGTH = 40  # their octets: about half of the line is frames, half flags


def _frame() -> bytes:
    return np.random.default_rng(921).integers(0, 256, LENGTH, dtype=np.uint8).tobytes()


def measure(channels: int) -> list[Result]:
    """One size, receiving and sending.  RuntimeError when either side misses frames."""
    framer, deframer = hdlc.Framer(channels), hdlc.Deframer(channels)
    peer = ffi.gc(lib.hdlc_peer_new(channels, 0), lib.hdlc_peer_free)
    frame = _frame()
    sent = np.empty((channels, OCTETS), dtype=np.uint8)
    place = ffi.from_buffer("uint8_t[]", sent)

    def send() -> list[NDArray[np.uint8]]:
        parts = []
        for _ in range(FRAMES):
            for channel in range(channels):
                for _ in range(SENT // FRAMES):
                    framer.send(channel, frame)
            parts.append(framer.process(160))
        return parts

    line = np.concatenate(send(), axis=1)
    heard = ffi.from_buffer("uint8_t[]", line)
    blocks = [np.ascontiguousarray(line[:, at : at + 160]) for at in range(0, OCTETS, 160)]
    ours = len(deframer.process(line))
    theirs = lib.hdlc_peer_hear(peer, heard, OCTETS)
    if min(ours, theirs) < SENT * channels * 0.9:
        raise RuntimeError(f"of {SENT * channels} frames ours found {ours}, the peer {theirs}")
    rx = by_turns(
        (
            lambda: [deframer.process(block) for block in blocks],
            lambda: lib.hdlc_peer_hear(peer, heard, OCTETS),
        )
    )
    tx = by_turns((send, lambda: lib.hdlc_peer_send(peer, frame, LENGTH, SENT, place, OCTETS)))
    return [
        row("HDLC received", channels, FRAMES, rx[0], rx[1], PEER, None),
        row("HDLC sent", channels, FRAMES, tx[0], tx[1], PEER, None),
    ]


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [result for channels in SIZES for result in measure(channels)]
