"""More voices made to be taken for DTMF, by another way than `bench.signals.dtmf_voices`.

What: *talkers*, *two talkers* at once; *ringing* vowels, whose two lowest formants are narrow and
lie where DTMF's tones are; voices of which *two harmonics* stand out;
*duets* of two singers with vibrato; *whistles* of two that glide, with
hardly anything else.
How: a throat's pulses, whose shape is a raised cosine in the open part of each period, with jitter
and breath, go through resonators that move from vowel to vowel every 10 ms; whistles are tones of a
moving frequency. The same seed gives the same voices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from dsp_ext.units import SAMPLE_RATE, peak

FRAME = 80  # samples for which a resonator stays as it is
LOUDEST_DBM0, FAINTEST_DBM0 = -8.0, -25.0

Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mouth:
    """Where a voice's formants may be, and what its pitch does.

    formants_hz : lowest and highest centre of each; width_hz : of their bandwidths
    move : octaves a formant moves at most in a syllable; span : as much of the pitch
    pitch_hz : lowest, highest; vibrato : share of the pitch
    """

    formants_hz: tuple[tuple[float, float], ...]
    width_hz: tuple[float, float]
    move: float
    pitch_hz: tuple[float, float]
    span: float
    vibrato: float


SPEECH = Mouth(((280, 900), (900, 2300), (2200, 3200)), (50, 150), 0.3, (75, 350), 0.4, 0.01)
RINGING = Mouth(((650, 990), (1150, 1680)), (4, 30), 0.06, (80, 420), 0.08, 0.01)
SONG = Mouth(((400, 900), (1000, 1700), (2500, 3200)), (20, 90), 0.1, (150, 600), 0.04, 0.02)


def _path(rng: np.random.Generator, n: int, low: float, high: float, span: float) -> Signal:
    """A gliding frequency, (n,): a parabola through three points up to `span` octaves apart."""
    start = np.log2(low) + rng.uniform() * np.log2(high / low)
    middle, end = start + rng.uniform(-span, span, 2)
    at = np.linspace(0, 1, n)
    curve = start * (1 - at) * (1 - 2 * at) + 4 * middle * at * (1 - at) + end * at * (2 * at - 1)
    return np.asarray(np.clip(2**curve, low, high))


def _throat(rng: np.random.Generator, n: int, mouth: Mouth) -> Signal:
    """The pulses of a throat, (n,), with breath."""
    at = np.arange(n) / SAMPLE_RATE
    shake = rng.uniform(0, mouth.vibrato) * np.sin(2 * np.pi * rng.uniform(3, 8) * at)
    pitch = _path(rng, n, *mouth.pitch_hz, mouth.span) * (1 + shake)
    jitter = np.repeat(rng.normal(0, 0.002, n // 40 + 1), 40)[:n]
    phase = np.cumsum(pitch * (1 + jitter)) / SAMPLE_RATE % 1
    open_part = rng.uniform(0.3, 0.8)
    flow = np.where(phase < open_part, 1 - np.cos(2 * np.pi * phase / open_part), 0)
    return np.diff(flow, prepend=0.0) + rng.normal(0, rng.uniform(0.001, 0.03), n)


def _resonate(rng: np.random.Generator, sound: Signal, mouth: Mouth) -> Signal:
    """The sound through the mouth's resonators, which move."""
    for low, high in mouth.formants_hz:
        centres = _path(rng, len(sound) // FRAME + 1, low, high, mouth.move)
        width = np.exp(rng.uniform(*np.log(mouth.width_hz)))
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        state, parts = np.zeros(2), []
        for number, centre in enumerate(centres):
            a = [1.0, -2 * radius * np.cos(2 * np.pi * centre / SAMPLE_RATE), radius**2]
            piece = sound[number * FRAME : (number + 1) * FRAME]
            out, state = lfilter([1 - radius], a, piece, zi=state)
            parts.append(out)
        sound = np.concatenate(parts)
    return sound


def _spoken(rng: np.random.Generator, mouth: Mouth) -> Signal:
    n = int(rng.uniform(0.08, 0.6) * SAMPLE_RATE)
    return _shaped(rng, _resonate(rng, _throat(rng, n, mouth), mouth))


def _shaped(rng: np.random.Generator, sound: Signal) -> Signal:
    """Faded in and out, at a random level, the pause after it."""
    edge = min(int(rng.uniform(0.005, 0.05) * SAMPLE_RATE), len(sound) // 2)
    slope = np.linspace(0, 1, edge)
    sound = sound * np.concatenate([slope, np.ones(len(sound) - 2 * edge), slope[::-1]])
    rms = np.sqrt(np.mean(sound**2)) + 1e-9
    level = peak(rng.uniform(FAINTEST_DBM0, LOUDEST_DBM0)) / np.sqrt(2)
    return np.concatenate([sound * level / rms, np.zeros(int(rng.uniform(0, 1000)))])


def _whistled(rng: np.random.Generator) -> Signal:
    n = int(rng.uniform(0.05, 0.4) * SAMPLE_RATE)
    sound = np.zeros(n)
    for low, high in ((620, 1000), (1150, 1700)):
        hz = _path(rng, n, low, high, 0.15)
        phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE + rng.uniform(0, 6.3)
        sound += rng.uniform(0.4, 1) * np.sin(phase)
    return _shaped(rng, sound)


def _standing_out(rng: np.random.Generator) -> Signal:
    """A voice of which two harmonics stand out by some 20 dB, where DTMF's tones are."""
    n = int(rng.uniform(0.06, 0.5) * SAMPLE_RATE)
    pitch = _path(rng, n, 80, 400, 0.05)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    low = max(1, round(rng.uniform(650, 1000) / pitch[0]))
    high = max(low + 1, round(rng.uniform(1150, 1700) / pitch[0]))
    levels = 0.1 * rng.uniform(size=int(3600 / pitch.max()) + 1)
    for harmonic in (low, high):
        if harmonic < len(levels):
            levels[harmonic] = rng.uniform(0.4, 1)
    turns = rng.uniform(0, 2 * np.pi, len(levels))
    sound = np.zeros(n)
    for harmonic in range(1, len(levels)):
        sound += levels[harmonic] * np.sin(harmonic * phase + turns[harmonic])
    return _shaped(rng, sound)


def _stream(
    rng: np.random.Generator, n: int, syllable: Callable[..., Signal], *how: Mouth
) -> Signal:
    parts: list[Signal] = []
    while sum(map(len, parts)) < n:
        parts.append(syllable(rng, *how))
    return np.concatenate(parts)[:n]


#: kind -> how many sound at once, a syllable of one, its mouth
KINDS: dict[str, tuple[int, Callable[..., Signal], tuple[Mouth, ...]]] = {
    "talkers": (1, _spoken, (SPEECH,)),
    "two talkers": (2, _spoken, (SPEECH,)),
    "ringing vowels": (1, _spoken, (RINGING,)),
    "two harmonics": (1, _standing_out, ()),
    "duets": (2, _spoken, (SONG,)),
    "whistles": (1, _whistled, ()),
}


def voice(seconds: float, seed: int, kind: str) -> NDArray[np.float32]:
    """float32 of shape (n,), linear ±32768: voices of this kind between -25 and -8 dBm0."""
    rng = np.random.default_rng([seed, 2, list(KINDS).index(kind)])
    n = round(seconds * SAMPLE_RATE)
    count, syllable, how = KINDS[kind]
    sound = np.sum([_stream(rng, n, syllable, *how) for _ in range(count)], axis=0)
    sound += rng.normal(0, 5, n)
    return np.clip(np.round(sound), -32768, 32767).astype(np.float32)
