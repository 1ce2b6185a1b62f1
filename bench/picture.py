"""The results of a bench as a picture: for each row a bar, its peer or goal as the measure."""

from __future__ import annotations

import math
from typing import Any

from bench.report import Result, number
from bench.svg import BLUE, GREEN, GRID, INK, MUTED, ORANGE, PALE, RED, Svg

WIDTH = 960
ROW = 21
TOP = 74
PANEL_HEAD = 44
NAME_X, VALUE_X, UNIT_X, BAR_X, BAR_END, VERDICT_X = 24, 478, 486, 620, 880, 936
#: The bars' scale: how many times better than peer or goal, from the left end to the right.
LEAST, MOST = 1 / 8, 64.0
SCALE = (0.25, 1.0, 4.0, 16.0, 64.0)
NAME_LETTERS = 58
PALE_BLUE = "#a9bbd6"


def draw(results: list[Result], machine: dict[str, Any]) -> str:
    """The picture as SVG text."""
    suites = list(dict.fromkeys(result.suite for result in results))
    height = TOP + sum(_height(results, suite) for suite in suites) + 12
    drawing = Svg(WIDTH, height, "mediaserver bench")
    drawing.text(NAME_X, 34, "mediaserver bench", size=18, bold=True)
    facts = f"{machine['processor']} · {machine['cores']} cores · Python {machine['python']}"
    drawing.text(NAME_X, 54, facts, colour=MUTED)
    drawing.text(VERDICT_X, 54, f"revision {machine['revision']}", colour=MUTED, anchor="end")
    _legend(drawing)
    top = float(TOP)
    for suite in suites:
        _panel(drawing, [row for row in results if row.suite == suite], suite, top)
        top += _height(results, suite)
    return str(drawing)


def _legend(drawing: Svg) -> None:
    at = 520
    for colour, words in ((BLUE, "times better than the peer"), (PALE_BLUE, "than the goal")):
        drawing.rect(at, 24, 18, 10, colour, radius=2)
        drawing.text(at + 24, 33, words, size=10, colour=MUTED)
        at += 40 + 6 * len(words)
    drawing.line((at + 4, 22), (at + 4, 36), INK, width=2)
    drawing.text(at + 12, 33, "the goal", size=10, colour=MUTED)


def _height(results: list[Result], suite: str) -> float:
    rows = [row for row in results if row.suite == suite]
    return PANEL_HEAD + ROW * len(rows) + 16 * len(_peers(rows)) + 22


def _peers(rows: list[Result]) -> list[str]:
    return list(dict.fromkeys(row.peer for row in rows if row.peer))


def _panel(drawing: Svg, rows: list[Result], suite: str, top: float) -> None:
    drawing.rect(12, top, WIDTH - 24, _height(rows, suite) - 10, PALE, radius=6)
    drawing.text(NAME_X, top + 24, suite, size=14, bold=True)
    bottom = top + PANEL_HEAD + ROW * len(rows) - 8
    if any(_gain(row) for row in rows):
        for mark in SCALE:
            at = _bar_x(mark)
            drawing.line((at, top + 30), (at, bottom), MUTED if mark == 1 else GRID)
            drawing.text(at, top + 24, f"×{mark:g}", size=10, colour=MUTED, anchor="middle")
    for index, row in enumerate(rows):
        _row(drawing, row, top + PANEL_HEAD + ROW * index)
    for index, peer in enumerate(_peers(rows)):
        drawing.text(NAME_X, bottom + 20 + 16 * index, f"peer: {peer}", size=10, colour=MUTED)


def _row(drawing: Svg, row: Result, top: float) -> None:
    base = top + 11
    name = row.name if len(row.name) <= NAME_LETTERS else row.name[: NAME_LETTERS - 1] + "…"
    drawing.text(NAME_X, base, name)
    drawing.text(VALUE_X, base, number(row.value), bold=True, anchor="end")
    drawing.text(UNIT_X, base, row.unit, colour=MUTED)
    if gain := _gain(row):
        _bar(drawing, row, gain, top)
    if row.meets is not None:
        mark, colour = ("✓", GREEN) if row.meets else ("✗", RED)
        drawing.text(VERDICT_X, base, mark, size=13, colour=colour, anchor="end", bold=True)


def _bar(drawing: Svg, row: Result, gain: float, top: float) -> None:
    """From ×1 to the gain; a tick where the goal is.  Pale where the measure is the goal itself."""
    one, end = _bar_x(1.0), _bar_x(gain)
    colour = (BLUE if gain >= 1 else ORANGE) if row.ratio else PALE_BLUE
    drawing.rect(min(one, end), top + 1, max(2.0, abs(end - one)), 12, colour, radius=2)
    wanted = _times(row, row.goal) if row.ratio else None
    rightmost = max(one, end)
    if wanted and LEAST <= wanted <= MOST:
        at = _bar_x(wanted)
        drawing.line((at, top - 2), (at, top + 16), INK, width=2)
        rightmost = max(rightmost, at)
    drawing.text(rightmost + 5, top + 11, f"×{gain:.3g}", size=10, colour=MUTED)


def _gain(row: Result) -> float | None:
    """How many times better than the peer; without one, than the goal; None without either.

    Only of figures that have a natural zero: not of levels and losses in dB.
    """
    if row.unit.startswith("dB"):
        return None
    return _times(row, row.value)


def _times(row: Result, value: float | None) -> float | None:
    measure = row.peer_value or row.goal
    if not measure or not value or measure < 0 or value < 0:
        return None
    return measure / value if row.better == "lower" else value / measure


def _bar_x(gain: float) -> float:
    share = math.log(min(MOST, max(LEAST, gain)) / LEAST) / math.log(MOST / LEAST)
    return BAR_X + share * (BAR_END - BAR_X)
