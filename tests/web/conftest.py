"""One database, one daemon and one console, which forgets between tests, for all of them."""

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
from web.auth import limiter
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


@pytest.fixture(scope="session")
def shared_app(world: World, daemon: Daemon) -> Iterator[Flask]:
    client = SyncCtiClient(world.settings.cti.socket, patience=HASTE)
    gateway = Gateway(client)
    made = create_app(world.settings, gateway)
    made.config.update(HEARTBEAT_S=0.01, STREAM_BEATS=1)
    gateway.start()
    assert client.wait_connected(10)
    yield made
    gateway.close()


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    """The console, with all failed logins forgotten."""
    limiter.reset()
    return shared_app


@pytest.fixture(scope="session")
def cookies() -> dict[str, str]:
    return {}


@pytest.fixture
def enter(app: Flask, cookies: dict[str, str]) -> Enter:
    """`enter("sue")` gives a client that has signed in through the form, now or before."""

    def sign_in(login: str) -> FlaskClient:
        client = app.test_client()
        if login in cookies:
            client.set_cookie("console", cookies[login])
            if client.get("/api/session").status_code == 200:
                return client
            client = app.test_client()
        form = client.get("/login").text
        fields = {"csrf_token": field(form, "csrf_token"), "login": login, "password": PASSWORD}
        answer = client.post("/login", data=fields)
        assert answer.status_code == 302, answer.text
        cookie = client.get_cookie("console")
        assert cookie is not None
        cookies[login] = cookie.value
        return client

    return sign_in


@pytest.fixture
def lone_socket(tmp_path: Path) -> Path:
    return tmp_path / "cti.sock"
