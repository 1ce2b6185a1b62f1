"""`mediaserver config`, `db` and `user` on files of their own."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaserver.commands.config import effective, example_text
from mediaserver.config import (
    Agent,
    Board,
    Queue,
    Route,
    Settings,
    Span,
    TrunkGroup,
    from_dict,
    parse,
)
from mediaserver.config.toml_text import to_toml
from tests.cli.conftest import Invoke


def test_example_is_a_good_configuration_with_the_defaults_it_names() -> None:
    settings = parse(example_text(), "example.toml")
    plain = from_dict({})
    for part in ("server", "media", "database", "recording", "prompts", "cti", "web", "flows"):
        assert getattr(settings, part) == getattr(plain, part), part


def test_example_names_every_key() -> None:
    """A key that is added to the settings must be explained in the example."""
    data = tomllib.loads(example_text())

    def keys(model: Any) -> set[str]:
        return {f.alias or name for name, f in model.model_fields.items()}

    assert set(data) == keys(Settings)
    for part in ("server", "media", "database", "recording", "prompts", "cti", "web", "flows"):
        assert set(data[part]) == keys(Settings.model_fields[part].annotation), part
    for part in (Agent, Board, Queue, Route, Span, TrunkGroup):
        for key in keys(part):
            assert re.search(rf"\b{key}\b", example_text()), f"{part.__name__} {key}"


def test_example_then_check_then_show(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "mediaserver.toml").write_text(invoke("config", "example").output)
    result = invoke("config", "check")
    assert result.exit_code == 0, result.output
    assert "mediaserver.toml: good. 2 spans with 38 channels, 2 agents, 2 queues" in result.output
    shown = invoke("config", "show")
    again = parse(shown.output, "shown")
    assert again == parse(example_text(), "example", tmp_path)
    assert f"# from {tmp_path / 'mediaserver.toml'}" in shown.output


def test_wrong_key_is_told_with_file_line_and_what_is_meant(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[web]\nprot = 80\n")
    result = invoke("config", "check", "bad.toml")
    assert result.exit_code == 2
    text = " ".join(result.output.split())
    assert "bad.toml:2" in text
    assert "prot" in text
    assert "port" in text


def test_password_is_not_shown(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "mediaserver.toml").write_text(
        '[database]\nurl = "postgresql://ms:hunter2secret@db/ms"\n'
    )
    for args in (["config", "show"], ["config", "show", "--json"], ["db", "upgrade"]):
        result = invoke(*args)
        assert "hunter2secret" not in result.output, args


def test_effective_settings_are_plain_data() -> None:
    data = effective(from_dict({}))
    assert json.loads(json.dumps(data)) == data


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_toml_text_reads_back(data: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(data)) == data


def test_environment_names_the_configuration(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.toml"
    path.write_text('[server]\nname = "Elsewhere"\n')
    result = invoke("config", "show", env={"MEDIASERVER_CONFIG": str(path)})
    assert 'name = "Elsewhere"' in result.output


# ---- db ------------------------------------------------------------------------------


def test_db_upgrade_and_current(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("db", "current").exit_code == 1
    assert not (tmp_path / "var").exists()  # looking makes no file
    first = invoke("db", "upgrade")
    assert "upgraded from nothing" in first.output
    assert "was current" in invoke("db", "upgrade").output
    assert invoke("db", "current").exit_code == 0


# ---- user ----------------------------------------------------------------------------


def test_users_come_get_passwords_and_are_listed(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke("db", "upgrade").exit_code == 0
    assert "no users" in invoke("user", "list").output
    typed = invoke("user", "add", "sue", "--role", "supervisor", input="correct horse\n" * 2)
    assert typed.exit_code == 0, typed.output
    assert "correct horse" not in typed.output
    env = {"MEDIASERVER_NEW_PASSWORD": "battery staple"}
    assert invoke("user", "add", "tom", "--role", "technician", env=env).exit_code == 0
    again = invoke("user", "add", "sue", "--role", "agent", env=env)
    assert again.exit_code == 1
    assert "passwd sue" in again.output
    listed = json.loads(invoke("user", "list", "--json").output)
    assert [(u["login"], u["role"], u["active"]) for u in listed] == [
        ("sue", "supervisor", True),
        ("tom", "technician", True),
    ]
    assert "technician" in invoke("user", "list").output
    assert invoke("user", "passwd", "sue", env=env).exit_code == 0
    from mediaserver.db import queries

    with queries.session(from_dict({}).database.url) as session:
        assert queries.verify_login(session, "sue", "battery staple")


def test_user_faults(invoke: Invoke, tmp_path: Path) -> None:
    for words in (("list",), ("passwd", "sue")):
        nowhere = invoke("user", *words)
        assert nowhere.exit_code == 1
        assert "there is no database" in nowhere.output
    assert not (tmp_path / "var").exists()  # looking makes no file
    silent = invoke("user", "add", "sue", "--role", "supervisor", input="")
    assert "MEDIASERVER_NEW_PASSWORD" in silent.output
    env = {"MEDIASERVER_NEW_PASSWORD": "short"}
    weak = invoke("user", "add", "sue", "--role", "supervisor", env=env)
    assert weak.exit_code == 1
    assert "8 to 256" in weak.output
    assert "Usage" in invoke("user", "add", "sue").output  # no role
    unknown = invoke("user", "passwd", "nobody")
    assert unknown.exit_code == 1
    assert "user list" in unknown.output


def test_timers_are_shown_as_they_run(invoke, tmp_path: Path) -> None:
    path = tmp_path / "pri.toml"
    path.write_text(
        '[[board]]\nname = "v"\n[[board.span]]\nname = "E1-7"\nkind = "e1"\nt309_s = 12.5\n'
        "[board.span.pri]\ntimers = { t303_ms = 5000 }\n"
    )
    text = invoke("config", "timers", "--config", str(path)).output
    assert "E1-7" in text and "12,500" in text and "5,000" in text
    shown = json.loads(invoke("config", "timers", "--json", "--config", str(path)).output)
    assert shown["E1-7"]["t303_ms"] == 5000 and shown["E1-7"]["t309_ms"] == 12_500
    assert shown["E1-7"]["t308_ms"] > 0
