"""Gain control: the level that comes out by the level that goes in, and how it gets there."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, MUTED, Svg
from dsp_ext.agc import Agc
from dsp_ext.units import dbm0_of, peak

RATE = 8000
SECONDS = 12
STEPS_DBM0 = ((0.0, -36.0), (4.0, -8.0), (8.0, -22.0))  # (from s on, level)
FRAME = 3200  # samples of a level that is drawn


def speech(seconds: float, seed: int = 5) -> np.ndarray:
    """Bursts like syllables, 70 % of the time, at 0 dBm0 while they sound."""
    n = np.arange(int(seconds * RATE))
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(len(n)), np.ones(6) / 6, mode="same")
    voiced = sum(np.sin(2 * np.pi * 130 * k * n / RATE) / k for k in range(1, 12))
    shape = np.clip(np.sin(2 * np.pi * 2.5 * n / RATE) + 0.6, 0, 1)
    signal = (noise + voiced) * shape
    loud = signal[shape > 0.5]
    return signal * peak(0) / np.sqrt(2 * np.mean(loud**2))


def controlled(signal: np.ndarray) -> np.ndarray:
    """What one channel makes of it."""
    agc = Agc(1)
    pcm = np.clip(signal, -32767, 32767).astype(np.float32)[:, np.newaxis]
    blocks = [agc.process(pcm[at : at + 80].copy()) for at in range(0, len(pcm), 80)]
    return np.concatenate(blocks)[:, 0]


def settled_dbm0(level_dbm0: float) -> float:
    """The level of speech that goes in at this level, once the gain has settled."""
    signal = speech(6) * 10 ** (level_dbm0 / 20)
    part = slice(4 * RATE, 6 * RATE)
    return level_dbm0 + dbm0_of(controlled(signal)[part]) - dbm0_of(signal[part])


def draw() -> Svg:
    """The curve on the left, time on the right."""
    drawing = card("Automatic gain control: quiet and loud speech at one level")
    curve = Plot(
        drawing,
        LEFT,
        Axis(-55, 0, "speech in, dBm0"),
        Axis(-55, 0, "speech out, dBm0"),
        "settled",
    )
    levels = np.arange(-55, -3.9, 1.5)
    curve.line([-55, 0], [-55, 0], MUTED, dash="3 3", width=1)
    curve.line(levels, [settled_dbm0(float(level)) for level in levels], BLUE)
    curve.limit(-18, "target", GREEN)
    time = Plot(
        drawing,
        RIGHT,
        Axis(0, SECONDS, "s"),
        Axis(-50, 0, "level of 400 ms, dBm0"),
        "quiet, then loud, then between",
    )
    signal = speech(SECONDS)
    for start, level in STEPS_DBM0:
        part = slice(int(start * RATE), int(start + 4) * RATE)
        signal[part] *= 10 ** (level / 20)
    for pcm, colour in ((signal, MUTED), (controlled(signal), BLUE)):
        frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
        time.line(
            (np.arange(len(frames)) + 0.5) * FRAME / RATE,
            [max(-50.0, dbm0_of(frame)) for frame in frames],
            colour,
            width=1.4,
        )
    time.limit(-18, "", GREEN)
    time.legend(("in", MUTED), ("out", BLUE), x=225, y=180)
    return drawing
