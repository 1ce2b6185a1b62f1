"""Figures of a stretch of line: levels, noise, hum, and the path of an echo.

What: arithmetic on samples, linear ±32768 at 8000 Hz. Levels are of what alternates: A-law's idle
octets are a constant of 8, which is no sound. Noise is also weighted as the ear does (dBm0p).
How: hum is the power within 2 Hz of each harmonic of the mains, in spectra of a second, so that a
mains of 49.8 Hz is whole. An echo's path is the least-squares fit of what came to what was sent;
what the fit would find in mere noise is taken off its power.
Limits: G.711 in A-law cannot carry less than about -66 dBm0; a hum below it is lost. The path is
known up to `taps`, and needs a sent signal that holds all frequencies.
Source: weighting by ITU-T O.41 table 1; echo return loss as in G.168 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_toeplitz
from scipy.signal import fftconvolve, oaconvolve

from dsp_ext.echo import EchoCanceller
from dsp_ext.level import NoiseFloor
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE, SILENCE_DBM0

Floats = npt.NDArray[np.float64]

MAINS_HZ = (50, 60)
HARMONICS = tuple(range(1, 11))
HUM_OVER_DB = 10.0  # a line over its neighbours
HALF_LINE_HZ = 2
O41 = (  # Hz, dB
    (16.66, -85.0), (50, -63.0), (100, -41.0), (200, -21.0), (300, -10.6), (400, -6.3),
    (500, -3.6), (600, -2.0), (700, -0.9), (800, 0.0), (900, 0.6), (1000, 1.0), (1200, 0.0),
    (1400, -0.9), (1600, -1.7), (1800, -2.4), (2000, -3.0), (2500, -4.2), (3000, -5.6),
    (3500, -8.5), (4000, -15.0),
)  # fmt: skip
TAPS = 1360  # 170 ms
ROUNDS = 4  # of the fit: each takes off most of what the ends of the stretch spoil
BANDS_HZ = (300, 500, 1000, 1500, 2000, 2500, 3000, 3400)


def dbm0(mean_square: float) -> float:
    """A mean square as a level; SILENCE_DBM0 for nothing."""
    if mean_square <= 1e-3:
        return float(SILENCE_DBM0)
    return 10 * math.log10(mean_square / MEAN_SQUARE_0DBM0)


def level_dbm0(samples: Floats) -> float:
    """Of what alternates; silence for nothing."""
    return dbm0(float(np.var(samples))) if samples.size else float(SILENCE_DBM0)


def floor_dbm0(samples: Floats) -> float:
    """What stays when nobody speaks; needs 1.6 s, and no more than that is looked back on."""
    alternating = (samples - samples.mean()).astype(np.float32)[:, np.newaxis]
    floor = NoiseFloor(1)
    for at in range(0, len(alternating) - 79, 80):
        floor.process(np.ascontiguousarray(alternating[at : at + 80]))
    return float(floor.levels()[0])


def weighted_dbm0p(samples: Floats) -> float:
    """Noise as the ear weighs it, relative to 0 dBm0 at 800 Hz."""
    count = len(samples)
    if count < SAMPLE_RATE // 10:
        return float(SILENCE_DBM0)
    window = np.hanning(count)
    power = np.abs(np.fft.rfft((samples - samples.mean()) * window)) ** 2
    hz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    table = np.array(O41)
    gain_db = np.interp(np.log(np.maximum(hz, 1.0)), np.log(table[:, 0]), table[:, 1])
    weighed = power * 10 ** (gain_db / 10)
    return dbm0(2 * float(weighed.sum()) / (count**2 * float(np.mean(window**2))))


@dataclass(frozen=True, slots=True)
class Hum:
    """`mains_hz` 0: none. `lines` are (Hz, dBm0) of the harmonics that stand out."""

    mains_hz: int
    level_dbm0: float
    lines: tuple[tuple[int, float], ...]


def hum(samples: Floats) -> Hum:
    """The mains' hum, of whole seconds; the stronger of 50 and 60 Hz."""
    found = [_hum_at(_spectrum(samples), mains) for mains in MAINS_HZ]
    return max(found, key=lambda each: each.level_dbm0)


def _spectrum(samples: Floats) -> Floats:
    """Mean square in each Hz, the mean over whole seconds; empty for less than one."""
    seconds = len(samples) // SAMPLE_RATE
    if not seconds:
        return np.zeros(0)
    window = np.hanning(SAMPLE_RATE)
    rows = samples[: seconds * SAMPLE_RATE].reshape(seconds, SAMPLE_RATE)
    power = np.abs(np.fft.rfft((rows - rows.mean(axis=1, keepdims=True)) * window, axis=1)) ** 2
    return np.asarray(2 * power.mean(axis=0) / (SAMPLE_RATE**2 * np.mean(window**2)))


def _hum_at(spectrum: Floats, mains: int) -> Hum:
    lines, total = [], 0.0
    for harmonic in HARMONICS if spectrum.size else ():
        at = mains * harmonic
        line = float(spectrum[at - HALF_LINE_HZ : at + HALF_LINE_HZ + 1].sum())
        beside = np.concatenate([spectrum[at - 14 : at - 4], spectrum[at + 5 : at + 15]])
        noise = float(np.median(beside)) * (2 * HALF_LINE_HZ + 1)
        if line > noise * 10 ** (HUM_OVER_DB / 10) and line > 1e-3:
            lines.append((at, round(dbm0(line - noise), 1)))
            total += line - noise
    return Hum(mains if lines else 0, dbm0(total), tuple(lines))


@dataclass(frozen=True, slots=True)
class EchoPath:
    """What comes back of what is sent.

    erl_db : its loss over all frequencies that were sent; delay_ms : of its beginning
    bands : (Hz, loss in dB); noise_dbm0 : what came and is no echo
    erle_db : by how much our canceller lowers it after it has learned
    """

    erl_db: float
    delay_ms: float
    bands: tuple[tuple[int, float], ...]
    noise_dbm0: float
    erle_db: float


def echo_path(sent: Floats, heard: Floats, taps: int = TAPS) -> EchoPath:
    """Of two stretches alike in length, several times longer than `taps`."""
    sent, heard = sent - sent.mean(), heard - heard.mean()
    path = _fit(sent, heard, taps)
    # What came first is the echo of what was sent before we listened.
    echo = oaconvolve(sent, path)[taps : len(sent)]
    power, rest = float(np.mean(sent**2)), float(np.mean((heard[taps:] - echo) ** 2))
    least = power * 10 ** (-6.0)  # what is 60 dB down is none
    back = max(float(np.mean(echo**2)) - rest * taps / len(sent), least)
    strongest = float(np.abs(path).max())
    begins = int(np.argmax(np.abs(path) >= strongest / 4))
    response = np.abs(np.fft.rfft(path, SAMPLE_RATE)) ** 2
    bands = tuple(
        (hz, round(-10 * math.log10(max(float(response[hz - 50 : hz + 50].mean()), 1e-6)), 1))
        for hz in BANDS_HZ
    )
    return EchoPath(
        erl_db=10 * math.log10(power / back),
        delay_ms=begins * 1000 / SAMPLE_RATE,
        bands=bands,
        noise_dbm0=dbm0(rest),
        erle_db=_cancelled_db(sent, heard),
    )


def _fit(sent: Floats, heard: Floats, taps: int) -> Floats:
    """The response of `taps` that makes `heard` of `sent` with the least square of error."""
    count = len(sent)
    middle = count - 1
    own = fftconvolve(sent, sent[::-1])[middle : middle + taps]
    own[0] *= 1 + 1e-6
    path = np.zeros(taps)
    for _ in range(ROUNDS):
        rest = heard - oaconvolve(sent, path)[:count]
        rest[:taps] = 0.0  # holds echo of what is not known
        path += solve_toeplitz(own, fftconvolve(rest, sent[::-1])[middle : middle + taps])
    return path


def _cancelled_db(sent: Floats, heard: Floats) -> float:
    """By how much the canceller lowers what is heard, in the last third."""
    canceller = EchoCanceller(1, tail_ms=128, nlp=False)
    block = canceller.block
    length = len(sent) // block * block
    far, near = (x[:length].astype(np.float32)[:, np.newaxis] for x in (sent, heard))
    left = np.concatenate(
        [
            canceller.process(
                np.ascontiguousarray(far[at : at + block]),
                np.ascontiguousarray(near[at : at + block]),
            )
            for at in range(0, length, block)
        ]
    )
    last = slice(length * 2 // 3, length)
    return 10 * math.log10(
        (float(np.mean(near[last] ** 2)) + 1e-3) / (float(np.mean(left[last] ** 2)) + 1e-3)
    )
