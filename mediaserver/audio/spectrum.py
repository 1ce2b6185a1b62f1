"""What a stretch of sound is like, by its spectrum: a steady tone, noise, or neither."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp_ext.units import SAMPLE_RATE

LONGEST = 4 * SAMPLE_RATE
PIECE = 512  # samples of a spectrum that is averaged
TONE_SHARE = 0.95  # of all power in one line
FLAT = 0.4  # geometric ÷ arithmetic mean of a spectrum: white noise comes to 0.56
BAND_HZ = (400, 3200)

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def _power(samples: Samples) -> Floats:
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    return np.asarray(np.abs(np.fft.rfft(windowed)) ** 2)


def strongest_hz(samples: Samples) -> float:
    """Frequency of the strongest line, between the bins of the spectrum; 0 for nothing."""
    if len(samples) < 8:
        return 0.0
    power = _power(samples)
    peak = int(np.argmax(power))
    if power[peak] <= 0:
        return 0.0
    shift = 0.0
    if 0 < peak < len(power) - 1:
        # Through a Hann window the logarithm about a line is nearly a parabola.
        left, middle, right = np.log(power[peak - 1 : peak + 2] + 1e-30)
        shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((peak + shift) * SAMPLE_RATE / len(samples))


def likeness(samples: Samples) -> str:
    """ "tone of 1004 Hz", "noise" or "sound"."""
    kind, hz = kind_of(samples)
    return f"tone of {hz:.0f} Hz" if kind == "tone" else kind


def kind_of(samples: Samples) -> tuple[str, float]:
    """("tone", its Hz), ("noise", 0) or ("sound", 0)."""
    part = samples[:LONGEST]
    if len(part) < PIECE:
        return "sound", 0.0
    power = _power(part)
    peak = int(np.argmax(power))
    if power[max(0, peak - 3) : peak + 4].sum() > TONE_SHARE * power.sum():
        return "tone", strongest_hz(part)
    return ("noise" if _flatness(part) > FLAT else "sound"), 0.0


def _flatness(samples: Samples) -> float:
    """Of each piece's spectrum within the band of speech; the mean over the pieces."""
    whole = len(samples) // PIECE * PIECE
    pieces = samples[:whole].reshape(-1, PIECE).astype(np.float64) * np.hanning(PIECE)
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2
    first, last = (round(hz * PIECE / SAMPLE_RATE) for hz in BAND_HZ)
    band = power[:, first:last] + 1e-9
    return float(np.mean(np.exp(np.mean(np.log(band), axis=1)) / np.mean(band, axis=1)))
