"""What a bench says: results, the machine they hold for, a table for people and JSON for machines.

The JSON form, the same for every suite::

    {"machine": {…},
     "results": [{"suite", "name", "value", "unit", "peer", "peer_value", "ratio",
                  "better": "lower"|"higher", "goal", "meets"}]}

``ratio`` is ours ÷ peer's.  Where there is no peer or no goal the fields are null.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
BAR_CELLS = 10
UNIT_WIDTH = 16
COLUMNS = ("what", "ours", "unit", "goal", "peer", "gain")


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.  `peer_value` is in the same unit; `goal` is the value to reach."""

    suite: str
    name: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    peer: str | None = None
    peer_value: float | None = None
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours ÷ peer's; None without a peer."""
        return self.value / self.peer_value if self.peer_value else None

    @property
    def meets(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The result in the JSON form above."""
        return {**asdict(self), "ratio": self.ratio, "meets": self.meets}


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, kernel, Python, compiler, source revision."""
    return {
        "processor": _processor(),
        "cores": _cores(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "compiler": _first_line("gcc", "--version"),
        "revision": _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.splitlines()[0] if done.stdout else None


def write_json(path: Path, results: Iterable[Result]) -> None:
    """Write the results and the machine they hold for.  OSError when that cannot be done."""
    data = {"machine": machine(), "results": [result.as_json() for result in results]}
    text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """A figure out of numpy (a comparison of two gives its own kind of bool) as Python's own."""
    if hasattr(value, "item"):  # numpy is not loaded for those who measure nothing
        return value.item()
    raise TypeError(f"{value!r} in a result is neither a figure nor a text")


def number(value: float | None) -> str:
    """Three significant digits, or as many as the integer part needs."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def bar(ratio: float | None, better: str) -> Text:
    """How many times better than the peer: two cells for each doubling, from ×½ on, full at ×16."""
    if not ratio:
        return Text("")
    gain = 1 / ratio if better == "lower" else ratio
    if gain <= 0:
        return Text("")
    cells = max(0, min(BAR_CELLS, round(2 * math.log2(2 * gain))))
    digits = 2 if gain < 10 else 1 if gain < 100 else 0
    colour = "green" if gain >= 1 else "yellow"
    return Text("█" * cells + "·" * (BAR_CELLS - cells) + f" ×{gain:.{digits}f}", style=colour)


def gain(row: Result) -> Text:
    """How much better than the peer: a bar of times; of decibels, which are a ratio, how many."""
    if not row.unit.startswith("dB") or row.peer_value is None:
        return bar(row.ratio, row.better)
    more = row.value - row.peer_value if row.better == "higher" else row.peer_value - row.value
    return Text(f"{more:+.1f} dB", style="green" if more >= 0 else "yellow")


def show(results: list[Result], console: Console) -> None:
    """Print a table for each suite; `×` is how many times better than the peer we are.

    Long names and units are folded, so that no figure is cut at 96 columns.
    """
    console.print(_heading(), style="dim")
    for suite in dict.fromkeys(result.suite for result in results):
        rows = [result for result in results if result.suite == suite]
        console.print(_table(suite, rows))
        for peer in dict.fromkeys(row.peer for row in rows if row.peer):
            console.print(Text(f"peer: {peer}", style="dim"))
    console.print(_verdict(results))


def _table(suite: str, rows: list[Result]) -> Table:
    table = Table(
        title=suite,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for header in COLUMNS:
        folded = header in ("what", "unit")
        right = header in ("ours", "peer")
        table.add_column(
            header,
            justify="right" if right else "left",
            no_wrap=not folded,
            overflow="fold",
            max_width=UNIT_WIDTH if header == "unit" else None,
        )
    for row in rows:
        values = (number(row.value), Text(row.unit), _goal(row), number(row.peer_value))
        table.add_row(Text(row.name), *values, gain(row))
    return table


def _verdict(results: list[Result]) -> Text:
    """How many goals are reached, and which are not."""
    judged = [result for result in results if result.goal is not None]
    missed = [result for result in judged if not result.meets]
    if not judged:
        return Text(f"{len(results)} figures, none with a goal.")
    line = Text(f"{len(judged) - len(missed)} of {len(judged)} goals reached.")
    for result in missed:
        line.append(f"\n✗ {result.suite}: {result.name}", style="red")
        line.append(f"  {number(result.value)} {result.unit}, goal {_goal(result).plain}")
    return line


def _heading() -> str:
    return f"{_processor()}, {_cores()} cores, Python {platform.python_version()}"


def _goal(result: Result) -> Text:
    if result.goal is None:
        return Text("")
    sign = "≤" if result.better == "lower" else "≥"
    mark, colour = ("✓", "green") if result.meets else ("✗", "red")
    return Text(f"{sign} {number(result.goal)} {mark}", style=colour)
