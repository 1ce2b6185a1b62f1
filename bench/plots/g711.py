"""G.711: the staircase about zero, and the ratio of a sine to its quantising noise by level."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.quality.g711 import MASK, ratio_db
from bench.svg import BLUE, MUTED, ORANGE, Svg
from dsp_ext import g711

LAWS = (("alaw", "A-law", BLUE), ("ulaw", "µ-law", ORANGE))


def draw() -> Svg:
    """Both laws side by side."""
    drawing = card("G.711: two laws, one octet a sample")
    steps = Plot(
        drawing,
        LEFT,
        Axis(-128, 128, "sample in", ticks=(-128, -64, 0, 64, 128)),
        Axis(-128, 128, "sample out", ticks=(-128, -64, 0, 64, 128)),
        "about zero",
    )
    samples = np.arange(-128, 128.5, 0.5, dtype=np.float32)
    steps.line([-128, 128], [-128, 128], MUTED, width=1, dash="3 3")
    for law, _, colour in LAWS:
        out = g711.decode(g711.encode(samples[:, np.newaxis].copy(), law), law)[:, 0]
        steps.line(samples, out, colour)
    quality = Plot(
        drawing,
        RIGHT,
        Axis(-60, 5, "level of a 1020 Hz sine, dBm0", ticks=(-60, -50, -40, -30, -20, -10, 0)),
        Axis(0, 45, "signal to noise, dB"),
        "signal to quantising noise",
    )
    levels = np.arange(-60, 3.2, 0.25)
    for law, _, colour in LAWS:
        quality.line(levels, [ratio_db(law, float(level)) for level in levels], colour)
    quality.line([x for x, _ in MASK], [y for _, y in MASK], "#d92d20", dash="5 4", width=1.4)
    quality.label(-29, 30.5, "G.712 asks for this", "#d92d20")
    steps.legend(*((name, colour) for _, name, colour in LAWS))
    return drawing
