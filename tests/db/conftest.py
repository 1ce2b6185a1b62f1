"""Databases for the tests: a SQLite file, and a private PostgreSQL cluster on a Unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from mediaserver.db.engine import open_engine


class PostgreSQL:
    """A cluster of our own: data, socket and log under one directory, no TCP."""

    def __init__(self, binaries: Path, root: Path) -> None:
        self._binaries, self.root = binaries, root
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._count = 0

    def run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._binaries / program), *arguments]
        # A server inherits the pipes of its pg_ctl: output goes to a file, or we wait for ever.
        with (self.root / "tools.log").open("ab") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, cwd="/", timeout=60)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -c unix_socket_directories={self.root}"
        log = str(self.root / "server.log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.root / "data"), "-l", log, "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.root / "data"))

    @property
    def pid(self) -> int:
        return int((self.root / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.root}"

    def create(self) -> str:
        """The URL of a new, empty database."""
        self._count += 1
        name = f"test_{self._count}"
        engine = open_engine(self.url("postgres"), timeout_s=30)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    # Not pytest's own directory: that is closed to other users, and socket paths must be short.
    root = Path(tempfile.mkdtemp(prefix="ms-pg-"))
    if os.geteuid() == 0:
        shutil.chown(root, "postgres", "postgres")
    server = PostgreSQL(binaries, root)
    server.run(
        "initdb",
        "--no-sync",
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "-D",
        str(root / "data"),
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(root)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ms.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ms.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create()
