"""The suites by name.  A suite's module is imported only when it is run."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.report import Result

Tell = Callable[[str], None]


def _quiet(what: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of a suite; each takes what concerns it.

    `channels`: engine sizes to measure, None: the suite's own.  `ticks`: blocks measured per size.
    `kernels`: what each part of a tick takes, too.  `calls`: calls made.  `effort`: share of the
    usual turns, where a suite measures by turns.  `only`: the parts to run (of suites that have
    parts).  `tell`: is told what begins to be measured, before it is.
    """

    channels: Sequence[int] | None = None
    ticks: int = 1000
    kernels: bool = False
    calls: int = 200
    effort: float = 1.0
    only: re.Pattern[str] | None = None
    tell: Tell = _quiet

    def sizes(self, own: Sequence[int]) -> Sequence[int]:
        """The engine sizes asked for, or else the suite's `own`."""
        return own if self.channels is None else self.channels

    def chosen(self, parts: Sequence[str]) -> Iterator[str]:
        """Those of a suite's parts that are asked for, each told of when its turn comes."""
        wanted = [part for part in parts if not self.only or self.only.search(part)]
        for number, part in enumerate(wanted, start=1):
            self.tell(f"{part} ({number} of {len(wanted)})")
            yield part


Suite = Callable[[Options], list[Result]]

# name -> (module with a `run(options)`, what it measures).  A module with `names()` has parts.
SUITES: dict[str, tuple[str, str]] = {
    "tick": ("bench.tick", "CPU time of one engine tick with every kernel on, by channel count"),
    "kernels": ("bench.kernels.suite", "CPU time of each kernel beside a library's like it"),
    "quality": ("bench.quality.suite", "what the kernels do to signals, against limits and peers"),
    "chain": ("bench.chain", "a call's whole audio on every channel: channels a core, and why"),
    "calls": ("bench.calls", "calls a second and CPU a call through the whole control plane"),
    "cesopsn": ("bench.cesopsn", "16 E1 over IP on loopback: CPU time and delay beside plain UDP"),
    "latency": (
        "bench.latency",
        "delay through a bridge of two, and a channel's I/O, on each kind of board",
    ),
    "starve": ("bench.starve", "an engine whose core is taken: what it leaves out, and misses"),
    "parts": (
        "bench.parts",
        "what each part of a channel's work takes: `mediaserver tune` reads it",
    ),
}


def load(name: str) -> Suite:
    """The suite's `run`.  KeyError for an unknown name."""
    module = importlib.import_module(SUITES[name][0])
    run: Suite = module.run
    return run


def parts(name: str) -> list[str]:
    """The parts of a suite as people name them; none where it is run as a whole."""
    names = getattr(importlib.import_module(SUITES[name][0]), "names", None)
    return list(names()) if names else []
