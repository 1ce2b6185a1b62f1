"""The command in a directory of its own, where no other configuration is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mediaserver.cli import main

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs `mediaserver ARGS`; what is not explained to the user is raised here."""
    for name in [n for n in os.environ if n.startswith("MEDIASERVER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mediaserver.commands.common.PLACES", (Path("mediaserver.toml"),))

    def run(*args: str | Path, **options: object) -> Result:
        result = CliRunner().invoke(main, [str(arg) for arg in args], **options)  # type: ignore[arg-type]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
