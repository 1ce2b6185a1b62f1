"""Flow files: what comes with the program is sound, and faults are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mediaserver.ivr.flow import FlowError, load, load_all, parse
from mediaserver.ivr.nodes import BEHAVIOUR

GOOD = """
name = "t"
start = "a"
[node.a]
kind = "answer"
next = "m"
[node.m]
kind = "menu"
prompts = ["invalid"]
choices = { 1 = "bye" }
[node.bye]
kind = "hang up"
"""


def test_the_packaged_flows_are_sound() -> None:
    flows = load_all(None)
    assert "main" in flows
    for flow in flows.values():
        assert all(type(node) in BEHAVIOUR for node in flow.node.values())


def test_the_same_flow_as_json() -> None:
    toml = parse(GOOD, "t.toml")
    again = parse(json.dumps(toml.model_dump(mode="json")), "t.json", json_format=True)
    assert again == toml


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('start = "a"', 'start = "b"'), ["start", "'b'"]),
        (('next = "m"', 'next = "nowhere"'), ["node a", "'nowhere'"]),
        (('next = "m"', ""), ["node m", "no way leads here"]),
        (('1 = "bye"', 'X = "bye"'), ["node.m.choices", "'X'"]),
        (('kind = "answer"', 'kind = "anser"'), ["node.a", "anser"]),
        (('prompts = ["invalid"]', 'prompt = ["invalid"]'), ["node.m.prompt"]),
        (('name = "t"', "name = "), ["t.toml", "line 2"]),
        (('kind = "answer"', 'kind = "dial"\ntrunk = "t"\nnumber = "9{pin}"'), ["node a", "'pin'"]),
        (('kind = "answer"', 'kind = "dial"\ntrunk = "t"\nnumber = "9{"'), ["node a, number"]),
    ],
)
def test_a_fault_is_named(change: tuple[str, str], named: list[str]) -> None:
    with pytest.raises(FlowError) as fault:
        parse(GOOD.replace(*change), "t.toml")
    for part in ["t.toml", *named]:
        assert part in str(fault.value)


def test_all_faulty_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("name = 1")
    (tmp_path / "two.json").write_text("{")
    with pytest.raises(FlowError) as fault:
        load_all(tmp_path)
    assert "one.toml" in str(fault.value)
    assert "two.json" in str(fault.value)


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=r"missing\.toml: cannot be read"):
        load(tmp_path / "missing.toml")
