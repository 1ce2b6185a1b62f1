"""What a daemon that was killed left open: found at the next start, closed, mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    talking_since: datetime | None
    queued_since: datetime | None


def find(session: Session) -> tuple[list[Interrupted], list[RecordingRow]]:
    """Calls and recordings whose rows are open."""
    calls = session.scalars(select(CallRow).where(CallRow.state == "open")).all()
    sounds = session.scalars(select(RecordingRow).where(RecordingRow.state == "open")).all()
    found = [
        Interrupted(
            row,
            _last(session, row.id),
            _since(session, row.id, "Bridged", "Unbridged")
            or _since(session, row.id, "ConferenceJoined", "ConferenceLeft"),
            _since(session, row.id, "Queued", "QueueLeft"),
        )
        for row in calls
    ]
    return found, list(sounds)


def _last(session: Session, call_id: str, *kinds: str) -> StoryRow | None:
    story = select(StoryRow).where(StoryRow.call_id == call_id)
    if kinds:
        story = story.where(StoryRow.kind.in_(kinds))
    return session.scalars(story.order_by(StoryRow.seq.desc()).limit(1)).first()


def _since(session: Session, call_id: str, begins: str, ends: str) -> datetime | None:
    """When what `begins` began, unless the other event ended it."""
    last = _last(session, call_id, begins, ends)
    return last.utc if last is not None and last.kind == begins else None


def close(call: Interrupted, sounds: Sequence[Upsert]) -> list[Upsert]:
    """The rows that close an interrupted call: at its last event, or its last sound if later.

    `sounds` are the mended recordings of all calls.
    """
    row, last = call.row, call.last
    told = last.utc if last else row.started_utc
    heard = [_end(sound) for sound in sounds if sound.values["call_id"] == row.id]
    ended = max([told, *heard])
    closed = _values(row) | {
        "state": "interrupted",
        "ended_utc": ended,
        "talk_ms": row.talk_ms + _ms(call.talking_since, ended),
        "wait_ms": row.wait_ms + _ms(call.queued_since, ended),
        "cleared_by": "system",
        "detail": DETAIL,
    }
    end = {
        "call_id": row.id,
        "seq": last.seq + 1 if last else 0,
        "media_ms": (last.media_ms if last else 0) + _ms(told, ended),
        "utc": ended,
        "kind": "Interrupted",
        "data": {"detail": DETAIL},
    }
    return [Upsert("calls", closed), Upsert("story", end)]


def _end(sound: Upsert) -> datetime:
    started: datetime = sound.values["started_utc"]
    return started + timedelta(milliseconds=sound.values["duration_ms"])


def _ms(since: datetime | None, until: datetime) -> int:
    return 0 if since is None else round((until - since).total_seconds() * 1000)


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
