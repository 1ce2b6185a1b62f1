"""Errors and alarms of lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTS = ("seconds", "es", "ses", "uas", "bbe", "slips", "lost_ms", "lost_out_ms")


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    begun = "begun_utc"
    op.create_table(
        "line_errors",
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column(begun, sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, integer, nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("span", begun, name="pk_line_errors"),
    )
    op.create_table(
        "line_alarms",
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column(begun, sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_utc", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("span", "alarm", begun, name="pk_line_alarms"),
    )
    for table in ("line_errors", "line_alarms"):
        op.create_index(f"ix_{table}_{begun}", table, [begun])
