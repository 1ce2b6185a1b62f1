"""What a kernel is given stays as it was: every `process`, at widths with and without padding.

Rows of whole lanes are handed to the kernels as they are, without a copy, so that a kernel which
works in place would change the caller's array.  The doors are found, not listed: a new kernel is
tested as soon as it is there.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import dsp_ext
from dsp_ext import dtmf, fsk, g711, mfr2, mix, progress, resample, tone
from tests.dsp.signals import noise, played, sine

WIDTHS = (1, 15, 16, 17, 32)
BLOCK = 160
SAMPLES = 25 * BLOCK

Array = npt.NDArray[Any]

#: What a bank needs besides its channels.
ARGUMENTS: dict[str, tuple[Any, ...]] = {"Resampler": (8000, 16000)}
#: Banks that take octets with the channel innermost; others have a channel's one after another.
INNERMOST = {"BitErrorTester"}
#: Whole recordings: these take a column and keep no state.
FUNCTIONS: dict[str, Callable[[Array], object]] = {
    "dtmf.decode": dtmf.decode,
    "fsk.receive": fsk.receive,
    "mfr2.decode": mfr2.decode,
    "progress.decode": progress.decode,
    "resample.resample": lambda samples: resample.resample(samples, 8000, 48000),
}


def _banks() -> dict[str, type[Any]]:
    """Every class whose `process` takes signals, by name."""
    found = {}
    for module in pkgutil.iter_modules(dsp_ext.__path__):
        if module.name.startswith("_"):
            continue
        whole = f"dsp_ext.{module.name}"
        for name, kind in vars(importlib.import_module(whole)).items():
            own = inspect.isclass(kind) and kind.__module__ == whole
            if own and _signals_of(kind):
                found[name] = kind
    return found


def _signals_of(kind: type[Any]) -> list[str]:
    """The arrays its `process` takes; none where it makes signals from nothing."""
    process = getattr(kind, "process", None)
    names = list(inspect.signature(process).parameters)[1:] if process else []
    return [] if names == ["block"] else names


BANKS = _banks()


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


def _made(kind: type[Any], channels: int) -> Any:
    bank = kind(channels, *ARGUMENTS.get(kind.__name__, ()))
    if isinstance(bank, mix.Mixer):
        for channel in range(channels):
            bank.join(channel, 0, talk=0.5)
    return bank


def _given(kind: type[Any], pcm: npt.NDArray[np.float32]) -> list[Array]:
    """A block for each array its `process` names."""
    lost = np.arange(pcm.shape[1]) % 2 == 0
    octets = g711.encode(pcm)
    if kind.__name__ in INNERMOST:
        octets = np.ascontiguousarray(octets.T)
    made: dict[str, Array] = {"pcm": pcm, "tx": pcm, "rx": pcm * np.float32(0.4)}
    made |= {"lost": lost, "octets": octets}
    return [made[name] for name in _signals_of(kind)]


def test_the_banks_are_found() -> None:
    assert {"Agc", "Concealer", "Deframer", "DtmfDetector", "EchoCanceller", "Mixer"} <= set(BANKS)
    assert len(BANKS) >= 13


@pytest.mark.parametrize("channels", WIDTHS)
@pytest.mark.parametrize("name", sorted(BANKS))
def test_a_bank_leaves_what_it_is_given(name: str, channels: int) -> None:
    bank = _made(BANKS[name], channels)
    pcm = _pcm(channels)
    for at in range(0, SAMPLES, BLOCK):
        given = _given(BANKS[name], np.ascontiguousarray(pcm[at : at + BLOCK]))
        before = [array.tobytes() for array in given]
        for array in given:  # a caller's array may be one that nobody may write to
            array.flags.writeable = at % (2 * BLOCK) == 0
        made = bank.process(*given)
        assert [array.tobytes() for array in given] == before
        if isinstance(made, np.ndarray):
            assert not any(np.shares_memory(made, array) for array in given)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("channels", WIDTHS)
def test_the_coders_leave_what_they_are_given(law: str, channels: int) -> None:
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
