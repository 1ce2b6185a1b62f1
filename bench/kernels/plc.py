"""Rows of the suite ``kernels``: the concealer beside libspandsp's, one block of 10 ms in 20 lost.

A figure without a goal: what counts is how it sounds, see the suite ``quality``.
"""

from __future__ import annotations

import numpy as np

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.media_kernels import FRAMES, SAMPLES, heard, line, view
from bench.peers._media import ffi, lib
from bench.report import Result
from dsp_ext.plc import Concealer

PEER = "libspandsp plc_rx and plc_fillin, channel by channel, in C"
BLOCK = 80
LOST = 0.05


def measure(channels: int) -> Result:
    """One size."""
    pcm = heard(channels)
    count = SAMPLES // BLOCK
    lost = np.random.default_rng(5).random((count, channels)) < LOST
    blocks = pieces(pcm)
    ends = np.cumsum([len(block) // BLOCK for block in blocks])
    flagged = list(zip(blocks, np.split(lost, ends[:-1]), strict=True))
    concealer = Concealer(channels)
    peer = ffi.gc(lib.plc_peer_new(channels), lib.media_peer_free)
    samples, gone = line(pcm), np.ascontiguousarray(lost.T.astype(np.uint8))
    given, flags = view(samples), view(gone, "uint8_t[]")
    ours, theirs = by_turns(
        (
            lambda: [concealer.process(*block) for block in flagged],
            lambda: lib.plc_peer_run(peer, given, SAMPLES, BLOCK, flags),
        )
    )
    return row("plc", channels, FRAMES, ours, theirs, PEER, None)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
