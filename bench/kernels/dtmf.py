"""Rows of the suite ``kernels``: DTMF detection beside libspandsp's and Python's, keys in noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.peers import packages
from bench.peers._dtmf import ffi, lib
from bench.report import Result
from bench.signals.bursts import bursts
from dsp_ext import dtmf, tone
from dsp_ext.units import SAMPLE_RATE

PEER = "libspandsp dtmf_rx, channel by channel, in C"
FRAMES = 25  # of 20 ms
SAMPLES = FRAMES * SAMPLE_RATE // 50
SHARE = 1 / 8
SHARE_OF_ONE = 1.2  # a single channel leaves the lanes of a vector to its tones


def heard(channels: int) -> NDArray[np.float32]:
    """float32 of shape (SAMPLES, channels): on every channel a key of 200 ms in noise."""
    low, high = tone.DTMF_LOW_HZ, tone.DTMF_HIGH_HZ
    return bursts(channels, SAMPLES, -10, lambda c: (low[c // 4 % 4], high[c % 4]))


def measure(channels: int) -> Result:
    """One size.  RuntimeError when either side misses keys."""
    pcm = heard(channels)
    blocks = pieces(pcm)
    detector = dtmf.DtmfDetector(channels)
    samples = np.ascontiguousarray(pcm.T.astype(np.int16))
    peer = ffi.gc(lib.dtmf_peer_new(channels), lib.dtmf_peer_free)
    line = ffi.from_buffer("int16_t[]", samples)
    ours = sum(event.duration_ms == 0 for event in detector.edges(pcm))
    theirs = lib.dtmf_peer_run(peer, line, SAMPLES)
    if min(ours, theirs) < channels:
        raise RuntimeError(f"of {channels} keys ours found {ours}, the peer {theirs}")
    ours_ns, peer_ns = by_turns(
        (
            lambda: [detector.process(block) for block in blocks],
            lambda: lib.dtmf_peer_run(peer, line, SAMPLES),
        )
    )
    share = SHARE if channels > 1 else SHARE_OF_ONE
    return row("DTMF", channels, FRAMES, ours_ns, peer_ns, PEER, share)


def recording(peer: str, decode: Callable[[NDArray[np.int16]], str]) -> Result:
    """A recording of one line decoded, beside a package a Python program would take."""
    pcm = heard(1)[:, 0]
    samples = pcm.astype(np.int16)
    ours, theirs = dtmf.decode(pcm), decode(samples)
    if set(ours) != set(theirs):
        raise RuntimeError(f"ours heard {ours!r}, {peer} {theirs!r}")
    ours_ns, peer_ns = by_turns((lambda: dtmf.decode(pcm), lambda: decode(samples)), turns=5)
    return row("DTMF of a recording", 1, FRAMES, ours_ns, peer_ns, peer, None)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    sized = [measure(channels) for channels in SIZES]
    return sized + [recording(*each) for each in packages.dtmf_decoders()]
