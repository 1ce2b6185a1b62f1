"""The tables: users, calls, their stories, their recordings; errors and alarms of lines.

Calls are written as whole rows, by upsert, from one writer (see `store`). No
foreign keys bind story and recordings to calls: a record must be writable
whatever became of its neighbours, or one bad row would hold up the journal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROLES = ("admin", "supervisor", "agent", "technician")
CALL_STATES = ("open", "closed", "interrupted")
RECORDING_STATES = ("open", "closed", "rebuilt", "failed")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept as UTC in databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime,
        str: Text,
        int: BigInteger().with_variant(Integer(), "sqlite"),  # there, only INTEGER counts up
        bool: Boolean,
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
    }


def _one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    words = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


class User(Base):
    """Someone who may log in; an agent's login is the agent's name in the configuration."""

    __tablename__ = "users"
    __table_args__ = (_one_of("role", ROLES),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str]
    active: Mapped[bool]


class CallRow(Base):
    """One call's record. Empty strings and 0 stand for "did not happen"; times may be NULL."""

    __tablename__ = "calls"
    __table_args__ = (
        _one_of("state", CALL_STATES),
        Index(None, "started_utc"),
        Index(None, "caller", "started_utc"),
        Index(None, "called", "started_utc"),
        Index(None, "agent", "started_utc"),
        Index(None, "queue", "started_utc"),
        Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    started_utc: Mapped[datetime]
    answered_utc: Mapped[datetime | None]
    ended_utc: Mapped[datetime | None]
    direction: Mapped[str]  # "in" | "out"
    line: Mapped[str]
    caller: Mapped[str]
    caller_name: Mapped[str]
    called: Mapped[str]
    flow: Mapped[str]
    choice: Mapped[str]  # digits of the last menu choice, "•" for each where secret
    queue: Mapped[str]
    wait_ms: Mapped[int]  # in queues, media time
    agent: Mapped[str]  # who answered, the last if several did
    agent_line: Mapped[str]
    talk_ms: Mapped[int]  # bridged to someone, media time
    cause: Mapped[int | None]  # Q.850
    cause_text: Mapped[str]
    cleared_by: Mapped[str]  # "caller" | "agent" | "system" | "line"
    state: Mapped[str]
    detail: Mapped[str]


class StoryRow(Base):
    """One event of a call, in order of `seq` (from 0)."""

    __tablename__ = "story"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    media_ms: Mapped[int]
    utc: Mapped[datetime]
    kind: Mapped[str]  # the event's class
    data: Mapped[dict[str, Any]]


class RecordingRow(Base):
    """One recording; `id` is opaque, and what people are given instead of the path."""

    __tablename__ = "recordings"
    __table_args__ = (
        _one_of("state", RECORDING_STATES),
        Index(None, "call_id"),
        Index(None, "started_utc"),
        Index(None, "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str]
    path: Mapped[str]  # relative to the recordings' root
    started_utc: Mapped[datetime]
    duration_ms: Mapped[int]
    octets: Mapped[int]
    lost_octets: Mapped[int]
    law: Mapped[str]
    state: Mapped[str]


class LineErrorRow(Base):
    """A quarter of an hour of a span, or what one run of the server saw of it; G.826's counts."""

    __tablename__ = "line_errors"
    __table_args__ = (Index(None, "begun_utc"),)

    span: Mapped[str] = mapped_column(primary_key=True)
    begun_utc: Mapped[datetime] = mapped_column(primary_key=True)
    seconds: Mapped[int]  # observed, available or not
    es: Mapped[int]
    ses: Mapped[int]
    uas: Mapped[int]
    bbe: Mapped[int]
    slips: Mapped[int]
    lost_ms: Mapped[int]
    lost_out_ms: Mapped[int]


class LineAlarmRow(Base):
    """One alarm of a span; no end while it lasts."""

    __tablename__ = "line_alarms"
    __table_args__ = (Index(None, "begun_utc"),)

    span: Mapped[str] = mapped_column(primary_key=True)
    alarm: Mapped[str] = mapped_column(primary_key=True)
    begun_utc: Mapped[datetime] = mapped_column(primary_key=True)
    ended_utc: Mapped[datetime | None]


class Meta(Base):
    """Facts about this database itself, by name."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
