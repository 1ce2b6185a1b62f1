"""Groups of PRI spans (NFAS) and numbers of a line, as the configuration tells them."""

from __future__ import annotations

from typing import Any

import pytest

from mediaserver.config.load import from_dict
from mediaserver.config.problems import ConfigError

ROLES = ("primary", "backup", "none")


def spans(*more: dict[str, Any]) -> dict[str, Any]:
    """Three spans of a group; `more` are changes of their pri tables, in order."""
    given = []
    for place, role in enumerate(ROLES):
        pri = {"nfas": "north", "interface": place, "d_channel": role}
        given.append({"name": f"E1-{place}", "kind": "e1", "pri": pri})
    for span, change in zip(given, more, strict=False):
        span["pri"] = span["pri"] | change  # type: ignore[operator]
    return {"board": [{"name": "b", "span": given}]}


def problems(data: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        from_dict(data)
    return [str(problem) for problem in error.value.problems]


def test_a_group_as_it_should_be() -> None:
    given = [span.pri for span in from_dict(spans()).spans()]
    assert [pri.d_channel for pri in given] == list(ROLES)
    assert "nfas" not in given[0].options() and "interface" not in given[0].options()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([{"d_channel": "none"}], "board[1].span[3].pri.d_channel"),
        ([{}, {"d_channel": "primary"}], "board[1].span[2].pri.d_channel"),
        ([{}, {}, {"d_channel": "backup"}], "board[1].span[3].pri.d_channel"),
        ([{}, {}, {"interface": 1}], "board[1].span[3].pri.interface"),
        ([{}, {"switch": "ni2"}], "board[1].span[2].pri.switch"),
        ([{}, {}, {"timers": {"t303_ms": 5000}}], "board[1].span[3].pri.timers"),
    ],
)
def test_groups_that_cannot_be(changes: list[dict[str, Any]], told: str) -> None:
    (found,) = problems(spans(*changes))
    assert found.startswith(told)


def test_first_digits_need_overlap_sending() -> None:
    pri = {"sending": "overlap", "first_digits": 3}
    board = {"name": "b", "span": [{"name": "E1-1", "kind": "e1", "pri": pri}]}
    (span,) = from_dict({"board": [board]}).spans()
    assert span.pri.first_digits == 3
    del pri["sending"]
    (found,) = problems({"board": [board]})
    assert found.endswith('pri: first_digits goes with sending = "overlap"')


def test_a_group_has_one_side() -> None:
    data = spans()
    data["board"][0]["span"][1]["side"] = "network"
    (found,) = problems(data)
    assert found == (
        'board[1].span[2].side = "network": must be as on E1-0: group north has one signalling'
    )


@pytest.mark.parametrize(
    ("pri", "told"),
    [
        ({"interface": 1}, "give it nfas"),
        ({"d_channel": "none"}, "give it nfas"),
        ({"nfas": "n", "switch": "qsig"}, "Q.SIG"),
        ({"nfas": "n", "interface": 128}, "127"),
        ({"others": "leave"}, "needs numbers"),
        ({"numbers": ["66-88"]}, "numbers"),
        ({"others": "maybe", "numbers": ["1"]}, "leave"),
    ],
)
def test_keys_that_do_not_fit(pri: dict[str, Any], told: str) -> None:
    found = problems({"board": [{"name": "b", "span": [{"name": "E1", "kind": "e1", "pri": pri}]}]})
    assert told in found[0]
