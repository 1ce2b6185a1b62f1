"""The voice detector: speech in two levels of noise, and what it calls speech."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import card
from bench.plots.agc import RATE, speech
from bench.svg import BLUE, GREEN, MUTED, Svg
from dsp_ext.units import peak
from dsp_ext.vad import VoiceDetector

SECONDS = 10
#: When somebody speaks, s.
TALK = ((2.0, 3.6), (5.0, 5.7), (7.2, 9.0))
SPEECH_DBM0 = -22.0
NOISES_DBM0 = (-62.0, -40.0)
TOPS = (66.0, 216.0)
PEAKS = 690  # columns of a waveform


def signal(noise_dbm0: float) -> np.ndarray:
    """The speech in so much noise, (n,)."""
    n = np.arange(SECONDS * RATE) / RATE
    talks = np.zeros(len(n))
    for start, end in TALK:
        talks[(n >= start) & (n < end)] = 1
    voice = speech(SECONDS) * 10 ** (SPEECH_DBM0 / 20) * talks
    noise = np.random.default_rng(8).standard_normal(len(n)) * peak(noise_dbm0) / np.sqrt(2)
    return (voice + noise).astype(np.float32)


def spoken(pcm: np.ndarray) -> list[tuple[float, float]]:
    """(from, to) in s, as the detector told it."""
    found: list[tuple[float, float]] = []
    since: float | None = None
    for event in VoiceDetector(1).process(pcm[:, np.newaxis].copy()):
        if event.speaking:
            since = event.at_ms / 1000
        elif since is not None:
            found.append((since, event.at_ms / 1000))
            since = None
    return [*found, (since, float(SECONDS))] if since is not None else found


def _panel(drawing: Svg, top: float, noise_dbm0: float, label: str) -> None:
    plot = Plot(
        drawing,
        (70.0, top, 690.0, 104.0),
        Axis(0, SECONDS, label),
        Axis(-9000, 9000, ticks=(0,)),
        f"noise of {noise_dbm0:g} dBm0",
    )
    pcm = signal(noise_dbm0)
    for start, end in spoken(pcm):
        plot.area([(start, -9000), (end, -9000), (end, 9000), (start, 9000)], GREEN)
    columns = pcm[: len(pcm) // PEAKS * PEAKS].reshape(PEAKS, -1)
    at = (np.arange(PEAKS) + 0.5) * SECONDS / PEAKS
    outline = [*zip(at, columns.max(axis=1), strict=True)]
    outline += [*zip(at[::-1], columns.min(axis=1)[::-1], strict=True)]
    plot.area([(float(x), float(y)) for x, y in outline], BLUE, opacity=0.8)


def draw() -> Svg:
    """A panel for each noise."""
    drawing = card("Voice detector: green is speech, its hangover included", height=370)
    drawing.text(758, 30, f"speech of {SPEECH_DBM0:g} dBm0", colour=MUTED, anchor="end")
    for top, noise, label in zip(TOPS, NOISES_DBM0, ("", "s"), strict=True):
        _panel(drawing, top, noise, label)
    return drawing
