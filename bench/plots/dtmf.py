"""DTMF: the receiver's operating region, beside the limits of Q.24."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, MUTED, ORANGE, RED, Svg
from dsp_ext.dtmf import DtmfDetector
from dsp_ext.units import peak

KEYS = "159D"
LOW_HZ, HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
LENGTH = 1200  # samples a trial: 150 ms
LEAD = 200
TRIALS = 4


def heard(
    low_off: NDArray[np.float64],
    high_off: NDArray[np.float64],
    low_dbm0: NDArray[np.float64],
    high_dbm0: NDArray[np.float64],
    length: NDArray[np.float64],
    *,
    snr_db: float | None = None,
) -> NDArray[np.float64]:
    """Share of trials in which the key was told once, one for each element.

    low_off, high_off : of the frequencies, in %; length : of the tone, ms
    """
    rng = np.random.default_rng(24)
    n = np.arange(LENGTH)[:, np.newaxis]
    found = np.zeros(len(low_off))
    for trial in range(TRIALS):
        digit = KEYS[trial % len(KEYS)]
        phases = rng.uniform(0, 2 * np.pi, (2, len(low_off)))
        pcm = np.zeros((LENGTH, len(low_off)))
        lead = LEAD + trial * 11
        on = (n >= lead) & (n < lead + length * 8)
        for hz, off, level, phase in zip(
            (LOW_HZ[trial % 4], HIGH_HZ[trial % 4]),
            (low_off, high_off),
            (low_dbm0, high_dbm0),
            phases,
            strict=True,
        ):
            amplitude = np.array([peak(each) for each in level])
            turn = 2 * np.pi * hz * (1 + off / 100) / 8000
            pcm += amplitude * np.sin(turn * n + phase) * on
        if snr_db is not None:
            rms = np.array([peak(each) for each in low_dbm0]) * 10 ** (-snr_db / 20)
            pcm += rng.standard_normal(pcm.shape) * rms
        detector = DtmfDetector(len(low_off))
        for event in detector.process(np.ascontiguousarray(pcm, dtype=np.float32)):
            found[event.channel] += event.digit == digit
    return found / TRIALS


def _frequencies(plot: Plot) -> None:
    """A raster of both tones' deviations."""
    steps = np.arange(-5, 5.001, 0.25)
    low, high = (each.ravel() for each in np.meshgrid(steps, steps))
    level = np.full(len(low), -10.0)
    share = heard(low, high, level, level, np.full(len(low), 60.0))
    plot.heat(share.reshape(len(steps), len(steps)), 0, 1.15, repeat=8)
    plot.line([-1.5, 1.5, 1.5, -1.5, -1.5], [-1.5, -1.5, 1.5, 1.5, -1.5], GREEN)
    plot.line([-3.5, 3.5, 3.5, -3.5, -3.5], [-3.5, -3.5, 3.5, 3.5, -3.5], "#ffffff", dash="4 3")


def _levels(plot: Plot) -> None:
    """A raster of level and twist."""
    levels, twists = np.arange(-45, 1.01, 1.0), np.arange(-14, 12.01, 0.5)
    level, twist = (each.ravel() for each in np.meshgrid(levels, twists))
    zero = np.zeros(len(level))
    low, high = level - np.maximum(twist, 0), level + np.minimum(twist, 0)
    share = heard(zero, zero, low, high, np.full(len(level), 60.0))
    plot.heat(share.reshape(len(twists), len(levels)), 0, 1.15, repeat=8)
    plot.line([-25, 0, 0, -25, -25], [-8, -8, 4, 4, -8], GREEN)


def _lengths(plot: Plot) -> None:
    """How long a key must be."""
    lengths = np.arange(10, 60.01, 1.0)
    zero, level = np.zeros(len(lengths)), np.full(len(lengths), -15.0)
    for snr_db, colour in ((None, BLUE), (15.0, ORANGE)):
        plot.line(lengths, 100 * heard(zero, zero, level, level, lengths, snr_db=snr_db), colour)
    plot.upright(23, "shorter: no key", RED)
    plot.upright(40, "longer: a key", GREEN)


def draw() -> Svg:
    """Three panels: frequency, level and twist, length."""
    drawing = card("DTMF receiver: what is a key (bright) and what is none (dark)", height=640)
    _frequencies(
        Plot(
            drawing,
            LEFT,
            Axis(-5.125, 5.125, "low tone off by, %", ticks=(-5, -3.5, -1.5, 0, 1.5, 3.5, 5)),
            Axis(-5.125, 5.125, "high tone off by, %", ticks=(-5, -3.5, -1.5, 0, 1.5, 3.5, 5)),
            "frequency: inside green must, outside white must not",
        )
    )
    _levels(
        Plot(
            drawing,
            RIGHT,
            Axis(-45.5, 1.5, "stronger tone, dBm0", ticks=(-40, -25, -10, 0)),
            Axis(-14.25, 12.25, "twist, dB", ticks=(-12, -8, -4, 0, 4, 8, 12)),
            "level and twist: inside green must",
        )
    )
    lower = (70.0, 360.0, 690.0, 220.0)
    plot = Plot(
        drawing,
        lower,
        Axis(10, 60, "length of the key, ms"),
        Axis(0, 120, "found, %", ticks=(0, 25, 50, 75, 100)),
        "length",
    )
    _lengths(plot)
    plot.legend(("clean", BLUE), ("15 dB of noise", ORANGE), x=560, y=150)
    drawing.text(758, 30, "limits: Q.24", colour=MUTED, anchor="end")
    return drawing
