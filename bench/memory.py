"""What a channel takes of memory in each kernel, counted by the C library's heap.

What: `counted()` makes banks of two sizes and gives what each further channel took; what a bank has
once for all its channels is not in it.  Suite ``parts`` shows the figures, the kernels' pages
state them, and a test holds the pages to them.
Limits: glibc from 2.33 on; elsewhere None.  A figure may be some octets off: the heap rounds.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from bench.report import ROOT
from dsp_ext import (
    agc,
    bert,
    dtmf,
    echo,
    engine,
    fsk,
    fsk_send,
    hdlc,
    level,
    mfr2,
    mix,
    plc,
    progress,
    resample,
    tone,
    vad,
)

#: Channels of the smaller and the larger bank.  Large arrays come in whole pages, and which are
#: large the heap decides as it goes: so many channels make a page less than an octet of each.
SIZES = (4096, 8192)
#: Where a channel takes so much that a page is nothing, or more channels are laid out otherwise.
FEWER = (160, 480)
SIZES_OF = {"echo 64 ms": FEWER, "echo 128 ms": FEWER, "mix": FEWER, "engine": (1024, 4096)}
TRIES = 3

#: What takes the memory -> makes it for so many channels.
BANKS: dict[str, Callable[[int], object]] = {
    "agc": agc.Agc,
    "bert": bert.BitErrorTester,
    "dtmf": dtmf.DtmfDetector,
    "echo 64 ms": lambda channels: echo.EchoCanceller(channels, tail_ms=64),
    "echo 128 ms": lambda channels: echo.EchoCanceller(channels, tail_ms=128),
    "fsk": fsk.CallerIdReceiver,
    "fsk sender": fsk_send.CallerIdSender,
    "hdlc": hdlc.Deframer,
    "hdlc framer": hdlc.Framer,
    "level": level.LevelMeter,
    "noise floor": level.NoiseFloor,
    "mfr2": mfr2.MfDetector,
    "mix": mix.Mixer,
    "plc": plc.Concealer,
    "progress": lambda channels: progress.ProgressDetector(channels, "cn"),
    "resample": lambda channels: resample.Resampler(channels, 8000, 16000),
    "tone": tone.ToneGenerator,
    "vad": vad.VoiceDetector,
    "engine": engine.Engine,
}
LINES = 512  # channels of an engine that has fewer slots
#: What the engine has slots for -> an engine with so many of them.
SLOTS: dict[str, Callable[[int], object]] = {
    "echo 64 ms": lambda slots: engine.Engine(LINES, echo=slots, echo_tail_ms=64),
    "echo 128 ms": lambda slots: engine.Engine(LINES, echo=slots, echo_tail_ms=128),
    "progress": lambda slots: engine.Engine(LINES, progress={"cn": slots}),
    "mfr2": lambda slots: engine.Engine(LINES, mfr2={"forward": slots}),
    "fsk": lambda slots: engine.Engine(LINES, caller_id={"bell202": slots}),
    "vad": lambda slots: engine.Engine(LINES, voice=slots),
}
#: Kernel -> the banks whose octets its page states, in that order.
PAGES: dict[str, tuple[str, ...]] = {
    "agc": ("agc",),
    "bert": ("bert",),
    "dtmf": ("dtmf",),
    "echo": ("echo 64 ms", "echo 128 ms"),
    "fsk": ("fsk", "fsk sender"),
    "g711": (),
    "hdlc": ("hdlc", "hdlc framer"),
    "level": ("level", "noise floor"),
    "mfr2": ("mfr2",),
    "mix": ("mix",),
    "plc": ("plc",),
    "progress": ("progress",),
    "resample": ("resample",),
    "tone": ("tone",),
    "vad": ("vad",),
}


class _Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _heap() -> Callable[[], int] | None:
    """What tells the octets in use; None where nobody counts them."""
    count = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if count is None:
        return None
    count.restype = _Mallinfo

    def in_use() -> int:
        told = count()
        return int(told.uordblks + told.hblkhd)

    return in_use


@dataclass(frozen=True, slots=True)
class Counted:
    """Octets a channel: of each bank, and of each slot in the engine."""

    banks: dict[str, float]
    slots: dict[str, float]


@cache
def counted() -> Counted | None:
    """All of them; None where the C library does not count.

    A process of its own counts: what a heap holds back of what was freed before would count, too.
    """
    told = subprocess.run(
        [sys.executable, "-m", "bench.memory"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = json.loads(told.stdout)
    return Counted(**found) if found else None


def _each(
    make: Callable[[int], object], sizes: tuple[int, int], in_use: Callable[[], int]
) -> float:
    """Octets by which a bank grows with each channel."""

    def taken(size: int) -> int:
        before = in_use()
        bank = make(size)
        after = in_use()
        del bank
        return after - before

    make(min(sizes))  # what is made once for all, with the first
    few, many = (min(taken(size) for _ in range(TRIES)) for size in sizes)
    return (many - few) / (max(sizes) - min(sizes))


def _tell() -> None:
    """Count, and print it as JSON; null where nobody counts."""
    found = None
    if (in_use := _heap()) is not None:
        found = {
            "banks": {
                name: _each(make, SIZES_OF.get(name, SIZES), in_use) for name, make in BANKS.items()
            },
            "slots": {name: _each(make, FEWER, in_use) for name, make in SLOTS.items()},
        }
    print(json.dumps(found))


if __name__ == "__main__":
    _tell()
