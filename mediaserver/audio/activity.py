"""When a side sounds at all: levels of short frames against the line's own noise.

What: the level of each 10 ms and the stretches that stand out of the noise floor, gaps of a third
of a second bridged. How: the floor is the level that a tenth of all frames stay below; a frame
sounds from 12 dB above it and from -48 dBm0 on.
Limits: where a tenth of a recording is not silent, only the fixed limit holds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE, SILENCE_DBM0

FRAME = SAMPLE_RATE // 100
FRAME_S = FRAME / SAMPLE_RATE
FLOOR_SHARE = 10.0  # % of frames
ABOVE_FLOOR_DB = 12.0
LEAST_DBM0 = -48.0
HIGHEST_FLOOR_DBM0 = -50.0  # more is no floor, but somebody who never pauses
BRIDGED_S = 0.35

Levels = npt.NDArray[np.float64]


class Activity:
    """What frames of one side sound.

    samples : float32 of shape (n,), linear ±32768, 8000 Hz
    """

    def __init__(self, samples: npt.NDArray[np.float32]) -> None:
        padded = np.pad(samples, (0, -len(samples) % FRAME)).astype(np.float64)
        power = np.mean(padded.reshape(-1, FRAME) ** 2, axis=1)
        floor = np.full(len(power), SILENCE_DBM0)
        self.levels: Levels = np.where(
            power > 1e-3, 10 * np.log10(np.maximum(power, 1e-3) / MEAN_SQUARE_0DBM0), floor
        )
        quiet = float(np.percentile(self.levels, FLOOR_SHARE)) if len(power) else SILENCE_DBM0
        self.floor_dbm0 = min(quiet, HIGHEST_FLOOR_DBM0)
        self.sounds = self.levels > max(LEAST_DBM0, self.floor_dbm0 + ABOVE_FLOOR_DB)

    def level_dbm0(self, start_s: float, end_s: float) -> float:
        """Mean level of the frames that sound between two moments; silence when none does."""
        part = self._part(start_s, end_s)
        heard = self.levels[part][self.sounds[part]]
        return float(10 * np.log10(np.mean(10 ** (heard / 10)))) if heard.size else SILENCE_DBM0

    def last_sound_s(self, start_s: float, end_s: float) -> float:
        """End of the last frame that sounds between two moments; `end_s` when none does."""
        part = self._part(start_s, end_s)
        heard = np.flatnonzero(self.sounds[part])
        return (part.start + int(heard[-1]) + 1) * FRAME_S if heard.size else end_s

    def begun_s(self, at_s: float, most_s: float) -> float:
        """When the sound at `at_s` began, looking back over `most_s` without a pause."""
        part = self._part(at_s - most_s, at_s)
        silent = np.flatnonzero(~self.sounds[part])
        if not silent.size:
            return max(0.0, at_s - most_s) if part.stop > part.start else at_s
        return min(at_s, (part.start + int(silent[-1]) + 1) * FRAME_S)

    def explain(self, start_s: float, end_s: float) -> None:
        """Take out what is known: it does not count as sounding any more."""
        self.sounds[self._part(start_s - 2 * FRAME_S, end_s + 2 * FRAME_S)] = False

    def stretches(self, least_s: float) -> list[tuple[float, float]]:
        """(start, end) in seconds of what still sounds, those of `least_s` and more of sound."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.sounds.astype(np.int8), [0]])))
        found: list[tuple[float, float, float]] = []
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            start, end = first * FRAME_S, last * FRAME_S
            if found and start - found[-1][1] < BRIDGED_S:
                start, _, heard = found.pop()
            else:
                heard = 0.0
            found.append((start, end, heard + (last - first) * FRAME_S))
        return [(start, end) for start, end, heard in found if heard >= least_s]

    @staticmethod
    def _part(start_s: float, end_s: float) -> slice:
        return slice(max(0, int(start_s / FRAME_S)), max(0, int(np.ceil(end_s / FRAME_S))))
