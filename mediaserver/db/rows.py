"""Whole rows on their way to a table: upserts, and their form in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from mediaserver.db.models import Base, UtcDateTime


@dataclass(frozen=True, slots=True)
class Upsert:
    """Put this whole row into its table, over what is there under its primary key.

    Raises ValueError unless `values` has exactly the table's columns: half a
    row would make what replay leaves behind depend on what was there before.
    """

    table: str
    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        given, wanted = set(self.values), set(columns(self.table))
        if given != wanted:
            raise ValueError(f"a row of {self.table} needs exactly {sorted(wanted)}, not {given}")
        object.__setattr__(self, "values", {k: _storable(v) for k, v in self.values.items()})


def columns(table: str) -> tuple[str, ...]:
    return tuple(_table(table).columns.keys())


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _storable(value: Any) -> Any:
    """`value` with what no database keeps taken out: NUL, lone surrogates; tuples as lists."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(str(k)): _storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(v) for v in value]
    return value


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
            value = _EMPTY[column.type.python_type]
        elif value is not None and isinstance(column.type, UtcDateTime):
            value = datetime.fromisoformat(value)
        values[column.name] = value
    return Upsert(name, values)


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
