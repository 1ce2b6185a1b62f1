"""Brings a database's tables to what this version expects (Alembic, inside the package)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from mediaserver.db.engine import open_engine, sqlite_file

#: Changing tables may take long on a big database.
_PATIENCE_S = 60.0


def upgrade(url: str, timeout_s: float = 2.0) -> None:
    """Upgrade the database at `url` to `head()`; a SQLite file is created if there is none.

    Raises sqlalchemy.exc.SQLAlchemyError when it cannot be reached and
    alembic.util.CommandError when a newer version of the program made it.
    """
    path = sqlite_file(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(0o600)  # who called whom, and password hashes, are not for all to read
    if current(url, timeout_s) == head():
        return
    engine = open_engine(url, _PATIENCE_S, writer=True)
    try:
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def current(url: str, timeout_s: float = 2.0) -> str | None:
    """The revision of the database at `url`; None when it has no tables of ours."""
    engine = open_engine(url, timeout_s)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


@cache
def head() -> str:
    """The revision this version of the program works with."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # the package always holds at least the first one
    return revision


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
