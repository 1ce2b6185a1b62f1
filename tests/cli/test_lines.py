"""`mediaserver lines` against a server on loopback: tables, JSON, exit codes, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke
from tests.cti.rig import Background

COUNTS = {
    "seconds": 86_400,
    "es": 12,
    "ses": 1,
    "uas": 0,
    "bbe": 40,
    "slips": 3,
    "lost_ms": 0,
    "lost_out_ms": 0,
}
CLEAN = dict.fromkeys(COUNTS, 0) | {"seconds": 900}
SLIPS = {"what": "slips", "state": "warn", "text": "3: two clocks", "todo": "take the line's clock"}
SPAN: dict[str, Any] = {
    "name": "E1-1",
    "kind": "e1",
    "up": True,
    "alarms": [],
    "available": True,
    "state": "warn",
    "findings": [SLIPS],
    "since_start": COUNTS | {"bit_errors": 40},
    "day": COUNTS,
}
QUARTERS = [
    {"begun_utc": "2026-01-05T08:15:00+00:00", **CLEAN},
    {"begun_utc": "2026-01-05T08:00:00+00:00", **COUNTS},
    {"begun_utc": "2026-01-05T07:45:00+00:00", **CLEAN},
]
WHOLE = SPAN | {
    "history": True,
    "quarters": QUARTERS,
    "days": [{"begun_utc": "2026-01-05T00:00:00+00:00", **COUNTS}],
    "alarm_history": [
        {
            "alarm": "red",
            "begun_utc": "2026-01-05T07:00:00+00:00",
            "ended_utc": "2026-01-05T07:01:30+00:00",
        },
        {"alarm": "rai", "begun_utc": "2026-01-05T08:00:00+00:00", "ended_utc": None},
    ],
    "channels": [
        {
            "number": 7,
            "state": "talking",
            "testing": False,
            "joined": False,
            "in_dbm0": -18.4,
            "echo": {"delay_ms": 20.0, "erl_db": 17.6, "erle_db": 31.0},
        },
        {"number": 8, "state": "blocked", "testing": True, "in_dbm0": -99.0, "echo": None},
        {"number": 9, "state": "talking", "testing": False, "in_dbm0": None, "echo": None},
    ],
}
RUN: dict[str, Any] = {
    "id": 1,
    "line": "E1-1/7",
    "by": "local",
    "state": "done",
    "checks": ["hum"],
    "now": "",
    "begun_utc": "2026-01-05T08:00:00+00:00",
    "error": "",
    "todo": "",
    "verdict": "warn",
    "verdicts": [
        {
            "check": "hum",
            "state": "warn",
            "text": "-47.1 dBm0 of 50 Hz",
            "todo": "an earth loop",
            "figures": {"hum_hz": 50, "hum_dbm0": -47.1},
        }
    ],
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Background]:
    (tmp_path / "var").mkdir()
    background = Background(tmp_path / "var")
    control: Any = background.rig.control

    async def lines() -> dict[str, Any]:
        return {"history": True, "spans": [SPAN, SPAN | GOOD]}

    async def line(span: str, days: int) -> dict[str, Any]:
        return WHOLE | {"asked": [span, days]}

    control.lines, control.line = lines, line
    control.line_result = lambda number: RUN | {"id": number}
    yield background
    background.close()


GOOD = {"name": "FXO-1", "kind": "fxo", "state": "ok", "findings": [], "day": CLEAN}


def test_all_lines(server: Background, invoke: Invoke) -> None:
    result = invoke("lines")
    assert result.exit_code == 1, "a span that is not well is told by the exit code"
    rows = [line.split() for line in result.output.splitlines()]
    assert ["E1-1", "e1", "look", "86400", "12", "1", "0", "40", "3", "0", "0"] in rows
    assert ["FXO-1", "fxo", "ok", "900", *"0000000"] in rows
    assert "E1-1: slips: 3: two clocks → take the line's clock" in result.output
    assert len(json.loads(invoke("lines", "--json").output)["spans"]) == 2


def test_one_span(server: Background, invoke: Invoke) -> None:
    result = invoke("lines", "show", "E1-1", "--days", "3")
    assert result.exit_code == 1
    assert "1 without errors are not shown" in result.output
    for text in ("2026-01-05", "stands", "90 s", "tested", "-18 dBm0", "31 dB", "silence"):
        assert text in result.output
    assert "joined in the driver, not measured" in result.output
    assert json.loads(invoke("lines", "show", "E1-1", "--json").output)["asked"] == ["E1-1", 7]


def test_a_span_that_is_not_there(server: Background, invoke: Invoke) -> None:
    result = invoke("lines", "show", "E1-9")
    assert result.exit_code == 1 and "spans: E1-1" in result.output


def test_a_channel_is_listened_to(server: Background, invoke: Invoke) -> None:
    result = invoke("lines", "show", "E1-1/7")
    assert "hum     look  -47.1 dBm0 of 50 Hz" in result.output
    assert "→ an earth loop" in result.output and "hum_hz 50" in result.output
    assert server.rig.control.done[0][1:3] == ("E1-1/7", ("figures",))


def test_a_test_takes_its_settings_along(server: Background, invoke: Invoke) -> None:
    result = invoke("lines", "test", "E1-1/7", "bert", "--seconds", "60", "--pattern", "32767")
    assert result.exit_code == 1
    ((_, line, checks, settings, by),) = server.rig.control.done
    assert (line, checks, by) == ("E1-1/7", ("bert",), "local")
    assert settings["seconds"] == 60 and settings["pattern"] == "32767" and not settings["force"]
    usual = invoke("lines", "test", "E1-1/7", "--json")
    assert json.loads(usual.output) == RUN
    assert server.rig.control.done[1][2] == ("noise", "hum", "echo")


def test_a_line_in_a_call_is_refused_with_the_way_out(server: Background, invoke: Invoke) -> None:
    result = invoke("lines", "test", "busy/1")
    assert result.exit_code == 1
    assert "a call is on busy/1" in result.output and "use force" in result.output


def test_a_run_that_failed_is_told(server: Background, invoke: Invoke) -> None:
    control: Any = server.rig.control
    failed = RUN | {"state": "failed", "verdicts": [], "verdict": "ok", "error": "the line is down"}
    control.line_result = lambda number: failed | {"todo": "is it up?"}
    result = invoke("lines", "test", "E1-1/7")
    assert result.exit_code == 1
    assert "not tested: the line is down" in result.output and "is it up?" in result.output


def test_options_of_the_group_belong_behind_the_word(server: Background, invoke: Invoke) -> None:
    assert invoke("lines", "--json", "show", "E1-1").exit_code == 2
    assert invoke("lines", "--json", "--watch").exit_code == 2


def test_who_may_and_who_may_not(server: Background, invoke: Invoke) -> None:
    at = f"127.0.0.1:{server.rig.server.port}"
    env = {"MEDIASERVER_LOGIN": "alice", "MEDIASERVER_PASSWORD": "secret"}
    result = invoke("lines", "--at", at, env=env)
    assert result.exit_code == 1 and "role agent may not lines" in result.output
    result = invoke("lines", "--at", at, env={**env, "MEDIASERVER_LOGIN": "tech"})
    assert "FXO-1" in result.output


def test_messages_are_set_and_named(server: Background, invoke: Invoke) -> None:
    assert "FXS-1/3" in invoke("lines", "messages", "FXS-1/3", "on").output
    assert ("message_waiting", "FXS-1/3", True) in server.rig.control.done
    assert "nowhere" in invoke("lines", "messages").output
    assert ("message_waiting", "", None) in server.rig.control.done
    missing = invoke("lines", "messages", "FXS-1/3")
    assert missing.exit_code == 2 and "on or off" in missing.output
    assert json.loads(invoke("lines", "messages", "--json").output) == {"waiting": []}


def test_lines_own_busy_tones_are_shown_and_forgotten(server: Background, invoke: Invoke) -> None:
    assert "FXO-1/1: 625 Hz, 260 ms on, 270 ms off" in invoke("lines", "busy").output
    assert "No line" in invoke("lines", "busy", "--forget", "FXO-1/1").output
    assert json.loads(invoke("lines", "busy", "--json").output)["tones"]["FXO-1/1"]["hz"] == 625
