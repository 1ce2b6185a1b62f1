"""Prompt: sound ready for the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mediaserver.media.errors import MediaError

Samples = npt.NDArray[np.int16]
RATE = 8000  # Hz


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """`samples`: int16 ndarray of shape (n,), linear, 8 kHz, read-only."""

    samples: Samples
    name: str

    @property
    def duration_ms(self) -> int:
        return len(self.samples) * 1000 // RATE


Playable = Prompt | Samples | Sequence["Prompt | Samples"]


def samples_of(what: Playable) -> Samples:
    """Everything in `what`, one after the other; a single piece is not copied.

    Raises MediaError for anything but one-dimensional int16.
    """
    if isinstance(what, Prompt):
        return what.samples
    if isinstance(what, np.ndarray):
        if what.dtype != np.int16 or what.ndim != 1:
            raise MediaError(f"want int16 samples of shape (n,), not {what.dtype} {what.shape}")
        return np.ascontiguousarray(what)
    pieces = [samples_of(piece) for piece in what]
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
