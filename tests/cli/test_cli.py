"""Help that teaches, faults in words, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from mediaserver.cli import COMMANDS, main
from mediaserver.commands import common
from tests.cli.conftest import Invoke


def commands() -> list[tuple[str, ...]]:
    """Every command and command of a group, as words."""
    context = click.Context(main)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = main.get_command(context, name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_explains_itself(invoke: Invoke, words: tuple[str, ...]) -> None:
    result = invoke(*words, "--help")
    assert result.exit_code == 0
    context = click.Context(main)
    command: click.Command | None = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(context, word)
    assert command is not None
    assert command.help
    if len(words) == 1:
        assert f"mediaserver {words[0]}" in result.output  # an example


def test_help_lists_all_in_order(invoke: Invoke) -> None:
    output = invoke("--help").output
    places = [output.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").output.startswith("mediaserver, version ")


def test_unknown_command_names_those_there_are(invoke: Invoke) -> None:
    result = invoke("stats")
    assert result.exit_code == 2
    assert "status" in result.output
    assert "doctor" in result.output


@pytest.mark.parametrize(
    ("args", "code", "says", "next_step"),
    [
        (["run"], 2, "no configuration", "mediaserver config example"),
        (["run", "--config", "none.toml"], 2, "none.toml", "config example"),
        (["status"], 1, "no CTI server at", "mediaserver run"),
        (["status", "--at", "127.0.0.1:1"], 1, "no CTI server at 127.0.0.1:1", "running"),
        (["status", "--at", "host:99999"], 2, "no address", ""),
        (["status", "--watch", "--json"], 2, "do not go together", ""),
        (["calls"], 1, "there is no database", "--config"),
        (["calls", "--since", "when"], 2, "is no time", "yesterday"),
        (["calls", "show", "x"], 1, "there is no database", "--config"),
        (["db", "current"], 1, "without our tables", "mediaserver db upgrade"),
        (["config", "check"], 0, "the defaults", ""),
        (["config", "check", "none.toml"], 2, "none.toml", ""),
        (["config", "show", "--config", "."], 2, "directory", ""),
        (["user", "list", "--config", "none.toml"], 2, "none.toml", ""),
        (["lab", "check", "none"], 2, "not a shipped scenario", "busy"),
        (["demo", "--port", "7700"], 2, "both 7700", "choose two"),
        (["demo", "--calls", "0"], 2, "--calls", ""),
    ],
)
def test_faults_are_told_with_the_next_step(
    invoke: Invoke, args: list[str], code: int, says: str, next_step: str
) -> None:
    result = invoke(*args, env={"MEDIASERVER_LOGIN": "a", "MEDIASERVER_PASSWORD": "b"})
    assert result.exit_code == code, result.output
    text = " ".join(result.output.split())
    assert says in text
    assert next_step in text
    assert "Traceback" not in text


def test_a_database_that_is_none_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "mediaserver.db").write_bytes(b"this is no database" * 100)
    result = invoke("calls")
    assert result.exit_code == 1
    assert "not a database" in result.output
    assert "mediaserver doctor" in result.output


def test_compiled_parts_missing_is_told() -> None:
    told = common.explain(ModuleNotFoundError("No module named 'dsp_ext.x'", name="dsp_ext.x"))
    assert told is not None
    assert "make build" in told.hint


def test_a_fault_of_ours_is_not_hidden() -> None:
    assert common.explain(ZeroDivisionError()) is None
    assert common.explain(ModuleNotFoundError("x", name="json")) is None


def test_hostile_text_cannot_steer_the_terminal() -> None:
    shown = common.plain("[red]x[/red]\x1b[2J\r\n")
    assert shown.plain == "[red]x[/red]\ufffd[2J\ufffd\ufffd"
    assert shown.spans == []


def test_commands_load_only_what_they_use() -> None:
    """`status` must not wait for the media engine, nor `--help` for anything large."""
    code = (
        "import sys; from mediaserver.cli import COMMANDS, main; import click\n"
        "for name in COMMANDS: main.get_command(click.Context(main), name)\n"
        "heavy = {'numpy', 'scipy', 'flask', 'dsp_ext', 'alembic', 'mediaserver.app'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
