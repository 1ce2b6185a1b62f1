"""Barge-in: keys pressed while a prompt is played, heard through what is left of its echo.

Prompts of Debian's go out over A-law and come back over G.168's eight paths, 6 dB down and more;
the caller presses keys all the time. The echo is taken away as the engine does it, its suppression
on, and the detector hears the rest. The peer is libspandsp's receiver on the very same rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.report import Result
from bench.signals import echo_lines as lab
from bench.signals.dtmf_lines import KEYS, PEER, Samples, peer
from dsp_ext import dtmf
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import SAMPLE_RATE

GOAL = 99.9  # per cent of the keys
ON_MS, EVERY_MS = 80, 400  # of a key, and from one to the next
SECONDS = 60
ECHOES = ((6.0, 10.0), (12.0, 30.0))  # return loss in dB, delay in ms
PROMPT_DBM0 = -16.0
LEVELS_DBM0 = (-20.0, -3.0)
TAIL_MS = 64


@dataclass(slots=True)
class Line:
    """What a caller presses: the samples, and each key with its beginning in ms."""

    samples: NDArray[np.float64]
    keys: list[tuple[float, str]] = field(default_factory=list)


def pressed(seconds: float, rng: np.random.Generator) -> Line:
    """Keys at random levels and twists within Q.24, at random moments of each EVERY_MS."""
    line = Line(np.zeros(round(seconds * SAMPLE_RATE)))
    for at_ms in range(0, round(seconds * 1000) - 2 * EVERY_MS, EVERY_MS):
        start_ms = at_ms + rng.uniform(0, EVERY_MS - ON_MS - 80)
        key = KEYS[rng.integers(len(KEYS))]
        twist = rng.uniform(-6, 3)
        level = rng.uniform(*LEVELS_DBM0) - max(twist, 0)  # the stronger tone has the level
        sound = dtmf.generate(key, level, twist, ON_MS, 0)
        start = round(start_ms * 8)
        line.samples[start : start + len(sound)] += sound
        line.keys.append((start_ms, key))
    return line


def left(far: lab.Signal, near: NDArray[np.float64], erl_db: float, delay_ms: float) -> Samples:
    """What the canceller leaves of the keys and the echo, (n, paths)."""
    sent = lab.coded(far)
    echoes = [lab.echo(sent, path, erl_db, delay_ms) for path in lab.PATHS]
    received = lab.coded(np.stack(echoes, axis=1) + near)
    canceller = EchoCanceller(len(lab.PATHS), tail_ms=TAIL_MS)
    return lab.cancelled(
        np.repeat(sent[:, np.newaxis], len(lab.PATHS), axis=1), received, canceller
    )


def missed_and_false(line: Line, events: list[tuple[float, str]]) -> tuple[int, int]:
    """Keys not heard within 100 ms of their beginning, and events that are no key's."""
    left = list(events)
    missed = 0
    for at_ms, key in line.keys:
        found = [event for event in left if event[1] == key and abs(event[0] - at_ms) < 100]
        missed += not found
        if found:
            left.remove(found[0])
    return missed, len(left)


def ours(pcm: Samples) -> list[list[tuple[float, str]]]:
    """(ms, key) of each that is heard, channel by channel."""
    found: list[list[tuple[float, str]]] = [[] for _ in range(pcm.shape[1])]
    for event in dtmf.DtmfDetector(pcm.shape[1]).edges(pcm):
        if event.duration_ms == 0:
            found[event.channel].append((event.start_ms, event.digit))
    return found


def in_order(line: Line, heard: str) -> int:
    """Keys that a receiver which tells no times has missed: those not in the longest common row."""
    row = np.zeros(len(heard) + 1, dtype=int)
    for _, key in line.keys:
        fresh = row.copy()
        for place, other in enumerate(heard, start=1):
            fresh[place] = max(fresh[place - 1], row[place - 1] + 1 if other == key else row[place])
        row = fresh
    return len(line.keys) - int(row[-1])


def barge_in(seconds: float = SECONDS) -> list[Result]:
    """Keys heard, and keys heard that were not pressed; no rows without prompts."""
    if not any(lab.PROMPTS.glob("**/*.wav")):
        return []
    rng = np.random.default_rng(168)
    sent = missed = false = theirs = 0
    for turn, (erl_db, delay_ms) in enumerate(ECHOES):
        far = lab.recorded(lab.PROMPTS, seconds, seed=turn, dbm0=PROMPT_DBM0)
        lines = [pressed(seconds, rng) for _ in lab.PATHS]
        pcm = left(far, np.stack([line.samples for line in lines], axis=1), erl_db, delay_ms)
        for channel, (line, events) in enumerate(zip(lines, ours(pcm), strict=True)):
            counts = missed_and_false(line, events)
            sent, missed, false = sent + len(line.keys), missed + counts[0], false + counts[1]
            theirs += in_order(line, peer(pcm[:, channel]))
    what = f"dtmf: {sent} keys pressed into a prompt and its echo"
    shares = [100 * (1 - number / sent) for number in (missed, theirs)]
    return [
        Result("quality", f"{what}: heard", shares[0], "%", "higher", PEER, shares[1], GOAL),
        Result("quality", f"{what}: others heard", false, "keys", "lower", goal=0),
    ]


def run() -> list[Result]:
    """Keys through the echo of prompts."""
    return barge_in()
