"""`mediaserver lab`: scripted callers on a simulated exchange."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mediaserver.commands.common import Misused, make_table, out, plain

if TYPE_CHECKING:
    from mediaserver.lab.scenario import Scenario


@click.group("lab")
def command() -> None:
    """Play scripted calls against the server, and check each step.

    A scenario is a TOML file: who calls whom over which line at what time, what they
    wait to hear, what they key and say, how they end, and what the record must then
    say. docs/scenarios.md describes the format.

    \b
    Examples:
      mediaserver lab list
      mediaserver lab run busy --virtual-time
      mediaserver lab run --all --virtual-time
      mediaserver lab check my-scenario.toml
      mediaserver lab run my-scenario.toml --json result.json
    """


@command.command("run")
@click.argument("scenarios", metavar="FILE...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All scenarios that come with the program.")
@click.option(
    "--virtual-time", is_flag=True, help="As fast as the machine can: the same result each time."
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write every verdict to this file; of several scenarios, a list.",
)
@click.option("--steps", is_flag=True, help="Show every step, not only those that failed.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the database and the recordings here, to look at; of one scenario only.",
)
def run(
    scenarios: tuple[str, ...],
    every: bool,
    virtual_time: bool,
    json_file: Path | None,
    steps: bool,
    data_dir: Path | None,
) -> None:
    """Play each FILE (or the shipped scenario of that name) and report each step's verdict.

    Several are played one after another, each on a plant of its own, and end in a table. Nothing
    of a running server is touched: lines, telephones and exchange are simulated here.

    \b
    Examples:
      mediaserver lab run busy                   in real time
      mediaserver lab run busy --virtual-time --steps
      mediaserver lab run --all --virtual-time
      mediaserver lab run my.toml --data-dir kept

    Exit code 0: all went as scripted; 1: it did not, and each deviation is named;
    2: a file is faulty; then none is played.
    """
    from mediaserver.lab import perform, scenario

    paths = [*map(scenario.find, scenarios), *(scenario.shipped() if every else ())]
    if not paths:
        raise Misused("no scenario is named", "mediaserver lab run busy; or --all")
    if data_dir is not None and len(paths) > 1:
        raise Misused("--data-dir is for one scenario", "mediaserver lab run busy --data-dir DIR")
    loaded = {path: _loaded(path) for path in paths}
    done = {}
    for path, each in loaded.items():
        result = perform.perform(
            each, virtual=virtual_time, data_dir=data_dir.absolute() if data_dir else None
        )
        name = path.stem if path.parent == scenario.SHIPPED else str(path)
        done[name] = result
        perform.show(result, out, all_steps=steps)
    if len(done) > 1:
        perform.show_all(done, out)
    if json_file is not None:
        data = [{"scenario": name, **each.as_data()} for name, each in done.items()]
        only = next(iter(done.values())).as_data() if len(data) == 1 else None
        json_file.write_text(perform.as_json(only or data), encoding="utf-8")
    if not all(each.passed for each in done.values()):
        raise SystemExit(1)


@command.command("check")
@click.argument("scenarios", metavar="FILE...", nargs=-1, required=True)
def check(scenarios: tuple[str, ...]) -> None:
    """Check scenario files without playing them, those that come with the program by name.

    Problems come with line and key. Exit code 0: all are good; 2: one is faulty.
    """
    from mediaserver.lab import scenario

    for name in scenarios:
        path = scenario.find(name)
        loaded = _loaded(path)
        callers = sum(caller.count for caller in loaded.caller)
        click.echo(
            f"{path}: good. {callers} callers, {len(loaded.answerer)} answerers, "
            f"{len(loaded.fault)} faults."
        )


def _loaded(path: Path) -> Scenario:
    """Read, and its settings tried. Raises ScenarioError, Misused."""
    from mediaserver.config.problems import ConfigError
    from mediaserver.lab import perform, scenario

    loaded = scenario.load(path)
    try:
        perform.make_settings(loaded, Path())
    except ConfigError as error:
        raise Misused(f"{path}: [settings] {error}", "docs/scenarios.md") from None
    return loaded


@command.command("list")
def list_() -> None:
    """List the scenarios that come with the program, by the names `lab run` takes."""
    from mediaserver.lab import scenario

    table = make_table("", "Name", "What happens")
    for path in scenario.shipped():
        with contextlib.suppress(scenario.ScenarioError):
            table.add_row(path.stem, plain(scenario.load(path).title))
    out.print(table)
