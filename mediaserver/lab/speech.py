"""Whether a recording holds what was said: speech found in it piece by piece.

How: the whole utterance is placed by cross-correlation, then each half second
of it that has sound is correlated where it should then stand. A recording with
a gap, a slip or the wrong voice fails in the pieces it touches.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import fftconvolve

RATE = 8000
PIECE = RATE // 2
#: A piece counts as found above this; coding alone leaves 0.99, other speech below 0.3.
FOUND = 0.8
#: Pieces this far below the utterance's mean power are pauses.
PAUSE = 0.05

Pcm = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """`found` of `pieces` half seconds stand at `at_ms`; `worst` is the lowest correlation."""

    found: int
    pieces: int
    worst: float
    at_ms: int

    @property
    def whole(self) -> bool:
        return self.pieces > 0 and self.found == self.pieces

    def __str__(self) -> str:
        return f"{self.found}/{self.pieces} pieces, worst {self.worst:.2f}, at {self.at_ms} ms"


def channels(path: Path) -> tuple[Pcm, Pcm]:
    """Left and right of a stereo WAV, linear ±32768. Raises soundfile's errors."""
    data, _ = soundfile.read(path, dtype="int16", always_2d=True)
    return data[:, 0].astype(np.float32), data[:, 1].astype(np.float32)


def match(recorded: Pcm, said: npt.NDArray[np.int16]) -> Match:
    """Where and how well `said` stands in `recorded`."""
    speech = said.astype(np.float32)
    # Who hangs up on the last syllable is cleared while its end is still on the line.
    recorded = np.concatenate([recorded, np.zeros(PIECE // 2, np.float32)])
    if len(recorded) < len(speech) or not len(speech):
        return Match(0, 1, 0.0, 0)
    at = int(np.argmax(fftconvolve(recorded, speech[::-1], mode="valid")))
    mean = float(np.mean(speech**2))
    scores = [
        _likeness(recorded[at + start : at + start + PIECE], speech[start : start + PIECE])
        for start in range(0, len(speech) - PIECE + 1, PIECE)
        if np.mean(speech[start : start + PIECE] ** 2) > PAUSE * mean
    ]
    found = sum(score >= FOUND for score in scores)
    return Match(found, len(scores), min(scores, default=0.0), at * 1000 // RATE)


def _likeness(a: Pcm, b: Pcm) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-6))
