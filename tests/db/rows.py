"""Rows for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mediaserver.db.rows import Upsert

T0 = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def call(call_id: str, **changes: Any) -> Upsert:
    values: dict[str, Any] = {
        "id": call_id,
        "started_utc": T0,
        "answered_utc": None,
        "ended_utc": None,
        "direction": "in",
        "line": "E1-1/1",
        "caller": "13800138000",
        "caller_name": "",
        "called": "66880100",
        "flow": "main",
        "choice": "",
        "queue": "",
        "wait_ms": 0,
        "agent": "",
        "agent_line": "",
        "talk_ms": 0,
        "cause": None,
        "cause_text": "",
        "cleared_by": "",
        "state": "open",
        "detail": "",
    }
    return Upsert("calls", values | changes)


def story(call_id: str, seq: int, kind: str = "CallOffered", **data: Any) -> Upsert:
    return Upsert(
        "story",
        {
            "call_id": call_id,
            "seq": seq,
            "media_ms": seq * 1000,
            "utc": T0 + timedelta(seconds=seq),
            "kind": kind,
            "data": data,
        },
    )


def recording(recording_id: str, call_id: str, **changes: Any) -> Upsert:
    values: dict[str, Any] = {
        "id": recording_id,
        "call_id": call_id,
        "path": f"2026/01/05/{recording_id}.wav",
        "started_utc": T0,
        "duration_ms": 0,
        "octets": 0,
        "lost_octets": 0,
        "law": "alaw",
        "state": "open",
    }
    return Upsert("recordings", values | changes)
