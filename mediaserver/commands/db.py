"""`mediaserver db`: the database's tables."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.engine import make_url

from mediaserver.commands.common import config_option, settings_of


@click.group("db")
def command() -> None:
    """Bring the database's tables up to date, or show where they are.

    The server does `upgrade` itself when it starts; doing it first, after a backup,
    lets you see what happens. With PostgreSQL, create the database and its user:

    \b
      createuser mediaserver --pwprompt && createdb mediaserver --owner mediaserver
      [database] url = "postgresql://mediaserver:PASSWORD@localhost/mediaserver"

    \b
    Examples:
      mediaserver db current
      mediaserver db upgrade
    """


@command.command("upgrade")
@config_option
def upgrade(config: Path | None) -> None:
    """Create or upgrade the tables. Harmless when they are current."""
    from mediaserver.db import migrate

    url = settings_of(config).database.url
    before = migrate.current(url) if _exists(url) else None
    migrate.upgrade(url)
    after = migrate.current(url)
    done = "was current" if before == after else f"upgraded from {before or 'nothing'}"
    click.echo(f"{_shown(url)}: {done}, at revision {after}")


@command.command("current")
@config_option
def current(config: Path | None) -> None:
    """Show the revision of the tables. Exit code 1 when they are not current."""
    from mediaserver.db import migrate

    url = settings_of(config, demo=True).database.url
    revision = migrate.current(url) if _exists(url) else None
    head = migrate.head()
    if revision == head:
        click.echo(f"{_shown(url)}: current, at revision {revision}")
        return
    what = f"at revision {revision}" if revision else "without our tables"
    click.echo(f"{_shown(url)}: {what}; this program needs {head}: `mediaserver db upgrade`")
    raise SystemExit(1)


def _exists(url: str) -> bool:
    """Looking must not create a SQLite file."""
    from mediaserver.db.engine import sqlite_file

    path = sqlite_file(url)
    return path is None or path.exists()


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
