"""One database and one daemon for all tests of the console; a fresh console for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mediaserver.cti.client import Patience
from mediaserver.cti.sync import SyncCtiClient
from tests.web.daemon import Daemon
from tests.web.page import field
from tests.web.scene import Teller
from tests.web.world import PASSWORD, World, make_world
from web.app import create_app
from web.gateway import Gateway

HASTE = replace(Patience(), retry_first_s=0.01, retry_most_s=0.05)

Enter = Callable[[str], FlaskClient]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def daemon(world: World) -> Iterator[Daemon]:
    running = Daemon(world.settings.cti.socket)
    running.start()
    running.publish(Teller().events())
    yield running
    running.stop()


@pytest.fixture
def app(world: World, daemon: Daemon) -> Iterator[Flask]:
    client = SyncCtiClient(world.settings.cti.socket, patience=HASTE)
    gateway = Gateway(client)
    made = create_app(world.settings, gateway)
    made.config["HEARTBEAT_S"] = 0.01
    gateway.start()
    assert client.wait_connected(10)
    yield made
    gateway.close()


@pytest.fixture
def enter(app: Flask) -> Enter:
    """`enter("sue")` gives a client that has signed in through the form."""

    def sign_in(login: str) -> FlaskClient:
        client = app.test_client()
        form = client.get("/login").text
        fields = {"csrf_token": field(form, "csrf_token"), "login": login, "password": PASSWORD}
        answer = client.post("/login", data=fields)
        assert answer.status_code == 302, answer.text
        return client

    return sign_in


@pytest.fixture
def lone_socket(tmp_path: Path) -> Path:
    return tmp_path / "cti.sock"
