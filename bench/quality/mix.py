"""Rows of the suite ``quality``: what parties of conferences hear, sample by sample.

The oracle adds the others of a bridge pair by pair in 64 bits, and shares nothing with the kernel.
The peer of the loud conference is what a bridge of 16 bits does: it clips as it adds, and takes
each party's own voice away from a sum that is already clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.report import Result
from dsp_ext.mix import Mixer
from dsp_ext.units import dbm0_of, peak

ROWS = 400
CHANNELS = 480
LARGEST = 40  # parties of a conference
LOUD_DBM0 = -6.0
PARTIES = 16
OPEN = 32  # microphones
OPEN_DBM0 = -50.0
LOUDEST = 3
LIMIT = 32767.0
PEER_16 = "sums clipped to 16 bits, then less oneself"
PEER_ALL = "all of them summed"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seats:
    """Who sits where: a bridge (-1: none), what it gives and takes, and whose ear it has (-1)."""

    bridge: Ints
    talk: Floats
    listen: Floats
    whispers_to: Ints

    def mixer(self) -> Mixer:
        """A mixer with everybody seated."""
        mixer = Mixer(len(self.bridge))
        for c, bridge in enumerate(self.bridge.tolist()):
            if bridge >= 0:
                mixer.join(c, bridge, talk=float(self.talk[c]), listen=float(self.listen[c]))
        for c, ear in enumerate(self.whispers_to.tolist()):
            if ear >= 0:
                mixer.whisper(c, ear)
        return mixer

    def heard(self, pcm: Floats) -> Floats:
        """What the mixer must give, by the oracle."""
        said: Ints = np.rint(pcm * self.talk).astype(np.int64)
        low = np.rint(pcm).astype(np.int64)
        out = np.zeros_like(pcm)
        for c, bridge in enumerate(self.bridge.tolist()):
            others = (self.bridge == bridge) & (np.arange(len(self.bridge)) != c)
            total = said[:, others].sum(axis=1) if bridge >= 0 else np.zeros(len(pcm), np.int64)
            total = total + low[:, self.whispers_to == c].sum(axis=1)
            listen = self.listen[c] if bridge >= 0 else np.float32(1)
            out[:, c] = np.clip(total.astype(np.float32) * listen, -LIMIT, LIMIT)
        return out


def seats(strewn: bool, whispers: int, seed: int = 11) -> Seats:
    """Conferences of 2 to 40 on all channels, side by side or among each other, gains at random."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, LARGEST + 1, CHANNELS)
    bridge: Ints = np.repeat(np.arange(CHANNELS), sizes)[:CHANNELS]
    bridge[rng.random(CHANNELS) < 0.05] = -1
    if strewn:
        rng.shuffle(bridge)
    gains = np.array([0, 0.5, 0.7071, 1, 1, 1, 2], dtype=np.float32)
    ears = np.full(CHANNELS, -1)
    for c in rng.choice(CHANNELS, whispers, replace=False).tolist():
        ears[c] = (c + 1 + rng.integers(CHANNELS - 1)) % CHANNELS
    return Seats(bridge, rng.choice(gains, CHANNELS), rng.choice(gains[1:], CHANNELS), ears)


def wrong(seated: Seats) -> int:
    """Samples in which what is heard differs from the oracle, over quiet and clipping speech."""
    rng = np.random.default_rng(12)
    loudness = rng.choice([30.0, 3000, 20000], CHANNELS)
    pcm = np.clip(rng.standard_normal((ROWS, CHANNELS)) * loudness, -32768, 32767)
    given = np.ascontiguousarray(pcm, dtype=np.float32)
    return int(np.count_nonzero(seated.mixer().process(given) != seated.heard(given)))


def _conference(parties: int, loudest: int = 0) -> Mixer:
    mixer = Mixer(parties)
    for c in range(parties):
        mixer.join(c, 0)
    mixer.loudest(0, loudest)
    return mixer


def loud() -> tuple[float, float]:
    """Distortion that a quiet listener hears of loud talkers beside the sum clipped once, dB: ours,
    and that of 16 bits."""
    rng = np.random.default_rng(13)
    said = rng.standard_normal((8000, PARTIES)) * peak(LOUD_DBM0) / 2**0.5
    pcm = np.ascontiguousarray(np.rint(said.clip(-32768, 32767)), dtype=np.float32)
    ideal = np.clip(pcm.sum(axis=1, keepdims=True, dtype=np.float64) - pcm, -LIMIT, LIMIT)
    running = np.zeros(len(pcm))
    for c in range(PARTIES):
        running = np.clip(running + pcm[:, c], -LIMIT, LIMIT)
    narrow = np.clip(running[:, np.newaxis] - pcm, -LIMIT, LIMIT)
    ours = _conference(PARTIES).process(pcm)
    return _distortion_db(ours, ideal), _distortion_db(narrow, ideal)


def _distortion_db(heard: npt.NDArray[np.floating], ideal: npt.NDArray[np.float64]) -> float:
    """Power of the difference beside that of the ideal; -150 where there is none."""
    return float(10 * np.log10(np.mean((heard - ideal) ** 2) / np.mean(ideal**2) + 1e-15))


def open_microphones() -> tuple[float, float]:
    """Noise of many open microphones, dBm0: with the loudest few heard, and with all of them."""
    rng = np.random.default_rng(14)
    hiss = rng.standard_normal((8000, OPEN + 1)) * peak(OPEN_DBM0) / 2**0.5
    hiss[:, OPEN] = 0
    pcm = np.ascontiguousarray(hiss, dtype=np.float32)
    few, every = _conference(OPEN + 1, LOUDEST).process(pcm), _conference(OPEN + 1).process(pcm)
    return dbm0_of(few[4000:, OPEN]), dbm0_of(every[4000:, OPEN])


def run() -> list[Result]:
    """Exactness, then what it is good for."""
    results = [
        Result("quality", f"mix: {what}", wrong(seated), f"of {ROWS * CHANNELS:,}", "lower", goal=0)
        for what, seated in (
            ("side by side, samples unlike the oracle's", seats(False, 0)),
            ("among each other, samples unlike the oracle's", seats(True, 0)),
            ("with whispers, samples unlike the oracle's", seats(True, 40)),
        )
    ]
    ours, narrow = loud()
    what = f"mix: {PARTIES} loud talkers at once"
    results.append(
        Result("quality", what, ours, "dB distortion", "lower", PEER_16, narrow, goal=-140.0)
    )
    few, every = open_microphones()
    wanted = OPEN_DBM0 + 10 * np.log10(LOUDEST) + 1
    what = f"mix: {OPEN} open microphones, the loudest {LOUDEST} heard"
    results.append(
        Result("quality", what, few, "dBm0 of noise", "lower", PEER_ALL, every, float(wanted))
    )
    return results
