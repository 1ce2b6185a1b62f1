"""What the commands share: finding the configuration, telling faults, drawing tables."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mediaserver.config import Settings
    from mediaserver.cti.sync import SyncCtiClient

F = TypeVar("F", bound=Callable[..., Any])
#: Where a configuration is looked for, in this order, when none is named.
PLACES = (Path("mediaserver.toml"), Path("/etc/mediaserver/mediaserver.toml"))
DEMO = Path("var/demo/demo.toml")  # what a running demo leaves for its console
ENVIRONMENT = "MEDIASERVER_CONFIG"

#: Standard output; wide where it is no terminal, so that a pipe gets whole cells.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class Failed(click.ClickException):
    """Ends the command with a message, what to do next, and exit code 1."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: Any = None) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(Text("error: ", style="bold red") + Text(self.message, style="default"))
        if self.hint:
            console.print(Text(f"  {self.hint}"))


class Misused(Failed):
    """The command line or a file given is wrong: exit code 2."""

    exit_code = 2


def explain(error: Exception) -> Failed | None:
    """A foreseeable fault in words, with the next step; None for any other.

    Told by name, so that no command loads what it does not use.
    """
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    for name, (hint, kind) in _KNOWN.items():
        if name in names:
            return kind(_first_words(error), getattr(error, "hint", "") or hint)
    if isinstance(error, OSError) and error.filename:
        return Failed(f"{error.filename}: {error.strerror}", "is the path right, and permitted?")
    if isinstance(error, ImportError) and (error.name or "").startswith(("dsp_ext", "drivers.")):
        return Failed(f"the compiled parts are not built: {error}", "`make build` builds them")
    return None


_KNOWN: dict[str, tuple[str, type[Failed]]] = {
    "mediaserver.config.problems.ConfigError": (
        "mend the configuration; `mediaserver config example` shows every key",
        Misused,
    ),
    "mediaserver.cti.client.CtiUnavailable": (
        "is the server running? Start it with `mediaserver run`, or name its configuration: "
        "--config FILE (a running demo: --config var/demo/demo.toml)",
        Failed,
    ),
    "mediaserver.cti.messages.CtiError": ("", Failed),
    "mediaserver.cti.server.CannotListen": ("", Failed),
    "mediaserver.db.writer.StoreBusy": (
        "stop it, or give this one a [server] data_dir of its own",
        Failed,
    ),
    "mediaserver.ivr.flow.FlowError": ("mend the flow file; see [flows] directory", Misused),
    "mediaserver.lab.scenario.ScenarioError": (
        "`mediaserver lab check FILE` checks again; docs/scenarios.md describes the format",
        Misused,
    ),
    "mediaserver.lab.console.ConsoleFailed": ("`mediaserver doctor` looks for the reason", Failed),
    "alembic.util.exc.CommandError": (
        "the database was made by another version of the program: use that, or a new database",
        Failed,
    ),
    "sqlalchemy.exc.SQLAlchemyError": (
        "see [database] url; `mediaserver doctor` checks it, `mediaserver db upgrade` makes tables",
        Failed,
    ),
}


def _first_words(error: Exception) -> str:
    """The error's text, without SQLAlchemy's statement and link to its website."""
    original = getattr(error, "orig", None)
    if original is not None:
        return f"the database: {str(original).splitlines()[0]}"
    return str(error) or type(error).__name__


# ---- configuration -------------------------------------------------------------------


def config_option(command: F) -> F:
    """`--config FILE`, as every command takes it."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file. Without it: $MEDIASERVER_CONFIG, ./mediaserver.toml, "
        "/etc/mediaserver/mediaserver.toml.",
    )(command)


def find_config(config: Path | None, *, demo: bool = False) -> Path | None:
    """The configuration to use; None when there is none. `demo`: a running demo's will do."""
    if config is not None:
        return config
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    return next((place for place in (*PLACES, *((DEMO,) if demo else ())) if place.exists()), None)


def settings_of(config: Path | None, *, demo: bool = False) -> Settings:
    """The settings in the file found, or the defaults. Raises ConfigError."""
    from mediaserver.config import from_dict, load

    path = find_config(config, demo=demo)
    return from_dict({}) if path is None else load(path)


def needed_config(config: Path | None) -> Path:
    """As `find_config`; Misused, with the way to one, when there is none."""
    path = find_config(config)
    if path is None:
        raise Misused(
            "there is no configuration",
            "make one: `mediaserver config example > mediaserver.toml`, or name one: --config FILE",
        )
    return path


# ---- the running server ----------------------------------------------------------------


def at_option(command: F) -> F:
    """`--at ADDRESS`, for commands that speak to a running server."""
    return click.option(
        "--at",
        metavar="ADDRESS",
        help="The server's socket, or HOST:PORT (asks for login and password). "
        "Without it: [cti] socket of the configuration.",
    )(command)


def cti_client(config: Path | None, at: str | None, *, events: bool = False) -> SyncCtiClient:
    """A connected client. CtiUnavailable, or CtiError for a refused login."""
    from mediaserver.cti.client import Address
    from mediaserver.cti.sync import SyncCtiClient

    if at is None:
        address = Address(path=str(settings_of(config, demo=True).cti.socket))
    else:
        try:
            address = Address.parse(at)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--at") from None
    login = password = ""
    if not address.path:
        login = os.environ.get("MEDIASERVER_LOGIN") or click.prompt("Login", err=True)
        password = os.environ.get("MEDIASERVER_PASSWORD") or click.prompt(
            "Password", hide_input=True, err=True
        )
    return SyncCtiClient(address, login, password, events=events).connect()


# ---- output ----------------------------------------------------------------------------


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))


def make_table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table; the columns in `right` hold numbers."""
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def plain(value: Any) -> Text:
    """`value` as text in which nothing is taken for markup or a control sequence."""
    text = "" if value is None else str(value)
    return Text("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.1f} s"
