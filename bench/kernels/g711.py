"""Rows of the suite ``kernels``: A-law and µ-law beside libspandsp's coders, and Python's own.

Two doors each way: banks (octets channel by channel, pcm float32 with the channel innermost, so
that ours turns what the peer leaves as it is) and arrays (int16, in any order, as the peer has it).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, row
from bench.peers import packages
from bench.peers._g711 import ffi, lib
from bench.report import Result
from dsp_ext import g711
from dsp_ext.units import SAMPLE_RATE, peak

PEER = "libspandsp g711_encode and g711_decode, frame by frame, in C"
PYTHON = "Python's audioop"
FRAME = SAMPLE_RATE // 50
FRAMES = 480  # of all channels together
SHARE = 1 / 6
LAWS = {"alaw": "A-law", "ulaw": "µ-law"}


@dataclass(frozen=True, slots=True)
class Heard:
    """The same noise in every form: octets (channels, n) of `law`, as int16, as a bank's pcm."""

    law: str
    octets: NDArray[np.uint8]
    samples: NDArray[np.int16]
    pcm: NDArray[np.float32]


def heard(channels: int, law: str) -> Heard:
    """`FRAMES` frames of noise at -15 dBm0, dealt out to the channels."""
    rng = np.random.default_rng(711)
    size = (channels, FRAMES // channels * FRAME)
    samples = np.clip(rng.normal(0, peak(-15) / np.sqrt(2), size), -32768, 32767).astype(np.int16)
    octets = (g711.alaw_encode if law == "alaw" else g711.ulaw_encode)(samples)
    return Heard(law, octets, samples, np.ascontiguousarray(samples.T.astype(np.float32)))


def peers(given: Heard) -> tuple[Callable[[], None], Callable[[], None]]:
    """libspandsp's encoder and decoder of this; RuntimeError when it encodes otherwise than us."""
    octets, samples = np.empty_like(given.octets), np.empty_like(given.samples)
    to_octets, from_octets = ffi.from_buffer("uint8_t[]", octets), _view("uint8_t[]", given.octets)
    to_samples, from_samples = (
        ffi.from_buffer("int16_t[]", samples),
        _view("int16_t[]", given.samples),
    )
    ulaw = given.law == "ulaw"

    def encode() -> None:
        lib.g711_peer_encode(from_samples, to_octets, octets.size, ulaw)

    def decode() -> None:
        lib.g711_peer_decode(from_octets, to_samples, samples.size, ulaw)

    encode()
    if not (octets == given.octets).all():
        raise RuntimeError(f"libspandsp's {LAWS[given.law]} differs from ours")
    return encode, decode


def _view(kind: str, values: NDArray[np.generic]) -> object:
    return ffi.from_buffer(kind, values)


def banks(channels: int, law: str) -> list[Result]:
    """Both directions of a bank of one size."""
    given = heard(channels, law)
    encode, decode = peers(given)
    ours_in, theirs_in = by_turns((lambda: g711.encode(given.pcm, law), encode))
    ours_out, theirs_out = by_turns((lambda: g711.decode(given.octets, law), decode))
    frames = FRAMES // channels
    return [
        row(f"{LAWS[law]} encode", channels, frames, ours_in, theirs_in, PEER, SHARE),
        row(f"{LAWS[law]} decode", channels, frames, ours_out, theirs_out, PEER, SHARE),
    ]


def arrays(law: str) -> list[Result]:
    """Both directions of an array, beside libspandsp and what there is for Python."""
    given = heard(480, law)
    to_octets, to_samples = (
        (g711.alaw_encode, g711.alaw_decode)
        if law == "alaw"
        else (g711.ulaw_encode, g711.ulaw_decode)
    )
    ours = (lambda: to_octets(given.samples), lambda: to_samples(given.octets))
    found = []
    python = _audioop()
    for way, mine, theirs in zip(("encode", "decode"), ours, peers(given), strict=True):
        name = f"{LAWS[law]} {way}, an int16 array of"
        ours_ns, theirs_ns = by_turns((mine, theirs))
        found.append(row(name, 480, 1, ours_ns, theirs_ns, PEER, SHARE))
        if python is not None:
            ours_ns, theirs_ns = by_turns((mine, _pythons(python, given, way)))
            found.append(row(name, 480, 1, ours_ns, theirs_ns, PYTHON, None))
        if peer := packages.g711_coder(given.samples, given.octets, law, way):
            ours_ns, theirs_ns = by_turns((mine, peer[1]))
            found.append(row(name, 480, 1, ours_ns, theirs_ns, peer[0], None))
    return found


def _audioop() -> ModuleType | None:
    """Python's module, which 3.13 has no more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return packages.find("audioop")


def _pythons(python: ModuleType, given: Heard, way: str) -> Callable[[], object]:
    if way == "encode":
        call, data = getattr(python, f"lin2{given.law}"), given.samples.tobytes()
    else:
        call, data = getattr(python, f"{given.law}2lin"), given.octets.tobytes()
    return lambda: call(data, 2)


def run() -> list[Result]:
    """µs per 20 ms and channel, each law and direction."""
    sized = [result for law in LAWS for size in SIZES for result in banks(size, law)]
    return sized + [result for law in LAWS for result in arrays(law)]
