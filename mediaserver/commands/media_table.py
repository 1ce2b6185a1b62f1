"""What the media engine does with its time, as `mediaserver status` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mediaserver.commands.common import make_table, plain

BAD_COUNTERS = ("missed", "overrun", "underrun", "dropped", "lost", "full", "errors")
#: The engine's own names of parts, which banks with slots begin with.
_GROUPS = ("kernel_ns", "slots", "slots_used")


def media(counters: Mapping[str, Any]) -> RenderableType:
    """Counts in a line, then a row for each part of the tick that took any time or has slots."""
    groups = {group: _group(counters, group) for group in _GROUPS}
    plain_ones = {
        name: value for name, value in counters.items() if name.partition(".")[0] not in _GROUPS
    }
    line = _counts(plain_ones)
    if level := int(counters.get("shed_level", 0)):
        from dsp_ext.event import SHED_LEVELS  # with the engine, which `--help` need not wait for

        line.append(f"left out: {', '.join(SHED_LEVELS[1 : level + 1])}", style="bold red")
    if not any(groups["kernel_ns"].values()):
        return line
    return Group(line, _parts(**groups))


def _group(counters: Mapping[str, Any], group: str) -> dict[str, Any]:
    """{"mix": 7} of {"kernel_ns.mix": 7}."""
    start = f"{group}."
    return {name.removeprefix(start): v for name, v in counters.items() if name.startswith(start)}


def _counts(counters: Mapping[str, Any]) -> Text:
    line = Text("Engine  ", style="bold")
    for name, value in sorted(counters.items()):
        bad = value and any(word in name for word in BAD_COUNTERS)
        shown = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
        line.append(f"{name.replace('_', ' ')} {shown}   ", style="bold red" if bad else "")
    return line


def _parts(
    kernel_ns: Mapping[str, float], slots: Mapping[str, int], slots_used: Mapping[str, int]
) -> RenderableType:
    whole = sum(kernel_ns.values())
    right = ("µs a tick", "Share", "Slots used", "free")
    table = make_table(f"A tick: {whole / 1000:,.0f} µs", "Part", *right, right=right)
    for part, ns in kernel_ns.items():
        banks = [name for name in slots if name.partition(" ")[0] == part and slots[name]]
        if not ns and not banks:
            continue
        used = "\n".join(f"{_of(name)}{slots_used.get(name, 0)}" for name in banks)
        free = "\n".join(str(slots[name] - slots_used.get(name, 0)) for name in banks)
        table.add_row(plain(part), f"{ns / 1000:,.1f}", f"{100 * ns / whole:.0f} %", used, free)
    return table


def _of(bank: str) -> str:
    """The variant of a bank, where there may be several: "cn " of "progress cn"."""
    variant = bank.partition(" ")[2]
    return f"{variant} " if variant else ""
