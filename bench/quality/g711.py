"""Rows of the suite ``quality``: both laws against G.711's tables, G.712's limit and libspandsp.

The tables are made here from their definition, segment by segment, and share nothing with the
kernel, which has none.  A sample on a border between two steps may be given to either.
Source: ITU-T G.711 (1988), tables 1 and 2, clause 5 and tables 5 and 6 (the digital milliwatt);
G.712, figure 6 (signal to total distortion, sine method).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.peers._g711 import ffi, lib
from bench.report import Result
from dsp_ext import g711
from dsp_ext.units import SAMPLE_RATE, peak

PEER = "libspandsp g711_encode and g711_decode"
FRAME = 160  # what the peer takes at once
#: Least ratio of a sine to all distortion, dB, by level in dBm0.
MASK = ((-45, 22), (-40, 27), (-30, 33), (0, 33))
SINE_HZ = 1020
SINE_SAMPLES = 16384
MILLIWATT_ERROR_DB = 0.03

Octets = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """A law as its tables have it, on the scale of 16 bits.

    borders : the 129 decision values of the positive half; values : the 128 between them
    capacity_dbm0, capacity : the level of a sine that reaches the last border, and that border
    milliwatt : the octets of 1 kHz at 0 dBm0
    """

    name: str
    words: str
    borders: Floats
    values: Floats
    capacity_dbm0: float
    capacity: float
    milliwatt: bytes

    def octets(self, steps: npt.NDArray[np.intp], negative: npt.NDArray[np.bool_]) -> Octets:
        """The character signals of steps of either half."""
        sign = np.where(negative, 0, 0x80)
        coded = (steps | sign) ^ 0x55 if self.name == "alaw" else (steps ^ 0x7F) | sign
        return coded.astype(np.uint8)

    @property
    def zero_dbm0(self) -> float:
        """Mean square of 0 dBm0, from the law's own load capacity."""
        return float(self.capacity**2 / 2 * 10 ** (-self.capacity_dbm0 / 10))


def _alaw() -> Law:
    widths = np.concatenate([np.full(32, 16), np.repeat(16 << np.arange(1, 7), 16)])
    borders = np.concatenate([[0], np.cumsum(widths)]).astype(float)
    values = (borders[:-1] + borders[1:]) / 2
    milliwatt = bytes.fromhex("34212134b4a1a1b4")
    return Law("alaw", "A-law", borders, values, 3.14, 32768.0, milliwatt)


def _ulaw() -> Law:
    widths = np.concatenate([[4], np.full(15, 8), np.repeat(16 << np.arange(7), 16)])
    borders = np.concatenate([[0], np.cumsum(widths)]).astype(float)
    values = (borders[:-1] + borders[1:]) / 2
    values[0] = 0.0  # the step about zero is half as wide on each side
    milliwatt = bytes.fromhex("1e0b0b1e9e8b8b9e")
    return Law("ulaw", "µ-law", borders, values, 3.17, 8159 * 4.0, milliwatt)


LAWS = (_alaw(), _ulaw())


class Ours:
    """The doors of arrays, and of a bank for what is `through` both ways."""

    @staticmethod
    def encode(samples: Samples, law: str) -> Octets:
        coded: Octets = (g711.alaw_encode if law == "alaw" else g711.ulaw_encode)(samples)
        return coded

    @staticmethod
    def decode(octets: Octets, law: str) -> Samples:
        samples: Samples = (g711.alaw_decode if law == "alaw" else g711.ulaw_decode)(octets)
        return samples

    @staticmethod
    def through(signal: Floats, law: str) -> Floats:
        pcm = np.ascontiguousarray(signal[:, np.newaxis], dtype=np.float32)
        heard: Floats = g711.decode(g711.encode(pcm, law), law)[:, 0].astype(float)
        return heard


class Theirs:
    """The peer's, which takes whole frames."""

    @staticmethod
    def encode(samples: Samples, law: str) -> Octets:
        given = np.pad(samples, (0, -len(samples) % FRAME))
        coded = np.empty(len(given), dtype=np.uint8)
        lib.g711_peer_encode(
            ffi.from_buffer("int16_t[]", given),
            ffi.from_buffer("uint8_t[]", coded),
            len(given),
            law == "ulaw",
        )
        return coded[: len(samples)]

    @staticmethod
    def decode(octets: Octets, law: str) -> Samples:
        given = np.pad(octets, (0, -len(octets) % FRAME))
        samples = np.empty(len(given), dtype=np.int16)
        lib.g711_peer_decode(
            ffi.from_buffer("uint8_t[]", given),
            ffi.from_buffer("int16_t[]", samples),
            len(given),
            law == "ulaw",
        )
        return samples[: len(octets)]

    @staticmethod
    def through(signal: Floats, law: str) -> Floats:
        samples = np.rint(signal).clip(-32768, 32767).astype(np.int16)
        return Theirs.decode(Theirs.encode(samples, law), law).astype(float)


Side = type[Ours] | type[Theirs]


def wrong_octets(side: Side, law: Law) -> int:
    """How many of the 256 octets are decoded to another value than the table's."""
    octets = np.arange(256).astype(np.uint8)
    wanted = np.zeros(256)
    for negative in (False, True):
        steps = np.arange(128)
        wanted[law.octets(steps, np.full(128, negative))] = law.values * (-1 if negative else 1)
    return int(np.count_nonzero(side.decode(octets, law.name) != wanted))


def wrong_samples(side: Side, law: Law) -> int:
    """How many of the 65,536 samples are given an octet whose step does not hold them."""
    samples = np.arange(-32768, 32768).astype(np.int16)
    size = np.minimum(np.abs(samples.astype(float)), law.borders[-1])
    coded = side.encode(samples, law.name)
    right = np.zeros(len(samples), dtype=bool)
    for which in ("left", "right"):  # on a border: the step below, the step above
        steps = np.clip(np.searchsorted(law.borders, size, side=which) - 1, 0, 127)
        for negative in (samples < 0, samples <= 0):
            right |= coded == law.octets(steps, negative)
    return int(np.count_nonzero(~right))


def ratio_db(law: str, level_dbm0: float, side: Side = Ours) -> float:
    """A sine sent through the law, and all that is heard besides it."""
    angle = 2 * np.pi * SINE_HZ * np.arange(SINE_SAMPLES) / SAMPLE_RATE
    heard = side.through(peak(level_dbm0) * np.sin(angle + 0.1), law)
    basis = np.stack([np.sin(angle), np.cos(angle), np.ones_like(angle)], axis=1)
    fit: Floats = basis @ np.linalg.lstsq(basis, heard, rcond=None)[0]
    noise = float(np.mean((heard - fit) ** 2))
    return float(10 * np.log10(np.mean((fit - fit.mean()) ** 2) / max(noise, 1e-9)))


def margin_db(law: str, side: Side = Ours) -> float:
    """The least distance of a sine's ratio from the mask, -45 to 0 dBm0."""
    levels, least = zip(*MASK, strict=True)
    found = np.arange(levels[0], levels[-1] + 0.5)
    wanted = np.interp(found, levels, least)
    pairs = zip(found, wanted, strict=True)
    return min(ratio_db(law, float(level), side) - float(ask) for level, ask in pairs)


def milliwatt_error_db(law: Law, side: Side = Ours) -> float:
    """How far the digital milliwatt is from 0 dBm0 by the law's own load capacity."""
    samples = side.decode(np.frombuffer(law.milliwatt, dtype=np.uint8), law.name).astype(float)
    return float(abs(10 * np.log10(np.mean(samples**2) / law.zero_dbm0)))


def _of(law: Law) -> list[Result]:
    octets = wrong_octets(Ours, law), wrong_octets(Theirs, law)
    samples = wrong_samples(Ours, law), wrong_samples(Theirs, law)
    margins = margin_db(law.name, Ours), margin_db(law.name, Theirs)
    errors = milliwatt_error_db(law, Ours), milliwatt_error_db(law, Theirs)

    def result(what: str, unit: str, pair: tuple[float, float], goal: float) -> Result:
        better: Literal["higher", "lower"] = "higher" if "above" in unit else "lower"
        return Result("quality", f"{law.words}: {what}", pair[0], unit, better, PEER, pair[1], goal)

    return [
        result("octets decoded otherwise than the table", "of 256", octets, 0.0),
        result("samples coded into another step", "of 65,536", samples, 0.0),
        result("a sine of -45 to 0 dBm0", "dB above G.712", margins, 0.0),
        result("the digital milliwatt", "dB error", errors, MILLIWATT_ERROR_DB),
    ]


def run() -> list[Result]:
    """Both laws."""
    return [result for law in LAWS for result in _of(law)]
