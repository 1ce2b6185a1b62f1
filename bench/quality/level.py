"""Rows of the suite ``quality``: how far the level meter and the noise floor are from the truth."""

from __future__ import annotations

import numpy as np

from bench.report import Result
from dsp_ext import g711
from dsp_ext.level import LevelMeter, NoiseFloor
from dsp_ext.units import SAMPLE_RATE, peak

LEVELS_DBM0 = (3, 0, -10, -20, -30, -40)
TONES_HZ = (300, 404, 697, 1004, 1633, 2804, 3400)
NOISES_DBM0 = (-65, -50, -35)
SECONDS = 1


def tone_error(law: str | None) -> float:
    """The largest error over all tones and levels, dB; with a law, down to -30 dBm0 and coded."""
    levels = [level for level in LEVELS_DBM0 if law is None or level > -40]
    pairs = [(hz, level) for hz in TONES_HZ for level in levels]
    t = np.arange(SECONDS * SAMPLE_RATE)[:, None] / SAMPLE_RATE
    hz, dbm0 = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    pcm = np.array([peak(level) for level in dbm0]) * np.sin(2 * np.pi * hz * t)
    pcm = np.ascontiguousarray(pcm, dtype=np.float32)
    if law:
        pcm = g711.decode(g711.encode(pcm, law), law)
    meter = LevelMeter(len(pairs))
    meter.process(pcm[:, :])
    return float(np.abs(meter.levels() - dbm0).max())


def floor_error() -> float:
    """The largest error of the noise floor, dB, under bursts of -15 dBm0."""
    rng = np.random.default_rng(4)
    n = 6 * SAMPLE_RATE
    hiss = rng.standard_normal((n, len(NOISES_DBM0))) * [peak(x) / 2**0.5 for x in NOISES_DBM0]
    speaks = (np.arange(n) // (SAMPLE_RATE // 5) % 3 < 2)[:, None]
    hiss += speaks * rng.standard_normal((n, 1)) * peak(-15) / 2**0.5
    floor = NoiseFloor(len(NOISES_DBM0))
    floor.process(np.ascontiguousarray(hiss, dtype=np.float32))
    return float(np.abs(floor.levels() - NOISES_DBM0).max())


def run() -> list[Result]:
    """Errors in dB, with their limits."""
    return [
        Result("quality", "level: tones", tone_error(None), "dB error", "lower", goal=0.1),
        Result("quality", "level: tones through A-law", tone_error("alaw"), "dB error", "lower"),
        Result("quality", "level: tones through µ-law", tone_error("ulaw"), "dB error", "lower"),
        Result(
            "quality",
            "level: noise floor under speech",
            floor_error(),
            "dB error",
            "lower",
            goal=1.0,
        ),
    ]
