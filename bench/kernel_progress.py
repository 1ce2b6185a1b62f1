"""Rows of the suite ``kernels``: call progress beside libspandsp's, North American busy in noise.

The peer listens for four tones of the plan; ours for all that a caller may hear, fax and modem
tones, special information tone and voice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench._progress_peer import ffi, lib
from bench.kernels import SIZES, by_turns, pieces, row
from bench.report import Result
from dsp_ext import progress, tone_plan
from dsp_ext.tone import ToneGenerator
from dsp_ext.units import SAMPLE_RATE

PEER = "libspandsp super_tone_rx, channel by channel, in C"
FRAMES = 100  # of 20 ms: two cadences
SAMPLES = FRAMES * SAMPLE_RATE // 50
SHARE = 1 / 6
SHARE_OF_ONE = 1.2  # a single channel pays for all lanes of a vector


def heard(channels: int) -> NDArray[np.float32]:
    """float32 of shape (SAMPLES, channels): busy on every channel, each at another moment of it."""
    rng = np.random.default_rng(15)
    generator = ToneGenerator(1)
    generator.start(0, tone_plan.program("us", "busy"))
    busy = generator.process(SAMPLES)[:, 0]
    shifted = [np.roll(busy, 8000 * c // channels) for c in range(channels)]
    pcm = np.stack(shifted, axis=1) + rng.normal(0, 40, (SAMPLES, channels))
    return np.round(pcm).astype(np.float32)


def measure(channels: int) -> Result:
    """One size.  RuntimeError when either side misses tones."""
    pcm = heard(channels)
    blocks = pieces(pcm)
    detector = progress.ProgressDetector(channels, "us")
    samples = np.ascontiguousarray(pcm.T.astype(np.int16))
    peer = ffi.gc(lib.progress_peer_new(channels), lib.progress_peer_free)
    line = ffi.from_buffer("int16_t[]", samples)
    ours = theirs = 0
    for _ in range(3):
        ours += sum(event.tone == "busy" for event in detector.process(pcm))
        theirs = lib.progress_peer_run(peer, line, SAMPLES)
    if min(ours, theirs) < channels:
        raise RuntimeError(
            f"of {channels} channels ours told busy {ours}, the peer {theirs} bursts"
        )
    ours_ns, peer_ns = by_turns(
        (
            lambda: [detector.process(block) for block in blocks],
            lambda: lib.progress_peer_run(peer, line, SAMPLES),
        )
    )
    share = SHARE if channels > 1 else SHARE_OF_ONE
    return row("call progress", channels, FRAMES, ours_ns, peer_ns, PEER, share)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
