"""`mediaserver channel`: take a channel out of service, bring it back, restart it."""

from __future__ import annotations

from pathlib import Path

import click

from mediaserver.commands.common import at_option, config_option, cti_client


@click.command("channel")
@click.argument("line", metavar="CHANNEL")
@click.argument("word", type=click.Choice(["out", "in", "restart"]), metavar="out|in|restart")
@config_option
@at_option
def command(line: str, word: str, config: Path | None, at: str | None) -> None:
    """Take CHANNEL of the running server out of service, bring it back in, or restart it.

    Out: a call that is on it goes on. The far end is told where the line has a message for it:
    SERVICE on NI2, 5ESS and 4ESS, blocking on R2. Elsewhere calls that come in on it are refused
    (44).

    Restart, for a channel on which something is stuck: it is brought to idle at both ends (RESTART
    on ISDN), and a call that is on it ends (41).

    \b
    Examples:
      mediaserver channel E1-1/7 out
      mediaserver channel E1-1/7 in
      mediaserver channel E1-1/7 restart
    """
    if word == "restart":
        with cti_client(config, at) as client:
            client.request("restart", {"line": line})
        click.echo(f"{line} is being restarted.")
        return
    with cti_client(config, at) as client:
        told = client.request("service", {"line": line, "in_service": word == "in"})
    far = "the far end is told" if told["far_end_told"] else "the far end is not told"
    click.echo(f"{line} is {'back in' if word == 'in' else 'out of'} service; {far}.")
