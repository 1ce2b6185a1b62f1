"""A hundred alarms on an E1 in mid-call: who is cleared, who talks on, and each call's record."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import Scenario

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
pytestmark = [
    pytest.mark.skipif(not SOUNDS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]

ALARMS = 100
EVERY_S = 45.0
IN_TALK_S = 24.0
SHORT_S, LONG_S = 1.0, 4.0  # the guard time of a line in alarm is 2.5 s
TO_AN_AGENT = [
    {"expect": "answered", "within_s": 5},
    {"wait_s": 4},
    {"key": "1"},
    {"hear": "partner", "within_s": 20},
]


def _caller(
    name: str, number: str, at_s: float, steps: list[dict[str, Any]], **record: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "line": "E1-1",
        "number": number,
        "to": "668800",
        "at_s": at_s,
        "count": ALARMS // 2,
        "every_s": 2 * EVERY_S,
        "steps": [*TO_AN_AGENT, *steps],
        "record": {"state": "closed", "agent": "alice", **record},
    }


def _alarms() -> list[dict[str, Any]]:
    lasts = (SHORT_S, LONG_S)
    return [
        {"span": "E1-1", "at_s": n * EVERY_S + IN_TALK_S, "for_s": lasts[n % 2], "alarm": True}
        for n in range(ALARMS)
    ]


def test_short_alarms_clear_nobody_and_long_ones_all_with_their_cause() -> None:
    kept = [{"wait_s": 14}, {"say": "vm-intro"}, {"hang_up": True}]
    cut = [{"say": "vm-intro", "may_clear": True}, {"expect": "released", "within_s": 20}]
    scenario = Scenario.model_validate(
        {
            "title": "A hundred alarms",
            "limit_s": (ALARMS + 2) * EVERY_S,
            "fault": _alarms(),
            "caller": [
                _caller("kept", "13800000001", 0.0, kept, cause=16, cleared_by="caller"),
                _caller("cut", "13900000001", EVERY_S, cut, cause=27, cleared_by="line"),
            ],
            "answerer": [
                {
                    "name": "alice",
                    "line": "FXS-1/1",
                    "ring_s": 1,
                    "steps": [{"say": "demo-thanks"}, {"wait_s": 60, "may_clear": True}],
                }
            ],
        }
    )
    played = perform(scenario, virtual=True)
    assert [verdict for verdict in played.verdicts if not verdict.ok] == []
    assert played.calls == ALARMS
