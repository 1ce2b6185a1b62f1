"""The live stream: framing, replay, slow readers, heartbeats, and the truth about the link."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mediaserver.cti.sync import SyncCtiClient
from tests.web.conftest import HASTE, Enter
from tests.web.daemon import LONG, Daemon
from tests.web.scene import Teller
from web import fanout as fanout_module
from web.fanout import BEHIND, Fanout, Message, Subscriber, TooMany
from web.gateway import DoorClosed, Gateway, Refused
from web.views.board import frames


def snapshot(seq: int = 100) -> dict[str, Any]:
    tables: dict[str, Any] = {"spans": [], "calls": [], "queues": [], "agents": [], "alarms": []}
    return {"server": {"name": "x", "started_utc": "t"}, **tables, "seq": seq}


def event(seq: int, **changes: Any) -> dict[str, Any]:
    return {"v": 1, "seq": seq, "event": "Digits", "call_id": "c", "data": {}, "changes": changes}


def call(call_id: str, **more: Any) -> dict[str, Any]:
    return {"id": call_id, "state": "talking", **more}


@pytest.fixture
def fanout() -> Fanout:
    ticks = count()
    made = Fanout(limit=3, kept=5, clock=lambda: f"t{next(ticks)}")
    made.load(snapshot())
    made.link(True)
    return made


def drain(subscriber: Subscriber) -> list[Message]:
    found = []
    while (message := subscriber.next(0.0)) is not None:
        found.append(message)
    return found


def seen(subscriber: Subscriber) -> list[tuple[str, str]]:
    return [(message.kind, message.id) for message in drain(subscriber)]


def test_a_message_is_framed_as_one_event() -> None:
    frame = Message("change", '{"name":"a\\nb"}', "7").frame()
    assert frame == 'id: 7\nevent: change\ndata: {"name":"a\\nb"}\n\n'
    assert Message("beat", "{}").frame() == "event: beat\ndata: {}\n\n"


def test_nothing_a_caller_sends_breaks_the_frame(fanout: Fanout) -> None:
    hostile = "x\n\nevent: snapshot\ndata: {}\r\r\u2028\x00"
    with fanout.subscribe("100") as subscriber:
        fanout.apply(event(101, calls=[call("c", caller_name=hostile)]))
        frame = drain(subscriber)[-1].frame()
    assert len(frame.splitlines()) >= 3
    head, _, rest = frame.partition("data: ")
    assert head == "id: 101\nevent: change\n"
    assert "\n" not in rest[:-2] and "\r" not in rest
    assert json.loads(rest)["changes"]["calls"][0]["caller_name"] == hostile


def test_a_newcomer_gets_the_link_and_a_snapshot(fanout: Fanout) -> None:
    fanout.apply(event(101, calls=[call("c")]))
    with fanout.subscribe() as subscriber:
        link, whole = drain(subscriber)
    assert link.kind == "link" and json.loads(link.data)["link"]["up"] is True
    assert (whole.kind, whole.id) == ("snapshot", "101")
    assert json.loads(whole.data)["calls"] == [call("c")]


def test_who_comes_back_gets_what_was_missed(fanout: Fanout) -> None:
    for seq in (101, 102, 103):
        fanout.apply(event(seq))
    with fanout.subscribe("101") as subscriber:
        assert seen(subscriber) == [("link", ""), ("change", "102"), ("change", "103")]
    with fanout.subscribe("103") as subscriber:
        assert seen(subscriber) == [("link", "")]
    with fanout.subscribe("100") as subscriber:
        assert len(seen(subscriber)) == 4


@pytest.mark.parametrize("last", ["99", "104", "", "x", "-1", "١٠٣", "9" * 40, "1e2", "103 "])
def test_an_unknown_last_id_gets_a_snapshot(last: str, fanout: Fanout) -> None:
    for seq in (101, 102, 103):
        fanout.apply(event(seq))
    with fanout.subscribe(last) as subscriber:
        assert seen(subscriber) == [("link", ""), ("snapshot", "103")]


def test_events_too_old_to_be_kept_become_a_snapshot(fanout: Fanout) -> None:
    for seq in range(101, 111):
        fanout.apply(event(seq))
    with fanout.subscribe("104") as subscriber:
        assert seen(subscriber) == [("link", ""), ("snapshot", "110")]
    with fanout.subscribe("105") as subscriber:
        assert len(seen(subscriber)) == 6


def test_events_come_once_and_in_order(fanout: Fanout) -> None:
    with fanout.subscribe("100") as subscriber:
        for seq in (101, 102, 101, 102, 103):
            fanout.apply(event(seq))
        assert seen(subscriber)[1:] == [("change", str(n)) for n in (101, 102, 103)]


def test_one_who_falls_behind_gets_the_present(fanout: Fanout) -> None:
    with fanout.subscribe() as slow, fanout.subscribe() as quick:
        drain(quick)
        for seq in range(101, 101 + 2 * BEHIND):
            fanout.apply(event(seq, calls=[call("c", n=seq)]))
            quick.next(0.0)
        messages = drain(slow)
        assert [m.kind for m in messages] == ["snapshot", "link"]
        assert json.loads(messages[0].data)["calls"] == [call("c", n=100 + 2 * BEHIND)]
        fanout.apply(event(2000))
        assert seen(slow) == [("change", "2000")]
        assert seen(quick) == [("change", "2000")]


def test_nobody_without_a_place(fanout: Fanout) -> None:
    with fanout.subscribe(), fanout.subscribe(), fanout.subscribe() as last:
        with pytest.raises(TooMany):
            fanout.subscribe()
        fanout.leave(last)
        with fanout.subscribe():
            assert fanout.listeners == 3
    assert fanout.listeners == 0


def test_link_changes_are_told_once(fanout: Fanout) -> None:
    with fanout.subscribe("100") as subscriber:
        drain(subscriber)
        fanout.link(True)
        fanout.link(False, "no answer")
        fanout.link(False, "no answer")
        fanout.link(True)
        links = [json.loads(m.data)["link"]["up"] for m in drain(subscriber)]
    assert links == [False, True]


def test_before_the_first_snapshot_there_is_only_the_link() -> None:
    empty = Fanout()
    empty.apply(event(1))
    with empty.subscribe("5") as subscriber:
        (only,) = drain(subscriber)
    assert only.kind == "link" and json.loads(only.data)["link"]["up"] is False


def test_silence_is_filled_with_beats_and_ends(fanout: Fanout) -> None:
    text = list(frames(fanout.subscribe("100"), 0.0, 3))
    assert text[0] == "retry: 1000\n\n"
    assert [chunk.split("\n")[0] for chunk in text[1:]] == ["event: link"] + ["event: beat"] * 3
    assert json.loads(text[-1].partition("data: ")[2])["link"]["up"] is True
    assert fanout.listeners == 0


def test_a_reader_who_leaves_is_forgotten(fanout: Fanout) -> None:
    stream = frames(fanout.subscribe(), 0.0, 1000)
    next(stream)
    assert fanout.listeners == 1
    stream.close()  # type: ignore[attr-defined]
    assert fanout.listeners == 0


# ---- over HTTP, from a real CTI server -------------------------------------------


def read(enter: Enter, url: str, headers: dict[str, str] | None = None) -> list[str]:
    answer = enter("sue").get(url, headers=headers)
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text.split("\n\n")


def test_the_board_comes_over_the_stream(app: Flask, enter: Enter) -> None:
    chunks = read(enter, "/api/live")
    whole = next(chunk for chunk in chunks if "event: snapshot" in chunk)
    board = json.loads(whole.partition("data: ")[2])
    assert {row["id"] for row in board["calls"]} >= {"c-0001", "c-0008"}
    assert [span["name"] for span in board["spans"]] == ["E1-1", "E1-2", "FXS-1", LONG]
    assert app.extensions["gateway"].fanout.listeners == 0


def test_the_last_id_counts_from_header_or_url(enter: Enter) -> None:
    whole = next(c for c in read(enter, "/api/live") if "event: snapshot" in c)
    last = whole.partition("id: ")[2].partition("\n")[0]
    for url, headers in (
        ("/api/live", {"Last-Event-ID": last}),
        (f"/api/live?last={last}", None),
    ):
        assert not any("event: snapshot" in chunk for chunk in read(enter, url, headers))


def test_too_many_listeners_are_sent_away(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["gateway"].fanout, "_limit", 0)
    answer = enter("sue").get("/api/live")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


def wait_for(subscriber: Subscriber, kind: str, **link: Any) -> Message:
    """The next message of a kind (with that link state); fails after 10 s of silence."""
    while True:
        message = subscriber.next(10.0)
        assert message is not None, f"no {kind} {link}"
        body = json.loads(message.data)
        state = body.get("link", {})
        if message.kind == kind and all(state[name] == value for name, value in link.items()):
            return message


def test_the_daemon_goes_and_comes_back(lone_socket: Path) -> None:
    daemon = Daemon(lone_socket)
    daemon.start()
    gateway = Gateway(SyncCtiClient(lone_socket, patience=HASTE))
    gateway.start()
    with gateway.fanout.subscribe() as browser:
        wait_for(browser, "snapshot")
        daemon.stop()
        wait_for(browser, "link", up=False)
        with pytest.raises(DoorClosed):
            gateway.request("status")
        daemon.start()
        wait_for(browser, "link", up=True)
        daemon.publish(Teller().trouble())
        while "disk" not in (message := browser.next(10.0) or Message("", "disk?")).data:
            pass
        assert message.kind in ("change", "snapshot")
    gateway.close()
    daemon.stop()


def test_without_a_daemon_the_console_says_so(lone_socket: Path) -> None:
    gateway = Gateway(SyncCtiClient(lone_socket, patience=HASTE))
    gateway.start()
    gateway.start()
    with gateway.fanout.subscribe() as browser:
        first = browser.next(10.0)
        assert first is not None and json.loads(first.data)["link"]["up"] is False
    with pytest.raises(DoorClosed):
        gateway.request("status")
    gateway.close()


def test_the_first_who_asks_is_answered(daemon: Daemon) -> None:
    gateway = Gateway(SyncCtiClient(daemon.path, patience=HASTE))
    gateway.start()
    assert gateway.request("status")
    gateway.close()


def test_refusals_become_http_statuses(daemon: Daemon) -> None:
    gateway = Gateway(SyncCtiClient(daemon.path, patience=HASTE))
    gateway.start()
    with gateway.fanout.subscribe() as browser:
        wait_for(browser, "snapshot")
    for method, params, by, status in (
        ("hangup", {"call_id": "none"}, None, 404),
        ("hangup", {"call": 1}, None, 400),
        ("hangup", {"call_id": "c-0001"}, ("tech", "technician"), 403),
        ("nonsense", {}, None, 502),
    ):
        with pytest.raises(Refused) as refused:
            gateway.request(method, params, by)
        assert refused.value.status == status
    gateway.close()


def test_the_kept_events_are_more_than_a_browser_may_be_behind() -> None:
    assert fanout_module.KEPT > BEHIND
