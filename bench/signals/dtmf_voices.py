"""Voices nobody has: gliding harmonics, made to be taken for DTMF, hours of them.

What: a voice is a series of syllables. In each the pitch glides between 80 and 400 Hz with vibrato,
the loudness swells and fades, and the harmonics stand under two to four formants that glide too.
There are whole voices, thin ones (a few harmonics only, as whistles, sung vowels and loudspeakers
give) and steady ones (the pitch hardly moves): the fewer and steadier the harmonics, the more a
voice resembles two tones.
How: harmonics of one running phase; their levels are set every 10 ms and move on straight lines.
The same seed gives the same voices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dsp_ext.units import SAMPLE_RATE, peak

FRAME = 80  # samples between two settings of the voice
BAND_HZ = (150.0, 3700.0)  # what a telephone line lets through
PITCH_HZ = (80.0, 400.0)

Signal = NDArray[np.float64]
Contour = NDArray[np.float64]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _glide(rng: np.random.Generator, frames: int, low: float, high: float, span: float) -> Contour:
    """A path through a few points, each up to `span` octaves from the first."""
    points = 2 + int(rng.integers(0, 3))
    start = _between(rng, low, high)
    values = np.clip(start * 2 ** rng.uniform(-span, span, points), low, high)
    values[0] = start
    return np.exp(np.interp(np.linspace(0, points - 1, frames), np.arange(points), np.log(values)))


def _formants(rng: np.random.Generator, frames: int, hz: NDArray[np.float64]) -> Contour:
    """Gain of each harmonic in each frame, (harmonics, frames), under gliding resonances."""
    gain = np.full(hz.shape, _between(rng, 1e-3, 0.03))
    ranges = ((250, 950), (800, 2400), (1900, 3200), (2800, 3600))[: int(rng.integers(2, 5))]
    for low, high in ranges:
        centre = _glide(rng, frames, low, high, 0.3)
        width = _between(rng, 40, 250)
        gain += _between(rng, 0.2, 1.0) / (1 + ((hz - centre) / width) ** 2)
    return gain


def _few(rng: np.random.Generator, frames: int, hz: NDArray[np.float64]) -> Contour:
    """As `_formants`, for a voice of two to five harmonics and hardly anything else."""
    gain = np.full(hz.shape, _between(rng, 1e-4, 0.01))
    chosen = rng.permutation(len(hz))[: int(rng.integers(2, 6))]
    gain[chosen] += np.exp(rng.uniform(np.log(0.15), 0, len(chosen)))[:, np.newaxis]
    return gain


#: kind -> (how far the pitch glides in a syllable, octaves; how deep its vibrato; its harmonics)
KINDS: dict[str, tuple[float, float, Callable[..., Contour]]] = {
    "whole": (0.6, 0.02, _formants),
    "thin": (0.4, 0.015, _few),
    "steady": (0.03, 0.004, _few),
    "sung": (0.08, 0.02, _formants),
}


def syllable(rng: np.random.Generator, kind: str) -> Signal:
    """One syllable and the pause after it, (n,), peak about 1."""
    span, depth, harmonics = KINDS[kind]
    frames = int(rng.integers(8, 60))
    at = np.arange(frames) * FRAME / SAMPLE_RATE
    vibrato = 1 + rng.uniform(0, depth) * np.sin(
        2 * np.pi * rng.uniform(3, 8) * at + rng.uniform(0, 6)
    )
    pitch = _glide(rng, frames, *PITCH_HZ, span) * vibrato
    count = int(BAND_HZ[1] / pitch.min()) + 1
    hz = np.arange(1, count + 1)[:, np.newaxis] * pitch
    gain = harmonics(rng, frames, hz) * ((hz > BAND_HZ[0]) & (hz < BAND_HZ[1]))
    swell = np.clip(np.interp(at, *_swell(rng, at[-1])), 0, 1)
    gain = gain * swell / np.sqrt(np.sum(gain**2, axis=0) + 1e-9)
    samples = np.arange(frames * FRAME)
    where = samples / FRAME
    places = np.arange(frames)
    phase = 2 * np.pi / SAMPLE_RATE * np.cumsum(np.interp(where, places, pitch))
    out = np.zeros(len(samples))
    for number, level in enumerate(gain, start=1):
        if level.max() > 1e-4:
            out += np.interp(where, places, level) * np.sin(number * phase + rng.uniform(0, 6.3))
    return np.concatenate([out, np.zeros(int(rng.uniform(0, 0.12) * SAMPLE_RATE))])


def _swell(rng: np.random.Generator, seconds: float) -> tuple[list[float], list[float]]:
    """Loudness of a syllable over time: up, a while, down."""
    rise, fall = rng.uniform(0.01, 0.4, 2) * seconds
    return [0, rise, seconds - fall, seconds], [0.05, 1, rng.uniform(0.3, 1), 0]


def voice(seconds: float, seed: int, kind: str) -> NDArray[np.float32]:
    """float32 of shape (n,), linear ±32768: a voice of this kind between -25 and -5 dBm0."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    length = round(seconds * SAMPLE_RATE)
    parts: list[Signal] = []
    while sum(map(len, parts)) < length:
        level = peak(rng.uniform(-25, -5))
        parts.append(level * syllable(rng, kind))
    joined = np.concatenate(parts)[:length]
    breath = np.random.default_rng(seed).normal(0, _between(rng, 1, 30), length)
    return np.clip(np.round(joined + breath), -32768, 32767).astype(np.float32)
