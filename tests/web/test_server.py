"""The console as it really runs: gunicorn in a process of its own, started by the command line."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.web.daemon import Daemon
from tests.web.page import field
from tests.web.world import PASSWORD, World

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Console:
    process: subprocess.Popen[str]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)


@pytest.fixture
def console(world: World, daemon: Daemon, tmp_path: Path) -> Iterator[Console]:
    port = free_port()
    config = tmp_path / "server.toml"
    config.write_text(
        f'[server]\ndata_dir = "{world.settings.server.data_dir}"\n[web]\nport = {port}\n'
    )
    command = [sys.executable, "-m", "mediaserver", "web", "--config", str(config)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        yield Console(process, port)
    finally:
        process.kill()
        process.wait()


def await_port(console: Console) -> None:
    """Connect again and again until somebody listens."""
    pause = threading.Event()
    for _ in range(2000):
        if console.process.poll() is not None:
            raise AssertionError(console.process.stderr and console.process.stderr.read())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", console.port)) == 0:
                return
            pause.wait(0.02)
    raise AssertionError("the console did not come up")


def sign_in(console: Console) -> dict[str, str]:
    link = console.connect()
    link.request("GET", "/login")
    answer = link.getresponse()
    cookie = re.split(";", answer.headers["Set-Cookie"])[0]
    csrf = field(answer.read().decode(), "csrf_token")
    body = urllib.parse.urlencode({"csrf_token": csrf, "login": "sue", "password": PASSWORD})
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    link.request("POST", "/login", body, headers)
    answer = link.getresponse()
    answer.read()
    assert answer.status == 302
    return {"Cookie": re.split(";", answer.headers["Set-Cookie"])[0]}


def test_the_console_serves_streams_and_stops(console: Console) -> None:
    await_port(console)
    headers = sign_in(console)
    streams = []
    for _ in range(20):  # each holds a thread; pages must still be served
        link = console.connect()
        link.request("GET", "/api/live", headers=headers)
        stream = link.getresponse()
        assert stream.status == 200
        assert stream.readline() == b"retry: 1000\n"
        streams.append((link, stream))
    _link, first = streams[0]
    while first.readline() != b"event: snapshot\n":
        pass
    assert b"E1-1" in first.readline()
    page = console.connect()
    page.request("GET", "/board", headers=headers)
    assert page.getresponse().status == 200
    console.process.send_signal(signal.SIGTERM)
    _out, said = console.process.communicate(timeout=30)
    assert "login user=sue" in said
    assert "Traceback" not in said
    for link, _stream in streams:
        link.close()
