"""The demo's live table fits the terminal it is shown in."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from mediaserver.bus import Bus
from mediaserver.cti.board import Board
from mediaserver.lab.live import LiveTable


def call(number: int) -> dict[str, Any]:
    return {
        "line": f"E1-1/{number}",
        "caller": f"138000000{number:02}",
        "caller_name": f"Caller {number}",
        "called": "668800",
        "state": "queued",
        "recording": True,
        "choice": "2",
        "queue": "support",
        "position": 12,
        "agent": "heidi",
    }


def lines(calls: int, width: int, height: int) -> list[str]:
    board = SimpleNamespace(calls={str(i): call(i) for i in range(1, calls + 1)})
    console = Console(file=io.StringIO(), width=width, height=height)
    live = LiveTable(cast(Board, board), Bus(), console)
    live._recent = [f"{'something that happened to a call':<120}end {i}" for i in range(8)]
    console.print(live._render())
    return cast(io.StringIO, console.file).getvalue().splitlines()


@pytest.mark.parametrize(("calls", "width", "height"), [(30, 80, 24), (30, 140, 45), (3, 80, 24)])
def test_it_is_no_wider_and_no_higher_than_the_terminal(
    calls: int, width: int, height: int
) -> None:
    shown = lines(calls, width, height)
    assert len(shown) < height
    assert max(map(len, shown)) <= width
    row = next(line for line in shown if "13800000001" in line)
    assert [cell for cell in row.split("  ") if cell][-1].strip() == "heidi"
    assert "…" not in row
    assert ("Caller 1" in row) == (width >= 100)


def test_what_does_not_fit_is_counted() -> None:
    assert "30, 13 more than fit here" in lines(30, 80, 24)[0]
    assert lines(3, 80, 24)[0].strip() == "Calls: 3"
