"""`mediaserver doctor`: is everything there, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mediaserver.commands.common import config_option, find_config, out, plain, print_json

if TYPE_CHECKING:
    from mediaserver.doctor.findings import Finding

MARKS = {"ok": ("✓", "green"), "warn": ("!", "bold yellow"), "fail": ("✗", "bold red")}


@click.command("doctor")
@config_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, for monitoring.")
def command(config: Path | None, as_json: bool) -> None:
    """Check what the server needs, and say what to do about what is missing.

    Looks at Python and its libraries, the compiled parts, prompts and music, disk,
    ports, the database, the clock, real-time priority, limits, DAHDI's cards, spans and
    channels, spans over IP, and a running server's alarms. Changes nothing, and runs as well
    before anything is set up.

    \b
    Examples:
      mediaserver doctor
      mediaserver doctor --config /etc/mediaserver/mediaserver.toml
      mediaserver doctor --json | jq '.[] | select(.state != "ok")'

    `mediaserver lines` tells how lines in service are, `mediaserver dahdi spans` what the cards
    see.

    \b
    ✓ good    ! works, but could be better    ✗ does not work
    Exit code 0: nothing failed (there may be warnings); 1: something did.
    """
    findings = []
    for finding in examine(config):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([finding.as_data() for finding in findings])
    failed = sum(finding.state == "fail" for finding in findings)
    warned = sum(finding.state == "warn" for finding in findings)
    if not as_json:
        out.print(f"\n{len(findings)} checks, {failed} failed, {warned} warnings.")
    if failed:
        raise SystemExit(1)


def examine(config: Path | None) -> Iterator[Finding]:
    """Every finding. With a faulty configuration: that, and the checks on the defaults."""
    from mediaserver.config import ConfigError, from_dict, load
    from mediaserver.doctor import cards, findings, installation, machine, services

    path = find_config(config, demo=True)
    settings = from_dict({})
    if path is None:
        yield findings.warn(
            "configuration",
            "none found, the defaults are checked",
            "mediaserver config example > mediaserver.toml",
        )
    else:
        try:
            settings = load(path)
            yield findings.ok("configuration", str(path))
        except ConfigError as error:
            for problem in error.problems:
                yield findings.fail("configuration", str(problem), "mend it; then look again")
        else:
            yield from findings.examine([("flows", lambda: services.flows(settings))])
    yield from findings.examine(
        [
            ("python", installation.python),
            ("compiled", installation.compiled),
            ("packages", installation.packages),
            ("prompts", lambda: installation.prompts(settings)),
            ("programs", installation.programs),
            ("data", lambda: machine.data_dir(settings)),
            ("ports", lambda: machine.ports(settings)),
            ("over ip", lambda: services.over_ip(settings)),
            ("database", lambda: services.database(settings)),
            ("dahdi", lambda: cards.dahdi(settings)),
            ("clock", machine.clock),
            ("real time", lambda: machine.realtime(settings)),
            ("open files", machine.open_files),
            ("processor", machine.processor),
            ("server", lambda: services.server(settings)),
        ]
    )


def _print(finding: Finding) -> None:
    mark, style = MARKS[finding.state]
    line = Text(f"{mark} ", style=style) + Text(f"{finding.check:<14}", style="default")
    out.print(line + plain(finding.text), soft_wrap=True)
    if finding.todo:
        out.print(Text("    → ", style=style) + plain(finding.todo), soft_wrap=True)
