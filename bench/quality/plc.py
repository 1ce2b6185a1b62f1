"""Rows of the suite ``quality``: lost blocks of real speech concealed, beside libspandsp.

Blocks of 10 ms are lost at random, or in bursts of a mean of three. The figure is the segmental
signal-to-noise ratio over the 20 ms frames that hold something concealed, each within -10 to 35 dB,
and the log spectral distance of the same frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.peers._media import ffi, lib
from bench.report import Result
from bench.signals import recorded
from dsp_ext.plc import Concealer

PEER = "libspandsp plc_fillin"
SECONDS = 30.0
VOICES = 8
BLOCK = 80
FRAME = 160
RATES = (0.01, 0.03, 0.05, 0.10)
BURST = 3.0  # blocks, mean
QUIET = 100.0  # of a frame: root mean square below which nothing can be said

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def losses(blocks: int, voices: int, rate: float, bursts: bool, seed: int = 7) -> Bools:
    """Which blocks are lost, (blocks, voices): a Gilbert model, or each by itself."""
    rng = np.random.default_rng(seed)
    if not bursts:
        return rng.random((blocks, voices)) < rate
    leave = 1 / BURST
    enter = leave * rate / (1 - rate)
    lost = np.zeros((blocks, voices), dtype=bool)
    for k in range(1, blocks):
        lost[k] = rng.random(voices) < np.where(lost[k - 1], 1 - leave, enter)
    return lost


def ours(pcm: Floats, lost: Bools) -> Floats:
    """What our concealer makes of it."""
    concealer = Concealer(pcm.shape[1])
    parts = [
        concealer.process(np.ascontiguousarray(pcm[k * BLOCK : (k + 1) * BLOCK]), gone)
        for k, gone in enumerate(lost)
    ]
    return np.concatenate(parts)


def peers(pcm: Floats, lost: Bools) -> Floats:
    """What the peer makes of it."""
    samples, voices = pcm.shape
    peer = ffi.gc(lib.plc_peer_new(voices), lib.media_peer_free)
    line = np.ascontiguousarray(pcm.T.astype(np.int16))
    gone = np.ascontiguousarray(lost.T.astype(np.uint8))
    view = ffi.from_buffer("int16_t[]", line, require_writable=True)
    lib.plc_peer_run(peer, view, samples, BLOCK, ffi.from_buffer("uint8_t[]", gone))
    return np.ascontiguousarray(line.T.astype(np.float32))


def _frames(pcm: Floats) -> Floats:
    return pcm.T.reshape(pcm.shape[1], -1, FRAME)


def scores(clean: Floats, made: Floats, lost: Bools) -> tuple[float, float]:
    """Segmental signal-to-noise ratio, and log spectral distance, both in dB."""
    was, now = _frames(clean), _frames(made)
    hit = lost.reshape(-1, FRAME // BLOCK, lost.shape[1]).any(axis=1).T
    hit &= np.sqrt(np.mean(was**2, axis=2)) > QUIET
    was, now = was[hit], now[hit]
    noise = np.sum((was - now) ** 2, axis=1) + 1e-3
    ratio = np.clip(10 * np.log10(np.sum(was**2, axis=1) / noise), -10, 35)
    window = np.hanning(FRAME)
    spectra = [10 * np.log10(np.abs(np.fft.rfft(x * window)) ** 2 + 1e4) for x in (was, now)]
    distance = np.sqrt(np.mean((spectra[0] - spectra[1]) ** 2, axis=1))
    return float(ratio.mean()), float(distance.mean())


def run(seconds: float = SECONDS, rates: tuple[float, ...] = RATES) -> list[Result]:
    """Both measures, each rate, at random and in bursts."""
    clean = recorded.speech(seconds, VOICES)
    clean = clean[: len(clean) // FRAME * FRAME]
    results = []
    for bursts in (False, True):
        for rate in rates:
            lost = losses(len(clean) // BLOCK, VOICES, rate, bursts)
            us = scores(clean, ours(clean, lost), lost)
            them = scores(clean, peers(clean, lost), lost)
            what = f"plc: {100 * rate:.0f} % lost {'in bursts' if bursts else 'at random'}"
            results += [
                Result("quality", what, us[0], "dB SNR", "higher", PEER, them[0], them[0]),
                Result("quality", what, us[1], "dB distance", "lower", PEER, them[1], them[1]),
            ]
    return results
