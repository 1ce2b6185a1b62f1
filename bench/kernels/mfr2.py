"""Rows of the suite ``kernels``: MF-R2 detection beside libspandsp's, forward signals in noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.peers._mfr2 import ffi, lib
from bench.report import Result
from bench.signals.bursts import bursts
from dsp_ext import mfr2
from dsp_ext.units import SAMPLE_RATE

PEER = "libspandsp r2_mf_rx, channel by channel, in C"
FRAMES = 25  # of 20 ms
SAMPLES = FRAMES * SAMPLE_RATE // 50
SHARE = 1 / 6
SHARE_OF_ONE = 1.2  # a single channel leaves the lanes of a vector to its tones


def heard(channels: int) -> NDArray[np.float32]:
    """float32 of shape (SAMPLES, channels): on every channel a signal of 200 ms in noise."""
    return bursts(channels, SAMPLES, -11.5, lambda c: mfr2.frequencies(c % 15 + 1))


def measure(channels: int) -> Result:
    """One size.  RuntimeError when either side misses signals."""
    pcm = heard(channels)
    blocks = pieces(pcm)
    detector = mfr2.MfDetector(channels)
    samples = np.ascontiguousarray(pcm.T.astype(np.int16))
    peer = ffi.gc(lib.mfr2_peer_new(channels), lib.mfr2_peer_free)
    line = ffi.from_buffer("int16_t[]", samples)
    ours = sum(event.duration_ms == 0 for event in detector.process(pcm))
    theirs = lib.mfr2_peer_run(peer, line, SAMPLES)
    if min(ours, theirs) < channels:
        raise RuntimeError(f"of {channels} signals ours found {ours}, the peer {theirs}")
    ours_ns, peer_ns = by_turns(
        (
            lambda: [detector.process(block) for block in blocks],
            lambda: lib.mfr2_peer_run(peer, line, SAMPLES),
        )
    )
    share = SHARE if channels > 1 else SHARE_OF_ONE
    return row("MF-R2", channels, FRAMES, ours_ns, peer_ns, PEER, share)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
