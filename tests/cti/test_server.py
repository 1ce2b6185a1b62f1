"""Login, roles, requests, events and replay, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from mediaserver import events as ev
from mediaserver.cti.methods import METHODS
from mediaserver.cti.server import CannotListen
from tests.cti.rig import EPOCH_US, Rig, rig, run


def test_local_peer_is_admin_after_hello_and_socket_is_private(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            assert stat.S_IMODE(r.path.stat().st_mode) == 0o600
            client = await r.unix()
            assert (await client.ask("snapshot"))["error"]["code"] == "not_logged_in"
            hello = (await client.ask("hello"))["result"]
            assert (hello["login"], hello["role"], hello["protocol"]) == ("local", "admin", 1)
            assert (await client.ask("snapshot"))["ok"]
        assert not r.path.exists()

    run(work)


def test_tcp_must_log_in(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client = await r.tcp()
            assert (await client.ask("hello"))["result"]["login"] is None
            for method in ("snapshot", "subscribe", "status", "calls", "hangup", "faults"):
                assert (await client.ask(method))["error"]["code"] == "not_logged_in"
            wrong = await client.ask("login", login="admin", password="no")
            assert wrong["error"]["code"] == "login_failed"
            right = await client.ask("login", login="admin", password="secret")
            assert right["result"]["role"] == "admin"
            assert (await client.ask("status"))["ok"]

    run(work)


def test_logins_are_limited_by_address_and_login(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, login_failures=3) as r:
            for _ in range(3):
                client = await r.tcp()
                await client.ask("login", login="admin", password="no")
                client.close()
            client = await r.tcp()
            reply = await client.ask("login", login="admin", password="secret")
            assert reply["error"]["code"] == "too_many_attempts"
            assert "wait" in reply["error"]["hint"]
            assert r.verified == ["admin"] * 3  # the fourth was not even tried
            assert (await client.ask("login", login="sue", password="secret"))["ok"]

    run(work)


def test_login_with_database_gone_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client = await r.tcp()
            reply = await client.ask("login", login="broken", password="x")
            assert reply["error"]["code"] == "unavailable"

    run(work)


PARAMS = {
    "hangup": {"call_id": "c1"},
    "join": {"call_id": "c1"},
    "service": {"line": "E1-1/7", "in_service": False},
    "restart": {"line": "E1-1/7"},
    "agent_state": {"agent": "bob", "state": "ready"},
    "faults": {"span": "E1-1"},
    "trace": {"span": "E1-1"},
    "line": {"span": "E1-1"},
    "line_check": {"line": "E1-1/1", "checks": ["figures"]},
    "line_result": {"id": 1},
    "line_stop": {"id": 1},
}


@pytest.mark.parametrize("login", ["admin", "sue", "alice", "tech"])
def test_every_method_by_role_table(tmp_path: Path, login: str) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.offer("c1")
            client = await r.user(login)
            role = {"sue": "supervisor", "alice": "agent", "tech": "technician"}.get(login, login)
            for method in METHODS.values():
                if method.name == "login":
                    continue
                reply = await client.ask(method.name, **PARAMS.get(method.name, {}))
                allowed = role in method.roles and not (role == "agent" and method.own)
                assert reply["ok"] == allowed, (method.name, reply)
                if not allowed:
                    assert reply["error"]["code"] == "denied"

    run(work)


def test_agent_may_act_for_itself_and_its_own_call(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.offer("c1")
            r.publish(ev.AgentAnswered, call_id="c1", queue="sales", agent="alice", waited_ms=5)
            client = await r.user("alice")
            assert (await client.ask("join", call_id="c1"))["ok"]
            assert (await client.ask("hangup", call_id="c1"))["ok"]
            assert (await client.ask("agent_state", agent="alice", state="ready"))["ok"]
            away = await client.ask("agent_state", agent="alice", state="away")
            assert away["error"]["code"] == "bad_params"
            assert (await client.ask("hangup", call_id="none"))["error"]["code"] == "denied"
            assert (await client.ask("join", call_id="none"))["error"]["code"] == "denied"
            assert r.control.done == [
                ("join", "c1", "alice"),
                ("hangup", "c1", "alice"),
                ("set_agent", "alice", "ready", ""),
            ]

    run(work)


def test_console_asks_for_a_person_with_that_persons_role(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.offer("c1")
            console = await r.admin()
            alice = {"login": "alice", "role": "agent"}
            assert (await console.ask("hangup", acting=alice, call_id="c1"))["error"][
                "code"
            ] == "denied"
            sue = {"login": "sue", "role": "supervisor"}
            assert (await console.ask("hangup", acting=sue, call_id="c1"))["ok"]
            assert r.control.done == [("hangup", "c1", "sue")]
            stranger = await r.user("alice")
            reply = await stranger.ask("hangup", acting={"login": "x", "role": "admin"})
            assert reply["error"]["code"] == "denied"
            odd = await console.ask("ping", acting={"login": "x", "role": "king"})
            assert odd["error"]["code"] == "bad_request"

    run(work)


def test_refusals_name_what_is_wrong(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client = await r.admin()
            cases = [
                (("frobnicate", {}), "unknown_method", "frobnicate"),
                (("hangup", {}), "bad_params", "call_id"),
                (("hangup", {"call_id": 7}), "bad_params", "call_id"),
                (("hangup", {"call_id": "x", "by": 1}), "bad_params", "by"),
                (("hangup", {"call_id": "gone"}), "not_found", "gone"),
                (("agent_state", {"agent": "eve", "state": "ready"}), "not_found", "eve"),
                (("agent_state", {"agent": "bob", "state": "logged_out"}), "conflict", "bob"),
                (("faults", {"span": "E1-9"}), "not_found", "E1-9"),
                (("faults", {"span": "E1-1", "settings": {"storm": 1}}), "bad_params", "storm"),
                (("faults", {"span": "E1-1", "settings": {"slip": "x"}}), "bad_params", "slip"),
                (("faults", {"span": "E1-1", "settings": {"loop": True}}), "internal", "faults"),
            ]
            for (method, params), code, names in cases:
                error = (await client.ask(method, **params))["error"]
                assert error["code"] == code
                assert names in error["message"]
            assert (await client.ask("ping"))["ok"]

    run(work)


def test_events_follow_the_subscription_in_order(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client, quiet = await r.admin(), await r.admin()
            r.offer("before")
            assert (await client.ask("subscribe"))["result"]["seq"] == EPOCH_US + 1
            for n in range(5):
                r.offer(f"c{n}", "王小明")
            got = [await client.event() for _ in range(5)]
            assert [m["seq"] for m in got] == [EPOCH_US + 2 + n for n in range(5)]
            assert [m["call_id"] for m in got] == [f"c{n}" for n in range(5)]
            assert got[0]["event"] == "Offered"
            assert got[0]["changes"]["calls"][0]["caller_name"] == "王小明"
            assert (await quiet.ask("ping"))["ok"]
            assert quiet.events == []

    run(work)


def test_replay_from_a_number_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            first = await r.admin()
            await first.ask("subscribe")
            for n in range(10):
                r.offer(f"c{n}")
            heard = [(await first.event())["seq"] for _ in range(4)]
            first.close()
            again = await r.admin()
            await again.ask("subscribe", from_seq=heard[-1])
            r.offer("new")
            got = [await again.event() for _ in range(7)]
            assert [m["seq"] for m in got] == [heard[-1] + 1 + n for n in range(7)]
            assert got[-1]["call_id"] == "new"

    run(work)


@pytest.mark.parametrize("from_seq", [0, -1, EPOCH_US + 4, EPOCH_US + 11, 2**70])
def test_gap_asks_for_a_snapshot(tmp_path: Path, from_seq: int) -> None:
    async def work() -> None:
        async with rig(tmp_path, keep=5) as r:
            for n in range(10):
                r.offer(f"c{n}")
            client = await r.admin()
            reply = await client.ask("subscribe", from_seq=from_seq)
            assert reply["error"]["code"] == "snapshot_needed"
            snapshot = (await client.ask("snapshot"))["result"]
            assert len(snapshot["calls"]) == 10
            assert (await client.ask("subscribe", from_seq=snapshot["seq"]))["ok"]

    run(work)


def test_long_replay_is_paced_and_complete(tmp_path: Path) -> None:
    """More than 1 MB of old events reach a client that reads late, none twice."""

    async def work() -> None:
        async with rig(tmp_path, keep=10_000, max_unsent=512 * 1024) as r:
            for n in range(4000):
                r.offer(f"c{n}", "x" * 200)
            client = await r.admin()
            await client.ask("subscribe", from_seq=EPOCH_US)
            for n in range(10):
                r.offer(f"late{n}")
            got = [(await client.event())["seq"] for _ in range(4010)]
            assert got == [EPOCH_US + 1 + n for n in range(4010)]
            assert r.server.dropped == 0

    run(work)


def test_heartbeat_bears_the_newest_number(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, heartbeat_s=0.02) as r:
            client = await r.admin()
            r.offer("c1")
            await client.ask("subscribe")
            beat = await client.event()
            assert (beat["event"], beat["seq"]) == ("Heartbeat", EPOCH_US + 1)

    run(work)


def test_status_counts_without_rows(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.offer("c1")
            r.publish(ev.Queued, call_id="c1", queue="sales", position=1)
            r.publish(ev.ChannelChanged, span="E1-1", channel=3, state="talking", call_id="c1")
            client = await r.admin()
            status = (await client.ask("status"))["result"]
            assert status["totals"]["calls"] == {"offered": 1}
            assert status["totals"]["agents"] == {"logged_out": 2}
            assert [(s["name"], s["channels"], s["in_use"]) for s in status["spans"]] == [
                ("E1-1", 30, 1),
                ("FXS-1", 8, 0),
            ]
            assert status["queues"][0]["waiting"] == 1
            assert status["server"]["engine"]["counters"] == {
                "ticks": 100,
                "missed_ticks": 0,
                "kernel_ns.mix": 7.5,
            }
            assert status["cti"]["connections"] == 1

    run(work)


# ---- addresses ---------------------------------------------------------------------


def test_port_in_use_names_address_and_next_step(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            second = Rig(tmp_path / "other")
            with pytest.raises(CannotListen) as caught:
                await second.server.start(second.path, "127.0.0.1", r.server.port)
            text = str(caught.value)
            assert f"127.0.0.1:{r.server.port} is in use" in text
            assert "[cti] port" in text
            assert not second.path.exists()  # nothing is left behind

    run(work)


def test_socket_in_use_is_not_taken_away(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            second = Rig(tmp_path)
            with pytest.raises(CannotListen, match="in use.*running already"):
                await second.server.start(second.path)
            client = await r.admin()
            assert (await client.ask("ping"))["ok"]

    run(work)


def test_stale_socket_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        import socket

        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(tmp_path / "cti.sock"))
        stale.close()
        async with rig(tmp_path) as r:
            assert (await (await r.admin()).ask("ping"))["ok"]

    run(work)


def test_a_file_in_the_sockets_place_is_kept(tmp_path: Path) -> None:
    async def work() -> None:
        (tmp_path / "cti.sock").write_text("precious")
        r = Rig(tmp_path)
        with pytest.raises(CannotListen, match="move it away"):
            await r.server.start(r.path)
        assert r.path.read_text() == "precious"

    run(work)


def test_no_such_address(tmp_path: Path) -> None:
    async def work() -> None:
        r = Rig(tmp_path)
        with pytest.raises(CannotListen, match=r"192\.0\.2\.1:0 is no address of this machine"):
            await r.server.start(None, "192.0.2.1", 0)

    run(work)


def test_close_ends_clients_and_a_hanging_one_is_cut(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            polite, deaf = await r.admin(), await r.admin()
        assert await polite.read() is None
        del deaf
        assert r.server.counters()["connections"] == 0

    run(work)


def test_request_under_way_is_finished_though_its_client_left(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            r.control.hold = asyncio.Event()
            client = await r.admin()
            client.send(
                b'{"v":1,"id":1,"method":"agent_state","params":{"agent":"bob","state":"ready"}}\n'
            )
            other = await r.admin()
            await other.ask("ping")
            client.writer.transport.abort()
            for _ in range(3):
                await other.ask("ping")
            r.control.hold.set()
            while r.server.counters()["connections"] > 1:
                await asyncio.sleep(0)
            assert r.control.done == [("set_agent", "bob", "ready", "")]

    run(work)


def test_client_that_ends_its_input_gets_every_answer(tmp_path: Path) -> None:
    """As `printf … | nc -NU` does."""

    async def work() -> None:
        async with rig(tmp_path) as r:
            client = await r.unix()
            for ident, method in ((1, "hello"), (2, "calls"), (3, "ping")):
                client.send(b'{"v":1,"id":%d,"method":"%s"}\n' % (ident, method.encode()))
            client.writer.write_eof()
            assert [line["id"] for line in await client.rest()] == [1, 2, 3]

    run(work)


def test_socket_path_too_long_is_told(tmp_path: Path) -> None:
    async def work() -> None:
        r = Rig(tmp_path / ("x" * 120))
        with pytest.raises(CannotListen, match=r"too long.*\[cti\] socket"):
            await r.server.start(r.path)

    run(work)


def test_only_our_own_user_and_root_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            monkeypatch.setattr("mediaserver.cti.server._UCRED", OtherUser())
            stranger = await r.unix()
            assert (await stranger.ask("hello"))["result"]["login"] is None
            assert (await stranger.ask("snapshot"))["error"]["code"] == "not_logged_in"
            assert (await stranger.ask("login", login="sue", password="secret"))["ok"]

    class OtherUser:
        size = 12

        def unpack(self, raw: bytes) -> tuple[int, int, int]:
            return 1, 65534, 65534

    run(work)
