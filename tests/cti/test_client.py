"""The two clients: requests, events, and coming back after the link was lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from mediaserver.cti.client import Address, CtiClient, CtiUnavailable, Patience
from mediaserver.cti.messages import CtiError
from mediaserver.cti.sync import SyncCtiClient
from tests.cti.rig import EPOCH_US, STARTED, Background, rig, run

QUICK = Patience(retry_first_s=0.01, retry_most_s=0.05)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Background]:
    background = Background(tmp_path)
    yield background
    background.close()


def take(events: Iterator[dict[str, Any]], count: int, *but: str) -> list[dict[str, Any]]:
    """The next `count` messages that are not `but`, Idle or Heartbeat."""
    skip = {"Idle", "Heartbeat", *but}
    return list(islice((m for m in events if m["event"] not in skip), count))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/x.sock", Address(path="/run/x.sock")),
        ("var/cti.sock", Address(path="var/cti.sock")),
        ("tcp:127.0.0.1:7700", Address(host="127.0.0.1", port=7700)),
        ("localhost:1", Address(host="localhost", port=1)),
        ("[::1]:7700", Address(host="::1", port=7700)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("text", ["", "host:0", "tcp:host:99999"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Address.parse(text)


# ---- asyncio -------------------------------------------------------------------------


def test_async_client_asks_and_hears(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            heard: list[dict[str, Any]] = []
            client = CtiClient(r.path, patience=QUICK)
            client.listen(heard.append)
            await client.start()
            assert client.greeting["role"] == "admin"
            r.offer("c1")
            assert (await client.request("ping"))["seq"] == EPOCH_US + 1
            assert [m["event"] for m in heard] == ["Connected", "Snapshot", "Offered"]
            with pytest.raises(CtiError) as caught:
                await client.request("hangup", {"call_id": "x"})
            assert caught.value.code == "not_found"
            assert caught.value.hint
            await client.close()
            assert heard[-1]["event"] == "Disconnected"
            with pytest.raises(CtiUnavailable, match="not connected"):
                await client.request("ping")

    run(work)


def test_start_fails_at_once_without_server_or_with_a_wrong_password(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(CtiUnavailable, match="no CTI server at .*: No such file"):
            await CtiClient(tmp_path / "none.sock").start()
        async with rig(tmp_path) as r:
            client = CtiClient(Address(host="127.0.0.1", port=r.server.port), "admin", "no")
            with pytest.raises(CtiError) as caught:
                await client.start()
            assert caught.value.code == "login_failed"
            assert not client.connected

    run(work)


def test_request_without_answer_times_out_and_the_next_works(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.control.hold = asyncio.Event()
            client = CtiClient(r.path)
            await client.start()
            client._patience = Patience(request_s=0.05)
            with pytest.raises(CtiUnavailable, match="no answer"):
                await client.request("agent_state", {"agent": "bob", "state": "ready"})
            client._patience = Patience()
            r.control.hold.set()
            assert await client.request("ping")
            await client.close()

    run(work)


def test_listener_that_fails_does_not_end_the_link(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client = CtiClient(r.path)
            client.listen(lambda message: 1 / 0)
            await client.start()
            r.offer("c1")
            assert await client.request("ping")
            await client.close()

    run(work)


# ---- threads ------------------------------------------------------------------------


def test_sync_requests_from_many_threads(server: Background) -> None:
    with SyncCtiClient(server.rig.path, events=False).connect() as client:

        def ask(n: int) -> dict[str, Any]:
            method = "ping" if n % 2 else "calls"
            return client.request(method)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(100)))
    assert all(("seq" in a) == bool(n % 2) for n, a in enumerate(answers))


def test_sync_over_tcp_with_login(server: Background) -> None:
    address = Address(host="127.0.0.1", port=server.rig.server.port)
    with SyncCtiClient(address, "sue", "secret", events=False).connect() as client:
        assert client.snapshot()["server"]["name"] == "Test"


def test_connect_says_what_is_wrong(tmp_path: Path) -> None:
    client = SyncCtiClient(tmp_path / "none.sock")
    with pytest.raises(CtiUnavailable, match="no CTI server at"):
        client.connect()
    with pytest.raises(CtiUnavailable):
        client.request("ping")
    client.close()


def test_events_begin_with_a_snapshot_and_go_on(server: Background) -> None:
    server.call(server.rig.offer, "c1")
    with SyncCtiClient(server.rig.path) as client:
        assert client.wait_connected(10)
        events = client.events()
        first = next(events)
        assert first["event"] == "Snapshot"
        assert [call["id"] for call in first["snapshot"]["calls"]] == ["c1"]
        server.call(server.rig.offer, "c2")
        assert take(events, 1)[0]["call_id"] == "c2"
        assert [call["id"] for call in client.snapshot()["calls"]] == ["c1", "c2"]
        assert [call["id"] for call in first["snapshot"]["calls"]] == ["c1"]  # its own lists


def test_reader_comes_back_with_the_last_number_it_has(server: Background) -> None:
    with SyncCtiClient(server.rig.path, keep=5) as client:
        assert client.wait_connected(10)
        live = client.events()
        next(live)
        for n in range(10):
            server.call(server.rig.offer, f"c{n}")
            assert take(live, 1)[0]["call_id"] == f"c{n}"
        again = take(client.events(EPOCH_US + 7), 3)
        assert [m["call_id"] for m in again] == ["c7", "c8", "c9"]
        gap = take(client.events(EPOCH_US + 3), 1)
        assert gap[0]["event"] == "Snapshot"
        future = take(client.events(EPOCH_US + 99), 1)
        assert future[0]["event"] == "Snapshot"


def test_heartbeat_reaches_readers(tmp_path: Path) -> None:
    background = Background(tmp_path, heartbeat_s=0.02)
    try:
        with SyncCtiClient(background.rig.path) as client:
            assert client.wait_connected(10)
            beat = next(m for m in client.events() if m["event"] == "Heartbeat")
            assert beat["seq"] == EPOCH_US
    finally:
        background.close()


def test_without_a_server_readers_hear_it_and_are_woken(tmp_path: Path) -> None:
    with SyncCtiClient(tmp_path / "none.sock", patience=QUICK) as client:
        events = client.events(idle_s=0.01)
        assert [m["event"] for m in islice(events, 3)] == ["Disconnected", "Idle", "Idle"]
        assert not client.connected
        with pytest.raises(CtiUnavailable):
            client.snapshot()


def test_link_lost_and_back_loses_no_event(server: Background) -> None:
    """The connection breaks, the server lives: what happened meanwhile is replayed."""
    with SyncCtiClient(server.rig.path, patience=QUICK) as client:
        assert client.wait_connected(10)
        events = client.events()
        next(events)
        server.call(lambda: [c._transport.abort() for c in server.rig.server._connections])
        server.call(server.rig.offer, "meanwhile")
        got = take(events, 3)
        words = [m["event"] for m in got]
        assert sorted(words) == ["Connected", "Disconnected", "Offered"]
        assert words.index("Disconnected") < words.index("Connected")


def test_server_restarted_gives_a_snapshot(server: Background) -> None:
    server.call(server.rig.offer, "lost with the server")
    with SyncCtiClient(server.rig.path, patience=QUICK) as client:
        assert client.wait_connected(10)
        events = client.events()
        assert len(next(events)["snapshot"]["calls"]) == 1
        server.end()
        assert take(events, 1)[0]["event"] == "Disconnected"
        server.begin(STARTED + timedelta(minutes=5))
        got = take(events, 1, "Connected")
        assert got[0]["event"] == "Snapshot"
        assert got[0]["snapshot"]["calls"] == []


def test_close_ends_readers(server: Background) -> None:
    client = SyncCtiClient(server.rig.path).start()
    ended = threading.Event()

    def read() -> None:
        for _ in client.events(idle_s=60):
            pass
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert client.wait_connected(10)
    client.close()
    client.close()
    assert ended.wait(10)
    thread.join()


def test_silent_server_is_given_up(tmp_path: Path) -> None:
    """A peer that accepts and never says a word is no server."""

    async def work() -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        listener = await asyncio.start_unix_server(mute, str(tmp_path / "mute.sock"))
        client = CtiClient(tmp_path / "mute.sock", patience=Patience(request_s=0.05))
        with pytest.raises(CtiUnavailable, match="no answer"):
            await client.start()
        listener.close()

    run(work)
