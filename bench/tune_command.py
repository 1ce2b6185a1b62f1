"""`mediaserver tune`: how many E1 this machine carries, with which settings, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from mediaserver.commands.common import (
    Misused,
    config_option,
    make_table,
    out,
    print_json,
    settings_of,
)

if TYPE_CHECKING:
    from bench.advice import Advice
    from bench.carry import Figures
    from mediaserver.doctor.findings import Finding

MARKS = {"ok": ("✓", "green"), "warn": ("!", "bold yellow"), "fail": ("✗", "bold red")}
BAR_CELLS = 30


@click.command("tune")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--e1", type=click.IntRange(1, 512), help="How many E1 shall be carried.")
@click.option(
    "--anyway", is_flag=True, help="Figures of another machine or revision: plan with them."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@config_option
def command(
    file: Path | None, e1: int | None, anyway: bool, as_json: bool, config: Path | None
) -> None:
    """Say how many E1 this machine carries, with which settings, and why.

    Reads the figures in FILE, which `mediaserver bench parts --json FILE` wrote on this
    machine; without FILE it measures for some seconds itself. An E1 is 30 channels, all
    in use at once; the same arithmetic holds for analog ports.

    \b
    Examples:
      mediaserver tune                                  measure, then say
      mediaserver bench parts calls --json bench.json   measure at length
      mediaserver tune bench.json
      mediaserver tune bench.json --e1 16               what to set for sixteen E1
      mediaserver tune bench.json --json | jq '.setups[] | {words, e1}'

    Exit code 0: done; 1: --e1 is more than it carries with any settings; 2: FILE cannot be used.
    """
    from bench import advice, carry, report

    here = report.machine()
    try:
        figures = carry.read(file) if file else _measure(here)
    except carry.NotUsable as error:
        raise Misused(str(error), "`mediaserver bench parts --json FILE` makes one") from None
    different = carry.differences(figures.machine, here)
    if different and not anyway:
        raise Misused(
            f"{file}: measured on another machine or revision: {'; '.join(different)}",
            "measure here: `mediaserver bench parts --json FILE`; to plan for that one: --anyway",
        )
    settings = settings_of(config)
    found = advice.machine_findings(settings)
    told = advice.advise(figures, found, wanted_e1=e1, boards=settings.boards)
    if as_json:
        print_json(told.as_data())
    else:
        _print(told, different)
    if told.chosen is None:
        raise SystemExit(1)


def _measure(here: dict[str, Any]) -> Figures:
    from bench import carry
    from bench.command import progress
    from bench.suites import Options, load

    with progress() as tell:
        tell("parts")
        rows = load("parts")(Options(effort=0.4, tell=lambda what: tell(f"parts: {what}")))
    return carry.figures_of(here, [row.as_json() for row in rows])


def _print(told: Advice, different: list[str]) -> None:
    for each in different:
        out.print(Text(f"! figures of another machine: {each}", style="bold yellow"))
    _headline(told)
    _offers(told)
    _costs(told)
    out.print(Text("Why", style="bold"))
    for reason in told.reasons:
        out.print(Text(f"  {reason}"))
    out.print(Text("\nThe machine", style="bold"))
    for finding in told.findings:
        _finding(finding)
    out.print(Text("\nWhat to set", style="bold"))
    for line in told.settings:
        out.print(Text(f"  {line}" if line else ""))


def _headline(told: Advice) -> None:
    if told.chosen is None:
        best = max(told.offers, key=lambda offer: offer.e1)
        line = (
            f"{told.e1} E1 are more than this machine carries: {best.e1} with {best.setup.words}."
        )
        out.print(Text(line, style="bold red"))
        return
    line = f"This machine carries {told.chosen.e1} E1 ({told.chosen.channels} channels) with "
    out.print(Text(line + f"{told.chosen.setup.words}.", style="bold green"))


def _offers(told: Advice) -> None:
    numbers = ("E1", "Channels", "µs a channel", "KiB a channel")
    table = make_table("", "", "Every channel with", *numbers, right=numbers)
    for offer in told.offers:
        table.add_row(
            Text("→" if offer is told.chosen else "", style="bold green"),
            offer.setup.words,
            str(offer.e1),
            str(offer.channels),
            f"{offer.channel_us:.2f}",
            f"{offer.memory_kib:.1f}",
        )
    out.print(table)
    out.print(
        Text("All with DTMF, levels, mixing, prompts and call progress, all in use at once.\n")
    )


def _costs(told: Advice) -> None:
    """What a channel's work goes into, as bars."""
    whole = sum(us for _, us in told.costs)
    out.print(Text("Where the time goes, a channel", style="bold"))
    for name, us in told.costs:
        cells = round(BAR_CELLS * us / whole)
        line = Text(f"  {name:<24}{us:>7.3f} µs {100 * us / whole:>4.0f} %  ")
        out.print(line + Text("█" * cells, style="cyan"))
    out.print()


def _finding(finding: Finding) -> None:
    mark, style = MARKS[finding.state]
    out.print(Text(f"  {mark} ", style=style) + Text(finding.text), soft_wrap=True)
    if finding.todo:
        out.print(Text("    → ", style=style) + Text(finding.todo), soft_wrap=True)
