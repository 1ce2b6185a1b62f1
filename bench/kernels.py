"""Suite ``kernels``: CPU time of each kernel beside the library that does the same.

Every ``bench/kernel_NAME.py`` is part of the suite: a module with a `run()` that gives its results,
so that a kernel brings its own rows and nothing is listed here.

Ours and the peer hear the same signals and run by turns in one process; a figure is the median
turn's CPU time of the thread, so that what else the machine does disturbs neither.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from bench.report import Result
from bench.suites import Options

SIZES = (1, 32, 480)  # channels
FRAME_MS = 20  # figures are µs per frame of this length and channel
UNIT = f"µs per {FRAME_MS} ms"


def names() -> list[str]:
    """The kernels that have rows, in order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("kernel_*.py"))


def run(options: Options) -> list[Result]:
    """The rows of every kernel."""
    results: list[Result] = []
    for name in names():
        results += importlib.import_module(f"bench.{name}").run()
    return results


def by_turns(
    sides: Sequence[Callable[[], object]], *, least_ms: float = 4, turns: int = 15
) -> list[float]:
    """CPU nanoseconds of one call of each side: the median of `turns` turns.

    In a turn a side is called as often as takes it about `least_ms`, so that the clock's own cost
    and grain do not count.
    """
    counts = []
    for side in sides:
        side()
        counts.append(max(1, round(least_ms * 1e6 / max(1, _cpu_ns(side, 1)))))
    spent = [
        [_cpu_ns(side, count) / count for side, count in zip(sides, counts, strict=True)]
        for _ in range(turns)
    ]
    return [median(column) for column in zip(*spent, strict=True)]


def _cpu_ns(side: Callable[[], object], times: int) -> int:
    before = time.thread_time_ns()
    for _ in range(times):
        side()
    return time.thread_time_ns() - before


def row(
    name: str, channels: int, frames: int, ours_ns: float, peer_ns: float, peer: str, share: float
) -> Result:
    """A result of one size: `frames` frames of all channels took so long; the goal is ours at most
    `share` of the peer's.
    """
    ours, theirs = (ns / 1000 / frames / channels for ns in (ours_ns, peer_ns))
    what = f"{name}, {channels} channel{'s' if channels > 1 else ''}"
    return Result("kernels", what, ours, UNIT, "lower", peer, theirs, theirs * share)
