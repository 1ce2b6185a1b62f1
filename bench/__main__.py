"""``python -m bench``: what this machine carries, against a named peer in the same run."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from bench.report import Result, show, write_json
from bench.suites import SUITES, Options, load

#: Columns the table needs; a narrower terminal wraps rather than loses figures.
MIN_WIDTH = 96


def _numbers(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(1 <= number <= 4096 for number in numbers):
        raise click.BadParameter("numbers from 1 to 4096 with commas between, as in 30,120,480")
    return numbers


def _epilog() -> str:
    lines = "\n".join(f"  {name:<8} {text}" for name, (_, text) in SUITES.items())
    return f"\b\nSuites:\n{lines}"


@click.command(epilog=_epilog(), context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("suites", nargs=-1, metavar="[SUITE]...", type=click.Choice(list(SUITES)))
@click.option(
    "--channels", default="30,120,480", show_default=True, callback=_numbers, help="Engine sizes."
)
@click.option("--ticks", default=1000, show_default=True, type=click.IntRange(50, 1_000_000))
@click.option("--kernels", is_flag=True, help="What each part of a tick takes, too.")
@click.option("--calls", default=200, show_default=True, type=click.IntRange(1, 100_000))
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the results to this file too.",
)
def main(
    suites: tuple[str, ...],
    channels: tuple[int, ...],
    ticks: int,
    kernels: bool,
    calls: int,
    json_file: Path | None,
) -> None:
    """Measure this machine.  Without a SUITE, all of them.

    Exit status 1 says that a figure misses its goal.
    """
    console = Console()
    console.width = max(console.width, MIN_WIDTH)
    options = Options(channels=channels, ticks=ticks, kernels=kernels, calls=calls)
    results: list[Result] = []
    for name in suites or SUITES:
        with console.status(f"{name}: {SUITES[name][1]}"):
            results += load(name)(options)
    show(results, console)
    if json_file:
        write_json(json_file, results)
    if any(result.meets is False for result in results):
        raise SystemExit(1)


if __name__ == "__main__":
    main(prog_name="python -m bench")
