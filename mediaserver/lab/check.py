"""Holds what the server wrote down against what the far end did and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mediaserver.db.models import CallRow, RecordingRow
from mediaserver.lab import speech
from mediaserver.lab.runner import Conversation
from mediaserver.lab.scenario import RecordCheck
from mediaserver.lab.subscriber import Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """One conversation's record (None: there is none) and how it stood the checks."""

    conversation: Conversation
    row: CallRow | None
    recording: RecordingRow | None
    verdicts: tuple[Verdict, ...]

    @property
    def deviations(self) -> list[str]:
        """What was not as scripted, in words; the far end's steps and the record."""
        parts = [self.conversation.subscriber, self.conversation.partner]
        all_of_it = [v for part in parts if part for v in part.verdicts] + list(self.verdicts)
        return [f"{v.who}: {v.step}: {v.detail}" for v in all_of_it if not v.ok]


def check(
    session: Session, conversations: list[Conversation], recordings: Path, at_ms: int
) -> list[Checked]:
    """Every conversation against its record; the newest call from that number is its call."""
    return [_checked(session, c, recordings, at_ms) for c in conversations]


def _checked(session: Session, conversation: Conversation, root: Path, at_ms: int) -> Checked:
    wanted = conversation.caller.record
    query = select(CallRow).where(CallRow.caller == conversation.number)
    row = session.scalars(query.order_by(CallRow.started_utc.desc()).limit(1)).first()
    recording = None
    if row is not None:
        recording = session.scalars(
            select(RecordingRow).where(RecordingRow.call_id == row.id).limit(1)
        ).first()
    verdicts: list[Verdict] = []
    if wanted is not None:
        name = conversation.subscriber.name
        results = _results(wanted, row, recording, conversation, root)
        verdicts = [Verdict(name, f"record: {what}", ok, at_ms, why) for what, ok, why in results]
    return Checked(conversation, row, recording, tuple(verdicts))


def _results(
    wanted: RecordCheck,
    row: CallRow | None,
    recording: RecordingRow | None,
    conversation: Conversation,
    root: Path,
) -> Iterator[tuple[str, bool, str]]:
    if row is None:
        yield "is there", False, f"no record of a call from {conversation.number}"
        return
    for key, value in wanted.model_dump(exclude={"min_wait_s", "recorded"}).items():
        if value is not None:
            found = getattr(row, key)
            yield f"{key} {value}", found == value, "" if found == value else f"it is {found!r}"
    if wanted.min_wait_s is not None:
        waited = row.wait_ms / 1000
        yield f"waited {wanted.min_wait_s:g} s", waited >= wanted.min_wait_s, f"{waited:.1f} s"
    if wanted.recorded:
        yield from _heard(recording, conversation, root)
    elif wanted.recorded is False:
        yield "not recorded", recording is None, ""


def _heard(
    recording: RecordingRow | None, conversation: Conversation, root: Path
) -> Iterator[tuple[str, bool, str]]:
    if recording is None:
        yield "recorded", False, "there is no recording"
        return
    yield "recording closed", recording.state == "closed", recording.state
    yield "no octet lost", recording.lost_octets == 0, f"{recording.lost_octets} lost"
    try:
        left, right = speech.channels(root / recording.path)
    except (OSError, RuntimeError) as error:
        yield "recording can be read", False, str(error)
        return
    sides = (
        ("caller", left, conversation.subscriber),
        ("agent", right, conversation.partner),
    )
    for side, pcm, speaker in sides:
        if speaker is None or not speaker.said:
            yield f"holds the {side}", False, f"the {side} said nothing"
            continue
        for prompt in speaker.said:
            found = speech.match(pcm, prompt.samples)
            yield f"holds the {side}: {prompt.name}", found.whole, str(found)
