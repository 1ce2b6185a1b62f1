"""The command `mediaserver`: one file in `mediaserver.commands` for each of its commands.

Commands of packages that stand above this one are known by the name of their module only, as those
of a plug-in are: nothing here imports them.

A command's module is imported when it is used, or when help lists it, so that
`mediaserver status` does not wait for the media engine to load; the modules
import their heavy parts inside their functions. Exit codes: 0 done, 1 failed,
2 wrong usage or configuration, 130 interrupted. Foreseeable faults end in a
message and a next step, never in a traceback.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

import click

from mediaserver.commands.common import explain

#: In the order of a first day with the program.
COMMANDS = (
    "demo",
    "run",
    "web",
    "status",
    "calls",
    "trace",
    "lines",
    "channel",
    "doctor",
    "config",
    "dahdi",
    "db",
    "user",
    "lab",
    "audio",
    "bench",
    "tune",
)
#: Where a command is that is not in `mediaserver.commands`.
ELSEWHERE = {"bench": "bench.command", "tune": "bench.tune_command"}


class Commands(click.Group):
    """Imports a command when it is asked for, and puts foreseeable faults into words."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = ELSEWHERE.get(cmd_name, f"mediaserver.commands.{cmd_name}")
        module = importlib.import_module(name)
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            known = ", ".join(COMMANDS)
            raise click.UsageError(f"{error.message} There are: {known}.", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            raise explained from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`mediaserver COMMAND --help` explains each with examples. "
    "A first look: `mediaserver demo`. Something wrong: `mediaserver doctor`.",
)
@click.version_option(metadata.version("mediaserver"), prog_name="mediaserver")
def main() -> None:
    """Telephony media server: E1 and analog lines, voice menus, queues, recording, a console."""
