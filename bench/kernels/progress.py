"""Rows of the suite ``kernels``: call progress beside libspandsp's, busy tone and talk.

Both listen for the North American plan's tones, special information tone, CNG and CED; ours also
tells voice and phase reversals and learns a busy tone, for which the peer has no means.  Talk is
noise in syllables: no tone, but every window is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.peers._progress import ffi, lib
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


def talk(channels: int) -> NDArray[np.float32]:
    """float32 of shape (SAMPLES, channels): noise in three syllables a second."""
    rng = np.random.default_rng(16)
    at = np.arange(SAMPLES)[:, np.newaxis] / SAMPLE_RATE + np.arange(channels) / channels
    pcm = 3000 * np.abs(np.sin(2 * np.pi * 3 * at)) * rng.standard_normal((SAMPLES, channels))
    return np.clip(np.round(pcm), -32768, 32767).astype(np.float32)


def measure(channels: int) -> Result:
    """One size, busy tone.  RuntimeError when either side misses tones."""
    pcm = heard(channels)
    detector, peer, line = _sides(channels, pcm)
    ours = theirs = 0
    for _ in range(3):
        ours += sum(event.tone == "busy" for event in detector.process(pcm))
        theirs = lib.progress_peer_run(peer, line, SAMPLES)
    if min(ours, theirs) < channels:
        raise RuntimeError(
            f"of {channels} channels ours told busy {ours}, the peer {theirs} bursts"
        )
    return _compared("call progress", channels, pcm)


def _sides(channels: int, pcm: NDArray[np.float32]) -> tuple[Any, Any, Any]:
    """Our detector, the peer, and the line as the peer takes it."""
    samples = np.ascontiguousarray(pcm.T.astype(np.int16))
    peer = ffi.gc(lib.progress_peer_new(channels), lib.progress_peer_free)
    detector = progress.ProgressDetector(channels, "us")
    return detector, peer, ffi.from_buffer("int16_t[]", samples)


def _compared(name: str, channels: int, pcm: NDArray[np.float32]) -> Result:
    blocks = pieces(pcm)
    detector, peer, line = _sides(channels, pcm)
    ours_ns, peer_ns = by_turns(
        (
            lambda: [detector.process(block) for block in blocks],
            lambda: lib.progress_peer_run(peer, line, SAMPLES),
        )
    )
    share = SHARE if channels > 1 else SHARE_OF_ONE
    return row(name, channels, FRAMES, ours_ns, peer_ns, PEER, share)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    spoken = [_compared("call progress, talk", each, talk(each)) for each in SIZES]
    return [measure(channels) for channels in SIZES] + spoken
