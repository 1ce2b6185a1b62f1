"""The command `bench`: `mediaserver bench` and ``python -m bench`` are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.suites import SUITES, Options, Tell, load, parts

if TYPE_CHECKING:
    from bench.report import Result

#: Columns the table needs; a narrower terminal wraps rather than loses figures.
MIN_WIDTH = 96
#: With --quick: share of the usual turns, blocks measured per size, calls made.
QUICK = (0.15, 200, 40)


def _numbers(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(1 <= number <= 4096 for number in numbers):
        raise click.BadParameter("numbers from 1 to 4096 with commas between, as in 30,120,480")
    return numbers


def _pattern(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> re.Pattern[str] | None:
    try:
        return re.compile(value, re.IGNORECASE) if value else None
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}") from None


def _file(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Told before anything is measured, not after."""
    if value and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {value.absolute().parent}")
    return value


def _picture(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value and value.suffix.lower() != ".svg":
        raise click.BadParameter(f"{value}: pictures are drawn as SVG; name it {value.stem}.svg")
    return _file(context, parameter, value)


def _epilog() -> str:
    lines = "\n".join(f"  {name:<8} {text}" for name, (_, text) in SUITES.items())
    return f"\b\nSuites:\n{lines}"


@click.command("bench", epilog=_epilog(), context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("suites", nargs=-1, metavar="[SUITE]...", type=click.Choice(list(SUITES)))
@click.option(
    "--list", "list_only", is_flag=True, help="List suites and their parts; no measuring."
)
@click.option(
    "--only",
    metavar="REGEX",
    callback=_pattern,
    help="Only the parts (see --list) this matches; or, where it matches none, only such rows.",
)
@click.option(
    "--quick", is_flag=True, help="Fewer turns: a glance, not a proof (quality: as ever)."
)
@click.option(
    "--channels", default=None, callback=_numbers, help="Engine sizes; else each suite's own."
)
@click.option(
    "--ticks",
    default=1000,
    show_default=True,
    type=click.IntRange(50, 1_000_000),
    help="Blocks measured per size, suites tick and chain.",
)
@click.option("--kernels", is_flag=True, help="What each part of a tick takes, too.")
@click.option(
    "--calls",
    default=200,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Calls made, suite calls.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_file,
    help="Write the results to this file too.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=_picture,
    help="Draw the results into this file (SVG) too.",
)
def command(
    suites: tuple[str, ...],
    list_only: bool,
    only: re.Pattern[str] | None,
    quick: bool,
    channels: tuple[int, ...] | None,
    ticks: int,
    kernels: bool,
    calls: int,
    json_file: Path | None,
    picture: Path | None,
) -> None:
    """Measure this machine.  Without a SUITE, all of them.

    Every figure is CPU time or a quality, beside a library that does the same, by
    turns in the same run; `gain` says how many times better we are.

    \b
    Examples:
      mediaserver bench kernels                        each kernel beside its peer
      mediaserver bench kernels quality --only echo    all about the echo canceller
      mediaserver bench kernels --only '480 channels'  the rows of one size
      mediaserver bench parts --json bench.json && mediaserver tune bench.json
      mediaserver bench --json bench.json --picture bench.svg
      python -m bench --list                           the same command, in a clone

    Exit status 1 says that a figure misses its goal.
    """
    console = Console()
    console.width = max(console.width, MIN_WIDTH)
    names = list(dict.fromkeys(suites)) or list(SUITES)
    if list_only:
        _list(console, names)
        return
    effort, few_ticks, few_calls = QUICK if quick else (1.0, ticks, calls)
    options = Options(
        channels=channels,
        ticks=min(ticks, few_ticks),
        kernels=kernels,
        calls=min(calls, few_calls),
        effort=effort,
        only=only,
    )
    _report(_measure(names, options), console, json_file, picture)


def _list(console: Console, names: Sequence[str]) -> None:
    for name in names:
        console.print(f"[bold]{name:<9}[/bold]{SUITES[name][1]}", highlight=False)
        if part_names := parts(name):
            console.print(f"         parts: {', '.join(part_names)}", style="dim", highlight=False)


def _measure(names: Sequence[str], options: Options) -> list[Result]:
    """The rows asked for.  UsageError where nothing is."""
    inside = {name: parts(name) for name in names}
    only = options.only
    if only and any(only.search(part) for each in inside.values() for part in each):
        runs = [name for name in names if any(only.search(part) for part in inside[name])]
        rows = None
    else:
        runs, rows = list(names), only
    results: list[Result] = []
    with progress() as tell:
        for name in runs:
            tell(name)
            results += load(name)(_for(options, name, tell, rows))
    if rows:
        results = [result for result in results if rows.search(result.name)]
        if not results:
            raise click.UsageError(
                f"--only {rows.pattern!r} matches no part and no row; see --list for the parts"
            )
    return results


def _for(options: Options, name: str, tell: Tell, rows: re.Pattern[str] | None) -> Options:
    """The options as the suite `name` gets them; with `rows` it runs as a whole."""
    only = None if rows else options.only
    return replace(options, only=only, tell=lambda what: tell(f"{name}: {what}"))


@contextmanager
def progress() -> Iterator[Tell]:
    """Says on the terminal what is being measured, and for how long; into a file, line by line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what: console.print(what, style="dim", highlight=False)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("")

        def tell(what: str) -> None:
            shown.update(task, description=what)

        yield tell


def _report(
    results: list[Result], console: Console, json_file: Path | None, picture: Path | None
) -> None:
    """Table, files, exit status."""
    from bench.report import machine, show, write_json

    show(results, console)
    if json_file:
        write_json(json_file, results)
    if picture:
        from bench.picture import draw

        picture.write_text(draw(results, machine()), encoding="utf-8")
    if any(result.meets is False for result in results):
        raise SystemExit(1)
