"""Rows of the suite ``kernels``: the gain control beside that of libspeexdsp's preprocessor."""

from __future__ import annotations

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.media_kernels import FRAMES, SAMPLES, heard, line, view
from bench.peers._media import ffi, lib
from bench.report import Result
from dsp_ext.agc import Agc

PEER = "libspeexdsp preprocessor (gain control only), channel by channel, in C"
SHARE = 1 / 6


def measure(channels: int) -> Result:
    """One size."""
    pcm = heard(channels)
    blocks, kernel = pieces(pcm), Agc(channels)
    peer = ffi.gc(lib.voice_peer_new(channels, 1), lib.media_peer_free)
    samples = line(pcm)
    given = view(samples)
    ours, theirs = by_turns(
        (
            lambda: [kernel.process(block) for block in blocks],
            lambda: lib.voice_peer_run(peer, given, SAMPLES),
        ),
        turns=12,
    )
    return row(
        "gain control", channels, FRAMES, ours, theirs, PEER, SHARE if channels > 1 else None
    )


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
