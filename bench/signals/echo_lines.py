"""Lines with echo to try cancellers on: G.168's paths and signals, A-law at both ends.

Signals are float64 of shape (n,), linear ±32768 at 8 kHz; several channels are (n, channels).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import firwin2, lfilter, resample_poly

from dsp_ext import g711
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE

Signal = NDArray[Any]

DATA = tomllib.loads((Path(__file__).parent / "g168.toml").read_text(encoding="utf-8"))
PATHS: list[Signal] = [np.array(m["coefficients"]) * m["k"] for m in DATA["model"]]
PROMPTS = Path("/usr/share/asterisk/sounds")
MUSIC = Path("/usr/share/asterisk/moh")
LEVEL_DBM0 = -16.0
ERL_DB = 6.0
DELAY_MS = 10


def at_level(signal: Signal, dbm0: float) -> Signal:
    """`signal` at this level, pauses included."""
    power = float(np.mean(signal**2))
    return signal * np.sqrt(10 ** (dbm0 / 10) * MEAN_SQUARE_0DBM0 / power)


def _masked(samples: int, rate_hz: int, seed: int) -> Signal:
    """Pseudo noise with annex C's mask, of 8192 points and round again; mean square 1."""
    hz = np.arange(4097) * rate_hz / 8192
    mask = np.array(DATA["mask"]["hz_db"])
    db = np.interp(hz, mask[:, 0], mask[:, 1])
    db[(hz < mask[0, 0]) | (hz > mask[-1, 0])] = -60.0
    phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(hz))
    noise = np.resize(np.fft.irfft(10 ** (db / 20) * np.exp(1j * phase)), samples)
    return noise / np.sqrt(np.mean(noise**2))


def css(seconds: float, dbm0: float = LEVEL_DBM0, kind: str = "c1") -> Signal:
    """The composite source signal: `c1` of the far end, `c3` of the near end in double talk."""
    shape = DATA["css"][kind]
    rate = shape["rate_hz"]
    voiced = np.tile(np.array(shape["period"], float), shape["repeats"])
    voiced /= np.sqrt(np.mean(voiced**2))
    pause = np.zeros(round(shape["pause_ms"] * rate / 1000))
    parts: list[Signal] = []
    length = 0
    while length < (seconds + 1) * rate:
        seed = 1 if kind == "c1" else 77 + len(parts)
        noise = _masked(round(shape["noise_ms"] * rate / 1000), rate, seed)
        sign = 1.0 if len(parts) % 2 == 0 else -1.0
        parts.append(sign * np.concatenate([voiced, noise, pause]))
        length += len(parts[-1])
    signal = resample_poly(np.concatenate(parts), 80, 441)[: round(seconds * SAMPLE_RATE)]
    return at_level(signal, dbm0)


def shaped(seconds: float, dbm0: float = LEVEL_DBM0, seed: int = 3) -> Signal:
    """Noise with the spectrum of speech and its swell, four times a second."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE)
    gains = [0, 0.3, 1, 1, 0.45, 0.2, 0.1, 0]
    taps = firwin2(129, [0, 100, 300, 500, 1000, 2000, 3400, 4000], gains, fs=SAMPLE_RATE)
    noise = lfilter(taps, 1, rng.standard_normal(samples + 200))[200:]
    swell = np.sin(2 * np.pi * 4 * np.arange(samples) / SAMPLE_RATE + rng.uniform(0, 6))
    return at_level(noise * (0.55 + 0.45 * swell), dbm0)


def white(seconds: float, dbm0: float = LEVEL_DBM0, seed: int = 9) -> Signal:
    """White noise."""
    rng = np.random.default_rng(seed)
    return at_level(rng.standard_normal(round(seconds * SAMPLE_RATE)), dbm0)


def hoth(seconds: float, dbm0: float = LEVEL_DBM0, seed: int = 9) -> Signal:
    """Room noise: falls by 5 dB an octave, as Hoth's does, from 100 to 3400 Hz."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE)
    hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    shape = np.maximum(hz, 100) ** (-5 / 6.02) * ((hz >= 100) & (hz <= 3400))
    return at_level(np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * shape, samples), dbm0)


def tones(seconds: float, hz: Sequence[float], dbm0: float = LEVEL_DBM0) -> Signal:
    """Tones of equal level, together at `dbm0`."""
    n = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return at_level(np.sum([np.sin(2 * np.pi * f * n) for f in hz], axis=0), dbm0)


def recorded(directory: Path, seconds: float, seed: int, dbm0: float = LEVEL_DBM0) -> Signal:
    """Prompts or music as installed, one after the other.  FileNotFoundError without any."""
    files = sorted(directory.glob("**/*.wav"))
    if not files:
        raise FileNotFoundError(f"no recordings in {directory}")
    samples = round(seconds * SAMPLE_RATE)
    parts: list[Signal] = []
    for index in np.random.default_rng(seed).permutation(len(files)):
        part, rate = soundfile.read(files[index], dtype="float64")
        if rate == SAMPLE_RATE and part.ndim == 1 and len(part) >= SAMPLE_RATE:
            parts.append(part)
        if sum(map(len, parts)) >= samples:
            break
    return at_level(np.concatenate(parts)[:samples], dbm0)


def coded(signal: Signal) -> NDArray[np.float32]:
    """After A-law, (n, channels) or (n,)."""
    columns = signal.reshape(len(signal), -1)
    pcm = np.ascontiguousarray(np.clip(columns, -32767, 32767), dtype=np.float32)
    return g711.decode(g711.encode(pcm, "alaw"), "alaw").reshape(signal.shape)


def echo(sent: Signal, path: Signal, erl_db: float = ERL_DB, delay_ms: float = DELAY_MS) -> Signal:
    """What comes back of `sent`, (n,)."""
    gain = 10 ** (-erl_db / 20)
    late = np.concatenate([np.zeros(round(delay_ms * 8)), sent])[: len(sent)]
    return np.asarray(lfilter(path * gain, 1, late))


def lines(
    far: Signal, near: Signal | None = None, **path: float
) -> tuple[NDArray[np.float32], Signal, NDArray[np.float32]]:
    """Eight lines, one for each of D.2 to D.9: what is sent, its echo, what is received."""
    sent = coded(far)
    echoes = np.stack([echo(sent, each, **path) for each in PATHS], axis=1)
    heard = echoes if near is None else echoes + near[:, np.newaxis]
    return np.repeat(sent[:, np.newaxis], len(PATHS), axis=1), echoes, coded(heard)


def cancelled(
    sent: Signal, received: Signal, canceller: EchoCanceller | None = None, nlp: bool = False
) -> NDArray[np.float32]:
    """What `canceller` leaves of `received`, block by block; a fresh one of 128 ms by default."""
    ours = canceller or EchoCanceller(sent.shape[1], tail_ms=128, nlp=nlp)
    out = np.zeros(received.shape, dtype=np.float32)
    tx, rx = (np.ascontiguousarray(each, dtype=np.float32) for each in (sent, received))
    for at in range(0, len(tx) - ours.block + 1, ours.block):
        out[at : at + ours.block] = ours.process(tx[at : at + ours.block], rx[at : at + ours.block])
    return out


def loss_db(before: Signal, after: Signal, start_s: float, end_s: float) -> Signal:
    """Level of `before` over `after` in a stretch of time, dB, a figure a channel."""
    stretch = slice(round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))
    powers = [np.mean(np.square(x[stretch], dtype=float), axis=0) for x in (before, after)]
    return np.asarray(10 * np.log10((powers[0] + 1e-3) / (powers[1] + 1e-3)))


def meter_dbm0(signal: Signal) -> Signal:
    """Level at each moment by G.168's meter (clause 6.4.1.2.1)."""
    band = lfilter(np.array(DATA["meter"]["taps"]), 1, signal, axis=0)
    share = 1000 / (DATA["meter"]["time_constant_ms"] * SAMPLE_RATE)
    power = lfilter([share], [1, share - 1], band**2, axis=0)
    return np.asarray(10 * np.log10(power / MEAN_SQUARE_0DBM0 + 1e-12))
