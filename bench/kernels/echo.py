"""Rows of the suite ``kernels``: the echo canceller beside libspeexdsp's, 1,024 taps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.peers._echo import ffi, lib
from bench.report import Result
from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import SAMPLE_RATE

PEER = "libspeexdsp's canceller (MDF), line by line, in C"
FRAMES = 25  # of 20 ms
SAMPLES = FRAMES * SAMPLE_RATE // 50
TAPS = 1024
SHARE = 1 / 5
SPOKEN_S = 4
SPOKEN_LINES = 32
LINES = 1920  # 64 E1
PEER_LINES = 32  # of the peer's at most: its cost a line does not fall with their number

Source = Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]


def signals(channels: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is sent and received, float32 of shape (SAMPLES, channels): all far ends speak.

    It goes on without a seam when it is repeated, so that the models stay grown.
    """
    far = np.tile(lab.shaped(SAMPLES / SAMPLE_RATE), 2)
    sent, _, received = (each[SAMPLES:] for each in lab.lines(far))
    times = -(-channels // sent.shape[1])
    tx, rx = (np.tile(each, (1, times))[:, :channels] for each in (sent, received))
    for channel in range(channels):
        for each in (tx, rx):
            each[:, channel] = np.roll(each[:, channel], 37 * channel)
    return tx, rx


def spoken(channels: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same of prompts, another one on each channel; with a seam."""
    tx, rx = (np.empty((SPOKEN_S * SAMPLE_RATE, channels), np.float32) for _ in range(2))
    for channel in range(channels):
        sent, _, received = lab.lines(lab.recorded(lab.PROMPTS, SPOKEN_S, seed=channel))
        tx[:, channel], rx[:, channel] = (
            each[:, channel % each.shape[1]] for each in (sent, received)
        )
    return tx, rx


def measure(channels: int, what: str = "", source: Source = signals) -> Result:
    """One size, the models grown."""
    tx, rx = source(channels)
    blocks = list(zip(pieces(tx), pieces(rx), strict=True))
    ours = EchoCanceller(channels, tail_ms=128)
    few = min(channels, PEER_LINES)
    peer = ffi.gc(lib.echo_peer_new(few, TAPS), lib.echo_peer_free)
    sent, received = (np.ascontiguousarray(x.T[:few].astype(np.int16)) for x in (tx, rx))
    out = np.zeros_like(sent)
    views = [ffi.from_buffer("int16_t[]", x, require_writable=x is out) for x in (sent, received)]
    views.append(ffi.from_buffer("int16_t[]", out, require_writable=True))

    def our_side() -> None:
        for block_tx, block_rx in blocks:
            ours.process(block_tx, block_rx)

    for _ in range(4):
        our_side()
    turns = 12 if channels > 1 else 40
    sides = (our_side, lambda: lib.echo_peer_run(peer, *views, len(tx)))
    ours_ns, peer_ns = by_turns(sides, turns=turns)
    frames = len(tx) * FRAMES // SAMPLES
    result = row(f"echo{what}", channels, frames, ours_ns, peer_ns * channels / few, PEER, SHARE)
    # A single channel takes the work of the 16 it is computed with: a figure, not a goal.
    return result if channels > 1 else replace(result, goal=None)


def core_share(tail_ms: int) -> Result:
    """What part of a core `LINES` lines take in ticks of 10 ms, all far ends speaking."""
    tx, rx = signals(LINES)
    ours = EchoCanceller(LINES, tail_ms=tail_ms)
    starts = range(0, SAMPLES, ours.block)
    blocks = [(tx[at : at + ours.block], rx[at : at + ours.block]) for at in starts]

    def turn() -> None:
        for block_tx, block_rx in blocks:
            ours.process(block_tx, block_rx)

    turn()
    (spent_ns,) = by_turns((turn,), turns=4)
    share = 100 * spent_ns / (SAMPLES / SAMPLE_RATE * 1e9)
    what = f"echo, {LINES} channels of {tail_ms} ms, ticks of 10 ms"
    return Result("kernels", what, share, "% of a core", "lower", goal=100.0)


def run() -> list[Result]:
    """µs per 20 ms and channel at each size, and the share of a core at full size."""
    rows = [measure(channels) for channels in SIZES]
    if any(lab.PROMPTS.glob("**/*.wav")):
        rows.append(measure(SPOKEN_LINES, " of prompts", spoken))
    return rows + [core_share(tail) for tail in (64, 128)]
