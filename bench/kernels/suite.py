"""Suite ``kernels``: CPU time of each kernel beside the library that does the same.

Every other module of ``bench/kernels`` is part of the suite: its `run()` gives its results, so that
a kernel brings its own rows and nothing is listed here.

Ours and the peer hear the same signals and run by turns in one process; a figure is the
quickest turn's CPU time of the thread: what else the machine does can only add to it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.report import Result
from bench.suites import Options
from dsp_ext.units import SAMPLE_RATE

SIZES = (1, 32, 480)  # channels
FRAME_MS = 20  # figures are µs per frame of this length and channel
BLOCK_VALUES = 480 * 160  # pcm values in a block, where there are few channels
UNIT = f"µs per {FRAME_MS} ms"
LEAST_TURNS = 5
#: Share of the turns a kernel asks for that are taken: the kernels know no options.
EFFORT: ContextVar[float] = ContextVar("EFFORT", default=1.0)


def names() -> list[str]:
    """The kernels that have rows, in order."""
    stems = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(stems - {"__init__", "suite"})


def run(options: Options) -> list[Result]:
    """The rows of every kernel asked for."""
    results: list[Result] = []
    EFFORT.set(options.effort)
    for name in options.chosen(names()):
        results += importlib.import_module(f"bench.kernels.{name}").run()
    return results


def by_turns(
    sides: Sequence[Callable[[], object]], *, least_ms: float = 3, turns: int = 40
) -> list[float]:
    """CPU nanoseconds of one call of each side: the quickest of `turns` turns.

    In a turn a side is called as often as takes it about `least_ms`, so that the clock's own cost
    and grain do not count; and in another order each time, as the first may pay for memory that
    the others then find at hand.  Less `EFFORT` means fewer turns.
    """
    turns = min(turns, max(LEAST_TURNS, round(turns * EFFORT.get())))
    counts = []
    for side in sides:
        side()
        counts.append(max(1, round(least_ms * 1e6 / max(1, _cpu_ns(side, 1)))))
    spent: list[list[float]] = [[] for _ in sides]
    order = np.random.default_rng(1)
    for _ in range(turns):
        for which in order.permutation(len(sides)):
            count = counts[which]
            spent[which].append(_cpu_ns(sides[which], count) / count)
    return [min(each) for each in spent]


def pieces(pcm: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """`pcm` (samples, channels) cut into blocks of whole frames, of about as many values each.

    A block is then in the processor's nearer caches when it is heard, as one is that has just been
    decoded; and few channels do not pay for many calls.
    """
    samples, channels = pcm.shape
    frame = FRAME_MS * SAMPLE_RATE // 1000
    length = frame * max(1, BLOCK_VALUES // (frame * channels))
    return [np.ascontiguousarray(pcm[at : at + length]) for at in range(0, samples, length)]


def _cpu_ns(side: Callable[[], object], times: int) -> int:
    before = time.thread_time_ns()
    for _ in range(times):
        side()
    return time.thread_time_ns() - before


def row(
    name: str,
    channels: int,
    frames: int,
    ours_ns: float,
    peer_ns: float,
    peer: str,
    share: float | None,
) -> Result:
    """A result of one size: `frames` frames of all channels took so long.

    The goal is at most `share` of the peer's; None: no goal.
    """
    ours, theirs = (ns / 1000 / frames / channels for ns in (ours_ns, peer_ns))
    goal = None if share is None else theirs * share
    what = f"{name}, {channels} channel{'s' if channels > 1 else ''}"
    return Result("kernels", what, ours, UNIT, "lower", peer, theirs, goal)
