"""`mediaserver channel`: take a channel out of service, or bring it back."""

from __future__ import annotations

from pathlib import Path

import click

from mediaserver.commands.common import at_option, config_option, cti_client


@click.command("channel")
@click.argument("line", metavar="CHANNEL")
@click.argument("word", type=click.Choice(["out", "in"]), metavar="out|in")
@config_option
@at_option
def command(line: str, word: str, config: Path | None, at: str | None) -> None:
    """Take CHANNEL of the running server out of service, or bring it back in.

    A call that is on it goes on. The far end is told where the line has a message for it: SERVICE
    on NI2, 5ESS and 4ESS, blocking on R2. Elsewhere calls that come in on it are refused (44).

    \b
    Examples:
      mediaserver channel E1-1/7 out
      mediaserver channel E1-1/7 in
    """
    with cti_client(config, at) as client:
        told = client.request("service", {"line": line, "in_service": word == "in"})
    far = "the far end is told" if told["far_end_told"] else "the far end is not told"
    click.echo(f"{line} is {'back in' if word == 'in' else 'out of'} service; {far}.")
