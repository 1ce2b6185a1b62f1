"""Users, calls, stories, recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _users(integer)
    _calls(integer)
    _story(integer)
    _recordings(integer)
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _users(integer: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "users",
        sa.Column("id", integer, nullable=False),
        *_texts("login", "name", "role", "password_hash", "language"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("login", name="uq_users_login"),
        sa.CheckConstraint(
            "role IN ('admin', 'supervisor', 'agent', 'technician')",
            name=op.f("ck_users_role_known"),
        ),
    )


def _calls(integer: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "calls",
        *_texts("id"),
        sa.Column("started_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_utc", sa.DateTime(timezone=True)),
        sa.Column("ended_utc", sa.DateTime(timezone=True)),
        *_texts("direction", "line", "caller", "caller_name", "called", "flow", "choice", "queue"),
        sa.Column("wait_ms", integer, nullable=False),
        *_texts("agent", "agent_line"),
        sa.Column("talk_ms", integer, nullable=False),
        sa.Column("cause", integer),
        *_texts("cause_text", "cleared_by", "state", "detail"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'interrupted')", name=op.f("ck_calls_state_known")
        ),
    )
    op.create_index("ix_calls_started_utc", "calls", ["started_utc"])
    op.create_index("ix_calls_state", "calls", ["state"])
    for column in ("caller", "called", "agent", "queue"):
        op.create_index(f"ix_calls_{column}_started_utc", "calls", [column, "started_utc"])


def _story(integer: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "story",
        *_texts("call_id"),
        sa.Column("seq", integer, autoincrement=False, nullable=False),
        sa.Column("media_ms", integer, nullable=False),
        sa.Column("utc", sa.DateTime(timezone=True), nullable=False),
        *_texts("kind"),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "seq", name="pk_story"),
    )


def _recordings(integer: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "recordings",
        *_texts("id", "call_id", "path"),
        sa.Column("started_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", integer, nullable=False),
        sa.Column("octets", integer, nullable=False),
        sa.Column("lost_octets", integer, nullable=False),
        *_texts("law", "state"),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'rebuilt', 'failed')",
            name=op.f("ck_recordings_state_known"),
        ),
    )
    for column in ("call_id", "started_utc", "state"):
        op.create_index(f"ix_recordings_{column}", "recordings", [column])
