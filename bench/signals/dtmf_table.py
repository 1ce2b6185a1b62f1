"""``python -m bench.signals.dtmf_table``: DTMF's rows as docs/kernels/dtmf.md shows them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from bench.quality import dtmf as quality_dtmf
from bench.quality import dtmf_bargein as quality_dtmf_bargein
from bench.quality import dtmf_talkoff as quality_dtmf_talkoff
from bench.report import Result, number

HEAD = "| what | goal | ours | libspandsp | |\n|---|---|---|---|---|\n"


def _line(row: Result) -> str:
    sign = "≤" if row.better == "lower" else "≥"
    goal = "" if row.goal is None else f"{sign} {number(row.goal)} {row.unit}"
    peer = "" if row.peer_value is None else number(row.peer_value)
    verdict = {True: "met", False: "**missed**", None: ""}[row.meets]
    name = row.name.removeprefix("dtmf: ")
    return f"| {name} | {goal} | {number(row.value)} | {peer} | {verdict} |\n"


def table(rows: Iterable[Result]) -> str:
    """Markdown, a line a row."""
    return HEAD + "".join(map(_line, rows))


if __name__ == "__main__":
    parts = (quality_dtmf, quality_dtmf_bargein, quality_dtmf_talkoff)
    sys.stdout.write(table(row for part in parts for row in part.run()))
