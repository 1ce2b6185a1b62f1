"""The scenario format: shipped files are sound, faults are named, the page tells all keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaserver.lab import scenario
from mediaserver.lab.scenario import ACTIONS, SHIPPED, ScenarioError, find, load, parse

DOCS = Path(__file__).parents[2] / "docs" / "scenarios.md"
GOOD = """
title = "t"
[[caller]]
name = "anna"
line = "E1-1"
steps = [{ hear = "music" }, { hang_up = true }]
"""


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_is_sound(path: Path) -> None:
    assert load(path).about


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('hear = "music"', 'heer = "music"'), ["s.toml:6", "heer", 'did you mean "hear"']),
        (('hear = "music"', 'hear = "music", key = "1"'), ["s.toml:6", "exactly one of"]),
        (('hear = "music"', "within_s = 3"), ["s.toml:6", "exactly one of"]),
        (('hear = "music"', 'key = "x"'), ["s.toml:6", "key"]),
        (('line = "E1-1"', ""), ["caller[1].line", "is missing"]),
        (("title", "titel"), ["s.toml:2", "titel", 'did you mean "title"']),
        (('title = "t"', "title = "), ["s.toml", "line 2"]),
        (('name = "anna"', 'name = "anna"\nat_s = -1'), ["s.toml:5", "at_s", "at least 0"]),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(change: tuple[str, str], named: list[str]) -> None:
    with pytest.raises(ScenarioError) as fault:
        parse(GOOD.replace(*change), "s.toml")
    for part in named:
        assert part in str(fault.value)


def test_a_name_nobody_knows_lists_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match="first-call"):
        find("no-such-scenario")
    assert find("busy") == SHIPPED / "busy.toml"


def test_the_page_tells_every_key() -> None:
    page = DOCS.read_text(encoding="utf-8")
    models = ("Scenario", "Caller", "Answerer", "Fault", "Step", "RecordCheck")
    keys = {key for name in models for key in getattr(scenario, name).model_fields}
    missing = {
        key for key in {*keys, *ACTIONS} if f"`{key}`" not in page and f"[{key}]" not in page
    }
    assert not missing
