"""Quality of the MF-R2 detector: Q.455's limits, one after the other, beside libspandsp's receiver.

A trial is a signal of 100 ms, or what only looks like one, on a line of its own over G.711. All
trials of a direction are heard at once, a millisecond at a time, so that the moment of telling is
known to one. The peer knows no four-frequency backward set: China's rows have none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.peers._mfr2 import ffi, lib
from bench.report import Result
from dsp_ext import g711, mfr2
from dsp_ext.units import SAMPLE_RATE, peak

PEER = "libspandsp r2_mf_rx"
BEFORE_MS, SIGNAL_MS, AFTER_MS = 50, 100, 70
LAWS = ("alaw", "ulaw")
LEVELS_DBM0 = (-5, -20, -35)
MOST_MS = 80.0  # operate and release together
#: name -> direction, China's set, signals
SETS = {
    "forward": ("forward", False, 15),
    "backward": ("backward", False, 15),
    "backward, China": ("backward", True, 6),
}
#: The peer's names of signals 1 to 15.
PEER_CODES = "1234567890BCDEF"

Samples = npt.NDArray[np.float32]
#: (ms at which it was told, signal; 0 at its end)
Told = list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Signal:
    """A trial's signal: its number, the stronger tone's level, deviations and length."""

    number: int
    level_dbm0: float = -11.5
    twist_db: float = 0.0
    off_hz: tuple[float, float] = (0.0, 0.0)
    ms: float = SIGNAL_MS
    turn: int = 0

    def samples(self, way: str) -> Samples:
        """The signal, (n,)."""
        n = np.arange(round(self.ms * SAMPLE_RATE / 1000))
        low, high = sorted(mfr2.frequencies(self.number, way))
        parts = (
            (low + self.off_hz[0], self.level_dbm0 - max(self.twist_db, 0), 1.1 * self.turn),
            (high + self.off_hz[1], self.level_dbm0 + min(self.twist_db, 0), 2.7 * self.turn),
        )
        return np.sum(
            [peak(dbm0) * np.sin(2 * np.pi * hz / SAMPLE_RATE * n + p) for hz, dbm0, p in parts],
            axis=0,
        ).astype(np.float32)


def most_twist(signal: int, way: str) -> int:
    """The difference in level a receiver has to take, dB: 5 of neighbours, else 7."""
    low, high = sorted(mfr2.frequencies(signal, way))
    return 5 if high - low == 120 else 7


def within_limits(name: str) -> list[Signal]:
    """Signals at every corner of what has to be heard."""
    way, _, most = SETS[name]
    out = []
    for signal, level in itertools.product(range(1, most + 1), LEVELS_DBM0):
        twist = most_twist(signal, way)
        corners = itertools.product((-twist, 0, twist), (-10, 10), (-10, 10))
        for turn, (by, *off) in enumerate(corners):
            strong = min(level + abs(by), -5)  # the weaker tone has the level, where it can
            out.append(Signal(signal, strong, by, (off[0], off[1]), turn=turn))
    return out


def lines(
    parts: Sequence[Sequence[Samples]], law: str = "alaw", noise_dbm0: float = -99
) -> Samples:
    """Each trial's parts after BEFORE_MS and a few samples more, over the line: (n, trials)."""
    before, after = (ms * SAMPLE_RATE // 1000 for ms in (BEFORE_MS, AFTER_MS))
    length = before + max(sum(map(len, part)) for part in parts) + after + 44
    rng = np.random.default_rng(455)
    pcm = rng.standard_normal((length, len(parts)), dtype=np.float32)
    pcm *= np.float32(peak(noise_dbm0) / np.sqrt(2))
    for trial, pieces in enumerate(parts):
        at = before + trial * 7 % 44
        for piece in pieces:
            pcm[at : at + len(piece), trial] += piece
            at += len(piece)
    return np.ascontiguousarray(g711.decode(g711.encode(pcm, law), law))


def ours(pcm: Samples, name: str) -> list[Told]:
    """What our detector tells of each trial."""
    way, china, _ = SETS[name]
    detector = mfr2.MfDetector(pcm.shape[1], way, china=china)
    told: list[Told] = [[] for _ in range(pcm.shape[1])]
    for at in range(0, len(pcm), 8):
        for event in detector.process(pcm[at : at + 8]):
            number = 0 if event.duration_ms else event.signal
            told[event.channel].append(((at + 8) / 8, number))
    return told


def peers(pcm: Samples, name: str) -> list[Told]:
    """What the peer tells of each trial."""
    codes, at = ffi.new("int[4096]"), ffi.new("int[4096]")
    told = []
    for line in np.ascontiguousarray(pcm.T.astype(np.int16)):
        samples = ffi.from_buffer("int16_t[]", line)
        count = lib.mfr2_peer_listen(name == "forward", samples, len(line), codes, at, 4096)
        told.append(
            [
                (at[i] / 8, PEER_CODES.index(chr(codes[i])) + 1 if codes[i] else 0)
                for i in range(count)
            ]
        )
    return told


def right(told: Told, signal: int) -> bool:
    """Whether that signal was told once, and nothing else."""
    return [number for _, number in told if number] == [signal]


def share_right(told: Iterable[Told], signals: Sequence[Signal]) -> float:
    """%"""
    verdicts = [right(t, s.number) for t, s in zip(told, signals, strict=True)]
    return 100 * sum(verdicts) / len(verdicts)


def slowest_ms(told: Iterable[Told], signals: Sequence[Signal]) -> float:
    """The longest operate and the longest release time of right trials, together, ms."""
    operate = release = 0.0
    for trial, (events, signal) in enumerate(zip(told, signals, strict=True)):
        if right(events, signal.number) and len(events) == 2:
            begun = BEFORE_MS + trial * 7 % 44 / 8
            operate = max(operate, events[0][0] - begun)
            release = max(release, events[1][0] - begun - signal.ms)
    return operate + release


def signals_told(told: Iterable[Told]) -> int:
    """How many signals were told in all trials."""
    return sum(number > 0 for events in told for _, number in events)


def refused(name: str) -> dict[str, list[list[Samples]]]:
    """By name: trials in which nothing may be heard."""
    way, _, most = SETS[name]
    numbers = range(1, most + 1)
    every = sorted({hz for s in numbers for hz in mfr2.frequencies(s, way)})
    n = np.arange(SIGNAL_MS * 8)

    def tone(hz: float, dbm0: float) -> Samples:
        return (peak(dbm0) * np.sin(2 * np.pi * hz / SAMPLE_RATE * n)).astype(np.float32)

    third = [
        [Signal(s).samples(way) + tone(hz, -14.5)]
        for s in numbers
        for hz in every
        if hz not in mfr2.frequencies(s, way)
    ]
    offs = [(low, high) for low in (-60.0, 60.0) for high in (-60.0, 60.0)]
    return {
        "bursts of 7 ms": [
            [Signal(s, -5, ms=7, turn=t).samples(way)] for s in numbers for t in (0, 3)
        ],
        "-38.5 dBm0 and 20 dB of difference": [
            *([Signal(s, -38.5).samples(way)] for s in numbers),
            *([Signal(s, -5, by).samples(way)] for s in numbers for by in (-20, 20)),
        ],
        "60 Hz off": [[Signal(s, off_hz=off).samples(way)] for off in offs for s in numbers],
        "one tone, or three": [*third, *([tone(hz, -8)] for hz in every)],
    }


def interrupted(name: str) -> tuple[list[Signal], list[list[Samples]]]:
    """Signals with 7 ms missing in their middle, and the trials they make."""
    way, _, most = SETS[name]
    signals = [Signal(s, -20, ms=60, turn=t) for s in range(1, most + 1) for t in range(4)]
    gap = np.zeros(7 * 8, dtype=np.float32)
    return signals, [[s.samples(way), gap, s.samples(way)] for s in signals]


def _result(
    what: str, unit: str, better: Literal["lower", "higher"], values: list[float], goal: float
) -> Result:
    """`values`: ours and, where there is one, the peer's."""
    theirs = values[1] if len(values) > 1 else None
    peer = None if theirs is None else PEER
    return Result("quality", f"MF-R2 {what}", values[0], unit, better, peer, theirs, goal)


def _sides(name: str) -> tuple[Callable[[Samples, str], list[Told]], ...]:
    """Ours and, where it knows the signals, the peer."""
    return (ours,) if SETS[name][1] else (ours, peers)


def limits(name: str) -> list[Result]:
    """What has to be heard, how fast, in noise, and with a gap."""
    signals = within_limits(name)
    way = SETS[name][0]
    each_law = [lines([[s.samples(way)] for s in signals], law) for law in LAWS]
    # Q.455: both tones together 18 dB above the noise.
    level = [Signal(s.number, -20, turn=s.turn) for s in signals]
    noisy = lines([[s.samples(way)] for s in level], noise_dbm0=-17 - 18)
    broken, trials = interrupted(name)
    with_gaps = lines(trials)
    shares, slow, heard, bridged = [], [], [], []
    for hear in _sides(name):
        told = [hear(pcm, name) for pcm in each_law]
        shares.append(min(share_right(t, signals) for t in told))
        slow.append(max(slowest_ms(t, signals) for t in told))
        heard.append(share_right(hear(noisy, name), level))
        bridged.append(share_right(hear(with_gaps, name), broken))
    return [
        _result(f"{name}: heard at Q.455's limits", "% right", "higher", shares, 100.0),
        _result(f"{name}: operate + release", "ms", "lower", slow, MOST_MS),
        _result(f"{name}: 18 dB above noise", "% right", "higher", heard, 100.0),
        _result(f"{name}: interrupted for 7 ms", "% right", "higher", bridged, 100.0),
    ]


def false_signals(name: str) -> list[Result]:
    """What must not be heard."""
    heard = {what: lines(trials) for what, trials in refused(name).items()}
    nothing = [[np.zeros(60 * SAMPLE_RATE, dtype=np.float32)]] * 8
    heard["8 minutes of noise at -15 dBm0"] = lines(nothing, noise_dbm0=-15)
    return [
        _result(
            f"{name}: {what}",
            "signals",
            "lower",
            [float(signals_told(hear(pcm, name))) for hear in _sides(name)],
            0.0,
        )
        for what, pcm in heard.items()
    ]


def run() -> list[Result]:
    """Every limit, for each set of signals."""
    return [result for name in SETS for result in (*limits(name), *false_signals(name))]
