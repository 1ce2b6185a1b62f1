"""Call progress: China's tones as the detector hears them, and when it tells each."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot, spectrogram
from bench.plots import WHOLE, card
from bench.svg import GREEN, MUTED, Svg
from dsp_ext import progress, tone_plan
from dsp_ext.tone import ToneGenerator

TONES = (("dial", 2.0), ("ringback", 6.5), ("busy", 3.5), ("congestion", 4.0), ("vacant", 3.5))
PAUSE_S = 1.0
HIGHEST_HZ = 1000
PALE_INK = "#b6bec7"


def call() -> np.ndarray:
    """The tones one after another in a line's noise, float32 of shape (n,)."""
    parts = []
    for name, seconds in TONES:
        generator = ToneGenerator(1)
        generator.start(0, tone_plan.program("cn", name))
        parts += [np.zeros(int(PAUSE_S * 8000), np.float32)]
        parts += [generator.process(int(seconds * 8000))[:, 0]]
    pcm = np.concatenate([*parts, np.zeros(8000, np.float32)])
    noise = np.random.default_rng(3).normal(0, 20, len(pcm))
    return (pcm + noise).astype(np.float32)


def draw() -> Svg:
    """A spectrogram with what is told below it."""
    pcm = call()
    drawing = card("Call progress, China's plan: what is on the line, and what is told", height=396)
    levels = spectrogram(pcm, window=400, hop=240)
    bins = int(HIGHEST_HZ / 8000 * 400) + 1
    plot = Plot(
        drawing,
        WHOLE,
        Axis(0, len(pcm) / 8000, "s"),
        Axis(0, HIGHEST_HZ, "Hz", ticks=(0, 250, 450, 750, 1000)),
    )
    top = float(levels.max())
    plot.heat(levels[:bins], top - 60, top)
    left, _, width, _ = WHOLE
    told = progress.ProgressDetector(1, "cn").process(pcm[:, np.newaxis].copy())
    drawing.text(758, 30, "green: told, so long after it began", colour=MUTED, anchor="end")
    begins = PAUSE_S
    for (name, seconds), event in zip(TONES, told, strict=True):
        if event.tone != name:
            raise RuntimeError(f"{name} was told as {event.tone}")
        places = (begins, begins + seconds, event.at_ms / 1000)
        start, end, at = (left + width * place * 8000 / len(pcm) for place in places)
        drawing.line((start, 344), (end, 344), PALE_INK, width=5)
        drawing.dot(at, 344, 4.5, GREEN)
        drawing.text(start, 364, name, bold=True)
        after = f"after {event.at_ms - begins * 1000:.0f} ms"
        drawing.text(start, 379, after, size=10, colour=MUTED)
        begins += seconds + PAUSE_S
    return drawing
