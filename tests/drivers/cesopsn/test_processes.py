"""Servers joined by nothing but packets: a call goes through two of them, in real time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mediaserver.cti.sync import SyncCtiClient
from tests.app.plants import needs_sounds
from tests.drivers.cesopsn.test_board import free_ports

pytestmark = [*needs_sounds, pytest.mark.process]

COMMAND = [sys.executable, "-m", "mediaserver"]
#: Answers, by its menu, what comes over its one E1.
SERVER = """
[server]
data_dir = "{dir}"
[cti]
port = 0
[[board]]
name = "ip"
type = "cesopsn"
[[board.span]]
name = "E1-1"
kind = "e1"
jitter_ms = [20, 200]
local = "{ports[0]}"
remote = "{ports[1]}"
[[trunk_group]]
name = "pstn"
spans = ["E1-1"]
[[board]]
name = "virtual"
[[board.span]]
name = "FXS-1"
kind = "fxs"
[[agent]]
name = "alice"
display = "Alice"
number = "8001"
line = "FXS-1/1"
[[queue]]
name = "sales"
agents = ["alice"]
[[queue]]
name = "support"
agents = ["alice"]
[[route]]
called = "66880X"
flow = "main"
"""
#: An exchange between two E1: what comes on one goes out on the other.
EXCHANGE = """
[server]
data_dir = "{dir}"
[cti]
port = 0
[[board]]
name = "ip"
type = "cesopsn"
[[board.span]]
name = "E1-1"
kind = "e1"
side = "network"
jitter_ms = [20, 200]
local = "{ports[1]}"
remote = "{ports[0]}"
[[board.span]]
name = "E1-2"
kind = "e1"
side = "network"
packet_ms = 2
rtp = true
jitter_ms = [20, 200]
local = "{ports[2]}"
remote = "{ports[3]}"
[[trunk_group]]
name = "up"
spans = ["E1-1"]
[[trunk_group]]
name = "down"
spans = ["E1-2"]
[[route]]
called = "66880X"
out = "up"
"""
#: A third, with a telephone on it, whose subscriber is the lab's.
TELEPHONE = """
title = "A telephone calls through two servers"
limit_s = 60
[[settings.board]]
name = "ip"
type = "cesopsn"
[[settings.board.span]]
name = "E1-1"
kind = "e1"
packet_ms = 2
rtp = true
jitter_ms = [20, 200]
local = "{ports[3]}"
remote = "{ports[2]}"
[[settings.board]]
name = "virtual"
[[settings.board.span]]
name = "E1-2"
kind = "e1"
side = "network"
[[settings.board.span]]
name = "FXS-1"
kind = "fxs"
[[caller]]
name = "dave"
line = "FXS-1/4"
number = ""
to = ""
steps = [
  {{ hear = "tone:dial", within_s = 5 }},
  {{ key = "9668800" }},
  {{ expect = "answered", within_s = 20 }},
  {{ hear = "say:Welcome to the call centre.", within_s = 15 }},
  {{ hang_up = true }},
]
"""


@contextmanager
def server(directory: Path, text: str, ports: list[int]) -> Iterator[Path]:
    """`mediaserver run` with this configuration, ended at the end -> its configuration file."""
    directory.mkdir()
    config = directory / "mediaserver.toml"
    config.write_text(text.format(dir=directory, ports=ports))
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([*COMMAND, "run", "--config", config], stderr=log)
        try:
            yield config
        finally:
            process.terminate()
            assert process.wait(40) == 0, (directory / "log").read_text()


def wait_for_lines(directory: Path) -> None:
    """Until every span of a server is up."""
    with SyncCtiClient(directory / "cti.sock") as client:
        assert client.wait_connected(60)
        for _ in client.events():
            if all(span["up"] for span in client.snapshot()["spans"]):
                return


def run(*args: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True, timeout=120)


def test_a_call_through_two_servers_that_only_exchange_packets(tmp_path: Path) -> None:
    ports = free_ports(4)
    scenario = tmp_path / "telephone.toml"
    scenario.write_text(TELEPHONE.format(ports=ports))
    with ExitStack() as stack:
        config = stack.enter_context(server(tmp_path / "server", SERVER, ports))
        stack.enter_context(server(tmp_path / "exchange", EXCHANGE, ports))
        wait_for_lines(tmp_path / "server")
        done = run("lab", "run", scenario, "--json", tmp_path / "verdicts.json")
        assert (tmp_path / "verdicts.json").exists(), done.stdout + done.stderr
        verdicts = json.loads((tmp_path / "verdicts.json").read_text())["verdicts"]
        # A machine that stalls may cost octets in real time, and then says so: "plant" judges that.
        assert [v for v in verdicts if not v["ok"] and v["who"] != "plant"] == []
        assert len([v for v in verdicts if v["who"] == "dave"]) >= 4
        (call,) = json.loads(run("calls", "--config", config, "--json").stdout)["calls"]
        assert call["called"] == "668800"
        assert call["line"].startswith("E1-1/")
        assert call["cleared_by"] == "caller"
