"""What each check says of a good machine and of a bad one, and what it advises."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mediaserver import events as ev
from mediaserver.config import Settings, from_dict
from mediaserver.db import migrate
from mediaserver.doctor import installation, machine, services
from mediaserver.doctor.findings import Finding, examine, ok
from mediaserver.doctor.holders import holder_of
from tests.cli.conftest import Invoke
from tests.cti.rig import Background


def settings(tmp_path: Path, **parts: Any) -> Settings:
    return from_dict(parts, tmp_path)


def states(findings: Iterable[Finding]) -> list[str]:
    got = list(findings)
    for finding in got:
        assert finding.text
        assert bool(finding.todo) == (finding.state != "ok"), finding  # a fault comes with a step
    return [finding.state for finding in got]


def test_python_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(installation.python()) == ["ok", "ok"]
    monkeypatch.setattr(installation, "LIBRARIES", ("click", "no_such_library"))
    old = list(installation.python((3, 9, 2)))
    assert states(old) == ["fail", "fail"]
    assert "no_such_library" in old[1].text


def test_compiled_parts_that_do_not_load() -> None:
    parts = (("json", "a part", "x"), ("no_such.part", "the engine", "make build"))
    found = list(installation.compiled(parts))
    assert states(found) == ["ok", "fail"]
    assert found[1].todo == "make build"


def test_packages(tmp_path: Path) -> None:
    (tmp_path / "x86_64-linux-gnu").mkdir()
    (tmp_path / "x86_64-linux-gnu" / "libspandsp.so").touch()
    found = list(installation.packages((tmp_path,)))
    assert states(found) == ["warn", "ok"]
    assert "apt-get install libpri-dev" in found[0].todo


def test_prompts_and_music(tmp_path: Path) -> None:
    where = {"directories": [str(tmp_path / "a"), str(tmp_path / "b")], "music": str(tmp_path)}
    wanted = settings(tmp_path, prompts=where)
    assert states(installation.prompts(wanted)) == ["fail", "fail"]
    for name in ("a/vm-goodbye.wav", "b/digits/1.wav", "tune.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert states(installation.prompts(wanted)) == ["ok", "ok"]


def test_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert states(installation.programs()) == ["fail", "warn"]


def test_data_directory_writable_and_with_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = settings(tmp_path)
    assert states(machine.data_dir(wanted)) == ["ok", "ok"]
    assert not (tmp_path / "var").exists()  # looking makes nothing
    for free, state in ((4, "fail"), (8, "warn"), (50, "ok")):
        usage = _Usage(100 << 30, (100 - free) << 30, free << 30)
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert states(machine.data_dir(wanted)) == [state, state]


class _Usage:
    def __init__(self, total: int, used: int, free: int) -> None:
        self.total, self.used, self.free = total, used, free


def test_data_directory_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    found = list(machine.data_dir(settings(tmp_path)))
    assert states(found) == ["fail", "fail"]
    assert "Permission denied" in found[0].text


def test_ports_free_held_and_open_to_all(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        held = settings(tmp_path, cti={"port": port}, web={"host": "0.0.0.0", "port": 0})
        found = list(machine.ports(held))
        assert states(found) == ["fail", "ok"]
        assert f"(pid {os.getpid()})" in found[0].text
        assert "[cti]" in found[0].todo
        assert holder_of(port).endswith(f"(pid {os.getpid()})")
    free = settings(tmp_path, cti={"port": port}, web={"host": "0.0.0.0", "port": port + 1})
    assert states(machine.ports(free))[0] == "ok"
    assert states(machine.ports(free))[1] in ("warn", "fail")
    assert holder_of(port) == ""
    away = settings(tmp_path, cti={"host": "192.0.2.1", "port": 7700}, web={"port": 0})
    assert states(machine.ports(away)) == ["fail", "ok"]


def test_a_port_held_by_this_configurations_own_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "holder_of", lambda _: "python -m mediaserver run (pid 7)")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        ours = settings(tmp_path, cti={"port": holder.getsockname()[1]}, web={"port": 0})
        assert states(machine.ports(ours)) == ["fail", "ok"]  # another configuration's
        ours.cti.socket.parent.mkdir(parents=True)
        ours.cti.socket.touch()
        assert states(machine.ports(ours)) == ["ok", "ok"]


def test_flows_are_held_against_the_configuration(tmp_path: Path) -> None:
    assert states(services.flows(settings(tmp_path))) == ["ok"]
    missing = settings(tmp_path, route=[{"called": "1", "flow": "mian"}])
    found = list(services.flows(missing))
    assert states(found) == ["fail"]
    assert 'did you mean "main"' in found[0].text


def test_clock_limits_and_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(states(machine.clock())) == 1
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _: (1024, 4096))
    few = list(machine.open_files())
    assert states(few) == ["warn"]
    assert "ulimit -n 4096" in few[0].todo
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _: (-1, -1))
    assert states(machine.open_files()) == ["ok"]
    governor = tmp_path / "cpu0" / "cpufreq" / "scaling_governor"
    governor.parent.mkdir(parents=True)
    governor.write_text("powersave\n")
    slow = list(machine.processor(tmp_path))
    assert states(slow) == ["warn"]
    assert "performance" in slow[0].todo


def test_realtime_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(machine.realtime(settings(tmp_path, media={"realtime_priority": 0}))) == ["ok"]

    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(machine.os, "sched_setscheduler", refuse)
    refused = list(machine.realtime(settings(tmp_path)))
    assert states(refused) == ["warn"]
    assert "rtprio 50" in refused[0].todo


def test_database(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    assert states(services.database(wanted)) == ["ok"]  # made at the first start
    file = tmp_path / "var" / "mediaserver.db"
    file.parent.mkdir()
    file.write_bytes(b"")
    assert states(services.database(wanted)) == ["warn"]  # without our tables
    migrate.upgrade(wanted.database.url)
    assert states(services.database(wanted)) == ["ok"]
    wanted.journal_path.write_text("{}\n")
    assert states(services.database(wanted)) == ["ok", "warn"]
    file.write_bytes(b"rubbish" * 1000)
    assert states(services.database(wanted))[0] == "fail"


def test_postgresql_that_is_not_there(tmp_path: Path) -> None:
    url = "postgresql://ms:hunter2@127.0.0.1:1/ms"
    found = list(services.database(settings(tmp_path, database={"url": url})))
    assert states(found) == ["fail"]
    assert "hunter2" not in found[0].text
    assert "PostgreSQL running" in found[0].todo


def test_server_running_stale_and_not(tmp_path: Path) -> None:
    wanted = settings(tmp_path, cti={"socket": str(tmp_path / "cti.sock")})
    assert states(services.server(wanted)) == ["ok"]  # not running
    background = Background(tmp_path)
    try:
        assert states(services.server(wanted)) == ["ok"]
        alarm = {"name": "disk", "active": True, "text": "4 % free"}
        background.call(background.rig.publish, ev.SystemAlarm, **alarm)
        cut = {"span": "E1-1", "up": False, "alarms": ("red",)}
        background.call(background.rig.publish, ev.SpanChanged, **cut)
        assert states(services.server(wanted)) == ["ok", "fail", "warn"]
    finally:
        background.close()
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "cti.sock"))
    stale.close()
    assert states(services.server(wanted)) == ["warn"]


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("oops")

    found = list(examine([("odd", broken), ("fine", lambda: [ok("fine", "x")])]))
    assert [f.state for f in found] == ["fail", "ok"]
    assert "oops" in found[0].text


def test_the_command_prints_and_gives_json(invoke: Invoke, tmp_path: Path) -> None:
    words = invoke("doctor")
    assert words.exit_code in (0, 1)
    assert "checks," in words.output
    assert "configuration" in words.output
    data = json.loads(invoke("doctor", "--json").output)
    assert {"check", "state", "text", "todo"} == set(data[0])
    (tmp_path / "mediaserver.toml").write_text("[wbe]\n")
    faulty = invoke("doctor")
    assert faulty.exit_code == 1
    assert "wbe" in faulty.output
    assert "python" in faulty.output  # the other checks go on


def test_dahdis_set_up_file_is_read_and_a_faulty_line_named(tmp_path: Path) -> None:
    from mediaserver.doctor import cards

    file = tmp_path / "system.conf"
    assert list(cards._set_up_file(file)) == []
    file.write_text("bchan=1-15\ndchan=16\n")
    assert [(f.state, f.text) for f in cards._set_up_file(file)] == [("ok", f"{file}: 2 lines")]
    file.write_text("bchan=1-15\nbchans=17-31\n")
    (finding,) = cards._set_up_file(file)
    assert finding.state == "fail"
    assert "line 2" in finding.text and "bchans" in finding.text


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        (
            ["1 A/1 Clear (EC: MG2 - INACTIVE) ", "2 A/2 Clear (In use) (EC: MG2 - ACTIVE) "],
            "echo canceller MG2 on 2 channels, 1 at work",
        ),
        (
            ["1 A/1 FXOKS (EC: VPMADT032 - INACTIVE) ", "2 A/2 FXOKS (EC: OSLEC - INACTIVE) "],
            "echo canceller VPMADT032 on 1 channels, OSLEC on 1 channels",
        ),
        (["1 A/1 Clear "], "no echo canceller of the kernel"),
    ],
)
def test_the_echo_cancellers_of_a_span_are_told(
    tmp_path: Path, channels: list[str], told: str
) -> None:
    from drivers.boards.dahdi import proc
    from mediaserver.doctor import cards

    (tmp_path / "3").write_text('Span 3: A "Card" HDB3/CCS\n\n\t' + "\n\t".join(channels))
    assert cards._cancellers(proc.read(3, tmp_path)) == told
    assert proc.read(4, tmp_path) is None


def over_ip(local: str) -> Settings:
    span = {"name": "E1-1", "kind": "e1", "local": local, "remote": "127.0.0.1:9"}
    return from_dict({"board": [{"name": "ip", "type": "cesopsn", "span": [span]}]})


def test_where_an_e1_over_ip_listens_is_looked_at() -> None:
    assert list(services.over_ip(from_dict({}))) == []
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        local = f"127.0.0.1:{held.getsockname()[1]}"
        (taken,) = services.over_ip(over_ip(local))
        assert taken.state == "fail" and f"UDP {local} is held by" in taken.text
        assert f"pid {os.getpid()}" in taken.text
    (free,) = services.over_ip(over_ip(local))
    assert free.state == "ok" and "is free" in free.text and "127.0.0.1:9" in free.text
    (nowhere,) = services.over_ip(over_ip("192.0.2.7:40001"))
    assert nowhere.state == "fail" and "no address of this machine" in nowhere.text
