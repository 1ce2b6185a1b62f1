"""Signing in: sessions, forged redirects, guessing."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mediaserver.db import queries
from mediaserver.db.models import User
from tests.web.conftest import Enter
from tests.web.page import field
from tests.web.world import PASSWORD, World
from web.security import safe_next

AWAY = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "/ /evil.example",
    "http:evil.example",
    "//[::1",
    "",
]


def attempt(client: FlaskClient, login: str, password: str, url: str = "/login") -> int:
    csrf = field(client.get("/login").text, "csrf_token")
    fields = {"csrf_token": csrf, "login": login, "password": password}
    return client.post(url, data=fields).status_code


@pytest.mark.parametrize("target", AWAY)
def test_no_redirect_leads_away(target: str, app: Flask) -> None:
    assert safe_next(target, "/board") == "/board"
    client = app.test_client()
    csrf = field(client.get("/login").text, "csrf_token")
    fields = {"csrf_token": csrf, "login": "sue", "password": PASSWORD}
    answer = client.post("/login", query_string={"next": target}, data=fields)
    assert answer.location == "/board"


@pytest.mark.parametrize("target", ["/calls", "/calls?number=138&offset=50", "/calls/a-b"])
def test_the_page_asked_for_comes_after_login(target: str) -> None:
    assert safe_next(target, "/board") == target


def test_a_stranger_comes_back_to_where_they_wanted(app: Flask) -> None:
    answer = app.test_client().get("/calls?number=138")
    assert "next=/calls?number%3D138" in answer.location or "next=%2Fcalls" in answer.location


def test_the_cookie_is_out_of_scripts_reach(app: Flask) -> None:
    answer = app.test_client().get("/login")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_a_session_is_new_after_login(app: Flask) -> None:
    client = app.test_client()
    client.get("/login")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    attempt(client, "sue", PASSWORD)
    with client.session_transaction() as session:
        assert "planted" not in session
        first = session["sid"]
    other = app.test_client()
    attempt(other, "sue", PASSWORD)
    with other.session_transaction() as session:
        assert session["sid"] != first


def test_a_copied_cookie_dies_with_the_logout(app: Flask, enter: Enter) -> None:
    client = enter("sue")
    cookie = client.get_cookie("console")
    assert cookie is not None
    csrf = field(client.get("/board").text, "csrf_token")
    client.post("/logout", data={"csrf_token": csrf})
    assert client.get("/board").status_code == 302
    thief = app.test_client()
    thief.set_cookie("console", cookie.value)
    assert thief.get("/board").status_code == 302


def test_a_new_password_or_a_switched_off_user_ends_the_session(enter: Enter, world: World) -> None:
    url = world.settings.database.url
    with queries.session(url) as session:
        queries.create_user(session, "leaver", "Leaver", "supervisor", PASSWORD)
    client = enter("leaver")
    assert client.get("/board").status_code == 200
    with queries.session(url) as session:
        queries.set_password(session, "leaver", PASSWORD)
    assert client.get("/board").status_code == 302
    again = enter("leaver")
    with queries.session(url) as session:
        user = queries.get_user(session, "leaver")
        assert isinstance(user, User)
        user.active = False
    assert again.get("/board").status_code == 302
    assert attempt(again, "leaver", PASSWORD) == 401


def test_wrong_name_and_wrong_password_look_the_same(app: Flask) -> None:
    pages = []
    for login, password in (("sue", "wrong password"), ("nobody", "wrong password")):
        client = app.test_client()
        csrf = field(client.get("/login").text, "csrf_token")
        fields = {"csrf_token": csrf, "login": login, "password": password}
        answer = client.post("/login", data=fields)
        assert answer.status_code == 401
        pages.append(answer.text.replace(login, "X"))
        assert "wrong password" not in answer.text
    csrfs = [field(page, "csrf_token") for page in pages]
    assert pages[0].replace(csrfs[0], "") == pages[1].replace(csrfs[1], "")


def test_guessing_is_stopped_and_others_are_not(app: Flask) -> None:
    client = app.test_client()
    seen = [attempt(client, "sue", "guess") for _ in range(7)]
    assert seen == [401] * 5 + [429] * 2
    assert attempt(client, "SUE", PASSWORD) == 429
    assert attempt(client, "bob", PASSWORD) == 302


def test_one_address_cannot_try_many_names(app: Flask) -> None:
    client = app.test_client()
    csrf = field(client.get("/login").text, "csrf_token")
    seen = []
    for number in range(32):
        long = "x" * 300  # refused before any hashing
        fields = {"csrf_token": csrf, "login": f"user{number}", "password": long}
        seen.append(client.post("/login", data=fields).status_code)
    assert seen == [401] * 30 + [429] * 2


def test_passwords_are_never_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        attempt(app.test_client(), "sue", "a secret nobody may read")
    assert "login refused login='sue'" in caplog.text
    assert "a secret nobody may read" not in caplog.text


def test_the_login_page_lists_nobody(app: Flask) -> None:
    page = app.test_client().get("/login").text
    assert all(login not in page for login in ("alice", "tech", PASSWORD))


def test_whoever_is_signed_in_needs_no_login_page(enter: Enter) -> None:
    assert enter("sue").get("/login?next=//evil.example").location == "/board"


@pytest.mark.parametrize("junk", ["", "x", "1", "1:", ":", "99999999999999999999:aa", "1:zz"])
def test_a_session_of_junk_is_no_session(junk: str, app: Flask) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = junk
        session["sid"] = "s"
    assert client.get("/board").status_code == 302
