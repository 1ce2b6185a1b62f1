"""Refusals as sentences: each said somewhere, none without a code, and the same over the wire."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from drivers.said import worded
from mediaserver.cti.messages import ERRORS, CtiError, decode, refuse, refused
from mediaserver.cti.methods import METHODS, Method, parse
from mediaserver.cti.refusals import SENTENCES

SOURCES = Path(__file__).parents[2] / "mediaserver"
#: Said by the name of a variable.
BY_NAME = {"line.slow", "login.late", "own.clear", "own.join", "params.none", "trace.nowhere"}
#: What a field may be given that it cannot be.
BAD = (
    None,
    True,
    7,
    -1,
    10**9,
    1.5,
    float("nan"),
    "",
    "x" * 2000,
    "abc",
    [],
    ["x"] * 99,
    {},
    {"x": 1},
)


def calls(name: str) -> list[ast.Call]:
    """Every call of `name` in the server's sources."""
    trees = [ast.parse(path.read_text()) for path in SOURCES.rglob("*.py")]
    return [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    ]


def test_every_refusal_has_a_sentence_and_every_sentence_is_said() -> None:
    made = [
        [each.value for each in call.args if isinstance(each, ast.Constant)]
        for call in calls("refused")
    ]
    assert {names[0] for names in made} <= set(ERRORS)
    codes = {names[1] for names in made if len(names) > 1} | BY_NAME
    advice = {f"{code}.do" for code in codes} & set(SENTENCES)
    wrong = {code for code in SENTENCES if code.startswith("wrong.")}
    assert (codes | advice | wrong) - {"params.none", "trace.nowhere"} == set(SENTENCES)


def test_nothing_is_refused_in_english_alone() -> None:
    """But what the line doctor says, which is a sentence of its own."""
    plain = [
        call for call in calls("CtiError") if isinstance(call.args[1], ast.Constant | ast.JoinedStr)
    ]
    assert plain == []


def test_a_refusal_says_the_same_over_the_wire() -> None:
    error = refused("not_found", "span.none", span="E1-9", spans="E1-1")
    body = json.loads(refuse(7, error))["error"]
    assert body == {
        "code": "not_found",
        "message": "no span 'E1-9'",
        "hint": "spans: E1-1",
        "said": {"code": "span.none", "values": {"span": "E1-9"}},
        "advice": {"code": "span.none.do", "values": {"spans": "E1-1"}},
    }
    back = CtiError.of_body(body)
    assert back.body() == body and str(back) == error.message
    assert worded(body["said"], SENTENCES) == body["message"]
    assert refused("conflict", "join", why="x").body()["advice"] is None
    assert refused("not_found", "span.none", "", span="E1-9").hint == ""


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_refused_by_code(line: bytes) -> None:
    with pytest.raises(CtiError) as caught:
        decode(line)
    assert caught.value.said is not None


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_whatever_is_wrong_with_a_parameter_has_a_sentence(method: Method) -> None:
    good: dict[str, Any] = {name: _good(name) for name in method.params.model_fields}
    seen = 0
    for name in (*good, "by"):
        for value in BAD:
            try:
                parse(method.params, {**good, name: value})
            except CtiError as error:
                said = error.body()["said"]
                assert said is not None and isinstance(said["values"]["wrong"], dict), error.message
                seen += 1
    assert seen >= len(BAD)


def _good(name: str) -> Any:
    known = {"after": 0, "before": 0, "last": 1, "silent": True, "days": 1, "checks": ["x"]}
    known |= {"state": "ready", "in_service": True, "on": True, "toward": "near", "channel": 1}
    known |= {"clear": True, "settings": {}, "seconds": 0, "number": "1", "force": True, "id": 1}
    known |= {"pattern": "2047", "modem": "v29", "rate": 0, "from_seq": 1}
    return known.get(name, "x")
