"""Records on the bus, in the database: at the offer, each second, at the end, after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mediaserver import events as ev
from mediaserver.bus import Bus
from mediaserver.cdr.service import CallRecords
from mediaserver.clock import Clock, VirtualLoop
from mediaserver.db import queries
from mediaserver.db.store import Store, StoreFull
from mediaserver.recording import wav
from tests.cdr.story import at, leg, offered, served


class Rig:
    """Records on a virtual loop, with a database in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = f"sqlite:///{root}/ms.db"
        self.bus = Bus()
        self.store = Store(self.url, root / "journal.jsonl", 0.05)
        self.records = CallRecords(
            self.bus, self.store, Clock(asyncio.get_running_loop()), law="ulaw"
        )

    def call(self, call_id: str) -> tuple[str, list[str]] | None:
        """State and story of a call as the database has them."""
        with queries.session(self.url) as session:
            row = queries.get_call(session, call_id)
            story = queries.story(session, call_id)
            assert [e.seq for e in story] == list(range(len(story)))
            return (row.state, [e.kind for e in story]) if row else None


def play(root: Path, scene: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        rig = Rig(root)
        await rig.store.start()
        await scene(rig)
        await rig.records.close()
        await rig.store.close()

    loop = VirtualLoop()
    loop.run_until_complete(main())
    loop.close()


def test_the_closed_record_with_its_whole_story_is_durable_before_durable_returns(
    tmp_path: Path,
) -> None:
    async def scene(rig: Rig) -> None:
        story = served()
        for event in story:
            rig.bus.publish(event)
        await rig.records.durable("c1")
        assert rig.call("c1") == ("closed", [type(e).__name__ for e in story])
        with queries.session(rig.url) as session:
            (sound,) = queries.recordings_of(session, "c1")
            assert (sound.state, sound.law, sound.octets) == ("closed", "ulaw", 959_200)

    play(tmp_path, scene)


def test_the_open_row_is_written_at_the_offer_with_what_came_before(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        rig.bus.publish(leg(0, "caller", "offered", "E1-1/7"))
        await asyncio.sleep(5)
        assert rig.call("c1") is None
        rig.bus.publish(offered(5000))
        await rig.store.written()
        assert rig.call("c1") == ("open", ["LegChanged", "CallOffered"])

    play(tmp_path, scene)


def test_story_rows_wait_a_second_at_most_and_share_a_write(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        rig.bus.publish(offered())
        await rig.store.written()
        for n in range(50):
            rig.bus.publish(
                ev.NodeEntered(call_id="c1", **at(n), flow="main", node=str(n), kind="play")
            )
        await asyncio.sleep(0.5)
        assert rig.call("c1") == ("open", ["CallOffered"])
        await asyncio.sleep(0.51)
        await rig.store.written()
        assert rig.call("c1") == ("open", ["CallOffered"] + 50 * ["NodeEntered"])

    play(tmp_path, scene)


def test_agents_moves_for_a_call_are_in_its_story_and_others_are_not(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        rig.bus.publish(offered())
        for call_id in ("c1", None, "never heard of"):
            rig.bus.publish(
                ev.AgentChanged(
                    **at(1), agent="alice", old="ready", new="ringing", reason="", call_id=call_id
                )
            )
        rig.bus.publish(ev.CallEnded(call_id="c1", **at(2), cause=16, cleared_by="caller"))
        await rig.records.durable("c1")
        assert rig.call("c1") == ("closed", ["CallOffered", "AgentChanged", "CallEnded"])
        assert rig.call("never heard of") is None

    play(tmp_path, scene)


def test_what_is_told_after_the_end_is_added(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        *story, stopped, ended = served()
        for event in (*story, ended):
            rig.bus.publish(event)
        await rig.records.durable("c1")
        rig.bus.publish(stopped)
        await asyncio.sleep(1.1)
        await rig.store.written()
        state, kinds = rig.call("c1") or ("", [])
        assert (state, kinds[-2:]) == ("closed", ["CallEnded", "RecordingStopped"])
        with queries.session(rig.url) as session:
            assert queries.recordings_of(session, "c1")[0].state == "closed"

    play(tmp_path, scene)


def test_a_call_that_ends_without_an_offer_still_has_a_record(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        rig.bus.publish(leg(0, "caller", "offered", "E1-1/7"))
        rig.bus.publish(ev.CallEnded(call_id="c1", **at(9), cause=28, cleared_by="system"))
        await rig.records.durable("c1")
        with queries.session(rig.url) as session:
            row = queries.get_call(session, "c1")
            assert row is not None
            assert (row.caller, row.line, row.cause) == ("13800138000", "E1-1/7", 28)

    play(tmp_path, scene)


def test_durable_waits_for_the_end_and_not_for_strangers(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        await rig.records.durable("never heard of")
        rig.bus.publish(offered())
        waiting = asyncio.ensure_future(rig.records.durable("c1"))
        await asyncio.sleep(10)
        assert not waiting.done()
        rig.bus.publish(ev.CallEnded(call_id="c1", **at(9), cause=16, cleared_by="caller"))
        await waiting

    play(tmp_path, scene)


def test_many_calls_at_once_all_have_whole_stories(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        stories = {f"c{n:03}": served(f"c{n:03}", n * 10) for n in range(60)}
        for events in zip(*stories.values(), strict=True):
            for event in events:
                rig.bus.publish(event)
        await asyncio.gather(*(rig.records.durable(call_id) for call_id in stories))
        for call_id, story in stories.items():
            assert rig.call(call_id) == ("closed", [type(e).__name__ for e in story])

    play(tmp_path, scene)


def test_a_record_that_can_be_kept_nowhere_is_an_error_not_a_hang(tmp_path: Path) -> None:
    async def scene(rig: Rig) -> None:
        rig.bus.publish(offered())
        await rig.store.close()
        rig.bus.publish(ev.CallEnded(call_id="c1", **at(9), cause=16, cleared_by="caller"))
        with pytest.raises(StoreFull):
            await rig.records.durable("c1")

    async def main() -> None:
        rig = Rig(tmp_path)
        await rig.store.start()
        await scene(rig)

    asyncio.run(main())


# ---- after a kill ------------------------------------------------------------


def half_a_recording(root: Path, path: str) -> None:
    """A stereo recording whose header still says "empty", with 32 s of sound behind it."""
    file = root / path
    file.parent.mkdir(parents=True)
    file.write_bytes(wav.pack(wav.Header("ulaw", 0)) + b"\xff" * 512_000)


def killed(root: Path) -> None:
    """A run that never ended: one call in talk, one done, a recording open."""

    async def scene(rig: Rig) -> None:
        for event in served("done"):
            rig.bus.publish(event)
        for event in served("talking")[:17]:
            rig.bus.publish(event)
        await asyncio.sleep(2)

    play(root, scene)


def test_a_call_left_open_in_a_conference_has_talked(tmp_path: Path) -> None:
    async def until_killed(rig: Rig) -> None:
        rig.bus.publish(offered())
        rig.bus.publish(ev.ConferenceJoined(call_id="c1", **at(1000), room="70", people=1))
        rig.bus.publish(ev.PromptPlayed(call_id="c1", **at(4000), prompt="x", outcome="done"))
        await asyncio.sleep(2)

    async def afterwards(rig: Rig) -> None:
        assert await rig.records.close_interrupted(tmp_path / "recordings") == ["c1"]
        with queries.session(rig.url) as session:
            row = queries.get_call(session, "c1")
            assert row is not None and row.talk_ms == 3000

    play(tmp_path, until_killed)
    play(tmp_path, afterwards)


def test_calls_left_open_are_closed_where_their_stories_and_recordings_stop(tmp_path: Path) -> None:
    killed(tmp_path)
    half_a_recording(tmp_path / "recordings", "2026/01/05/x.wav")

    async def scene(rig: Rig) -> None:
        assert await rig.records.close_interrupted(tmp_path / "recordings") == ["talking"]
        assert await rig.records.close_interrupted(tmp_path / "recordings") == []
        with queries.session(rig.url) as session:
            row = queries.get_call(session, "talking")
            assert row is not None and row.state == "interrupted"
            # The recording began at 0.25 s and holds 32 s: it tells more than the last event.
            assert row.ended_utc == at(32_250)["utc"]
            assert (row.agent, row.wait_ms, row.talk_ms) == ("alice", 20_000, 2150)
            assert (row.cleared_by, row.cause) == ("system", None)
            end = queries.story(session, "talking")[-1]
            assert (end.kind, end.media_ms) == ("Interrupted", 32_250)
            (sound,) = queries.recordings_of(session, "talking")
            assert (sound.state, sound.octets, sound.duration_ms) == ("rebuilt", 512_000, 32_000)
            done = queries.get_call(session, "done")
            assert done is not None and done.state == "closed"

    play(tmp_path, scene)


def test_a_recording_whose_file_is_gone_is_marked_failed(tmp_path: Path) -> None:
    killed(tmp_path)

    async def scene(rig: Rig) -> None:
        assert await rig.records.close_interrupted(tmp_path / "recordings") == ["talking"]
        with queries.session(rig.url) as session:
            row = queries.get_call(session, "talking")
            assert row is not None and row.ended_utc == at(30_100)["utc"]
            assert queries.recordings_of(session, "talking")[0].state == "failed"

    play(tmp_path, scene)


def test_with_no_database_at_the_start_they_are_closed_when_it_is_back(tmp_path: Path) -> None:
    killed(tmp_path)
    (tmp_path / "ms.db").rename(tmp_path / "aside")
    (tmp_path / "ms.db").mkdir()

    async def scene(rig: Rig) -> None:
        assert await rig.records.close_interrupted(tmp_path / "recordings") == []
        rig.bus.publish(offered(0, "new"))
        await asyncio.sleep(1)
        (tmp_path / "ms.db").rmdir()
        (tmp_path / "aside").rename(tmp_path / "ms.db")
        await asyncio.sleep(60)
        await rig.store.written()
        assert (rig.call("talking") or ("",))[0] == "interrupted"
        assert (rig.call("new") or ("",))[0] == "open"

    play(tmp_path, scene)
