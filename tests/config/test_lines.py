"""The line scanner against tomllib: every place tomllib finds has its line."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mediaserver.config.lines import line_of, scan

TEXT = '''# a comment with = and [brackets]
top = 1
a.b."c.d" = """
[not.a.table]
x = 1 """""
'quoted = key' = 'it''s'

[server] # [[no]]
name = "a # \\" = b"
[[board]]
name = 'v'
[[board.span]]
kind = "e1"
[[board.span]]
kind = "fxs"
list = [
  "one, [two]",  # three,
  { k = 1, m = [1,
    2] },
  4]
[board.extra]
z = {a = 1, b = "}"}
[[board]]
name = "w"
  [[board.span]]
  kind = "fxo"
'''


def test_places_in_a_text_with_every_construct() -> None:
    text = TEXT.replace("'it''s'", "'its'")
    tomllib.loads(text)
    lines = scan(text)
    assert lines[("top",)] == 2
    assert lines[("a", "b", "c.d")] == 3
    assert lines[("quoted = key",)] == 6
    assert lines[("server",)] == 8
    assert lines[("server", "name")] == 9
    assert lines[("board", 0, "name")] == 11
    assert lines[("board", 0, "span", 1)] == 14
    assert lines[("board", 0, "span", 1, "kind")] == 15
    assert lines[("board", 0, "span", 1, "list", 0)] == 17
    assert lines[("board", 0, "span", 1, "list", 1)] == 18
    assert lines[("board", 0, "span", 1, "list", 2)] == 20
    assert lines[("board", 0, "extra", "z")] == 22
    assert lines[("board", 1, "span", 0, "kind")] == 26


def test_a_place_without_a_line_takes_that_of_what_encloses_it() -> None:
    lines = scan("[server]\n\nz = {a = 1}\n")
    assert line_of(lines, ("server", "z", "a")) == 3
    assert line_of(lines, ("server", "missing")) == 1
    assert line_of(lines, ("nowhere",)) == 0


KEYS = st.text("abc-_1", min_size=1, max_size=3) | st.text("a.\" =#[]'\\é\t", max_size=4)
VALUES = st.recursive(
    st.integers(0, 9) | st.booleans() | st.text("a\"'#[]{},=\n\\", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=5,
)


def _quote(text: str) -> str:
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{out}"'


def _write(value: Any, broken: bool) -> str:
    """TOML for a value; `broken` spreads lists and strings over lines."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        pairs = (f"{_quote(k)} = {_write(v, False)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        joint = ", # [\n" if broken else ", "
        return "[" + joint.join(_write(v, broken) for v in value) + ("\n]" if broken else "]")
    if isinstance(value, str):
        return f'"""\n{_quote(value)[1:-1]}"""' if broken else _quote(value)
    return str(value)


@given(
    tables=st.lists(
        st.tuples(st.booleans(), KEYS, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=4
    ),
    broken=st.booleans(),
)
def test_every_key_is_found_on_the_line_it_was_written_on(
    tables: list[tuple[bool, str, dict[str, Any]]], broken: bool
) -> None:
    out, expected, seen = [], {}, {}
    for many, name, pairs in tables:
        if name in seen and not (many and seen[name] is True):
            continue
        seen.setdefault(name, many)
        index = sum(1 for path in expected if path[:1] == (name,) and len(path) == 2 and many)
        where = (name, index) if many else (name,)
        expected[where] = "\n".join(out).count("\n") + bool(out) + 1
        out.append(f"[[ {_quote(name)} ]]" if many else f"[{_quote(name)}]")
        for key, value in pairs.items():
            expected[(*where, key)] = "\n".join(out).count("\n") + 2
            out.append(f"{_quote(key)} = {_write(value, broken)}")
    text = "\n".join(out)
    tomllib.loads(text)
    lines = scan(text)
    assert {path: lines.get(path) for path in expected} == expected
