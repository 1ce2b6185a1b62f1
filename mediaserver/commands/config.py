"""`mediaserver config`: check, show and begin a configuration."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import click

from mediaserver.commands.common import (
    config_option,
    find_config,
    make_table,
    out,
    print_json,
    settings_of,
)


@click.group("config")
def command() -> None:
    """Check, show or begin a configuration file (TOML).

    \b
    Examples:
      mediaserver config example > mediaserver.toml
      mediaserver config check mediaserver.toml
      mediaserver config show
      mediaserver config timers
    """


@command.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def check(file: Path | None) -> None:
    """Check FILE, or the configuration that would be used, and the flows it names.

    Every problem is told with file, line, key, the value given and what is allowed.
    Exit code 0: it can be used; 2: it cannot.
    """
    path = find_config(file)
    settings = settings_of(path)
    from mediaserver.app.flows import check_flows

    flows = check_flows(settings)
    spans = list(settings.spans())
    channels = sum(len(span.numbers) for span in spans)
    click.echo(
        f"{path or 'the defaults (no configuration file found)'}: good. "
        f"{len(spans)} spans with {channels} channels, {len(settings.agents)} agents, "
        f"{len(settings.queues)} queues, {len(settings.routes)} routes, {len(flows)} flows."
    )


@command.command("show")
@config_option
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of TOML.")
def show(config: Path | None, as_json: bool) -> None:
    """Show the settings as they will be used, defaults filled in, passwords hidden."""
    data = effective(settings_of(config))
    if as_json:
        print_json(data)
        return
    path = find_config(config)
    click.echo(f"# from {path.absolute()}" if path else "# the defaults: no configuration found")
    from mediaserver.config.toml_text import to_toml

    click.echo(to_toml(data), nl=False)


@command.command("timers")
@config_option
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of a table.")
def timers(config: Path | None, as_json: bool) -> None:
    """Show every timer of every ISDN PRI span as it will run, and what it is for.

    They are set in [board.span.pri], such as timers = { t303_ms = 4000 }; T309 is the span's
    own key t309_s.
    """
    from drivers.signalling.pri.settings import PriSettings
    from drivers.signalling.pri.timers import TIMERS

    spans = [span for span in settings_of(config).spans() if span.signalling == "pri"]
    found = {}
    for span in spans:
        given = PriSettings(side=span.side, t309_s=span.t309_s, **span.pri.options())
        found[span.name] = given.in_force()
    if as_json:
        print_json(found)
        return
    table = make_table("", "Timer", *found, "Waits for", right=tuple(found))
    for name in next(iter(found.values()), {}):
        text = TIMERS[name].text if name in TIMERS else "calls in talk live on without a data link"
        table.add_row(name, *(f"{each[name]:,}" for each in found.values()), text)
    out.print(table)


@command.command("example")
def example() -> None:
    """Print a configuration to begin with: every part, each key explained.

    It describes a small call centre on a virtual board, and runs as it is.
    """
    click.echo(example_text(), nl=False)


def example_text() -> str:
    return resources.files(__package__).joinpath("example.toml").read_text("utf-8")


def effective(settings: Any) -> dict[str, Any]:
    """The settings as plain data by the names of the file, without passwords."""
    from sqlalchemy.engine import make_url

    data: dict[str, Any] = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    url = make_url(data["database"]["url"])
    data["database"]["url"] = url.render_as_string(hide_password=True)
    return data
