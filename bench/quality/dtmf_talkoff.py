"""Talk-off of the DTMF detector: keys heard in voices that are made to be taken for keys.

A quarter of an hour of each kind of `bench.signals.dtmf_voices` and `bench.signals.dtmf_singers`,
through A-law, beside libspandsp's receiver on the very same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.report import Result
from bench.signals import dtmf_singers, dtmf_voices
from bench.signals.dtmf_lines import PEER, over_the_line, peer
from dsp_ext import dtmf

MINUTES = 15  # of each kind
SHARE = 1 / 5  # of the peer's hits
MOST = 60.0  # an hour

Voice = Callable[[float, int, str], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Voices of several kinds that are counted together."""

    name: str
    voice: Voice
    kinds: Sequence[str]


#: The whistles are no voices: nothing but two tones, of which all else is left to the ear.
CORPORA = (
    Corpus("gliding voices", dtmf_voices.voice, tuple(dtmf_voices.KINDS)),
    Corpus(
        "talkers and singers",
        dtmf_singers.voice,
        tuple(kind for kind in dtmf_singers.KINDS if kind != "whistles"),
    ),
    Corpus("whistles of two", dtmf_singers.voice, ("whistles",)),
)


def hits(voice: Voice, seed: int, kind: str) -> tuple[int, int]:
    """False keys in a minute of a voice: ours, the peer's."""
    heard = over_the_line(voice(60, seed, kind))
    return len(dtmf.decode(heard)), len(peer(heard))


def talk_off(corpus: Corpus, minutes: int = MINUTES) -> Result:
    """False keys an hour over all kinds of a corpus."""
    counts = np.array(
        [hits(corpus.voice, seed, kind) for kind in corpus.kinds for seed in range(minutes)]
    )
    ours, theirs = (float(value) for value in counts.sum(axis=0) * 60 / len(counts))
    name = f"dtmf: keys heard in {len(counts)} minutes of {corpus.name}"
    goal = min(theirs * SHARE, MOST)
    return Result("quality", name, ours, "an hour", "lower", PEER, theirs, goal)


def run() -> list[Result]:
    """A row for each corpus."""
    return [talk_off(corpus) for corpus in CORPORA]
