"""Every bank of kernels, found, not listed: a new kernel is tested as soon as it is there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import numpy.typing as npt

import dsp_ext
from dsp_ext import g711, mix

Array = npt.NDArray[Any]

#: What a bank needs besides its channels.
ARGUMENTS: dict[str, tuple[Any, ...]] = {"Resampler": (8000, 16000)}
#: Banks that take octets with the channel innermost; others have a channel's one after another.
INNERMOST = {"BitErrorTester"}


def find() -> dict[str, type[Any]]:
    """Every class whose `process` takes signals, by name."""
    found = {}
    for module in pkgutil.iter_modules(dsp_ext.__path__):
        if module.name.startswith("_"):
            continue
        whole = f"dsp_ext.{module.name}"
        for name, kind in vars(importlib.import_module(whole)).items():
            own = inspect.isclass(kind) and kind.__module__ == whole
            if own and signals_of(kind):
                found[name] = kind
    return found


def signals_of(kind: type[Any]) -> list[str]:
    """The arrays its `process` takes; none where it makes signals from nothing."""
    process = getattr(kind, "process", None)
    names = list(inspect.signature(process).parameters)[1:] if process else []
    return [] if names == ["block"] else names


BANKS = find()


def made(kind: type[Any], channels: int) -> Any:
    """A bank of `channels` channels; a mixer has all of them in one conference."""
    bank = kind(channels, *ARGUMENTS.get(kind.__name__, ()))
    if isinstance(bank, mix.Mixer):
        for channel in range(channels):
            bank.join(channel, 0, talk=0.5)
    return bank


def given(kind: type[Any], pcm: npt.NDArray[np.float32]) -> list[Array]:
    """A block for each array its `process` names."""
    lost = np.arange(pcm.shape[1]) % 2 == 0
    octets = g711.encode(pcm)
    if kind.__name__ in INNERMOST:
        octets = np.ascontiguousarray(octets.T)
    arrays: dict[str, Array] = {"pcm": pcm, "tx": pcm, "rx": pcm * np.float32(0.4)}
    arrays |= {"lost": lost, "octets": octets}
    return [arrays[name] for name in signals_of(kind)]
