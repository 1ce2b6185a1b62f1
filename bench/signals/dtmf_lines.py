"""Lines with keys on them to try DTMF receivers on: each a trial of its own, over G.711.

What: a trial is a key, or one sent twice or with a gap, with its levels, deviations, noise and dial
tone; many trials are heard at once, a channel each. `ours` and `peers` tell what either hears.
Signals are float32 of shape (n, trials), linear ±32768, 8 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.peers._dtmf import ffi, lib
from dsp_ext import dtmf, g711, tone
from dsp_ext.units import SAMPLE_RATE, peak

PEER = "libspandsp dtmf_rx"
KEYS = tone.DTMF_KEYS
BEFORE_MS, AFTER_MS = 20, 60
PLACES = 102  # samples over which the trials' beginnings are spread

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """A key on a line.

    level_dbm0 : of the stronger tone; twist_db : high to low tone
    off : signs of the low and the high tone's deviation, off_percent and off_hz together
    count, pause_ms : how often it is sent, and what is between; gap_ms : cut from its middle
    snr_db : both tones together to white noise; tone_to_noise_db : the stronger one alone
    above_dial_db : the stronger tone to each of the dial tone's
    """

    level_dbm0: float = -10.0
    twist_db: float = 0.0
    off: tuple[float, float] = (0.0, 0.0)
    off_percent: float = 0.0
    off_hz: float = 0.0
    on_ms: float = 50.0
    count: int = 1
    pause_ms: float = 50.0
    gap_ms: float = 0.0
    snr_db: float | None = None
    tone_to_noise_db: float | None = None
    dial_hz: tuple[float, ...] = ()
    above_dial_db: float = 99.0

    @property
    def levels_dbm0(self) -> tuple[float, float]:
        """Of the low and the high tone."""
        return (
            self.level_dbm0 - max(self.twist_db, 0.0),
            self.level_dbm0 + min(self.twist_db, 0.0),
        )

    def tones(self, key: str) -> list[tuple[float, float]]:
        """(Hz, dBm0) of both tones."""
        place = KEYS.index(key)
        nominal = (tone.DTMF_LOW_HZ[place // 4], tone.DTMF_HIGH_HZ[place % 4])
        return [
            (hz + sign * (hz * self.off_percent / 100 + self.off_hz), dbm0)
            for hz, sign, dbm0 in zip(nominal, self.off, self.levels_dbm0, strict=True)
        ]

    @property
    def noise_rms(self) -> float:
        """Of the noise, linear; 0 without any."""
        if self.snr_db is not None:
            power = sum(peak(dbm0) ** 2 / 2 for dbm0 in self.levels_dbm0)
            return float(np.sqrt(power * 10 ** (-self.snr_db / 10)))
        if self.tone_to_noise_db is not None:
            return peak(self.level_dbm0 - self.tone_to_noise_db) / float(np.sqrt(2))
        return 0.0

    def samples(self, key: str, rng: np.random.Generator) -> Floats:
        """What is sent, without noise and dial tone, (n,)."""
        parts = []
        for turn in range(self.count):
            n = np.arange(_samples(self.on_ms))
            sent = np.zeros(len(n))
            for hz, dbm0 in self.tones(key):
                sent += sines(n, hz, dbm0, rng)
            parts += [np.zeros(_samples(self.pause_ms) if turn else 0), sent]
        whole = np.concatenate(parts)
        if self.gap_ms:
            middle = _samples(self.on_ms)  # as long again: two halves, each a whole key
            n = np.arange(2 * middle + _samples(self.gap_ms))
            whole = np.sum([sines(n, hz, dbm0, rng) for hz, dbm0 in self.tones(key)], axis=0)
            whole[middle : len(n) - middle] = 0.0
        return whole


def _samples(ms: float) -> int:
    return round(ms * SAMPLE_RATE / 1000)


def sines(n: NDArray[np.int64], hz: float, dbm0: float, rng: np.random.Generator) -> Floats:
    """A tone at a random phase."""
    turn = 2 * np.pi * hz / SAMPLE_RATE
    return np.asarray(peak(dbm0) * np.sin(turn * n + rng.uniform(0, 2 * np.pi)))


def lines(trials: Sequence[tuple[str, Trial]], seed: int = 24, law: str = "alaw") -> Samples:
    """Each trial on a channel of its own, over the line: (n, trials)."""
    rng = np.random.default_rng(seed)
    before = _samples(BEFORE_MS)
    sent = [trial.samples(key, rng) for key, trial in trials]
    length = before + PLACES + max(map(len, sent)) + _samples(AFTER_MS)
    pcm = np.zeros((length, len(trials)))
    for channel, ((_, trial), samples) in enumerate(zip(trials, sent, strict=True)):
        at = before + int(rng.integers(PLACES))
        pcm[at : at + len(samples), channel] = samples
        if trial.noise_rms:
            pcm[:, channel] += rng.normal(0, trial.noise_rms, length)
        for hz in trial.dial_hz:
            dbm0 = trial.level_dbm0 - trial.above_dial_db
            pcm[:, channel] += sines(np.arange(length), hz, dbm0, rng)
    return over_the_line(pcm, law)


def over_the_line(pcm: Floats | Samples, law: str = "alaw") -> Samples:
    """After G.711, (n, channels) or (n,)."""
    columns = np.clip(pcm.reshape(len(pcm), -1), -32768, 32767)
    coded = g711.encode(np.ascontiguousarray(columns, dtype=np.float32), law)
    return g711.decode(coded, law).reshape(pcm.shape)


def ours(pcm: Samples) -> list[str]:
    """The keys our detector hears, channel by channel."""
    found = [""] * pcm.shape[1]
    for event in dtmf.DtmfDetector(pcm.shape[1]).edges(pcm):
        if event.duration_ms == 0:
            found[event.channel] += event.digit
    return found


def peer(heard: Samples, filter_dial_tone: bool = False) -> str:
    """What libspandsp's receiver finds in a recording, (n,)."""
    samples = np.ascontiguousarray(heard, dtype=np.int16)
    out = ffi.new("char[]", len(samples) // 160 + 1)
    view = ffi.from_buffer("int16_t[]", samples)
    found = lib.dtmf_peer_decode(view, len(samples), int(filter_dial_tone), out, len(out))
    return bytes(ffi.buffer(out, found)).decode("ascii")


def peers(pcm: Samples, filter_dial_tone: bool = False) -> list[str]:
    """The keys libspandsp's receiver hears, channel by channel."""
    return [peer(line, filter_dial_tone) for line in pcm.T]
