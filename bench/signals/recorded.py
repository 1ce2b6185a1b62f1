"""Real speech for the quality rows: the prompts Debian packages, and noise to put under them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from dsp_ext.units import SAMPLE_RATE

PROMPTS = Path("/usr/share/asterisk/sounds")

Samples = npt.NDArray[np.float32]


def prompts(count: int) -> list[Samples]:
    """The `count` longest prompts, each (n,), linear; fewer where there are fewer."""
    paths = sorted(PROMPTS.glob("**/*.wav"), key=lambda path: (-path.stat().st_size, str(path)))
    found = []
    for path in paths[:count]:
        samples, rate = soundfile.read(path, dtype="int16")
        if rate == SAMPLE_RATE and samples.ndim == 1:
            found.append(samples.astype(np.float32))
    return found


def speech(seconds: float, voices: int = 1, seed: int = 1) -> Samples:
    """`seconds` of prompts one after another, (n, voices), each voice in another order.

    FileNotFoundError when no prompts are installed.
    """
    parts = prompts(300)[20:]
    if not parts:
        raise FileNotFoundError(
            f"no prompts in {PROMPTS}: apt-get install asterisk-core-sounds-en-wav"
        )
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    pause = np.zeros(SAMPLE_RATE, dtype=np.float32)
    columns = []
    for _ in range(voices):
        column: list[Samples] = []
        while sum(map(len, column)) < n:
            column += [parts[rng.integers(len(parts))], pause]
        columns.append(np.concatenate(column)[:n])
    return np.stack(columns, axis=1)
