"""`mediaserver user`: who may log in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from mediaserver.commands.common import (
    Failed,
    config_option,
    make_table,
    out,
    plain,
    print_json,
    settings_of,
)

ROLES = ("admin", "supervisor", "agent", "technician")
PASSWORD = "MEDIASERVER_NEW_PASSWORD"


@click.group("user")
def command() -> None:
    """Add and list the people who may log in to the console and over CTI.

    Roles: admin (everything), supervisor (all calls, recordings, agents), agent (own
    calls and state; the login is the agent's name in the configuration), technician
    (lines and faults).

    \b
    Examples:
      mediaserver user add sue --role supervisor --name "Sue Li"
      mediaserver user passwd sue
      mediaserver user list
    """


def _new_password() -> str:
    """From the environment (for scripts), or typed twice."""
    given = os.environ.get(PASSWORD)
    if given:
        return given
    try:
        password: str = click.prompt(
            "New password", hide_input=True, confirmation_prompt="Once more", err=True
        )
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise Failed("no password was given", f"in a script: ${PASSWORD}") from None
    return password


def _existing(config: Path | None) -> str:
    """The database's URL; Failed when it is a file that is not there yet."""
    from mediaserver.db.engine import sqlite_file

    url = settings_of(config, demo=True).database.url
    path = sqlite_file(url)
    if path is not None and not path.exists():
        raise Failed(
            f"there is no database {path}", "`mediaserver user add` makes it; is --config right?"
        )
    return url


@command.command("add")
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--name", default="", help="The person's name; without it the login.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Without it [server] language.")
@config_option
def add(login: str, role: str, name: str, language: str | None, config: Path | None) -> None:
    """Add a user. The password is asked for, or taken from $MEDIASERVER_NEW_PASSWORD."""
    from mediaserver.db import migrate, queries
    from mediaserver.db.users import UserError

    settings = settings_of(config, demo=True)
    migrate.upgrade(settings.database.url)
    with queries.session(settings.database.url) as session:
        if queries.get_user(session, login) is not None:
            raise Failed(f"there is a user {login!r} already", f"mediaserver user passwd {login}")
        password = _new_password()
        try:
            queries.create_user(
                session, login, name, role, password, language or settings.server.language
            )
        except UserError as error:
            raise Failed(str(error)) from None
    click.echo(f"{login} may log in as {role}.")


@command.command("passwd")
@click.argument("login")
@config_option
def passwd(login: str, config: Path | None) -> None:
    """Give a user a new password (asked for, or $MEDIASERVER_NEW_PASSWORD)."""
    from mediaserver.db import queries
    from mediaserver.db.users import UserError

    with queries.session(_existing(config)) as session:
        if queries.get_user(session, login) is None:
            raise Failed(
                f"there is no user {login!r}", "`mediaserver user list` shows who there is"
            )
        try:
            queries.set_password(session, login, _new_password())
        except UserError as error:
            raise Failed(str(error)) from None
    click.echo(f"{login} has a new password.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@config_option
def list_(as_json: bool, config: Path | None) -> None:
    """List the users."""
    from mediaserver.db import queries

    with queries.session(_existing(config)) as session:
        users = queries.list_users(session)
    keys = ("login", "name", "role", "language", "active")
    rows = [{key: getattr(user, key) for key in keys} for user in users]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("There are no users. Add one: mediaserver user add admin --role admin")
        return
    table = make_table("", "Login", "Name", "Role", "Language", "")
    for row in rows:
        *cells, active = row.values()
        table.add_row(*map(plain, cells), "" if active else "may not log in")
    out.print(table)
