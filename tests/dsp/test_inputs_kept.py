"""What a kernel is given stays as it was: every `process`, at widths with and without padding.

Rows of whole lanes are handed to the kernels as they are, without a copy, so that a kernel which
works in place would change the caller's array.  The doors are found, not listed: a new kernel is
tested as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dsp_ext import dtmf, fsk, g711, mfr2, progress, resample, tone
from tests.dsp.banks import BANKS, given, made
from tests.dsp.signals import noise, played, sine

WIDTHS = (1, 15, 16, 17, 32)
BLOCK = 160
SAMPLES = 25 * BLOCK

Array = npt.NDArray[Any]

#: Whole recordings: these take a column and keep no state.
FUNCTIONS: dict[str, Callable[[Array], object]] = {
    "dtmf.decode": dtmf.decode,
    "fsk.receive": fsk.receive,
    "mfr2.decode": mfr2.decode,
    "progress.decode": progress.decode,
    "resample.resample": lambda samples: resample.resample(samples, 8000, 48000),
}


def _pcm(channels: int) -> npt.NDArray[np.float32]:
    """Keys, tones, noise, full scale and beyond it: (SAMPLES, channels)."""
    key = tone.Program.dtmf("159D", on_ms=60, off_ms=60)
    columns = [
        played(key, SAMPLES / 8),
        sine(2100, -9, SAMPLES / 8),
        noise(-25, SAMPLES, 1),
        np.sign(sine(310, 0, SAMPLES / 8)) * np.float32(32768),
        noise(25, SAMPLES, 2),
    ]
    order = [columns[channel % len(columns)] for channel in range(channels)]
    return np.ascontiguousarray(np.stack(order, axis=1))


def test_the_banks_are_found() -> None:
    assert {"Agc", "Concealer", "Deframer", "DtmfDetector", "EchoCanceller", "Mixer"} <= set(BANKS)
    assert len(BANKS) >= 13


@pytest.mark.parametrize("channels", WIDTHS)
@pytest.mark.parametrize("name", sorted(BANKS))
def test_a_bank_leaves_what_it_is_given(name: str, channels: int) -> None:
    bank = made(BANKS[name], channels)
    pcm = _pcm(channels)
    for at in range(0, SAMPLES, BLOCK):
        blocks = given(BANKS[name], np.ascontiguousarray(pcm[at : at + BLOCK]))
        before = [array.tobytes() for array in blocks]
        for array in blocks:  # a caller's array may be one that nobody may write to
            array.flags.writeable = at % (2 * BLOCK) == 0
        out = bank.process(*blocks)
        assert [array.tobytes() for array in blocks] == before
        if isinstance(out, np.ndarray):
            assert not any(np.shares_memory(out, array) for array in blocks)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("channels", WIDTHS)
def test_the_coders_leave_what_they_aregiven(law: str, channels: int) -> None:
    pcm = _pcm(channels)
    before = pcm.tobytes()
    octets = g711.encode(pcm, law)
    assert pcm.tobytes() == before
    coded = octets.tobytes()
    g711.decode(octets, law)
    assert octets.tobytes() == coded


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_recording_is_left_as_it_is(name: str) -> None:
    samples = _pcm(1)[:, 0].copy()
    before = samples.tobytes()
    FUNCTIONS[name](samples)
    assert samples.tobytes() == before
