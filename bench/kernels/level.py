"""Rows of the suite ``kernels``: the level meter beside libspandsp's power meter."""

from __future__ import annotations

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.media_kernels import FRAMES, SAMPLES, heard, line, view
from bench.peers._media import ffi, lib
from bench.report import Result
from dsp_ext.level import LevelMeter

PEER = "libspandsp power_meter, channel by channel, in C"
SHARE = 1 / 2


def measure(channels: int) -> Result:
    """One size."""
    pcm = heard(channels)
    blocks, meter = pieces(pcm), LevelMeter(channels)
    peer = ffi.gc(lib.level_peer_new(channels), lib.media_peer_free)
    samples = line(pcm)
    given = view(samples)
    ours, theirs = by_turns(
        (
            lambda: [meter.process(block) for block in blocks],
            lambda: lib.level_peer_run(peer, given, SAMPLES),
        )
    )
    return row("level", channels, FRAMES, ours, theirs, PEER, SHARE if channels > 1 else None)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
