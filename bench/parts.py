"""Suite ``parts``: what each part of a channel's work takes, and its memory: what `tune` reads.

Time: µs a channel takes of a tick of 10 ms, at several numbers of channels, because what no longer
fits into the caches costs more.  The parts of the engine's own tick are timed inside it, on every
channel all that suite ``tick`` switches on; the other kernels are called through their own doors,
which adds the door's copies.  The figure is the quickest turn: what else the machine does can only
add to it, and is what a tuned machine keeps headroom for.

Memory: what a bank of `COUNTED` channels takes from the C library's heap, a channel.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench import kernel_echo, tick
from bench.report import Result
from bench.suites import Options
from dsp_ext import fsk, mfr2, progress
from dsp_ext.echo import EchoCanceller
from dsp_ext.engine import Engine

SIZES = (30, 480, 1920)  # channels: 1, 16 and 64 E1
BLOCK = tick.BLOCK
TURNS = 15
LEAST_TURNS = 3
BLOCKS = 20  # in a turn
COUNTED = 480
TIME_UNIT = "µs per 10 ms"
MEMORY_UNIT = "KiB per channel"

Bank = Callable[[int], object]

#: Kernels by the name of their rows; each makes a bank of so many channels.
BANKS: dict[str, Bank] = {
    "echo 64 ms": lambda channels: EchoCanceller(channels, tail_ms=64),
    "echo 128 ms": lambda channels: EchoCanceller(channels, tail_ms=128),
    "progress": lambda channels: progress.ProgressDetector(channels, "cn"),
    "mfr2": lambda channels: mfr2.MfDetector(channels),
    "caller ID": lambda channels: fsk.CallerIdReceiver(channels),
    "engine": lambda channels: Engine(channels, block=BLOCK, law="alaw"),
}


def run(options: Options) -> list[Result]:
    """Time by part and size, then memory by bank."""
    turns = max(LEAST_TURNS, round(TURNS * options.effort))
    results: list[Result] = []
    for channels in SIZES:
        options.tell(f"{channels} channels")
        for part, us in _times(channels, turns):
            name = f"{part}, {channels} channels"
            results.append(Result("parts", name, us / channels, TIME_UNIT, "lower"))
    options.tell("memory")
    for name, octets in _memory():
        results.append(Result("parts", f"{name}: memory", octets / 1024, MEMORY_UNIT, "lower"))
    return results


def _times(channels: int, turns: int) -> Iterator[tuple[str, float]]:
    """(part, µs of a tick for all channels)."""
    heard = tick.line_signal(channels)
    music = np.ascontiguousarray(np.roll(heard[:, 0] // 2, tick.RATE_HZ // 2))
    ours = tick.Ours(channels, heard, music)
    for _ in range(2):
        ours.turn()
    seen = [ours.kernels(1) for _ in range(turns)]
    inside = {part: min(each[part] for each in seen) for part in seen[0]}
    inside = {part: us for part, us in inside.items() if us > 0}  # what that tick has on
    yield from inside.items()
    sent, received = kernel_echo.signals(channels)
    line = heard[: BLOCKS * BLOCK].astype(np.float32)
    for name, make in BANKS.items():
        if name == "engine" or name in inside:
            continue
        bank = make(channels)
        signals = (sent, received) if isinstance(bank, EchoCanceller) else (line,)
        yield name, _cost(bank, signals, turns)


def _cost(bank: object, signals: Sequence[NDArray[np.float32]], turns: int) -> float:
    """µs of CPU time a block takes: the quickest turn."""
    process = bank.process  # type: ignore[attr-defined]
    starts = range(0, BLOCKS * BLOCK, BLOCK)
    blocks = [
        tuple(np.ascontiguousarray(each[at : at + BLOCK]) for each in signals) for at in starts
    ]
    spent = []
    for turn in range(turns + 1):  # the first only warms up
        before = time.thread_time_ns()
        for block in blocks:
            process(*block)
        if turn:
            spent.append((time.thread_time_ns() - before) / len(blocks) / 1000)
    return min(spent)


class _Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _memory() -> Iterator[tuple[str, float]]:
    """(bank, octets a channel), as glibc's heap counts; nothing with another C library."""
    count = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if count is None:
        return
    count.restype = _Mallinfo
    for name, make in BANKS.items():
        before = count()
        bank = make(COUNTED)
        after = count()
        taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd
        del bank
        yield name, taken / COUNTED
