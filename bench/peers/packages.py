"""Peers from the Python package index, where they are installed (``pip install .[peers]``)."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from dsp_ext.units import SAMPLE_RATE

Samples = NDArray[np.int16]
Peer = tuple[str, Callable[[], object]]


def find(name: str) -> ModuleType | None:
    """The package, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def dtmf_decoders() -> Iterator[tuple[str, Callable[[Samples], str]]]:
    """(name, decoder of a recording) of each that is installed."""
    if pydtmf := find("PyDTMF"):
        detect = pydtmf.detect_dtmf
        yield "PyDTMF, in Python", lambda samples: str(detect(samples.tolist(), SAMPLE_RATE))
    if package := find("dtmf"):
        yield "dtmf, in Python", lambda samples: _keys(package, samples)


def g711_coder(given: Samples, octets: NDArray[np.uint8], law: str, way: str) -> Peer | None:
    """(name, call) of the package `g711` for an array, one way; None where it is not installed."""
    if (package := find("g711")) is None:
        return None
    call = getattr(package, f"{way}_{law}")
    data = given.astype(np.float32) / 32768 if way == "encode" else octets.tobytes()
    return "g711, a package in C", lambda: call(data)


def _keys(package: ModuleType, samples: Samples) -> str:
    """Keys by the package `dtmf`, which tells of every block which tone it holds, or none."""
    told = package.detect((samples / 32768.0).tolist(), SAMPLE_RATE)
    tones = (result.tone for result in told)
    return "".join(str(tone) for tone, _ in itertools.groupby(tones) if tone is not None)
