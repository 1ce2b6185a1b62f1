"""What every page carries and never carries: headers, inline code, a caller's markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from mediaserver.db import queries
from mediaserver.db.engine import open_engine
from mediaserver.db.models import CallRow, RecordingRow, StoryRow
from tests.web.conftest import Enter
from tests.web.daemon import Daemon
from tests.web.page import Page, field, inline
from tests.web.world import PASSWORD, World

PAGES = (
    "/board",
    "/calls",
    "/calls/{told}",
    "/calls/{running}",
    "/recordings",
    "/system",
    "/trace",
)
CORPUS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "${alert(1)} `alert(1)`",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x",
    "&lt;b&gt; &#x3c;",
    "\u202eevil\u202c \u0000\u001b[31m",
    "%(name)s %s {0}",
)


@pytest.mark.parametrize("url", [*PAGES, "/login", "/nothing"])
def test_every_answer_carries_the_headers(url: str, enter: Enter, world: World) -> None:
    answer = enter("root").get(url.format(told=world.told, running=world.running))
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("url", PAGES)
def test_no_page_has_inline_code(url: str, language: str, enter: Enter, world: World) -> None:
    headers = {"Accept-Language": language}
    answer = enter("root").get(url.format(told=world.told, running=world.running), headers=headers)
    assert answer.status_code == 200
    assert inline(Page(answer.text)) == []
    assert "https://" not in answer.text.replace("http://www.w3.org", "")  # nothing from elsewhere


def test_static_files_are_kept_for_long_under_their_contents_name(enter: Enter) -> None:
    client = enter("root")
    for link in Page(client.get("/board").text).all("link"):
        assert "?v=" in link["href"]
        answer = client.get(link["href"])
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_scripts_that_others_import_are_asked_for_again(enter: Enter) -> None:
    answer = enter("root").get("/static/js/core.js")
    assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["ETag"]


@pytest.mark.parametrize("name", CORPUS)
def test_a_callers_markup_stays_text(name: str, enter: Enter, world: World) -> None:
    now = datetime(2019, 1, 1, tzinfo=UTC)
    with queries.session(world.settings.database.url) as session:
        call = dict.fromkeys(("flow", "choice", "agent_line", "cause_text", "cleared_by"), name)
        call |= {"line": name, "agent": name, "queue": name, "detail": name, "called": name}
        row = CallRow(
            id="hostile",
            started_utc=now,
            answered_utc=None,
            ended_utc=now,
            direction=name,
            caller=name,
            caller_name=name,
            wait_ms=0,
            talk_ms=0,
            cause=16,
            state="closed",
            **call,
        )
        session.merge(row)
        kinds = ("CallOffered", "DigitsKeyed", "PromptPlayed", "AgentMissed", "LegChanged", name)
        fields = ("caller_name", "caller", "digits", "prompt", "reason", "agent", "party", "role")
        data = dict.fromkeys(fields, name) | {"new": "connected", "leg_id": name}
        for seq, kind in enumerate(kinds):
            session.merge(
                StoryRow(call_id="hostile", seq=seq, media_ms=seq, utc=now, kind=kind, data=data)
            )
        session.merge(
            RecordingRow(
                id="hostile",
                call_id="hostile",
                path=name,
                started_utc=now,
                duration_ms=0,
                octets=0,
                lost_octets=0,
                law="alaw",
                state="closed",
            )
        )
    client = enter("root")
    harmless = {"until": "2019-06-01T00:00"}
    plain = Page(client.get("/calls", query_string=harmless).text)
    for url in ("/calls", "/recordings"):
        text = client.get(url, query_string=harmless).text
        assert inline(Page(text)) == [], url
        assert len(Page(text).all("script")) == len(plain.all("script")) + (url != "/calls") * 2
    story = Page(client.get("/calls/hostile").text)
    assert inline(story) == []
    assert len(story.all("img")) == 1  # the logo


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_typed_into_a_search_stays_text(name: str, enter: Enter) -> None:
    client = enter("root")
    query = {"number": name, "since": name, "until": name, "agent": name, "queue": name}
    for url in ("/calls", "/recordings"):
        answer = client.get(url, query_string={**query, "offset": name})
        assert answer.status_code == 200
        assert inline(Page(answer.text)) == []


def test_errors_look_like_the_console(enter: Enter) -> None:
    answer = enter("root").get("/calls/no-such-call")
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text
    assert Page(answer.text).all("nav")


def test_strangers_get_errors_without_a_menu(app: Flask) -> None:
    answer = app.test_client().get("/nothing")
    assert answer.status_code == 404
    assert not Page(answer.text).all("nav")


def test_a_database_that_is_away_is_a_page_that_says_so(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter("root")
    nowhere = open_engine("sqlite:////nonexistent/place/x.db", 0.01)
    monkeypatch.setitem(app.extensions, "database", nowhere)
    answer = client.get("/calls")
    assert answer.status_code == 503
    assert "database cannot be reached" in answer.text
    assert client.get("/board").status_code == 200  # lives without it
    stranger = app.test_client()
    csrf = field(stranger.get("/login").text, "csrf_token")
    fields = {"csrf_token": csrf, "login": "sue", "password": PASSWORD}
    assert stranger.post("/login", data=fields).status_code == 503


def test_a_fault_shows_no_trace(app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    client = enter("root")
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("the inside of things")

    monkeypatch.setattr("web.views.calls.data.calls", fail)
    answer = client.get("/calls")
    assert answer.status_code == 500
    assert "inside of things" not in answer.text and "Traceback" not in answer.text


def test_health_tells_of_both_halves(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"console": True, "daemon": True}


def test_the_trace_comes_from_the_daemon(enter: Enter) -> None:
    client = enter("tech")
    told = client.get("/api/trace?span=E1-1").json
    assert [row["title"] for row in told["entries"]] == ["SETUP", "RELEASE COMPLETE"]
    assert client.get("/api/trace?span=E1-1&after=7").json["entries"][0]["seq"] == 8
    for url, status in (
        ("/api/trace?span=E1-1&after=x", 400),
        ("/api/trace?span=E1-1&after=" + "9" * 40, 400),
        ("/api/trace?span=", 404),
        ("/api/trace?span=FXS-1", 404),
        ("/trace/E9.pcap", 404),
    ):
        assert client.get(url).status_code == status, url
    file = client.get("/trace/E1-1.pcap")
    assert file.data[:4] == b"\xd4\xc3\xb2\xa1" and b"10086" in file.data
    assert "E1-1.pcap" in file.headers["Content-Disposition"]


def test_counters_come_from_the_daemon(enter: Enter) -> None:
    body = enter("tech").get("/api/counters").json
    assert body["status"]["server"]["engine"]["counters"]["missed_ticks"] == 0
    assert body["link"]["up"] is True


def test_lines_are_told_and_checked(enter: Enter, daemon: Daemon) -> None:
    client = enter("tech")
    text = client.get("/lines").text
    assert (
        "E1-1" in text
        and "3: the two ends are not on one clock" in text
        and 'href="/lines/FXS-1"' in text
    )
    text = client.get("/lines/E1-1").text
    assert "joined in the driver, not measured" in text
    assert "red: no signal or no frame" in text and "17" in text and 'value="bert"' in text
    assert client.get("/lines/E1-9").status_code == 404
    csrf = {"X-CSRFToken": field(text, "csrf_token")}
    good = {"channel": "2", "check": "bert", "seconds": "60", "far": " E1-2/2 "}
    answer = client.post("/lines/E1-1/checks", data=good, headers=csrf)
    assert answer.status_code == 302 and answer.location.endswith("/lines/checks/1")
    assert daemon.control.done[-1] == ("line_check", "E1-1/2", "bert", "60.0", "E1-2/2", "tech")
    for wrong in ({"channel": "x"}, {"check": "no"}, {"seconds": "-1"}, {"seconds": "99999"}):
        answer = client.post("/lines/E1-1/checks", data={**good, **wrong}, headers=csrf)
        assert answer.status_code == 400, wrong
    text = client.get("/lines/checks/1").text
    assert "-47.1 dBm0 of 50 Hz" in text and 'data-every="2"' in text
    assert "Hum, dBm0" in text and "At 150 Hz, dBm0" in text and "said by a newer server" in text
    client.post("/language/zh", data={"csrf_token": csrf["X-CSRFToken"], "next": "/lines"})
    assert "3 次：两端不在同一时钟上" in client.get("/lines").text
    text = client.get("/lines/checks/1").text
    assert "50 Hz 及其谐波 -47.1 dBm0" in text and "接地环路" in text and "交流声，dBm0" in text
    assert "earth loop" not in text and "said by a newer server" in text
    client.post("/lines/checks/1/stop", headers=csrf)
    assert daemon.control.done[-1] == ("line_stop", "1", "tech")
