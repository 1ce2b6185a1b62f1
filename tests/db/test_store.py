"""The store on a healthy database, SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from drivers.cause import Cause
from mediaserver.clock import VirtualLoop
from mediaserver.db.models import CallRow, StoryRow
from mediaserver.db.store import Store, StoreFull, Upsert
from tests.db.rows import T0, call, recording, story


def ids(session: Session) -> list[str]:
    return list(session.scalars(select(CallRow.id).order_by(CallRow.id)))


async def opened(url: str, tmp_path: Path) -> Store:
    store = Store(url, tmp_path / "journal.jsonl", 1.0)
    await store.start()
    return store


def test_a_write_is_there_after_a_restart(url: str, tmp_path: Path) -> None:
    async def first() -> None:
        store = await opened(url, tmp_path)
        await store.write([call("a"), story("a", 0, caller="138", legs=("x", "y"))])
        await store.write([call("a", state="closed", cause=16), recording("r", "a")])
        await store.close()

    async def second() -> None:
        store = await opened(url, tmp_path)
        found = await store.read(lambda s: s.get(CallRow, "a"))
        assert found is not None
        assert (found.state, found.cause, found.started_utc) == ("closed", 16, T0)
        told = await store.read(lambda s: s.get(StoryRow, ("a", 0)))
        assert told is not None and told.data == {"caller": "138", "legs": ["x", "y"]}
        await store.close()

    asyncio.run(first())
    asyncio.run(second())
    assert not (tmp_path / "journal.jsonl").exists()


def test_writes_made_at_once_share_transactions_and_keep_their_order(
    url: str, tmp_path: Path
) -> None:
    async def main() -> None:
        store = await opened(url, tmp_path)
        done = [store.write([call("a", talk_ms=n), call(f"b{n:03}")]) for n in range(300)]
        await asyncio.gather(*done)
        assert await store.read(lambda s: s.get_one(CallRow, "a").talk_ms) == 299
        assert len(await store.read(ids)) == 301
        await store.close()

    asyncio.run(main())


def test_a_write_is_all_or_nothing_and_a_refused_one_is_kept_aside(
    url: str, tmp_path: Path
) -> None:
    async def main() -> None:
        store = await opened(url, tmp_path)
        writes = [[call("a")], [call("bad1"), call("bad2", state="odd")], [call("c")]]
        await asyncio.gather(*(store.write(rows) for rows in writes))
        assert await store.read(ids) == ["a", "c"]
        assert store.reached
        await store.close()

    asyncio.run(main())
    kept = (tmp_path / "journal.jsonl.refused").read_text()
    assert "bad1" in kept and "bad2" in kept and '"a"' not in kept


def test_hostile_text_is_stored(url: str, tmp_path: Path) -> None:
    name = "<b>\0\ud800'; DROP TABLE calls; -- 张三"

    async def main() -> None:
        store = await opened(url, tmp_path)
        await store.write(
            [call("a", caller_name=name), story("a", 0, **{"k\0": [name, {"x": name}]})]
        )
        found = await store.read(lambda s: s.get_one(CallRow, "a").caller_name)
        assert found == "<b>\ufffd?'; DROP TABLE calls; -- 张三"
        await store.close()

    asyncio.run(main())


def test_times_come_back_in_utc(url: str, tmp_path: Path) -> None:
    beijing = T0.astimezone(timezone(timedelta(hours=8)))

    async def main() -> None:
        store = await opened(url, tmp_path)
        await store.write([call("a", started_utc=beijing)])
        found = await store.read(lambda s: s.get_one(CallRow, "a").started_utc)
        assert found == T0 and found.tzinfo is UTC
        await store.close()

    asyncio.run(main())


@pytest.mark.parametrize("drop", ["detail", None])
def test_half_a_row_is_refused_at_once(drop: str | None) -> None:
    values: dict[str, Any] = dict(call("a").values)
    if drop:
        del values[drop]
    else:
        values["more"] = 1
    with pytest.raises(ValueError, match="exactly"):
        Upsert("calls", values)


@pytest.mark.parametrize(
    "changes",
    [
        {"started_utc": datetime(2026, 1, 5)},
        {"started_utc": None},
        {"wait_ms": 2**63},
        {"wait_ms": "5"},
        {"caller": None},
        {"caller": b"138"},
    ],
)
def test_a_value_no_database_takes_is_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        call("a", **changes)


def test_odd_values_in_a_story_are_stored_as_what_they_say(url: str, tmp_path: Path) -> None:
    odd = {"cause": Cause.NORMAL, "at": T0, "ratio": float("nan"), "set": {1}, "none": None}

    async def main() -> None:
        store = await opened(url, tmp_path)
        await store.write([story("a", 0, **odd)])
        found = await store.read(lambda s: s.get_one(StoryRow, ("a", 0)).data)
        assert found == {"cause": 16, "at": str(T0), "ratio": "nan", "set": [1], "none": None}
        await store.close()

    asyncio.run(main())


def test_a_caller_who_no_longer_waits_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await opened(sqlite_url, tmp_path)
        store.write([call("a")]).cancel()
        await store.write([call("b")])
        assert await store.read(ids) == ["a", "b"]
        await store.close()

    asyncio.run(main())


def test_a_closed_store_takes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await opened(sqlite_url, tmp_path)
        last = store.write([call("a")])
        await store.close()
        assert last.done() and last.exception() is None
        with pytest.raises(StoreFull):
            await store.write([call("b")])

    asyncio.run(main())


def test_virtual_time_stands_still_while_the_disk_works(sqlite_url: str, tmp_path: Path) -> None:
    loop = VirtualLoop()

    async def main() -> int:
        store = await opened(sqlite_url, tmp_path)
        before = loop.time()
        for n in range(20):
            await store.write([call(f"c{n}")])
        assert loop.time() == before
        count = await store.read(lambda s: s.scalar(select(func.count()).select_from(CallRow)))
        await store.close()
        return count or 0

    assert loop.run_until_complete(main()) == 20
    loop.close()
