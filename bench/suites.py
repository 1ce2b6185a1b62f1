"""The suites by name.  A suite's module is imported only when it is run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.report import Result


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of a suite; each takes what concerns it.

    `channels`: engine sizes to measure.  `ticks`: blocks measured per size.  `kernels`: what each
    part of a tick takes, too.  `calls`: calls made.
    """

    channels: Sequence[int] = (30, 120, 480)
    ticks: int = 1000
    kernels: bool = False
    calls: int = 200


Suite = Callable[[Options], list[Result]]

# name -> (module with a `run(options)`, what it measures)
SUITES: dict[str, tuple[str, str]] = {
    "tick": ("bench.tick", "CPU time of one engine tick with every kernel on, by channel count"),
    "kernels": ("bench.kernels", "CPU time of each kernel beside the library that does the same"),
    "quality": ("bench.quality", "what the kernels do to signals, against limits and peers"),
    "calls": ("bench.calls", "calls a second and CPU a call through the whole control plane"),
}


def load(name: str) -> Suite:
    """The suite's `run`.  KeyError for an unknown name."""
    module = importlib.import_module(SUITES[name][0])
    run: Suite = module.run
    return run
