"""Who may do what: every route against every role, and against strangers."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.conftest import Enter
from tests.web.daemon import Daemon
from tests.web.page import field
from tests.web.world import World

ROLE = {"root": "admin", "sue": "supervisor", "alice": "agent", "tech": "technician"}
ALL = frozenset(ROLE.values())
STAFF = frozenset({"admin", "supervisor"})

#: Method and URL → the roles that may.
GETS = {
    "/": ALL,
    "/board": ALL,
    "/api/session": ALL,
    "/calls": ALL,
    "/calls/{told}": ALL,
    "/recordings": STAFF | {"agent"},
    "/recordings/{alices}.wav": STAFF | {"agent"},
    "/api/recordings/{alices}/waveform": STAFF | {"agent"},
    "/trace": STAFF | {"technician"},
    "/api/trace?span=E1-1": STAFF | {"technician"},
    "/trace/E1-1.pcap": STAFF | {"technician"},
    "/lines": STAFF | {"technician"},
    "/lines/E1-1": STAFF | {"technician"},
    "/lines/checks/1": STAFF | {"technician"},
    "/system": STAFF | {"technician"},
    "/api/counters": STAFF | {"technician"},
}
POSTS = {
    "/api/calls/c-0001/hangup": STAFF,
    "/api/agents/alice/state": STAFF | {"agent"},
    "/api/agents/bob/state": STAFF,
    "/lines/E1-1/checks": STAFF | {"technician"},
    "/lines/checks/1/stop": STAFF | {"technician"},
    "/language/en": ALL,
    "/logout": ALL,
}
OPEN = {"/login", "/healthz", "/language/zh"}


def fill(url: str, world: World) -> str:
    return url.format(told=world.told, alices=world.alices)


def token(client: FlaskClient) -> str:
    return field(client.get("/board").text, "csrf_token")


@pytest.mark.parametrize("login", ROLE)
def test_pages_open_for_the_roles_that_may(login: str, enter: Enter, world: World) -> None:
    client = enter(login)
    for url, roles in GETS.items():
        status = client.get(fill(url, world)).status_code
        if ROLE[login] in roles:
            assert status in (200, 302), (url, status)
        else:
            assert status == 403, (url, status)


@pytest.mark.parametrize("login", ROLE)
def test_actions_are_done_for_the_roles_that_may(login: str, enter: Enter, daemon: Daemon) -> None:
    client = enter(login)
    csrf = {"X-CSRFToken": token(client)}
    for url, roles in POSTS.items():
        daemon.control.done.clear()
        data = {"state": "ready", "channel": "2", "check": "hum"}
        answer = client.post(url, data=data, headers=csrf)
        if ROLE[login] in roles:
            assert answer.status_code in (200, 302), (url, answer.text)
        else:
            assert answer.status_code == 403, (url, answer.status_code)
            assert not daemon.control.done


def test_strangers_are_led_to_the_login_page(app: Flask, world: World) -> None:
    client = app.test_client()
    for url in GETS:
        answer = client.get(fill(url, world))
        if url.startswith("/api/"):
            assert answer.status_code == 401, url
        else:
            assert answer.status_code == 302 and "/login" in answer.location, url


@pytest.mark.parametrize("url", [*POSTS, "/login"])
def test_a_post_without_a_token_is_refused(url: str, enter: Enter, daemon: Daemon) -> None:
    client = enter("root")
    daemon.control.done.clear()
    assert client.post(url, data={"state": "ready"}).status_code == 400
    wrong = client.post(url, data={"state": "ready"}, headers={"X-CSRFToken": "forged"})
    assert wrong.status_code == 400
    assert not daemon.control.done


@pytest.mark.parametrize("url", POSTS)
def test_actions_cannot_be_done_by_get(url: str, enter: Enter) -> None:
    assert enter("root").get(url).status_code in (404, 405)


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    unguarded = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        and not hasattr(app.view_functions[rule.endpoint], "permission")
    ]
    assert not unguarded


def test_every_route_is_in_the_table(app: Flask, world: World) -> None:
    routes = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
    urls = app.url_map.bind("localhost")
    tried = {
        urls.match(fill(url, world).partition("?")[0], method=method, return_rule=True)[0].rule
        for table, method in ((GETS, "GET"), (POSTS, "POST"), (OPEN - {"/language/zh"}, "GET"))
        for url in table
    }
    assert routes - tried == {"/api/live"}  # tried in test_stream.py


def test_the_daemon_hears_in_whose_name(enter: Enter, daemon: Daemon) -> None:
    client = enter("sue")
    daemon.control.done.clear()
    headers = {"X-CSRFToken": token(client)}
    client.post("/api/calls/c-0002/hangup", headers=headers)
    client.post("/api/agents/bob/state", data={"state": "away", "reason": "lunch"}, headers=headers)
    assert daemon.control.done == [
        ("hangup", "c-0002", "sue"),
        ("agent", "bob", "away", "lunch"),
    ]


def test_what_the_daemon_refuses_is_said(enter: Enter) -> None:
    client = enter("sue")
    headers = {"X-CSRFToken": token(client)}
    unknown = client.post("/api/calls/none/hangup", headers=headers)
    assert unknown.status_code == 404 and "none" in unknown.text
    wrong = client.post("/api/agents/bob/state", data={"state": "asleep"}, headers=headers)
    assert wrong.status_code == 400
    assert "<" not in unknown.text  # an answer for scripts, not a page


def test_agents_see_their_own_calls_and_recordings_only(enter: Enter, world: World) -> None:
    client = enter("alice")
    assert client.get(f"/calls/{world.told}").status_code == 200
    assert client.get(f"/calls/{world.running}").status_code == 404  # bob's
    page = client.get("/calls?agent=bob").text
    assert world.running not in page
    assert world.told in page
    assert client.get(f"/recordings/{world.bobs}.wav").status_code == 404
    assert client.get(f"/api/recordings/{world.bobs}/waveform").status_code == 404
    listed = client.get("/recordings").text
    assert world.alices in listed and world.bobs not in listed


def test_technicians_see_calls_but_hear_nothing(enter: Enter, world: World) -> None:
    client = enter("tech")
    story = client.get(f"/calls/{world.told}").text
    assert world.alices not in story
    assert "data-player" not in story
