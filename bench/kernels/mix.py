"""Rows of the suite ``kernels``: the mixer beside plain C and NumPy, conferences of 32 and of 3.

The body alone is measured, as the engine calls it. The goal is absolute, 25 ns for each party and
20 ms, for conferences side by side. `strewn`: members sit in channels at random, among others.
"""

from __future__ import annotations

import numpy as np

from bench.kernels.suite import by_turns
from bench.media_kernels import heard, line, view
from bench.peers._media import lib
from bench.report import Result
from dsp_ext.mix import Mixer
from dsp_ext.units import on_lines

PEER = "the same sums one by one, in C"
NUMPY_PEER = "the same sums in NumPy"
LARGE, SMALL = 32, 3  # parties of a conference
ROWS = 160
GOAL_NS = 25.0
TIMES = 200  # so often that what the Python door takes does not count
UNIT = "ns per party and 20 ms"


def _numpy(pcm: np.ndarray[tuple[int, int], np.dtype[np.int32]], parties: int) -> object:
    bridges = pcm.reshape(ROWS, -1, parties)
    return np.clip(bridges.sum(axis=2, keepdims=True) - bridges, -32767, 32767)


def measure(channels: int, strewn: bool, parties: int = LARGE) -> list[Result]:
    """One number of channels.  RuntimeError when the sides do not hear the same."""
    mixer = Mixer(channels)
    order = np.random.default_rng(3).permutation(channels) if strewn else np.arange(channels)
    for k, channel in enumerate(order):
        mixer.join(int(channel), k // parties)
    pcm = on_lines(heard(channels)[:ROWS])
    seated = np.ascontiguousarray(pcm[:, order])
    samples, whole = line(seated), seated.astype(np.int32)
    out = np.zeros_like(samples)
    given, taken = view(samples), view(out)

    def plain() -> None:
        lib.mix_peer_run(given, taken, channels, parties, ROWS)

    plain()
    if not np.array_equal(mixer.process(pcm)[:, order], out.T):
        raise RuntimeError("the mixer and the peer do not give the same")
    times = (lambda: mixer.repeat(pcm, TIMES), plain, lambda: _numpy(whole, parties))
    ours, scalar, numpy = by_turns(times)
    ours /= TIMES * channels
    what = f"mix, {channels // parties} × {parties}" + (", strewn" if strewn else "")
    goal = GOAL_NS if parties == LARGE and not strewn else None
    return [
        Result("kernels", what, ours, UNIT, "lower", PEER, scalar / channels, goal),
        Result("kernels", what, ours, UNIT, "lower", NUMPY_PEER, numpy / channels),
    ]


def run() -> list[Result]:
    """One conference, fifteen side by side and among each other, and small ones side by side."""
    large = measure(32, False) + measure(480, False) + measure(480, True)
    return large + measure(480, False, SMALL)
