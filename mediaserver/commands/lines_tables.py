"""Tables of `mediaserver lines`: spans, one span's history and channels, a run of checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mediaserver.commands.common import make_table, plain
from mediaserver.linedoctor.words import SILENCE_DBM0

_MARKS = {"ok": ("ok", "green"), "warn": ("look", "yellow"), "bad": ("bad", "bold red")}
#: Heads of the columns that count, and the counts' names.
_COUNTS = {
    "seconds": "seconds",
    "ES": "es",
    "SES": "ses",
    "UAS": "uas",
    "BBE": "bbe",
    "slips": "slips",
    "lost ms": "lost_ms",
    "lost out": "lost_out_ms",
}
MOST_ROWS = 24


def overview(found: dict[str, Any]) -> RenderableType:
    """All spans, and below what is not as it should be."""
    table = make_table("Lines, last 24 hours", "span", "kind", "is", *_COUNTS, right=tuple(_COUNTS))
    for span in found["spans"]:
        counts = span["day"] or span["since_start"]
        table.add_row(plain(span["name"]), span["kind"], _mark(span["state"]), *_numbers(counts))
    parts: list[RenderableType] = [table]
    if not found["history"]:
        parts.append(Text("No database: counts are since the server's start.", style="yellow"))
    for span in found["spans"]:
        wrong = [each for each in span["findings"] if each["state"] != "ok"]
        parts += [_finding(each, f"{span['name']}: ") for each in wrong]
    return Group(*parts)


def span(found: dict[str, Any]) -> RenderableType:
    """One span: findings, alarms, quarters, days, channels."""
    return Group(*_span_parts(found))


def _span_parts(found: dict[str, Any]) -> Iterator[RenderableType]:
    head = Text(f"{found['name']}  {found['kind']}  ")
    yield head.append_text(_mark(found["state"]))
    for each in found["findings"]:
        yield _finding(each)
    if not found["history"]:
        yield Text("No database: history cannot be shown.", style="yellow")
    yield _history("By quarter of an hour, the last 24 hours", found["quarters"], "%d %b %H:%M")
    yield _history("By day (UTC)", found["days"], "%Y-%m-%d", local=False)
    if found["alarm_history"]:
        yield _alarms(found["alarm_history"])
    yield _channels(found["channels"])


def _history(
    title: str, rows: Sequence[Mapping[str, Any]], form: str, *, local: bool = True
) -> RenderableType:
    """Those with errors, and the newest."""
    table = make_table(title, "from", *_COUNTS, right=tuple(_COUNTS))
    shown = [row for at, row in enumerate(rows) if at == 0 or _wrong(row)]
    for row in shown[:MOST_ROWS]:
        at = datetime.fromisoformat(row["begun_utc"])
        table.add_row((at.astimezone() if local else at).strftime(form), *_numbers(row))
    clean = len(rows) - len(shown)
    more = len(shown) - MOST_ROWS
    notes = [f"{clean} without errors are not shown"] if clean else []
    notes += [f"{more} older ones too" if more == 1 else f"{more} older ones"] if more > 0 else []
    return Group(table, Text("; ".join(notes), style="dim")) if notes else table


def _wrong(row: Mapping[str, Any]) -> bool:
    return any(row[name] for name in _COUNTS.values() if name != "seconds")


def _alarms(rows: Iterable[Mapping[str, Any]]) -> RenderableType:
    table = make_table("Alarms", "alarm", "from", "to", "for", right=("for",))
    for row in list(rows)[:MOST_ROWS]:
        begun = datetime.fromisoformat(row["begun_utc"])
        if row["ended_utc"] is None:
            table.add_row(row["alarm"], _local(begun), Text("stands", style="bold red"), "")
            continue
        ended = datetime.fromisoformat(row["ended_utc"])
        lasted = f"{(ended - begun).total_seconds():.0f} s"
        table.add_row(row["alarm"], _local(begun), _local(ended), lasted)
    return table


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _channels(rows: Iterable[Mapping[str, Any]]) -> RenderableType:
    numbers = ("level in", "ERL", "ERLE", "echo delay")
    table = make_table("Channels now", "channel", "is", *numbers, right=("channel", *numbers))
    for row in rows:
        echo = row["echo"]
        seen = echo is not None and echo["delay_ms"] >= 0
        table.add_row(
            str(row["number"]),
            "tested" if row["testing"] else row["state"],
            _level(row),
            f"{echo['erl_db']:.0f} dB" if seen else "",
            f"{echo['erle_db']:.0f} dB" if seen else "",
            f"{echo['delay_ms']:.0f} ms" if seen else "",
        )
    return table


def _level(channel: Mapping[str, Any]) -> str:
    level = channel["in_dbm0"]
    if level is None:
        return "joined in the driver, not measured"
    return "silence" if level <= SILENCE_DBM0 else f"{level:.0f} dBm0"


def run(found: dict[str, Any]) -> RenderableType:
    """A run of checks: a line a verdict, advice and figures below it."""
    parts: list[RenderableType] = []
    for verdict in found["verdicts"]:
        line = Text(f"{verdict['check']:<8}")
        line.append_text(_mark(verdict["state"])).append_text(plain(f"  {verdict['text']}"))
        parts.append(line)
        if verdict["todo"]:
            parts.append(plain(f"        → {verdict['todo']}"))
        figures = ", ".join(f"{name} {value}" for name, value in verdict["figures"].items())
        if figures:
            parts.append(Text(f"        {figures}", style="dim"))
    if found["state"] == "stopped":
        parts.append(Text("stopped; the line is back in service", style="yellow"))
    if found["error"]:
        parts.append(Text("not tested: ", style="bold red").append_text(plain(found["error"])))
        if found["todo"]:
            parts.append(plain(f"        → {found['todo']}"))
    return Group(*parts)


def _mark(state: str) -> Text:
    return Text(*_MARKS[state])


def _finding(finding: Mapping[str, str], before: str = "") -> Text:
    text = plain(f"{before}{finding['what']}: ")
    text.append(finding["text"], style=_MARKS[finding["state"]][1])
    if finding["todo"]:
        text.append(f" → {finding['todo']}", style="default")
    return text


def _numbers(counts: Mapping[str, int]) -> list[str]:
    return [str(counts[name]) for name in _COUNTS.values()]
