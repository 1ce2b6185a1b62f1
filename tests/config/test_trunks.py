"""Trunk groups as the configuration tells them: what cannot be is named."""

from __future__ import annotations

from typing import Any

import pytest

from mediaserver.config.load import from_dict
from mediaserver.config.problems import ConfigError

IP = {"local": "127.0.0.1:40001", "remote": "127.0.0.1:40002", "timeslots": "1-4,16"}


def told(**group: Any) -> list[str]:
    """The problems of a group of one E1 and four timeslots over IP, beside another group."""
    boards = [
        {"name": "v", "span": [{"name": "E1-1", "kind": "e1"}]},
        {"name": "ip", "type": "cesopsn", "span": [{"name": "IP-1", "kind": "e1", **IP}]},
    ]
    other = {"name": "other", "spans": ["IP-1"], "then": "g"}
    given = {"name": "g", "spans": ["E1-1", "IP-1"], "then": "other", **group}
    try:
        from_dict({"board": boards, "trunk_group": [given, other]})
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def rule(**keys: Any) -> dict[str, Any]:
    return {"rule": [keys]}


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"keep_for_incoming": 33, "keep_for_outgoing": 33},
        rule(match="00*", strip=2),
        rule(match="XX", strip=2, prepend="9"),
        rule(match="*", strip=0),
    ],
)
def test_what_can_be(group: dict[str, Any]) -> None:
    assert told(**group) == []


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        ({"spans": ["E1-1", "IP-1", "E1-1"]}, '.spans[3] = "E1-1": is in the group already'),
        (
            {"keep_for_incoming": 34},
            ".keep_for_incoming = 34: leaves no outgoing call one of 34 channels",
        ),
        (
            {"spans": ["IP-1"], "keep_for_outgoing": 4},
            ".keep_for_outgoing = 4: leaves no incoming call one of 4 channels",
        ),
        ({"then": "g"}, '.then = "g": is this group itself'),
        (
            rule(match="00*", strip=3),
            '.rule[1].strip = 3: is more than "00*" may have: 2 digits',
        ),
        (rule(match="X", strip=2), '.rule[1].strip = 2: is more than "X" may have: 1 digit'),
        ({"spans": ["E1-9"], "keep_for_incoming": 3}, '.spans[1] = "E1-9": there is no such span'),
    ],
)
def test_what_cannot_be(group: dict[str, Any], problem: str) -> None:
    (found,) = told(**group)
    assert found.startswith("trunk_group[1]" + problem)
