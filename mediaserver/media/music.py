"""Music on hold: every tune of a directory, one after the other, for ever.

What: tunes are brought to the same mean level, below speech, without clipping,
and put together once; the result is cached. All callers share one array:
`at(ms)` is a view that begins elsewhere in the round, so somebody who waited
through an announcement hears the music go on instead of its first bars again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsp_ext.units import dbm0_of_mean_square
from mediaserver.media import wavfile
from mediaserver.media.cache import SoundCache, key
from mediaserver.media.errors import PromptBroken, PromptMissing
from mediaserver.media.prompt import RATE, Prompt, Samples

log = logging.getLogger(__name__)

LEVEL_DBM0 = -18.0
LONGEST_TUNE_S = 3600
#: Peaks stay 0.2 dB below what A-law can carry.
_PEAK = 31_500
_VERSION = "music-1"


@dataclass(frozen=True, slots=True, eq=False)
class Music(Prompt):
    """The whole round, to be played with `loop=True`; `twice` is the round twice over."""

    twice: Samples

    def at(self, ms: int) -> Prompt:
        """The round, beginning `ms` (modulo its length) into it; nothing is copied."""
        length = len(self.samples)
        start = ms * RATE // 1000 % length
        return Prompt(self.twice[start : start + length], self.name)


def _round(samples: Samples, name: str) -> Music:
    twice = np.concatenate([samples, samples])
    twice.flags.writeable = False
    return Music(twice[: len(samples)], name, twice)


def load(where: Path, cache: SoundCache) -> Music:
    """All WAVs of the directory `where` in the order of their names, or the one file.

    A tune that cannot be read is left out and logged. Raises PromptMissing if none is left.
    """
    files = [where] if where.is_file() else sorted(where.glob("*.wav"))
    contents = [(file, file.read_bytes()) for file in files]
    name = key(_VERSION, f"{LEVEL_DBM0}", *(content for _, content in contents))

    def make() -> Samples:
        tunes = [tune for file, content in contents if (tune := _tune(file, content)) is not None]
        if not tunes:
            raise PromptMissing("music", (str(where),), hint="it needs at least one good WAV file")
        return np.concatenate(tunes)

    return _round(cache.get(name, make), f"music:{where}")


def _tune(file: Path, content: bytes) -> Samples | None:
    try:
        return level(wavfile.decode(content, str(file), LONGEST_TUNE_S))
    except PromptBroken as error:
        log.warning("music on hold: %s", error)
        return None


def level(samples: Samples) -> Samples:
    """`samples` at a mean of −18 dBm0, or less where peaks would clip."""
    pcm = samples.astype(np.float32)
    mean_square = float(np.mean(np.square(pcm, dtype=np.float64)))
    if mean_square == 0:
        return samples
    gain = 10 ** ((LEVEL_DBM0 - dbm0_of_mean_square(mean_square)) / 20)
    gain = min(gain, _PEAK / float(np.max(np.abs(pcm))))
    return np.rint(pcm * gain).astype(np.int16)
