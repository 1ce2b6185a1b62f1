"""The level meter: how it follows a burst, and how far from the truth it reads a steady tone."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, MUTED, TEAL, Svg
from dsp_ext import g711
from dsp_ext.level import LevelMeter
from dsp_ext.units import peak

BLOCK = 80
BURST = (20, 60)  # blocks
LEVELS = (0.0, -20.0, -40.0)


def readings() -> tuple[list[float], list[float]]:
    """(ms, dBm0) of a -10 dBm0 burst from 200 to 600 ms over -50 dBm0."""
    n = np.arange(100 * BLOCK)
    level = np.where((n >= BURST[0] * BLOCK) & (n < BURST[1] * BLOCK), peak(-10), peak(-50))
    pcm = (level * np.sin(2 * np.pi * 1004 * n / 8000)).astype(np.float32)[:, np.newaxis]
    meter = LevelMeter(1)
    times, values = [], []
    for at in range(0, len(pcm), BLOCK):
        meter.process(np.ascontiguousarray(pcm[at : at + BLOCK]))
        times.append((at + BLOCK) / 8)
        values.append(float(meter.levels()[0]))
    return times, values


def error_db(hz: float, level_dbm0: float) -> float:
    """The largest error of a settled reading of a steady tone that came through A-law."""
    n = np.arange(100 * BLOCK)
    sent = (peak(level_dbm0) * np.sin(2 * np.pi * hz * n / 8000)).astype(np.float32)
    pcm = g711.decode(g711.encode(sent[:, np.newaxis]))
    meter = LevelMeter(1)
    errors = []
    for at in range(0, len(pcm), BLOCK):
        meter.process(np.ascontiguousarray(pcm[at : at + BLOCK]))
        errors.append(float(meter.levels()[0]) - level_dbm0)
    return max(errors[60:], key=abs)


def draw() -> Svg:
    """Time on the left, accuracy on the right."""
    drawing = card("Level meter: 40 ms to follow, a tenth of a dB to trust")
    time = Plot(drawing, LEFT, Axis(0, 1000, "ms"), Axis(-60, 0, "dBm0"), "a burst of 400 ms")
    time.line([0, 200, 200, 600, 600, 1000], [-50, -50, -10, -10, -50, -50], MUTED, dash="4 3")
    time.line(*readings(), BLUE)
    time.legend(("reading", BLUE), ("signal", MUTED), x=190)
    show = "{:g}".format
    error = Plot(
        drawing,
        RIGHT,
        Axis(200, 3600, "Hz", ticks=(300, 1000, 1700, 2400, 3100)),
        Axis(-0.2, 0.2, "error, dB", show=show),
        "steady tones through A-law",
    )
    hz = np.arange(305, 3400, 53)  # no whole part of the sampling rate
    for level, colour in zip(LEVELS, (BLUE, TEAL, "#ea7317"), strict=True):
        error.line(hz, [error_db(float(each), level) for each in hz], colour)
    error.limit(0.1, "limit: 0.1 dB")
    error.limit(-0.1, "")
    error.legend(
        *(
            (f"{level:g} dBm0", colour)
            for level, colour in zip(LEVELS, (BLUE, TEAL, "#ea7317"), strict=True)
        ),
        y=14,
    )
    return drawing
