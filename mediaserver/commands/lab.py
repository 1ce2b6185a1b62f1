"""`mediaserver lab`: scripted callers on a simulated exchange."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from mediaserver.commands.common import make_table, out, plain


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
      mediaserver lab check my-scenario.toml
      mediaserver lab run my-scenario.toml --json result.json
    """


@command.command("run")
@click.argument("scenario", metavar="FILE")
@click.option(
    "--virtual-time", is_flag=True, help="As fast as the machine can: the same result each time."
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write every verdict to this file.",
)
@click.option("--steps", is_flag=True, help="Show every step, not only those that failed.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the database and the recordings here, to look at.",
)
def run(
    scenario: str, virtual_time: bool, json_file: Path | None, steps: bool, data_dir: Path | None
) -> None:
    """Play FILE (or the shipped scenario of that name) and report each step's verdict.

    Exit code 0: all went as scripted; 1: it did not, and each deviation is named;
    2: the file is faulty.
    """
    from mediaserver.lab import perform
    from mediaserver.lab import scenario as scenarios

    loaded = scenarios.load(scenarios.find(scenario))
    done = perform.perform(
        loaded, virtual=virtual_time, data_dir=data_dir.absolute() if data_dir else None
    )
    perform.show(done, out, all_steps=steps)
    if json_file is not None:
        json_file.write_text(done.to_json(), encoding="utf-8")
    if not done.passed:
        raise SystemExit(1)


@command.command("check")
@click.argument("scenarios", metavar="FILE...", nargs=-1, required=True)
def check(scenarios: tuple[str, ...]) -> None:
    """Check scenario files without playing them; problems come with line and key."""
    from mediaserver.lab import scenario

    for name in scenarios:
        path = scenario.find(name)
        loaded = scenario.load(path)
        callers = sum(caller.count for caller in loaded.caller)
        click.echo(
            f"{path}: good. {callers} callers, {len(loaded.answerer)} answerers, "
            f"{len(loaded.fault)} faults."
        )


@command.command("list")
def list_() -> None:
    """List the scenarios that come with the program."""
    from mediaserver.lab import scenario

    table = make_table("", "Name", "What happens")
    for path in sorted(scenario.SHIPPED.glob("*.toml")):
        with contextlib.suppress(scenario.ScenarioError):
            table.add_row(path.stem, plain(scenario.load(path).title))
    out.print(table)
