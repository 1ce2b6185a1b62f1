"""Whole rows on their way to a table: upserts, and their form in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from math import isfinite
from typing import Any

from sqlalchemy import JSON, Column, Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from mediaserver.db.models import Base, UtcDateTime


@dataclass(frozen=True, slots=True)
class Upsert:
    """Put this whole row into its table, over what is there under its primary key.

    Raises ValueError unless `values` has exactly the table's columns, each of
    its type: half a row would make what replay leaves behind depend on what
    was there before, and a row no database takes would be found out too late.
    """

    table: str
    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        given, shape = self.values, _shape(self.table)
        if given.keys() != shape.keys():
            raise ValueError(
                f"a row of {self.table} needs exactly {sorted(shape)}, not {set(given)}"
            )
        values = {name: _fitting(*shape[name], given[name]) for name in shape}
        object.__setattr__(self, "values", values)


@cache
def _shape(table: str) -> dict[str, tuple[Column[Any], type, bool]]:
    """Each column with its values' type, and whether it may be empty."""
    return {c.name: (c, _kind(c), bool(c.nullable)) for c in _table(table).columns}


def _fitting(column: Column[Any], kind: type, may_be_empty: bool, value: Any) -> Any:
    """`value` as the column keeps it; raises ValueError when it is of another type."""
    if value is None and may_be_empty:
        return None
    if not isinstance(value, kind):
        raise ValueError(f"{column} cannot be {value!r}")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{column} needs a time with its zone, not {value}")
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        raise ValueError(f"{column} cannot be {value}: it takes 64 bits")
    return _storable(value)


def columns(table: str) -> tuple[str, ...]:
    return tuple(_table(table).columns.keys())


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _kind(column: Column[Any]) -> type:
    if isinstance(column.type, UtcDateTime):
        return datetime
    return dict if isinstance(column.type, JSON) else column.type.python_type


def _storable(value: Any) -> Any:
    """`value` in JSON's types, without what no database keeps: NUL, lone surrogates, NaN."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return str(value)
        return str(value).replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        return {_storable(str(k)): _storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_storable(v) for v in value]
    return _storable(str(value))


def to_json(row: Upsert) -> list[Any]:
    """A row as JSON values: [table, {column: value}], times as ISO 8601."""
    values = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in row.values.items()
    }
    return [row.table, values]


def from_json(data: Sequence[Any]) -> Upsert:
    """The row `to_json` wrote. Columns it lacks (an older version wrote it) become empty.

    Raises ValueError or KeyError when it is not such a row.
    """
    name, stored = data
    values = {}
    for column in _table(name).columns:
        value = stored.get(column.name)
        if value is None and not column.nullable:
            value = _EMPTY[_kind(column)]
        elif value is not None and isinstance(column.type, UtcDateTime):
            value = datetime.fromisoformat(value)
        values[column.name] = value
    return Upsert(name, values)


#: There is no empty time: a row without one it needs is damaged (KeyError).
_EMPTY: dict[type, Any] = {str: "", int: 0, bool: False, dict: {}}


def apply(connection: Connection, rows: Iterable[Upsert]) -> None:
    """Upsert `rows` in order; neighbours of one table go in one statement."""
    for table, group in groupby(rows, lambda row: row.table):
        statement = _statement(table, connection.dialect.name)
        connection.execute(statement, [dict(row.values) for row in group])


@cache
def _statement(name: str, dialect: str) -> Executable:
    table = _table(name)
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    insert = make(table)
    key = [column.name for column in table.primary_key]
    changes = {c: insert.excluded[c] for c in columns(name) if c not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=changes)
