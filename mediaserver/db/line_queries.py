"""What is asked of the database about lines: their errors by quarter of an hour, their alarms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mediaserver.db.models import LineAlarmRow, LineErrorRow

MOST_ROWS = 10_000


def line_errors(session: Session, since: datetime, span: str = "") -> list[LineErrorRow]:
    """Rows begun at or after `since`, oldest first; of one span, or of all."""
    query = select(LineErrorRow).where(LineErrorRow.begun_utc >= since)
    if span:
        query = query.where(LineErrorRow.span == span)
    query = query.order_by(LineErrorRow.begun_utc, LineErrorRow.span).limit(MOST_ROWS)
    return list(session.scalars(query))


def line_alarms(session: Session, since: datetime, span: str = "") -> list[LineAlarmRow]:
    """Alarms that stood at `since` or came later, newest first; of one span, or of all."""
    query = select(LineAlarmRow).where(
        or_(LineAlarmRow.ended_utc.is_(None), LineAlarmRow.ended_utc >= since)
    )
    if span:
        query = query.where(LineAlarmRow.span == span)
    query = query.order_by(LineAlarmRow.begun_utc.desc(), LineAlarmRow.span, LineAlarmRow.alarm)
    return list(session.scalars(query.limit(MOST_ROWS)))


def open_alarms(session: Session) -> list[LineAlarmRow]:
    """Alarms without an end: they stand, or stood when the server was last stopped."""
    return list(session.scalars(select(LineAlarmRow).where(LineAlarmRow.ended_utc.is_(None))))
