"""What the echo settings do to a line: how much echo is left, and how many keys are heard in it.

A prompt goes out at -16 dBm0 on G.168's eight paths, 6 dB of loss.  A caller who knows the menu
keys into it at once, about as loud as the echo.  With `echo_suppress` what the filters leave is
replaced by comfort noise; no key may go with it.  Suite ``parts`` shows the figures, and
`mediaserver tune` advises by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from bench.signals import echo_lines as lab
from dsp_ext.dtmf import DtmfDetector, generate
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import SAMPLE_RATE

SECONDS = 4.0
LAST_S = 0.35  # of it, in which the echo is measured
FIRST_KEY_S = 0.3
KEYS = "159D370*86A42B#C"
KEY_MS = 50
KEY_DBM0 = -22.0
ECHO_DBM0 = lab.LEVEL_DBM0 - lab.ERL_DB


@dataclass(frozen=True, slots=True)
class Heard:
    """Of one setting.

    loss_db : by how much the echo is lower after four seconds, mean over the paths
    keys : share of the keys that were heard, %
    """

    loss_db: float
    keys: float

    @property
    def left_dbm0(self) -> float:
        """Level of what is left of the echo."""
        return ECHO_DBM0 - self.loss_db


def measure(tail_ms: int, suppress: bool) -> Heard:
    """One setting of the canceller."""
    far = lab.shaped(SECONDS)
    near = np.zeros(len(far))
    keyed = generate(KEYS, KEY_DBM0, 0.0, KEY_MS, KEY_MS)
    first = round(FIRST_KEY_S * SAMPLE_RATE)
    near[first : first + len(keyed)] = keyed
    sent, echoes, received = lab.lines(far)
    left = lab.cancelled(sent, received, _canceller(tail_ms, suppress))
    loss = lab.loss_db(echoes, left, SECONDS - LAST_S, SECONDS)
    sent, _, received = lab.lines(far, near)
    left = lab.cancelled(sent, received, _canceller(tail_ms, suppress))
    return Heard(float(loss.mean()), _keys(left))


def _canceller(tail_ms: int, suppress: bool) -> EchoCanceller:
    return EchoCanceller(len(lab.PATHS), tail_ms=tail_ms, nlp=suppress)


def _keys(pcm: NDArray[np.float32]) -> float:
    """How many of the keys are heard in order, %."""
    found = ["" for _ in lab.PATHS]
    for event in DtmfDetector(len(found)).process(pcm):
        found[event.channel] += event.digit
    matchers = [SequenceMatcher(None, KEYS, line, autojunk=False) for line in found]
    right = sum(block.size for each in matchers for block in each.get_matching_blocks())
    return 100 * right / (len(KEYS) * len(found))
