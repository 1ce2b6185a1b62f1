"""Migrations bring an empty database to exactly the models' tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import inspect, text

from mediaserver.db import migrate
from mediaserver.db.engine import open_engine
from mediaserver.db.models import Base


def test_an_upgraded_database_has_the_tables_of_the_models(url: str) -> None:
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
    engine = open_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        found = inspect(connection)
        for table in Base.metadata.tables.values():
            checks = {c["name"] for c in found.get_check_constraints(table.name)}
            wanted = {c.name for c in table.constraints if str(c.name).startswith("ck_")}
            assert checks == wanted
    engine.dispose()


def test_upgrading_twice_changes_nothing(url: str) -> None:
    migrate.upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
    migrate.upgrade(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT value FROM meta")).scalar_one() == "b"
    engine.dispose()


def test_a_database_made_by_a_newer_version_is_refused(url: str) -> None:
    migrate.upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(CommandError, match="9999"):
        migrate.upgrade(url)


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path}/a/ms.db")
    assert (tmp_path / "a/ms.db").stat().st_mode & 0o777 == 0o600
