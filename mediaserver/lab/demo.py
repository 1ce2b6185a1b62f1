"""The demo: simulated callers ring the whole server, and each call is held to its script.

`main` is what `mediaserver demo` runs. With `once` it places `calls` calls and
reports; without, it goes on until interrupted, with the console beside it.
"""

from __future__ import annotations

import asyncio
import signal
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from mediaserver.config.settings import Settings
from mediaserver.db import queries, users
from mediaserver.lab import script
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.check import Checked, check
from mediaserver.lab.console import ConsoleProcess
from mediaserver.lab.live import LiveTable
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.subscriber import Verdict

AT_ONCE = 30
_WIDE = 100  # columns: below that the report has causes as numbers alone


@dataclass(frozen=True, slots=True)
class Options:
    calls: int = 20
    once: bool = False
    data_dir: Path = Path("var/demo")
    web_port: int = 8080
    cti_port: int = 7700
    web: bool = True
    lines: Path | None = None  # a file whose boards take the place of the virtual one


def settings_of(options: Options) -> Settings:
    """The demo's settings with the options' places and ports. Raises ConfigError."""
    over: dict[str, Any] = {"web": {"port": options.web_port}, "cti": {"port": options.cti_port}}
    if options.lines is not None:
        over["board"] = tomllib.loads(options.lines.read_text(encoding="utf-8")).get("board", [])
    return lab_settings.make(options.data_dir.absolute(), over)


def main(options: Options, console: Console) -> int:
    """Exit code: 0 when every call went as scripted, 1 when not (each deviation is named)."""
    return asyncio.run(_main(options, console))


async def _main(options: Options, console: Console) -> int:
    settings = settings_of(options)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    plant = Plant(settings)
    console.print("Starting the server and the far exchange …")
    await plant.start()
    web = None
    try:
        if options.web:
            web = ConsoleProcess(settings)
            await web.start()
            console.print(f"Console: [bold]http://{settings.web.host}:{settings.web.port}/[/bold]")
            _print_logins(settings, console)
        up = await plant.lines_up(stop=stop)
        if stop.is_set():
            return 0
        if not up:
            console.print("[red]The lines did not come up within 10 s.[/red]")
            return 1
        if options.once:
            return await _once(plant, options, console, stop)
        return await _for_ever(plant, options, console, stop)
    finally:
        if web is not None:
            await web.stop()
        console.print("Clearing calls, closing recordings, writing records …")
        await plant.stop()
        console.print("Ended.")


def _print_logins(settings: Settings, console: Console) -> None:
    with queries.session(settings.database.url) as session:
        logins = users.ensure_demo_users(session, [agent.name for agent in settings.agents])
    table = Table("Login", "Role", "Password", box=None)
    for row in logins:
        table.add_row(*row)
    console.print(table)


async def _once(plant: Plant, options: Options, console: Console, stop: asyncio.Event) -> int:
    checked, verdicts = await _round(plant, options.calls, 0, console, stop)
    report(checked, console)
    faults = deviations(checked, verdicts, plant)
    for fault in faults:
        console.print(f"[red]✗[/red] {fault}", highlight=False)
    _tell_engine(plant, console)
    good = len(checked) == options.calls and not faults
    console.print(f"{len(checked)} of {options.calls} calls, {len(faults)} deviations")
    return 0 if good else 1


async def _for_ever(plant: Plant, options: Options, console: Console, stop: asyncio.Event) -> int:
    console.print("Calls come in until you press Ctrl-C.")
    first, bad = 0, 0
    while not stop.is_set():
        checked, verdicts = await _round(plant, options.calls, first, console, stop)
        first += options.calls
        if not stop.is_set():
            bad += len(deviations(checked, verdicts, plant))
            report(checked, console)
    return 0 if not bad else 1


async def _round(
    plant: Plant, calls: int, first: int, console: Console, stop: asyncio.Event
) -> tuple[list[Checked], list[Verdict]]:
    """One row of callers with the live table; interrupted, it is given up."""
    run = Run(plant, script.scenario(calls, AT_ONCE, first))
    live = LiveTable(plant.app.feed.board, plant.bus, console)
    performing = asyncio.ensure_future(run.perform())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([performing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not performing.done():
            performing.cancel()
            await asyncio.wait([performing])
            return [], run.verdicts
    finally:
        stopping.cancel()
        live.close()
    loop = asyncio.get_running_loop()
    checked = await loop.run_in_executor(None, _check, plant, run)
    return checked, run.verdicts


def _check(plant: Plant, run: Run) -> list[Checked]:
    settings = plant.settings
    with queries.session(settings.database.url) as session:
        root = Path(settings.recording.directory)
        return check(session, run.conversations, root, plant.clock.media_ms())


def deviations(checked: list[Checked], verdicts: list[Verdict], plant: Plant) -> list[str]:
    """Everything that was not as scripted, each once, and what the engines lost."""
    found = dict.fromkeys(fault for each in checked for fault in each.deviations)
    found.update(dict.fromkeys(f"{v.who}: {v.step}: {v.detail}" for v in verdicts if not v.ok))
    for where, octets in plant.octets_lost().items():
        found[f"engine: {octets} octets lost: {where}"] = None
    return list(found)


def _tell_engine(plant: Plant, console: Console) -> None:
    counters = plant.app.session.engine.counters()
    priority = "real-time" if plant.clockwork.realtime else "ordinary"
    console.print(
        f"Engine: {counters['ticks']} ticks at {priority} priority, "
        f"{counters['missed_ticks']} missed, {sum(plant.octets_lost().values())} octets lost; "
        f"a tick took {counters['tick_us_mean']:.0f} µs, the latest began "
        f"{counters['late_max_us'] / 1000:.1f} ms late",
        highlight=False,
    )


def report(checked: list[Checked], console: Console) -> None:
    """The table of calls: what each caller did and what became of it."""
    table = Table(
        title="Calls as they went",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    wide = console.width >= _WIDE
    headings = ("Caller", "DID", "Choice", "Wait", "Agent", "Talk", "Cause", "Recording", "")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for each in checked:
        row, recording = each.row, each.recording
        good = "[red]✗[/red]" if each.deviations else "[green]✓[/green]"
        if row is None:
            table.add_row(each.conversation.number, *[""] * 7, good)
            continue
        length = f"{recording.duration_ms / 1000:.1f} s" if recording else "none"
        table.add_row(
            row.caller,
            row.called,
            row.choice,
            f"{row.wait_ms / 1000:.1f} s",
            row.agent,
            f"{row.talk_ms / 1000:.1f} s",
            f"{row.cause} {row.cause_text}" if wide else str(row.cause),
            length,
            good,
        )
    console.print(table)
