"""Quality of HDLC: what comes through bit errors and out of noise, beside libspandsp's deframer.

A wrong frame is one that was not sent but told as good. The FCS of 16 bits lets one spoiled frame
in 65,536 pass by chance; the goal is what chance exceeds once in a thousand runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from bench.peers._hdlc import ffi, lib
from bench.report import Result
from dsp_ext import hdlc

PEER = "libspandsp hdlc_rx"
BIT_ERRORS = 1e-3
FRAMES = 200_000
LENGTH = 40  # octets of a frame: three in ten are hit
SLOTS = 200
OCTETS = 10_000_000
CHANCE = 1 / 65536

Octets = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Heard:
    """Frames told as good: those that had been sent, and others."""

    right: int
    wrong: int


def allowed(tries: float) -> float:
    """So many wrong frames of `tries` chances are exceeded once in a thousand runs."""
    return float(poisson.ppf(0.999, tries * CHANCE))


def frames_of(rng: np.random.Generator, count: int) -> list[bytes]:
    """Random frames, no two alike."""
    octets = rng.integers(0, 256, (count, LENGTH), dtype=np.uint8)
    octets[:, :4] = np.arange(count, dtype=">u4").view(np.uint8).reshape(count, 4)
    return [row.tobytes() for row in octets]


def lines_of(frames: list[bytes]) -> Octets:
    """The frames on SLOTS time slots, one flag between them: (SLOTS, octets)."""
    each = len(frames) // SLOTS
    framer = hdlc.Framer(SLOTS, queue=1 << 18)
    for i, frame in enumerate(frames):
        if not framer.send(i // each, frame):
            raise RuntimeError("the queue is too short for the bench")
    return framer.process(each * (LENGTH + 3) * 17 // 16 + 64)


def spoil(line: Octets, rate: float, rng: np.random.Generator) -> Octets:
    """A copy with that share of its bits turned over."""
    bits = np.unpackbits(line, axis=1)
    hits = rng.choice(bits.size, rng.binomial(bits.size, rate), replace=False)
    bits.reshape(-1)[hits] ^= 1
    return np.packbits(bits, axis=1)


def _judge(told: Counter[bytes], sent: set[bytes]) -> Heard:
    right = sum(1 for frame in told if frame in sent)
    return Heard(right, told.total() - right)


def ours(line: Octets, sent: set[bytes]) -> Heard:
    """What our deframer tells."""
    deframer = hdlc.Deframer(len(line))
    return _judge(Counter(frame.data for frame in deframer.process(line)), sent)


def peers(line: Octets, sent: set[bytes]) -> Heard:
    """What the peer tells."""
    room = line.size + 4096
    peer = ffi.gc(lib.hdlc_peer_new(len(line), room), lib.hdlc_peer_free)
    lib.hdlc_peer_hear(peer, ffi.from_buffer("uint8_t[]", line), line.shape[1])
    told: Counter[bytes] = Counter()
    store, at = bytes(ffi.buffer(peer.store, peer.used)), 0
    while at < len(store):
        length = store[at] | store[at + 1] << 8
        told[store[at + 2 : at + 2 + length]] += 1
        at += length + 2
    return _judge(told, sent)


def bit_errors(count: int = FRAMES, rate: float = BIT_ERRORS) -> list[Result]:
    """Frames through bit errors: those that were hit are lost, and no other, and none is wrong."""
    rng = np.random.default_rng(921)
    frames = frames_of(rng, count)
    sent = set(frames)
    clean = lines_of(frames)
    line = spoil(clean, rate, rng)
    mine, theirs = ours(line, sent), peers(line, sent)
    share = 100 / count
    what = f"HDLC: {count:,} frames at a bit error rate of {rate:g}"
    lost = count - mine.right
    return [
        Result(
            "quality",
            f"{what}: come through",
            mine.right * share,
            "% right",
            "higher",
            PEER,
            theirs.right * share,
            theirs.right * share,
        ),
        Result(
            "quality",
            f"{what}: wrong ones told as right",
            float(mine.wrong),
            "frames",
            "lower",
            PEER,
            float(theirs.wrong),
            allowed(lost),
        ),
    ]


def random_octets(count: int = OCTETS) -> Result:
    """Noise on a time slot: frames told, where chance has as many tries as flags enclose octets."""
    line = np.random.default_rng(27).integers(0, 256, (1, count), dtype=np.uint8)
    deframer = hdlc.Deframer(1)
    told = len(deframer.process(line))
    tries = told + deframer.counters(0)["crc_errors"]
    theirs = peers(line, set())
    name = f"HDLC: {count:,} random octets: frames told"
    return Result(
        "quality", name, float(told), "frames", "lower", PEER, float(theirs.wrong), allowed(tries)
    )


def run() -> list[Result]:
    """Bit errors, and noise."""
    return [*bit_errors(), random_octets()]
