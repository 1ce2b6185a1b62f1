"""What befalls a call from around it: missing sounds, a lost database, a full disk, bad frames."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from mediaserver.events import RecordingFailed, SystemAlarm
from mediaserver.lab.scenario import Answerer, Step
from tests.app.plants import (
    ALICE,
    caller,
    calls,
    needs_sounds,
    perform,
    running,
    story,
    virtually,
)

pytestmark = needs_sounds

TALK = (
    Step(expect="answered"),
    Step(wait_s=4),
    Step(key="1"),
    Step(hear="partner", within_s=30),
    Step(wait_s=3.5),
    Step(say="vm-intro"),
    Step(hang_up=True),
)
FLOW = """
name = "holed"
start = "answer"
[node.answer]
kind = "answer"
next = "greeting"
[node.greeting]
kind = "play"
prompts = ["no-such-prompt", "vm-goodbye"]
"""


def test_a_missing_prompt_is_told_and_the_call_goes_on(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "holed.toml").write_text(FLOW, encoding="utf-8")
    over = {
        "flows": {"directory": str(flows)},
        "route": [{"called": "668800", "flow": "holed"}],
    }

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            await perform(plant, caller("anna", "1", Step(expect="released", cause=16)))
            row = calls(plant)["1"]
            played = [s.data for s in story(plant, row.id) if s.kind == "PromptPlayed"]
            assert played[0] == {"prompt": "no-such-prompt", "outcome": "missing"}
            assert played[1] == {"prompt": "vm-goodbye", "outcome": "done"}

    virtually(work)


def test_a_locked_database_stops_no_call_and_loses_no_record(tmp_path: Path) -> None:
    """Locked through the whole of a call; the record waits in the journal and is put back."""

    async def work() -> None:
        over = {"database": {"timeout_s": 0.05}}
        async with running(tmp_path, **over) as plant:
            alarms: list[bool] = []
            plant.bus.subscribe(
                SystemAlarm, lambda e: alarms.append(e.active) if e.name == "database" else None
            )
            lock = sqlite3.connect(tmp_path / "mediaserver.db", isolation_level=None)
            lock.execute("BEGIN EXCLUSIVE")
            await perform(plant, caller("anna", "1", *TALK), answerers=(ALICE,))
            assert plant.app.store.waiting > 0
            lock.execute("ROLLBACK")
            lock.close()
            await asyncio.sleep(120)
            assert plant.app.store.waiting == 0
            assert calls(plant)["1"].state == "closed"
            assert alarms == [True, False]

    virtually(work)


def test_without_room_for_recordings_calls_go_on(tmp_path: Path) -> None:
    async def work() -> None:
        over = {"recording": {"min_free_percent": 99.99}}
        async with running(tmp_path, **over) as plant:
            heard: list[str] = []
            plant.bus.subscribe(RecordingFailed, lambda e: heard.append(e.reason))
            plant.bus.subscribe(SystemAlarm, lambda e: heard.append(e.name))
            await perform(plant, caller("anna", "1", *TALK), answerers=(ALICE,))
            assert "disk" in heard
            assert calls(plant)["1"].agent == "alice"

    virtually(work)


def test_spoiled_frames_bring_down_no_call(tmp_path: Path) -> None:
    """For ten seconds of a talk every D-channel frame may have octets changed."""
    chance = random.Random(5)

    def spoil(frame: bytes) -> bytes:
        octets = bytearray(frame)
        for _ in range(chance.randrange(4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        return bytes(octets)

    async def work() -> None:
        async with running(tmp_path) as plant:
            board = plant.board_of("E1-1")

            async def storm() -> None:
                await asyncio.sleep(9)
                board.fault("E1-1", "near", frame_spoil=spoil)
                await asyncio.sleep(10)
                board.fault("E1-1", "near", frame_spoil=lambda frame: frame)

            talk = (*TALK[:-2], Step(wait_s=12), *TALK[-2:])
            noise = [
                caller(f"noise {n}", f"2{n:03d}", Step(wait_s=2), at_s=9 + n * 0.5)
                for n in range(18)
            ]
            storming = asyncio.ensure_future(storm())
            quiet = Answerer(**{**ALICE.model_dump(), "ring_s": 1})
            anna = caller("anna", "1", *talk)
            await perform(plant, anna, *noise, answerers=(quiet,), judged=("anna", "server"))
            await storming
            assert calls(plant)["1"].cleared_by == "caller"
            await asyncio.sleep(60)
            assert plant.app.lines.legs() == []
            await perform(plant, caller("bert", "3", *TALK), answerers=(ALICE,))

    virtually(work)


def test_all_channels_of_a_trunk_in_use(tmp_path: Path) -> None:
    """Thirty callers hold all thirty channels to the PBX; a telephone finds none: cause 34."""
    over = {"route": [{"called": "8102", "out": "pbx"}]}
    frank = Answerer(
        name="frank", line="E1-2", number="8102", ring_s=1, steps=(Step(wait_s=60, may_clear=True),)
    )

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            crowd = caller("crowd", "13800000001", Step(wait_s=20), to="8102", count=30)
            late = caller(
                "late",
                "",
                Step(hear="tone:dial"),
                Step(key="8102"),
                Step(wait_s=5, may_clear=True),
                line="FXS-1/5",
                to="",
                at_s=5,
            )
            await perform(plant, crowd, late, answerers=(frank,))
            rows = calls(plant)
            assert len(rows) == 31
            assert rows[""].cause == 34
            assert rows[""].called == "8102"

    virtually(work)


def test_a_line_that_babbles_does_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with running(tmp_path) as plant:
            board = plant.board_of("E1-1")
            frame = bytes.fromhex("0201080808020001057000")  # an empty called number
            for _ in range(500):
                board.span("E1-1").frame_arrived(frame)
                await asyncio.sleep(0.1)
            told = [r.getMessage() for r in caplog.records if "information element" in r.message]
            assert told[0].startswith("E1-1: information element: 0x70 at 5")
            assert len(told) == 20
            await asyncio.sleep(60)
            board.span("E1-1").frame_arrived(frame)
            assert "E1-1: 480 more lines not shown" in caplog.text

    virtually(story)
