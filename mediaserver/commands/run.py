"""`mediaserver run`: the daemon."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from mediaserver.commands.common import config_option, needed_config, settings_of
from mediaserver.commands.logs import LEVELS, set_up_logs

log = logging.getLogger(__name__)


@click.command("run")
@config_option
@click.option("--log-level", type=click.Choice(LEVELS), default="info", show_default=True)
def command(config: Path | None, log_level: str) -> None:
    """Run the server in the foreground: lines, menus, queues, recording, CTI.

    It logs to standard error and ends cleanly on Ctrl-C or SIGTERM: calls are cleared,
    recordings closed, records written. The console is a process of its own
    (`mediaserver web`), so that it can be restarted without a call noticing.

    \b
    Examples:
      mediaserver config example > mediaserver.toml    a configuration to begin with
      mediaserver doctor                               is everything there?
      mediaserver run
      mediaserver run --config /etc/mediaserver/mediaserver.toml --log-level warning
    """
    path = needed_config(config)
    settings = settings_of(path)
    set_up_logs(log_level)
    log.info(
        "%s: %d spans, %d agents; data in %s; `mediaserver status` shows it, Ctrl-C ends it",
        path,
        len(list(settings.spans())),
        len(settings.agents),
        settings.server.data_dir,
    )
    from mediaserver.lab import plant

    plant.run(settings)
