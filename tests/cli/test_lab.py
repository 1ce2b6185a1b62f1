"""`mediaserver lab`: several scenarios in one go, and what is wrong named before any is played."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app.plants import needs_sounds
from tests.cli.conftest import Invoke

pytestmark = needs_sounds

REFUSED = """
title = "Nobody has this number"
[[caller]]
name = "anna"
line = "E1-1"
number = "139"
to = "123456"
refused = {cause}
steps = [{{ expect = "released" }}]
"""
SETTINGS = """
title = "A board of no known kind"
[[settings.board]]
name = "ip"
type = "cesopsnx"
"""


def test_several_end_in_a_table(invoke: Invoke, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(REFUSED.format(cause=1))
    bad.write_text(REFUSED.format(cause=17))
    told = tmp_path / "told.json"
    result = invoke("lab", "run", good, bad, "--virtual-time", "--json", told)
    assert result.exit_code == 1, result.output
    assert "1 of 2 scenarios as scripted" in result.output
    assert "refused with cause 17" in result.output and "refused with cause 1 " not in result.output
    data = json.loads(told.read_text())
    assert [each["scenario"] for each in data] == [str(good), str(bad)]
    assert [each["passed"] for each in data] == [True, False]


def test_one_is_told_as_an_object(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(REFUSED.format(cause=1))
    told = tmp_path / "told.json"
    result = invoke("lab", "run", tmp_path / "one.toml", "--virtual-time", "--json", told)
    assert result.exit_code == 0 and "Scenarios" not in result.output
    assert json.loads(told.read_text())["passed"] is True


def test_faulty_settings_are_named_and_nothing_is_played(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SETTINGS)
    for command in ("check", "run"):
        result = invoke("lab", command, "busy", tmp_path / "s.toml")
        assert result.exit_code == 2
        text = " ".join(result.output.split())
        assert "s.toml: [settings] board[1].type" in text and 'did you mean "cesopsn"' in text
        assert "as scripted" not in text


def test_run_wants_a_scenario(invoke: Invoke) -> None:
    assert "no scenario is named" in invoke("lab", "run").output
    result = invoke("lab", "run", "busy", "alarm", "--data-dir", "kept")
    assert result.exit_code == 2 and "for one scenario" in result.output
