"""Plain data as TOML text, for showing settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def to_toml(data: dict[str, Any]) -> str:
    """TOML that reads back as `data`: strings, numbers, booleans, lists, tables."""
    return "\n".join(_table(data, ())).strip("\n") + "\n"


def _table(data: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Values first, then the tables inside, as TOML wants it."""
    for key, value in data.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in data.items():
        name = ".".join(_key(part) for part in (*path, key))
        if _is_table(value):
            yield f"\n[{name}]"
            yield from _table(value, (*path, key))
        elif _is_tables(value):
            for row in value:
                yield f"\n[[{name}]]"
                yield from _table(row, (*path, key))


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _key(key: str) -> str:
    plain = key.replace("_", "").replace("-", "")
    return key if plain.isascii() and plain.isalnum() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    # A JSON string is a TOML string, but for the one control character JSON leaves alone.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
