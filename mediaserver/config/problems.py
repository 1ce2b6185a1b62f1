"""What can be wrong with a configuration, said so that it can be mended at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

#: Where a value stands in the parsed file: ("board", 0, "span", 2, "kind").
Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `line` counts from 1 (0 unknown); `file` is "" for settings in memory."""

    where: Where
    message: str
    value: Any = field(default=None, repr=False)
    file: str = ""
    line: int = 0

    @property
    def key(self) -> str:
        """The key as people write it: board[1].span[3].kind, counting from 1."""
        out = ""
        for part in self.where:
            out += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if out else part
        return out

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.file, self.line) if p)
        what = self.key if self.value is None else f"{self.key} = {show(self.value)}"
        return ": ".join(p for p in (place, what, self.message) if p)


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` has everything that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def show(value: Any) -> str:
    """A value as it stands in TOML, short, and without a database's password."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + re.sub(r"://([^:@/]*):[^@]*@", r"://\1:***@", value) + '"'
    if isinstance(value, int | float):
        return str(value)
    return "{…}" if isinstance(value, dict) else "[…]"


def did_you_mean(given: Any, allowed: Sequence[str]) -> str:
    """`allowed is a, b, c`, with the nearest one named when there is one near."""
    plain = {word.lower(): word for word in allowed}
    near = get_close_matches(str(given).lower(), list(plain), n=1, cutoff=0.5)
    hint = f'did you mean "{plain[near[0]]}"? ' if near else ""
    return f"{hint}allowed: {', '.join(allowed) if allowed else 'none are defined'}"


_WORDS = {
    "missing": "is missing",
    "string_type": "must be a string in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "path_type": "must be a path in quotes",
    "tuple_type": "must be a list, or tables written [[…]]",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length}",
    "string_too_short": "must not be empty",
}


def from_validation(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    return [_problem(e, model) for e in error.errors(include_url=False)]


def _problem(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    kind, where, given = error["type"], error["loc"], error["input"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        keys = keys_of(_owner(model, where[:-1]))
        return Problem(where, f"unknown key; {did_you_mean(where[-1], keys)}", given)
    if kind == "missing":
        return Problem(where, _WORDS[kind])
    if kind == "literal_error":
        allowed = [a.strip("'") for a in re.split(r", | or ", context["expected"])]
        if given in allowed:  # a number, in quotes
            return Problem(where, "must be a number, without quotes", given)
        return Problem(where, did_you_mean(given, [a for a in allowed if a]), given)
    if kind == "value_error":
        return Problem(where, str(context["error"]), None if isinstance(given, dict) else given)
    if kind == "string_pattern_mismatch":
        words = PATTERNS[context["pattern"]]
        return Problem(where, words, given)
    words = _WORDS.get(kind, error["msg"])
    return Problem(where, words.format(**context), given)


#: What the patterns of keys mean, here and in scenarios.
PATTERNS = {
    r"^[\w.\-]+$": "may hold only letters, digits, _ . and -, and must not be empty",
    r"^[\w.\-]*$": "may hold only letters, digits, _ . and -",
    r"^[0-9*#+]+$": "may hold only digits, * # and +, and must not be empty",
    r"^[0-9*#]*$": "may hold only digits, * and #",
    r"^[0-9]{1,15}$": "must be 1 to 15 digits",
    r"^([0-9]{1,15}|dialled)?$": 'must be 1 to 15 digits, or "dialled"',
    r"^[0-9X]+\*?$|^\*$": "may hold only digits, X (any digit) and a last * (any further digits)",
    r"^[01]{4}$": 'must be four bits, such as "0101"',
    r"^([01]{4})?$": 'must be four bits, such as "0101"',
    r"^[0-9*#A-D,]+$": "may hold only telephone keys, and commas for pauses",
    r"^[0-9]*$": "may hold only digits",
    r"^[0-9*#+]*$": "may hold only digits, * # and +",
    r"^[\w-]+$": "may hold only letters, digits, _ and -, and must not be empty",
}


def keys_of(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [f.alias or name for name, f in model.model_fields.items()]


def _owner(model: type[BaseModel], where: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the table at `where`."""
    current: type[BaseModel] | None = model
    for part in where:
        if isinstance(part, int) or current is None:
            continue
        fields = {f.alias or name: f for name, f in current.model_fields.items()}
        current = _model_in(fields[part].annotation) if part in fields else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a)) is not None), None)
