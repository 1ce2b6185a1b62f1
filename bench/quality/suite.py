"""Suite ``quality``: what the kernels do to signals, against limits and peers.

Every other module of ``bench/quality`` is part of the suite: its `run()` gives its results, so that
a kernel brings its own rows and nothing is listed here.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from bench.report import Result
from bench.suites import Options


def names() -> list[str]:
    """The kernels that have rows, in order."""
    stems = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(stems - {"__init__", "suite"})


def run(options: Options) -> list[Result]:
    """The rows of every kernel asked for."""
    results: list[Result] = []
    for name in options.chosen(names()):
        results += importlib.import_module(f"bench.quality.{name}").run()
    return results
