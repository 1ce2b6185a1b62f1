"""The non-linear processor takes nothing of the near end for echo that may be a key or speech."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.signals import echo_lines as lab
from dsp_ext.dtmf import DtmfDetector, generate
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE

LEVELS_DBM0 = (-25, -20, -15, -10, -5, 0)
STARTS_S = np.arange(0, 3, 0.15)
KEY_MS = 80
BLOCK = 80
SECONDS = 3.2


def prompt(seconds: float) -> Any:
    return lab.recorded(lab.PROMPTS, seconds, seed=7)


FAR = {"shaped": lab.shaped, "css": lab.css}
FAR |= {"prompt": prompt} if any(lab.PROMPTS.glob("**/*.wav")) else {}
PATHS = {"6 dB": (6.0, 10.0), "20 dB, 30 ms late": (20.0, 30.0), "no echo": None}


def heard(far: Any, near: Any, path: tuple[float, float] | None, nlp: bool) -> Any:
    """What is left of echo and near ends, (n, channels), a channel each."""
    sent = lab.coded(far)
    echo = lab.echo(sent, lab.PATHS[2], *path) if path else np.zeros(len(far))
    channels = near.shape[1]
    tx = np.repeat(sent[:, np.newaxis], channels, axis=1)
    canceller = EchoCanceller(channels, tail_ms=64, nlp=nlp)
    return lab.cancelled(tx, lab.coded(echo[:, np.newaxis] + near), canceller)


def powers(signal: Any) -> Any:
    """Mean square block by block, (blocks, channels)."""
    whole = len(signal) // BLOCK * BLOCK
    return np.mean(signal[:whole].reshape(-1, BLOCK, signal.shape[1]) ** 2, axis=1)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("signal", FAR)
def test_a_key_passes_at_every_moment_of_a_prompt(signal: str, path: str) -> None:
    """Also into the first word, when the model knows nothing yet."""
    far = FAR[signal](SECONDS)
    cases = [(round(s * SAMPLE_RATE), level) for s in STARTS_S for level in LEVELS_DBM0]
    near = np.zeros((len(far), len(cases)))
    for channel, (start, level) in enumerate(cases):
        key = generate("159D"[channel % 4], level, 0.0, KEY_MS, 0)
        near[start : start + len(key), channel] = key
    plain, processed = (heard(far, near, PATHS[path], nlp) for nlp in (False, True))
    cut = powers(processed) < 0.8 * powers(plain)
    for channel, (start, level) in enumerate(cases):
        first = start // BLOCK + 1  # it may begin within a block
        assert not cut[first : first + KEY_MS // 10 - 1, channel].any(), (start, level)
    plainly, after = (keys(left) for left in (plain, processed))
    assert sum(plainly) > 0.9 * len(cases)
    assert after == plainly


def keys(pcm: Any) -> list[int]:
    """How many keys a detector hears, channel by channel."""
    found = [0] * pcm.shape[1]
    for event in DtmfDetector(len(found)).process(pcm):
        found[event.channel] += 1
    return found


@pytest.mark.parametrize("path", PATHS)
def test_near_speech_is_not_cut_where_it_is_loud_enough_to_be_heard(path: str) -> None:
    """Both ends speak from the start; of what is above -30 dBm0 nothing is missing."""
    far = lab.shaped(4)
    near = np.stack([lab.shaped(4, level, seed=31 + level) for level in (-26, -20, -14)], axis=1)
    plain, processed = (heard(far, near, PATHS[path], nlp) for nlp in (False, True))
    spoken = powers(near) > MEAN_SQUARE_0DBM0 * 10**-3.0
    assert spoken.sum() > 300
    assert not (spoken & (powers(processed) < 0.5 * powers(plain))).any()


@pytest.mark.parametrize("signal", FAR)
def test_what_is_left_is_still_suppressed(signal: str) -> None:
    far = FAR[signal](4)
    nothing = np.zeros((len(far), 1))
    plain, processed = (heard(far, nothing, PATHS["6 dB"], nlp) for nlp in (False, True))
    assert lab.loss_db(plain, processed, 1.5, 4).min() > 3
