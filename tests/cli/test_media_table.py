"""The media engine's time in `mediaserver status`."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from mediaserver.commands.media_table import media

COUNTERS = {
    "ticks": 5,
    "missed_ticks": 0,
    "shed_level": 0,
    "kernel_ns.decode": 100_000.0,
    "kernel_ns.echo": 300_000.0,
    "kernel_ns.progress": 0.0,
    "kernel_ns.play": 0.0,
    "slots.echo": 30,
    "slots_used.echo": 12,
    "slots.progress cn": 8,
    "slots.progress us": 2,
    "slots_used.progress cn": 3,
    "slots_used.progress us": 0,
}


def shown(**changes: Any) -> list[list[str]]:
    console = Console(width=120)
    with console.capture() as said:
        console.print(media({**COUNTERS, **changes}))
    return [line.split() for line in said.get().splitlines() if line.strip()]


def test_each_part_has_its_share_and_its_slots() -> None:
    rows = shown()
    assert ["decode", "100.0", "25", "%"] in rows
    assert ["echo", "300.0", "75", "%", "12", "18"] in rows
    assert ["progress", "0.0", "0", "%", "cn", "3", "5"] in rows
    assert ["us", "0", "2"] in rows
    assert not any(row[0] == "play" for row in rows)
    assert "kernel" not in " ".join(rows[0])


def test_load_that_is_shed_is_named() -> None:
    text = " ".join(" ".join(row) for row in shown(shed_level=2))
    assert "left out: echo tails beyond 64 ms, call progress" in text


def test_an_engine_that_has_not_ticked_has_no_table() -> None:
    rows = shown(**{name: 0.0 for name in COUNTERS if name.startswith("kernel_ns")})
    assert not any(row[0] == "Part" for row in rows)
