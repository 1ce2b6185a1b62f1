"""Talk-off of the DTMF detector: keys heard in voices that are made to be taken for keys.

A quarter of an hour of each kind of `bench.dtmf_voices`, through A-law, beside libspandsp's
receiver on the very same samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench._dtmf_peer import ffi, lib
from bench.dtmf_voices import KINDS, voice
from bench.report import Result
from dsp_ext import dtmf, g711

PEER = "libspandsp dtmf_rx"
MINUTES = 15  # of each kind
SHARE = 1 / 5  # of the peer's hits


def peers(heard: NDArray[np.float32], filter_dialtone: bool = False) -> str:
    """What libspandsp's receiver finds in a recording, (n,)."""
    samples = heard.astype(np.int16)
    out = ffi.new("char[]", len(samples) // 160 + 1)
    view = ffi.from_buffer("int16_t[]", samples)
    found = lib.dtmf_peer_decode(view, len(samples), int(filter_dialtone), out, len(out))
    return bytes(ffi.buffer(out, found)).decode("ascii")


def hits(kind: str, seed: int) -> tuple[int, int]:
    """False keys in a minute of a voice: ours, the peer's."""
    spoken = np.ascontiguousarray(voice(60, seed, kind)[:, np.newaxis])
    heard = g711.decode(g711.encode(spoken))[:, 0]
    return len(dtmf.decode(heard)), len(peers(heard))


def run() -> list[Result]:
    """False keys an hour over all kinds of voice."""
    counts = np.array([hits(kind, seed) for kind in KINDS for seed in range(MINUTES)])
    ours, theirs = counts.sum(axis=0) * 60 / len(counts)
    name = f"dtmf: keys heard in {len(counts)} minutes of gliding voices"
    goal = float(theirs) * SHARE
    return [Result("quality", name, float(ours), "an hour", "lower", PEER, float(theirs), goal)]
