"""Talk-off of the DTMF detector: keys heard in voices that are made to be taken for keys.

A quarter of an hour of each kind of `bench.dtmf_voices`, through A-law, beside libspandsp's
receiver on the very same samples.
"""

from __future__ import annotations

import numpy as np

from bench.dtmf_lines import PEER, over_the_line, peer
from bench.dtmf_voices import KINDS, voice
from bench.report import Result
from dsp_ext import dtmf

MINUTES = 15  # of each kind
SHARE = 1 / 5  # of the peer's hits


def hits(kind: str, seed: int) -> tuple[int, int]:
    """False keys in a minute of a voice: ours, the peer's."""
    heard = over_the_line(voice(60, seed, kind))
    return len(dtmf.decode(heard)), len(peer(heard))


def run() -> list[Result]:
    """False keys an hour over all kinds of voice."""
    counts = np.array([hits(kind, seed) for kind in KINDS for seed in range(MINUTES)])
    ours, theirs = counts.sum(axis=0) * 60 / len(counts)
    name = f"dtmf: keys heard in {len(counts)} minutes of gliding voices"
    goal = float(theirs) * SHARE
    return [Result("quality", name, float(ours), "an hour", "lower", PEER, float(theirs), goal)]
