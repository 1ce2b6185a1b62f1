"""`status` against a server on loopback, `calls` on a database, `web` and its port."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mediaserver import events as ev
from mediaserver.commands import logs, status, web
from mediaserver.commands.common import Failed
from mediaserver.config import Settings, from_dict
from mediaserver.cti.server import CannotListen
from mediaserver.cti.sync import SyncCtiClient
from mediaserver.db import migrate, queries
from mediaserver.db.models import CallRow, RecordingRow, StoryRow
from tests.cli.conftest import Invoke
from tests.cti.rig import Background


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Background]:
    (tmp_path / "var").mkdir()
    background = Background(tmp_path / "var")
    publish, rig = background.call, background.rig
    for span in ("E1-1", "FXS-1"):
        publish(rig.publish, ev.SpanChanged, span=span, up=True, alarms=())
    publish(rig.offer, "c1", "[red]\x1b[31mEvil")
    publish(rig.publish, ev.Queued, call_id="c1", queue="sales", position=1)
    publish(rig.publish, ev.ChannelChanged, span="E1-1", channel=1, state="talking", call_id="c1")
    publish(rig.publish, ev.RecordingStarted, call_id="c1", recording_id="r", path="p")
    yield background
    background.close()


def test_status_shows_the_board(invoke: Invoke, server: Background) -> None:
    result = invoke("status")
    assert result.exit_code == 0, result.output
    for text in (
        "Test",
        "E1-1",
        "T····",
        "13800138000",
        "sales #1",
        "REC",
        "Alice",
        "missed ticks",
    ):
        assert text in result.output
    assert "\x1b" not in result.output
    assert "[red]" in result.output  # a caller's name is text, not markup


def test_status_in_json_is_the_snapshot(invoke: Invoke, server: Background) -> None:
    data = json.loads(invoke("status", "--json").output)
    assert data["calls"][0]["id"] == "c1"
    assert data["server"]["engine"]["counters"]["missed_ticks"] == 0


def test_a_channel_goes_out_of_service_and_comes_back(invoke: Invoke, server: Background) -> None:
    out = invoke("channel", "E1-1/7", "out").output
    assert "E1-1/7 is out of service; the far end is told." in out
    assert "back in service; the far end is not told" in invoke("channel", "FXS-1/1", "in").output
    assert server.rig.control.done == [
        ("service", "E1-1/7", False, "local"),
        ("service", "FXS-1/1", True, "local"),
    ]
    for wrong in ("E1-9/1", "E1-1/99", "E1-1"):
        assert invoke("channel", wrong, "out").exit_code == 1
    assert invoke("channel", "E1-1/7", "off").exit_code == 2


def test_a_channel_is_restarted(invoke: Invoke, server: Background) -> None:
    assert "E1-1/7 is being restarted" in invoke("channel", "E1-1/7", "restart").output
    assert server.rig.control.done == [("restart", "E1-1/7", "local")]
    assert invoke("channel", "E1-9/1", "restart").exit_code == 1


def test_status_over_tcp_logs_in(invoke: Invoke, server: Background) -> None:
    at = f"127.0.0.1:{server.rig.server.port}"
    good = {"MEDIASERVER_LOGIN": "sue", "MEDIASERVER_PASSWORD": "secret"}
    assert invoke("status", "--at", at, env=good).exit_code == 0
    bad = invoke("status", "--at", at, env={**good, "MEDIASERVER_PASSWORD": "no"})
    assert bad.exit_code == 1
    assert "wrong" in bad.output


def test_status_tells_alarms_by_its_exit_code(invoke: Invoke, server: Background) -> None:
    alarm = {"name": "disk", "active": True, "text": "4 % free"}
    server.call(server.rig.publish, ev.SystemAlarm, **alarm)
    result = invoke("status")
    assert result.exit_code == 1
    assert "ALARM disk: 4 % free" in result.output


def test_watch_follows_and_marks_a_lost_link(server: Background) -> None:
    with SyncCtiClient(server.rig.path).connect() as client:
        assert client.wait_connected(10)
        watch = status.Watch(client)
        events = client.events()
        watch.hear(next(events))
        drawn = text(watch.draw())
        assert "missed ticks 0" in drawn
        assert "Calls: 1" in drawn
        assert "DISCONNECTED" not in drawn
        server.call(server.rig.offer, "c2")
        watch.hear(next(m for m in events if m["event"] == "Offered"))
        assert "Calls: 2" in text(watch.draw())
        server.end()
        watch.hear(next(m for m in events if m["event"] == "Disconnected"))
        drawn = text(watch.draw())
        assert "DISCONNECTED" in drawn
        assert "Calls: 2" in drawn  # what was known stays to be seen
        watch.hear({"event": "Heartbeat"})


def text(what: Any) -> str:
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


# ---- calls ---------------------------------------------------------------------------


def call(name: str, started: datetime, **more: Any) -> CallRow:
    values: dict[str, Any] = {
        "direction": "in",
        "line": "E1-1/1",
        "caller": "13800138000",
        "caller_name": "",
        "called": "668800",
        "flow": "main",
        "choice": "1",
        "queue": "sales",
        "wait_ms": 2500,
        "agent": "alice",
        "agent_line": "FXS-1/1",
        "talk_ms": 61_000,
        "cause": 16,
        "cause_text": "normal call clearing",
        "cleared_by": "caller",
        "state": "closed",
        "detail": "",
    }
    return CallRow(id=name, started_utc=started, **{**values, **more})


@pytest.fixture
def database(invoke: Invoke) -> str:
    url = from_dict({}).database.url
    migrate.upgrade(url)
    now = datetime.now(UTC)
    with queries.session(url) as session:
        session.add(call("a1", now - timedelta(minutes=5), caller_name="[b]\x1b[0m王"))
        session.add(call("a2", now - timedelta(days=3), caller="02155550000", agent="bob"))
        session.add(call("a3", now - timedelta(days=9), state="interrupted", cause_text=""))
        session.add(
            StoryRow(
                call_id="a1",
                seq=0,
                media_ms=1000,
                utc=now,
                kind="DigitsKeyed",
                data={"node": "menu", "digits": "1"},
            )
        )
        session.add(
            RecordingRow(
                id="r1",
                call_id="a1",
                path="2026/01/05/r1.wav",
                started_utc=now,
                duration_ms=63_000,
                octets=1,
                lost_octets=0,
                law="alaw",
                state="closed",
            )
        )
    return url


def ids(output: str) -> list[str]:
    return [row["id"] for row in json.loads(output)["calls"]]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([], ["a1", "a2", "a3"]),
        (["--since", "7d"], ["a1", "a2"]),
        (["--since", "2h"], ["a1"]),
        (["--until", "7d"], ["a3"]),
        (["--number", "5555"], ["a2"]),
        (["--number", "%"], []),
        (["--agent", "bob"], ["a2"]),
        (["--queue", "support"], []),
        (["--state", "interrupted"], ["a3"]),
        (["--limit", "1"], ["a1"]),
        (["--since", "2000-01-01", "--until", "2000-01-02T12:00"], []),
    ],
)
def test_calls_are_searched(
    invoke: Invoke, database: str, args: list[str], found: list[str]
) -> None:
    assert ids(invoke("calls", *args, "--json").output) == found


def test_calls_table_and_rest(invoke: Invoke, database: str) -> None:
    output = invoke("calls", "--limit", "2").output
    for words in ("a1", "normal call clearing", "2.5 s", "61.0 s", "alice", "2 of 3"):
        assert words in output
    assert "\x1b" not in output
    assert "No such calls" in invoke("calls", "--number", "999").output


def test_a_calls_story(invoke: Invoke, database: str) -> None:
    output = invoke("calls", "show", "a1").output
    for words in ("DigitsKeyed", "digits 1", "by caller: 16", "Recording r1", "63.0 s"):
        assert words in output
    data = json.loads(invoke("calls", "show", "a1", "--json").output)
    assert data["story"][0]["event"] == "DigitsKeyed"
    unknown = invoke("calls", "show", "zz")
    assert unknown.exit_code == 1
    assert "no call 'zz'" in unknown.output


# ---- run, web, logs --------------------------------------------------------------------------


def test_run_hands_the_settings_to_the_server(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediaserver.lab import plant

    given: list[Settings] = []
    monkeypatch.setattr(plant, "run", given.append)
    monkeypatch.setattr(logs.logging, "basicConfig", lambda **_: None)
    (tmp_path / "mediaserver.toml").write_text('[server]\nname = "Here"\n')
    assert invoke("run", "--log-level", "warning").exit_code == 0
    assert [settings.server.name for settings in given] == ["Here"]


def test_run_on_addresses_in_use_says_what_to_do(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediaserver.lab import plant

    def in_use(_: Settings) -> None:
        raise CannotListen("127.0.0.1:7700 is in use by another process: stop it, or …")

    monkeypatch.setattr(plant, "run", in_use)
    monkeypatch.setattr(logs.logging, "basicConfig", lambda **_: None)
    (tmp_path / "mediaserver.toml").write_text("")
    result = invoke("run")
    assert result.exit_code == 1
    assert "7700 is in use" in result.output


def test_web_refuses_a_port_in_use_before_it_starts(invoke: Invoke, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        (tmp_path / "mediaserver.toml").write_text(f"[web]\nport = {port}\n")
        result = invoke("web")
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}" in result.output
    assert "doctor" in result.output
    with pytest.raises(Failed, match=r"192\.0\.2\.1"):
        web.check_free("192.0.2.1", 80)


def test_a_second_demo_is_told_which_option_it_needs(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediaserver.db.writer import StoreBusy
    from mediaserver.lab import demo

    monkeypatch.setattr(logs.logging, "basicConfig", lambda **_: None)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        taken = invoke("demo", "--port", port)
    assert taken.exit_code == 1
    assert "--port" in taken.output
    for fault, option in ((StoreBusy("busy"), "--data-dir"), (CannotListen("x"), "--cti-port")):

        def fail(*_: Any, fault: Exception = fault) -> None:
            raise fault

        monkeypatch.setattr(demo, "main", fail)
        result = invoke("demo", "--no-web", "--data-dir", str(tmp_path / "demo"))
        assert result.exit_code == 1
        assert option in result.output


def test_web_serves_with_one_worker_and_many_threads(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gunicorn.app.base import BaseApplication

    seen: dict[str, Any] = {}

    def remember(self: BaseApplication) -> None:
        names = ("workers", "threads", "bind", "worker_class_str", "graceful_timeout")
        seen.update({name: getattr(self.cfg, name) for name in names})

    monkeypatch.setattr(BaseApplication, "run", remember)
    web.serve(from_dict({}))
    assert seen["workers"] == 1
    assert seen["threads"] == 128
    assert seen["bind"] == ["127.0.0.1:8080"]
    assert seen["worker_class_str"] == "gthread"


def test_log_entries_stay_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    before = logging.getLogger().handlers[:]
    try:
        logs.set_up_logs("info")
        logging.getLogger("x").info("call of %s", "Eve\n2026 info forged\x1b[2J")
        try:
            raise ValueError("inside")
        except ValueError:
            logging.getLogger("x").exception("failed")
        logging.getLogger("x").debug("not shown")
    finally:
        logging.getLogger().handlers[:] = before
    lines = capsys.readouterr().err.splitlines()
    assert "call of Eve\\n2026 info forged\\x1b[2J" in lines[0]
    assert "failed" in lines[1]
    assert lines[-1] == "ValueError: inside"
    assert list(islice((line for line in lines if "not shown" in line), 1)) == []
