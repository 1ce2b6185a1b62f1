"""MF-R2: the receiver's operating region by level and frequency, and how soon it tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, MUTED, ORANGE, Svg
from dsp_ext import mfr2
from dsp_ext.units import peak

LENGTH = 1600
ON = (240, 1040)  # samples: 100 ms


def _signals(
    signal: int, off_hz: NDArray[np.float64], dbm0: NDArray[np.float64], twist_db: float = 0.0
) -> NDArray[np.float32]:
    n = np.arange(LENGTH)[:, np.newaxis]
    on = (n >= ON[0]) & (n < ON[1])
    pcm = np.zeros((LENGTH, len(off_hz)))
    for hz, extra in zip(mfr2.frequencies(signal), (0.0, twist_db), strict=True):
        amplitude = np.array([peak(level + extra) for level in dbm0])
        pcm += amplitude * np.sin(2 * np.pi * (hz + off_hz) / 8000 * n) * on
    return np.ascontiguousarray(pcm, dtype=np.float32)


def found(off_hz: NDArray[np.float64], dbm0: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the 15 signals that were told, one for each element."""
    right = np.zeros(len(off_hz))
    for signal in range(1, 16):
        told: dict[int, list[int]] = {}
        for event in mfr2.MfDetector(len(off_hz)).process(_signals(signal, off_hz, dbm0)):
            if event.duration_ms == 0:
                told.setdefault(event.channel, []).append(event.signal)
        for channel, signals in told.items():
            right[channel] += signals == [signal]
    return right / 15


def delays() -> tuple[list[float], list[float]]:
    """(operate, release) in ms, of all signals at several levels."""
    operate, release = [], []
    for level in (-5.0, -15.0, -25.0, -35.0):
        for signal in range(1, 16):
            pcm = _signals(signal, np.zeros(1), np.array([level]))
            detector = mfr2.MfDetector(1)
            for at in range(0, LENGTH, 8):
                events = detector.process(np.ascontiguousarray(pcm[at : at + 8]))
                for event in events:
                    if event.duration_ms == 0:
                        operate.append((at + 8 - ON[0]) / 8)
                    else:
                        release.append((at + 8 - ON[1]) / 8)
    return operate, release


def draw() -> Svg:
    """Region on the left, times on the right."""
    drawing = card("MF-R2 receiver: where it operates, and how soon")
    region = Plot(
        drawing,
        LEFT,
        Axis(-61, 61, "both tones off by, Hz", ticks=(-60, -40, -20, 0, 20, 40, 60)),
        Axis(-46.5, 0.5, "each tone, dBm0", ticks=(-45, -35, -25, -15, -5)),
        "operates (bright); inside green it must",
    )
    offs, levels = np.arange(-60, 60.1, 2.0), np.arange(-46, 0.1, 1.0)
    off, level = (each.ravel() for each in np.meshgrid(offs, levels))
    region.heat(found(off, level).reshape(len(levels), len(offs)), 0, 1.15, repeat=8)
    region.line([-10, 10, 10, -10, -10], [-35, -35, -5, -5, -35], GREEN)
    times = Plot(
        drawing,
        RIGHT,
        Axis(0, 50, "ms after the signal began, or ended"),
        Axis(0, 100, "of all signals and levels, %"),
        "times of response",
    )
    for values, colour in zip(delays(), (BLUE, ORANGE), strict=True):
        ordered = np.sort(values)
        shares = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
        steps = np.concatenate([[0], np.repeat(ordered, 2), [50]])
        times.line(steps, np.concatenate([[0, 0], np.repeat(shares, 2)]), colour)
    times.legend(("told", BLUE), ("told to be over", ORANGE), y=160)
    drawing.text(758, 30, "limits: Q.455", colour=MUTED, anchor="end")
    return drawing
