"""Rows of the suite ``kernels``: the resampler beside libspeexdsp's of quality 8.

Quality 8 is the peer's first whose stop band is as deep as ours; its pass band ends at 0.94 of half
the lower rate where ours ends at 0.85, and its stop band begins beyond half of it.
"""

from __future__ import annotations

import numpy as np

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.media_kernels import FRAMES, SAMPLES, heard, line, view
from bench.peers._media import ffi, lib
from bench.report import Result
from dsp_ext.resample import Resampler

PEER = "libspeexdsp's resampler (quality 8, float), channel by channel, in C"
SHARE = 1 / 2
RATIOS = ((8000, 16000), (8000, 48000), (48000, 8000))


def measure(channels: int, from_hz: int, to_hz: int) -> Result:
    """One size and ratio. A frame is 160 input samples, whatever their rate."""
    pcm = heard(channels)
    blocks, resampler = pieces(pcm), Resampler(channels, from_hz, to_hz)
    peer = ffi.gc(lib.resample_peer_new(channels, from_hz, to_hz, 8), lib.media_peer_free)
    samples = line(pcm, "float32")
    room = SAMPLES * to_hz // from_hz + 64
    out = np.zeros((channels, room), dtype=np.float32)
    given, taken = view(samples, "float[]"), view(out, "float[]")
    ours, theirs = by_turns(
        (
            lambda: [resampler.process(block) for block in blocks],
            lambda: lib.resample_peer_run(peer, given, SAMPLES, taken, room),
        ),
        turns=8,
    )
    name = f"resample {from_hz // 1000} → {to_hz // 1000} kHz"
    return row(name, channels, FRAMES, ours, theirs, PEER, SHARE if channels > 1 else None)


def run() -> list[Result]:
    """µs per 160 input samples and channel at each ratio and size."""
    return [measure(channels, *ratio) for ratio in RATIOS for channels in SIZES]
