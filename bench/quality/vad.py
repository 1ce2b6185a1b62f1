"""Rows of the suite ``quality``: real prompts found in white noise.

A 10 ms unit of the clean prompts is speech when it is within 20 dB of their active level, and so is
a pause shorter than the hangover; units more than the hangover from any speech are pauses. The
others belong to neither. The peer, where it is installed, is the detector of WebRTC.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.peers import packages
from bench.report import Result
from bench.signals import recorded
from dsp_ext.vad import VoiceDetector

SECONDS = 60.0
SNRS_DB = (20, 10, 5)
UNIT = 80
HANG = 25  # units
LEARN = 200  # units that are not judged
PEER = "webrtcvad, mode 2, with the same hangover"

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def _held(flags: Bools) -> Bools:
    """Each true, and the hangover after it."""
    last, out = -HANG - 1, np.zeros(len(flags), dtype=bool)
    for k, flag in enumerate(flags):
        last = k if flag else last
        out[k] = k - last <= HANG
    return out


def truth(clean: Floats) -> tuple[Bools, Bools]:
    """Which units are speech, and which are pauses."""
    power = np.mean(clean[: len(clean) // UNIT * UNIT].reshape(-1, UNIT) ** 2, axis=1)
    active = np.mean(power[power > 1e4])
    loud = power > active / 100
    after, before = _held(loud), _held(loud[::-1])[::-1]
    return loud, ~(after | before)


def _ours(pcm: Floats) -> Bools:
    detector = VoiceDetector(1)
    return np.array(
        [
            detector.process(np.ascontiguousarray(pcm[k : k + UNIT, None])) is not None
            and bool(detector.speaking()[0])
            for k in range(0, len(pcm) // UNIT * UNIT, UNIT)
        ]
    )


def _peer() -> Callable[[Floats], Bools] | None:
    if (webrtcvad := packages.find("webrtcvad")) is None:
        return None

    def judge(pcm: Floats) -> Bools:
        detector = webrtcvad.Vad(2)
        frames = pcm[: len(pcm) // UNIT * UNIT].astype(np.int16).reshape(-1, UNIT)
        return _held(np.array([detector.is_speech(frame.tobytes(), 8000) for frame in frames]))

    return judge


def rates(
    seconds: float, snrs_db: tuple[int, ...], judge: Callable[[Floats], Bools] = _ours
) -> list[tuple[int, float, float]]:
    """(SNR, share of speech found, share of pauses taken for speech)."""
    clean = recorded.speech(seconds)[:, 0]
    speech, pause = truth(clean)
    speech[:LEARN] = pause[:LEARN] = False
    active = np.sqrt(np.mean(clean[: len(speech) * UNIT].reshape(-1, UNIT)[speech] ** 2))
    hiss = np.random.default_rng(8).standard_normal(len(clean)).astype(np.float32)
    found = []
    for snr_db in snrs_db:
        noisy = np.clip(clean + hiss * active * 10 ** (-snr_db / 20), -32768, 32767)
        told = judge(noisy.astype(np.float32))
        found.append((snr_db, float(told[speech].mean()), float(told[pause].mean())))
    return found


def run() -> list[Result]:
    """Hits and false alarms at each ratio."""
    judge = _peer()
    ours = rates(SECONDS, SNRS_DB)
    theirs = rates(SECONDS, SNRS_DB, judge) if judge else [None] * len(ours)
    results = []
    for (snr_db, hits, false), other in zip(ours, theirs, strict=True):
        peer = PEER if other else None
        what = f"voice in noise {snr_db} dB below"
        results += [
            Result(
                "quality",
                f"{what}: found",
                100 * hits,
                "% of speech",
                "higher",
                peer,
                100 * other[1] if other else None,
                95.0,
            ),
            Result(
                "quality",
                f"{what}: false",
                100 * false,
                "% of pauses",
                "lower",
                peer,
                100 * other[2] if other else None,
                5.0,
            ),
        ]
    return results
