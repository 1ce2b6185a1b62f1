"""What no line sends, at every bank's door: refused in words, or heard without harm.

The doors are found, not listed (`tests.dsp.banks`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dsp_ext import g711
from tests.dsp.banks import BANKS, given, made, signals_of

CHANNELS = 32
BLOCK = 160
OCTETS = 10_000_000
#: Banks that take whole blocks of their own length only.
BLOCKS = {"EchoCanceller": 80}

Pcm = npt.NDArray[np.float32]


def _with(value: float) -> Pcm:
    pcm = np.zeros((BLOCK, CHANNELS), np.float32)
    pcm[BLOCK - 1, CHANNELS - 1] = value
    return pcm


PCM = np.zeros((BLOCK, CHANNELS), np.float32)
REFUSED: dict[str, Any] = {
    "none": None,
    "a list": [[0.0] * CHANNELS] * BLOCK,
    "a text": "0" * BLOCK,
    "float64": PCM.astype(np.float64),
    "int16": PCM.astype(np.int16),
    "uint16": PCM.astype(np.uint16),
    "one axis": PCM[:, 0].copy(),
    "three axes": PCM[None],
    "a channel too few": PCM[:, 1:].copy(),
    "a channel too many": np.zeros((BLOCK, CHANNELS + 1), np.float32),
    "NaN": _with(np.nan),
    "infinity": _with(np.inf),
    "minus infinity": _with(-np.inf),
    "more than energies can be of": _with(3e38),
    "the other order": np.asfortranarray(_with(1.0)),
}
NUMBERS = ("NaN", "infinity", "minus infinity", "more than energies can be of")


#: Every bank with all that it refuses; an octet is always a number.
CASES = [
    (name, what)
    for name in sorted(BANKS)
    for what in REFUSED
    if what not in NUMBERS or signals_of(BANKS[name])[0] != "octets"
]


@pytest.mark.parametrize(("name", "what"), CASES)
def test_nonsense_is_refused_in_words_and_forgotten(name: str, what: str) -> None:
    bank, other = made(BANKS[name], CHANNELS), made(BANKS[name], CHANNELS)
    with pytest.raises((TypeError, ValueError)) as told:
        bank.process(REFUSED[what], *given(BANKS[name], PCM)[1:])
    assert len(str(told.value)) > 10
    blocks = given(BANKS[name], g711.decode(_octets(BLOCK)))
    assert _same(bank.process(*blocks), other.process(*blocks))


def _octets(samples: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (CHANNELS, samples), np.uint8)


def _same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)


def _sane(made_of: object) -> bool:
    """Numbers that are numbers; of anything else: that it was made."""
    values = made_of if isinstance(made_of, tuple) else (made_of,)
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    return all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f")


@pytest.mark.parametrize(
    "value", [32767.0, -32768.0, 1e6, 1e9, 1e-40, 8000.0], ids=lambda value: f"{value:g}"
)
@pytest.mark.parametrize("name", sorted(BANKS))
def test_extremes_are_heard_without_harm(name: str, value: float) -> None:
    """Steady, and from one end to the other at every sample; then silence, then speech again."""
    bank = made(BANKS[name], CHANNELS)
    steady = np.full((BLOCK, CHANNELS), value, np.float32)
    flips = steady * np.where(np.arange(BLOCK) % 2, 1, -1).astype(np.float32)[:, None]
    speech = np.random.default_rng(4).normal(0, 1000, (BLOCK, CHANNELS)).astype(np.float32)
    for pcm in (steady, flips, PCM, speech):
        for _ in range(25):
            with np.errstate(over="ignore"):
                assert _sane(bank.process(*given(BANKS[name], pcm)))


@pytest.mark.parametrize("name", sorted(BANKS))
@pytest.mark.parametrize("samples", [0, 1])
def test_the_shortest_blocks(name: str, samples: int) -> None:
    bank = made(BANKS[name], CHANNELS)
    blocks = given(BANKS[name], np.zeros((samples, CHANNELS), np.float32))
    if samples % BLOCKS.get(name, 1):
        with pytest.raises(ValueError, match=str(BLOCKS[name])):
            bank.process(*blocks)
    else:
        assert _sane(bank.process(*blocks))


@pytest.mark.parametrize("name", sorted(BANKS))
def test_ten_million_random_octets(name: str) -> None:
    bank = made(BANKS[name], CHANNELS)
    samples = 10 * BLOCK
    pcm = g711.decode(_octets(samples))
    for turn in range(-(-OCTETS // (samples * CHANNELS))):
        rolled = np.roll(pcm, turn * 31, axis=1)
        rolled[: turn % samples] *= np.float32(-1)
        assert _sane(bank.process(*given(BANKS[name], np.ascontiguousarray(rolled))))
