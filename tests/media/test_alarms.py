"""System alarms as sentences."""

from __future__ import annotations

from datetime import UTC, datetime

from dsp_ext.event import SHED_LEVELS
from mediaserver.alarms import alarm, left_out, say


def test_whatever_the_engine_leaves_out_has_words() -> None:
    assert str(left_out(SHED_LEVELS[1:])) == ", ".join(SHED_LEVELS[1:])
    assert left_out(()) == ""


def test_an_alarm_carries_its_text_and_the_code_of_it() -> None:
    full = say("alarm.recording", why="full")
    assert alarm("disk", True, full, media_ms=1, utc=datetime.now(UTC)).data() == {
        "name": "disk",
        "active": True,
        "text": "recording: full",
        "said": {"code": "alarm.recording", "values": {"why": "full"}},
    }
