"""The tone generator: a key's spectrum, and a plan's cadence."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot, spectrogram
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, ORANGE, Svg
from dsp_ext import g711
from dsp_ext.tone import Program, ToneGenerator

SAMPLES = 16384


def spectrum(pcm: np.ndarray) -> np.ndarray:
    """dB under the strongest line."""
    window = np.blackman(SAMPLES) ** 2
    power = np.abs(np.fft.rfft(pcm.astype(float) * window)) ** 2
    return np.asarray(10 * np.log10(power / power.max() + 1e-14))


def draw() -> Svg:
    """Purity on the left, digits on the right."""
    drawing = card("Tone generator: pure tones, exact times")
    generator = ToneGenerator(1)
    generator.start(0, Program.dtmf("1", on_ms=4000))
    key = generator.process(SAMPLES)
    pure = Plot(
        drawing,
        LEFT,
        Axis(0, 4000, "Hz"),
        Axis(-140, 0, "dB", ticks=(-120, -80, -40, 0)),
        "key 1: 697 and 1209 Hz",
    )
    hz = np.arange(SAMPLES // 2 + 1) * 8000 / SAMPLES
    coded = g711.decode(g711.encode(np.ascontiguousarray(key)))[:, 0]
    for samples, colour in ((coded, ORANGE), (key[:, 0], BLUE)):
        level = spectrum(samples)
        peaks = level[: len(level) // 16 * 16].reshape(-1, 16).max(axis=1)
        pure.line(hz[8 : len(peaks) * 16 : 16], peaks, colour, width=1.3)
    pure.legend(("generated", BLUE), ("after A-law", ORANGE), x=170)
    digits = "159D*0#"
    generator.start(0, Program.dtmf(digits, on_ms=80, off_ms=60))
    pcm = generator.process(8000)[:, 0]
    levels = spectrogram(pcm, window=256, hop=32)
    bins = int(1800 / 8000 * 256) + 1
    plot = Plot(
        drawing,
        RIGHT,
        Axis(0, 1, "s"),
        Axis(500, 1800, "Hz", ticks=(697, 852, 1209, 1477, 1800)),
        f"keys {digits}, 80 ms on, 60 ms off",
    )
    first = int(500 / 8000 * 256)
    plot.heat(levels[first:bins], float(levels.max()) - 50, float(levels.max()))
    return drawing
