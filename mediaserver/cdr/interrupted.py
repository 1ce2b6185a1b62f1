"""What a daemon that was killed left open: found at the next start, closed, mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from mediaserver.db.models import Base, CallRow, RecordingRow, StoryRow
from mediaserver.db.rows import Upsert
from mediaserver.recording.store import rebuild

DETAIL = "the server stopped during the call"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An open call; `last` is the end of its story, None if it has none."""

    row: CallRow
    last: StoryRow | None


def find(session: Session) -> tuple[list[Interrupted], list[RecordingRow]]:
    """Calls and recordings whose rows are open."""
    calls = session.scalars(select(CallRow).where(CallRow.state == "open")).all()
    sounds = session.scalars(select(RecordingRow).where(RecordingRow.state == "open")).all()
    found = [Interrupted(row, _last(session, row.id)) for row in calls]
    session.expunge_all()
    return found, list(sounds)


def _last(session: Session, call_id: str) -> StoryRow | None:
    story = select(StoryRow).where(StoryRow.call_id == call_id)
    return session.scalars(story.order_by(StoryRow.seq.desc()).limit(1)).first()


def close(call: Interrupted) -> list[Upsert]:
    """The rows that close an interrupted call, at the time its story stops."""
    row, last = call.row, call.last
    ended: datetime = last.utc if last else row.started_utc
    closed = _values(row) | {
        "state": "interrupted",
        "ended_utc": ended,
        "cleared_by": "system",
        "detail": DETAIL,
    }
    end = {
        "call_id": row.id,
        "seq": last.seq + 1 if last else 0,
        "media_ms": last.media_ms if last else 0,
        "utc": ended,
        "kind": "Interrupted",
        "data": {"detail": DETAIL},
    }
    return [Upsert("calls", closed), Upsert("story", end)]


def mend(sounds: Sequence[RecordingRow], root: Path) -> list[Upsert]:
    """Rebuild the headers of recordings left open, beneath `root`; blocking. Their rows."""
    return [Upsert("recordings", _values(sound) | _mended(sound, root)) for sound in sounds]


def _mended(sound: RecordingRow, root: Path) -> dict[str, Any]:
    try:
        found = rebuild(root / sound.path, sound.law)
    except OSError:
        return {"state": "failed"}
    return {
        "state": "rebuilt",
        "law": found.law,
        "octets": found.octets,
        "duration_ms": found.duration_ms,
    }


def _values(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}
