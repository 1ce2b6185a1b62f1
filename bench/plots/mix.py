"""The mixer: who hears whom, measured with a tone of each channel's own."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, MUTED, TEAL, Svg
from dsp_ext.mix import Mixer

CHANNELS = 12
#: Bridges of two, of three with one who only listens, and of six.
BRIDGES = {0: range(0, 2), 1: range(2, 5), 2: range(5, 11)}
LISTENER, QUIET = 4, 10


def mixer() -> Mixer:
    """Two talk; two talk and one listens; six, one of them at half gain; one is alone."""
    mix = Mixer(CHANNELS)
    for bridge, channels in BRIDGES.items():
        for channel in channels:
            talk = 0.0 if channel == LISTENER else 0.5 if channel == QUIET else 1.0
            mix.join(channel, bridge, talk=talk)
    return mix


def gains_db() -> np.ndarray:
    """dB of each channel's own sound (columns) that each channel hears (rows); -60 for none."""
    mix = mixer()
    n = np.arange(4000)
    hz = 320 + 40 * np.arange(CHANNELS)
    pcm = (1000 * np.sin(2 * np.pi * hz * n[:, np.newaxis] / 8000)).astype(np.float32)
    heard = np.concatenate([mix.process(pcm[at : at + 80].copy()) for at in range(0, 4000, 80)])
    basis = np.exp(-2j * np.pi * hz * n[2000:, np.newaxis] / 8000)
    amplitude = np.abs(basis.T @ heard[2000:]).T / 1000  # 2000 samples: half of them for a sine
    return np.asarray(20 * np.log10(np.maximum(amplitude / 1000, 1e-3)))


def clipping() -> tuple[np.ndarray, np.ndarray]:
    """(loudest output, exact sum) of a bridge of N at full scale, N from 2 to 32."""
    loudest, exact = [], []
    for parties in range(2, 33):
        mix = Mixer(32)
        for channel in range(parties):
            mix.join(channel, 0)
        block = np.full((80, 32), 3000.0, dtype=np.float32)
        heard = [mix.process(block) for _ in range(4)][-1]
        loudest.append(float(heard[-1, 0]))
        exact.append(3000.0 * (parties - 1))
    return np.array(loudest), np.array(exact)


def draw() -> Svg:
    """The matrix on the left, sums on the right."""
    drawing = card("Mixer: everybody hears the others of their bridge, never themselves")
    ticks = [k + 0.5 for k in range(CHANNELS)]
    show = lambda value: f"{value - 0.5:g}"  # noqa: E731
    matrix = Plot(
        drawing,
        LEFT,
        Axis(0, CHANNELS, "who speaks", ticks=ticks, show=show),
        Axis(0, CHANNELS, "who hears", ticks=ticks, show=show),
        "four bridges: bright is heard, dimmer is 6 dB less",
    )
    matrix.heat(gains_db(), -24, 2, repeat=16)
    sums = Plot(
        drawing,
        RIGHT,
        Axis(0, 32, "parties, each at sample value 3000"),
        Axis(0, 100_000, "sample heard", show=lambda value: f"{value / 1000:g}k"),
        "the sum is exact, and clipped once",
    )
    loudest, exact = clipping()
    sums.line(range(2, 33), exact, MUTED, dash="4 3")
    sums.line(range(2, 33), loudest, BLUE)
    sums.limit(32767, "full scale", TEAL)
    sums.legend(("heard", BLUE), ("sum of the others", MUTED))
    return drawing
