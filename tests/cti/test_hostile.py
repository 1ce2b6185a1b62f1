"""Clients that flood, do not read, dawdle, or speak nonsense: dropped, and nobody else harmed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaserver.cti.messages import CtiError, as_request, decode, request_id
from tests.cti.rig import EPOCH_US, Raw, Rig, rig, run

PING = b'{"v":1,"id":1,"method":"ping"}\n'


async def still_served(r: Rig) -> None:
    client = await r.admin()
    assert (await client.ask("ping"))["ok"]
    client.close()


async def last_words(client: Raw) -> str:
    """The error code of the last line before the server closes."""
    lines = await client.rest()
    assert lines, "closed without a word"
    return lines[-1]["error"]["code"]


def test_client_that_never_reads_is_dropped_and_others_hear_everything(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, keep=10_000) as r:
            deaf, good = await r.admin(), await r.admin()
            deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
            await deaf_subscribe(deaf)
            await good.ask("subscribe")
            heard = []
            for n in range(8000):
                r.offer(f"c{n}", "x" * 200)
                if n % 50 == 49:
                    heard += [(await good.event())["seq"] for _ in range(50)]
            assert r.server.dropped == 1
            assert r.server.counters()["connections"] == 1
            assert heard == [EPOCH_US + 1 + n for n in range(8000)]
            assert (await good.ask("ping"))["ok"]

    async def deaf_subscribe(deaf: Raw) -> None:
        deaf.send(b'{"v":1,"id":9,"method":"subscribe"}\n')
        await deaf.writer.drain()
        await asyncio.sleep(0)

    run(work)


def test_snapshots_that_are_never_read_count_too(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, request_burst=1e9) as r:
            for n in range(500):
                r.offer(f"c{n}", "x" * 200)
            greedy = await r.admin()
            greedy.reader._transport.pause_reading()  # type: ignore[attr-defined]
            other = await r.admin()
            while not r.server.dropped:
                greedy.send(b'{"v":1,"id":9,"method":"snapshot"}\n')
                assert (await other.ask("ping"))["ok"]

    run(work)


def test_flood_gets_one_error_and_is_closed(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, requests_per_s=0.0, request_burst=20, linger_s=5) as r:
            client = await r.tcp()
            client.send(PING * 10_000)
            lines = await client.rest()
            assert [line["ok"] for line in lines] == [True] * 20 + [False]
            assert lines[-1]["error"]["code"] == "too_many_requests"
            client.close()
            await still_served(r)

    run(work)


def test_requests_read_but_not_answered_stop_the_reading(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, max_pending=4) as r:
            r.control.hold = asyncio.Event()
            client = await r.admin()
            slow = {"v": 1, "method": "agent_state", "params": {"agent": "bob", "state": "ready"}}
            for n in range(30):
                client.send(json.dumps({**slow, "id": n}).encode() + b"\n")
                await asyncio.sleep(0)
            await still_served(r)
            r.control.hold.set()
            answers = [await client.read() for _ in range(30)]
            assert [a["id"] for a in answers if a] == list(range(30))
            assert len(r.control.done) == 30

    run(work)


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_line_over_64_kib_is_refused(tmp_path: Path, ending: bytes) -> None:
    async def work() -> None:
        async with rig(tmp_path, linger_s=5) as r:
            client = await r.tcp()
            client.send(b"x" * (64 * 1024 + 1) + ending)
            assert await last_words(client) == "line_too_long"
            client.close()
            fits = await r.admin()
            fits.send(b" " * (64 * 1024 - len(PING) + 1) + PING)
            reply = await fits.read()
            assert reply is not None
            assert reply["ok"]
            fits.close()

    run(work)


GARBAGE = [
    b"\xff\xfe\x00nonsense",
    b"GET / HTTP/1.1\r",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"null",
    b"[]",
    b"1" * 60_000,
    b'{"v":1,"id":1,"method":"ping","params":{"x":NaN}}',
    b'{"v":2,"id":1,"method":"ping"}',
    b'{"v":1,"id":true,"method":"ping"}',
    b'{"v":1,"id":[1],"method":"ping"}',
    b'{"v":1,"id":"' + b"x" * 100 + b'","method":"ping"}',
    b'{"v":1,"id":1,"method":7}',
    b'{"v":1,"id":1,"method":"ping","params":[]}',
    b'{"v":1,"id":1,"method":"ping","extra":1}',
    b'{"v":1,"id":1}',
    b"{",
    b'{"v":1,"id":1,"method":"\\ud800"}',
    b'{"v":1,"id":"\\ud800","method":"ping\\u0000"}',
]


def test_garbage_is_answered_and_the_connection_lives(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            client = await r.admin()
            for line in GARBAGE:
                client.send(line + b"\n")
                reply = await client.read()
                assert reply is not None
                assert reply["ok"] is False, line[:60]
                assert reply["error"]["code"] in ("bad_request", "unknown_method"), reply
            assert (await client.ask("ping"))["ok"]

    run(work)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["v", "id", "method", "params", "as", "login", "role"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_line_is_a_request_or_a_named_refusal(line: bytes) -> None:
    with contextlib.suppress(CtiError):
        message = decode(line)
        request_id(message)
        as_request(message)


def test_no_login_in_time_is_closed(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, login_s=0.01, linger_s=5) as r:
            client = await r.tcp()
            client.send(PING)
            assert await last_words(client) == "timeout"
            client.close()

    run(work)


def test_login_in_time_ends_the_watch(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path) as r:
            good, late = await r.admin(), await r.tcp()
            await late.ask("ping")
            watched = {
                c.identity is None: c._login_timer is not None for c in r.server._connections
            }
            assert watched == {False: False, True: True}
            good.close()

    run(work)


def test_slow_loris_is_closed_though_it_keeps_sending(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, line_s=0.05, linger_s=5) as r:
            client = await r.admin()
            dripping = True

            async def drip() -> None:
                while dripping:
                    client.send(b" ")
                    await asyncio.sleep(0.005)

            task = asyncio.create_task(drip())
            assert await last_words(client) == "timeout"
            dripping = False
            await task
            client.close()
            await still_served(r)

    run(work)


def test_caps_on_connections_per_address_and_in_all(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, connections_per_address=3, connections=5) as r:
            kept = [await r.tcp() for _ in range(3)]
            for client in kept:
                await client.ask("ping")
            one_more = await r.tcp()
            assert await last_words(one_more) == "too_many_connections"
            local = [await r.admin(), await r.admin()]  # another address, up to the total
            assert await last_words(await r.unix()) == "too_many_connections"
            kept[0].close()
            while r.server.counters()["connections"] == 5:
                await local[0].ask("ping")
            again = await r.tcp()
            assert (await again.ask("ping"))["ok"]
            assert r.server.refused == 2

    run(work)


def test_closed_client_that_keeps_pouring_is_cut(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, linger_s=60, max_unsent=64 * 1024, max_line=100) as r:
            client = await r.tcp()
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    client.send(b"x" * 65536)
                    await client.writer.drain()
            while r.server.counters()["connections"]:
                await asyncio.sleep(0)

    run(work)


def test_replay_to_a_reader_that_stopped_ends_when_events_are_gone(tmp_path: Path) -> None:
    async def work() -> None:
        async with rig(tmp_path, keep=3000, linger_s=0.02) as r:
            for n in range(3000):
                r.offer(f"c{n}", "x" * 300)
            client = await r.admin()
            client.reader._transport.pause_reading()  # type: ignore[attr-defined]
            client.send(
                b'{"v":1,"id":2,"method":"subscribe","params":{"from_seq":%d}}\n' % EPOCH_US
            )
            other = await r.admin()
            await other.ask("ping")
            for n in range(4000):
                r.offer(f"d{n}", "x" * 300)
            assert r.server.dropped == 0  # it holds up nothing and costs little: let it be
            client.reader._transport.resume_reading()  # type: ignore[attr-defined]
            lines = await client.rest()
            assert lines[-1]["error"]["code"] == "snapshot_needed"
            seqs = [m["seq"] for m in lines if "event" in m]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))

    run(work)
