"""Performing a scenario file from beginning to end, and telling how it went.

Each performance has a plant, a database and recordings of its own in a fresh
directory, so that nothing of one is in the other. One with further servers
goes in real time, as they are processes of their own.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Coroutine, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mediaserver.clock import VirtualLoop
from mediaserver.config.settings import Settings
from mediaserver.db import queries
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.check import check
from mediaserver.lab.plant import Plant
from mediaserver.lab.ports import Ports
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Scenario
from mediaserver.lab.servers import ServerProcesses
from mediaserver.lab.subscriber import Verdict

LINES_UP_S = 10.0
UP_S = 60.0  # where other servers have to start first


@dataclass(frozen=True, slots=True)
class Performance:
    """`media_s`: line time from start to rest."""

    title: str
    media_s: float
    calls: int
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        return all(verdict.ok for verdict in self.verdicts)

    @property
    def good(self) -> str:
        """ "12 of 13": steps as scripted."""
        return f"{sum(verdict.ok for verdict in self.verdicts)} of {len(self.verdicts)}"

    def as_data(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "passed": self.passed,
            "media_s": self.media_s,
            "calls": self.calls,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
        }

    def to_json(self) -> str:
        """The same text for the same performance: nothing of this machine or hour is in it."""
        return as_json(self.as_data())


def as_json(data: Any) -> str:
    """One performance's data, or several's, as a file."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def perform(scenario: Scenario, *, virtual: bool, data_dir: Path | None = None) -> Performance:
    """Run `scenario`. Raises ConfigError for settings that cannot be.

    `data_dir` keeps database and recordings for looking at; without it they are
    thrown away.
    """
    virtual = virtual and not scenario.server  # other processes have the world's time
    if data_dir is not None:
        return _run(_perform(scenario, data_dir), virtual)
    with tempfile.TemporaryDirectory(prefix="mediaserver-lab-") as directory:
        return _run(_perform(scenario, Path(directory)), virtual)


def _run(work: Coroutine[Any, Any, Performance], virtual: bool) -> Performance:
    factory = VirtualLoop if virtual else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


async def _perform(scenario: Scenario, data_dir: Path) -> Performance:
    settings, others = make_settings(scenario, data_dir)
    servers = ServerProcesses(others, data_dir)
    plant = Plant(settings)
    try:
        await servers.start()
        await plant.start(cti=False)
        try:
            up = await plant.lines_up(UP_S if others else LINES_UP_S)
            run = Run(plant, scenario)
            verdicts = [Verdict("plant", "lines up", up, plant.clock.media_ms())]
            if up:
                verdicts += await run.perform()
            loop = asyncio.get_running_loop()
            verdicts += await loop.run_in_executor(None, _records, plant, run)
            verdicts += _octets(plant)
        finally:
            await plant.stop()
    finally:
        ended = await servers.stop()
    media_ms = plant.clock.media_ms()
    verdicts += [
        Verdict(name, "serves to the end", not fault, media_ms, fault)
        for name, fault in ended.items()
    ]
    return Performance(scenario.title, media_ms / 1000, len(run.conversations), tuple(verdicts))


def make_settings(scenario: Scenario, data_dir: Path) -> tuple[Settings, dict[str, dict[str, Any]]]:
    """The plant's settings, and as data those of each further server. Raises ConfigError."""
    with Ports() as ports:
        others = {
            server.name: lab_settings.alone(data_dir / server.name, ports.placed(server.settings))
            for server in scenario.server
        }
        return lab_settings.make(data_dir, scenario.settings, ports), others


def _records(plant: Plant, run: Run) -> list[Verdict]:
    settings: Settings = plant.settings
    at_ms = plant.clock.media_ms()
    with queries.session(settings.database.url) as session:
        checked = check(session, run.conversations, Path(settings.recording.directory), at_ms)
    return [verdict for each in checked for verdict in each.verdicts]


def _octets(plant: Plant) -> list[Verdict]:
    lost = plant.octets_lost()
    detail = ", ".join(f"{octets}: {where}" for where, octets in lost.items())
    return [Verdict("plant", "no octet lost", not lost, plant.clock.media_ms(), detail)]


def show(performance: Performance, console: Console, *, all_steps: bool = False) -> None:
    """A line for each step that failed (or for all), and the sum."""
    table = Table(title=performance.title, title_justify="left")
    for heading in ("At", "Who", "Step", "", "Detail"):
        table.add_column(heading, overflow="fold")
    for verdict in performance.verdicts:
        if all_steps or not verdict.ok:
            mark = "[green]✓[/green]" if verdict.ok else "[red]✗[/red]"
            at = f"{verdict.at_ms / 1000:.2f} s"
            table.add_row(at, verdict.who, verdict.step, mark, verdict.detail)
    if table.row_count:
        console.print(table)
    console.print(
        f"{performance.title}: {performance.good} steps as scripted, "
        f"{performance.calls} calls, {performance.media_s:.1f} s of line time"
    )


def show_all(performances: Mapping[str, Performance], console: Console) -> None:
    """A line for each of several scenarios, by name."""
    table = Table(title="Scenarios", title_justify="left")
    for heading in ("Scenario", "", "Steps as scripted", "Calls", "Line time"):
        table.add_column(heading, justify="right" if heading in ("Calls", "Line time") else "left")
    for name, each in performances.items():
        mark = "[green]✓[/green]" if each.passed else "[red]✗[/red]"
        table.add_row(Text(name), mark, each.good, str(each.calls), f"{each.media_s:.1f} s")
    console.print(table)
    passed = sum(each.passed for each in performances.values())
    console.print(f"{passed} of {len(performances)} scenarios as scripted")
