"""What only real time can show: a killed server, a killed console, a thread that holds the GIL."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import soundfile

from mediaserver.lab import check as lab_check
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.console import ConsoleProcess
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import RecordCheck, Scenario, Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, queries, virtually
from tests.app.plants import running as running_virtually

pytestmark = needs_sounds

#: Long enough to be seen in a recording, short beside the 16 s a tap's ring holds.
HOG_S = 10.0
TALK_S = 5.0


def test_a_killed_server_leaves_a_playable_recording_and_a_closed_record(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.app.killable", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "talking\n"
        threading.Event().wait(TALK_S)  # real time must pass: it is what is recorded
        server.kill()

    async def restart() -> None:
        async with running_virtually(tmp_path) as plant:
            row = calls(plant)["1"]
            assert row.state == "interrupted"
            assert row.agent == "alice"
            assert row.ended_utc is not None
            with queries.session(plant.settings.database.url) as session:
                recording = queries.recordings_of(session, row.id)[0]
            assert recording.state == "rebuilt"
            path = Path(plant.settings.recording.directory) / recording.path
            heard = soundfile.info(path)
            assert heard.channels == 2
            # The queue's waiting is in it too; at most the last second and a block are not.
            assert heard.duration >= TALK_S - 1.2
            assert recording.duration_ms == round(heard.duration * 1000)

    virtually(restart)


def hold_the_gil(seconds: float) -> None:
    """Keep every other Python thread from running, as a misbehaving extension does."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


def test_a_held_gil_and_a_killed_console_are_not_heard(tmp_path: Path) -> None:
    """Four talks; in their middle Python stands still and the console dies. All is recorded."""
    record = RecordCheck(state="closed", cleared_by="caller", recorded=True)
    talk = (
        Step(expect="answered"),
        Step(wait_s=3.5),
        Step(key="1"),
        Step(hear="partner", within_s=30),
        Step(wait_s=3.5),
        Step(say="vm-intro"),
        Step(hang_up=True),
    )
    lines = {"alice": "FXS-1/1", "bob": "FXS-1/2"}
    answerers = tuple(
        ALICE.model_copy(update={"name": name, "line": line}) for name, line in lines.items()
    )
    people = [
        caller(f"caller {n}", f"1380000000{n}", *talk, record=record, at_s=n * 0.3)
        for n in range(len(lines))
    ]

    async def work() -> None:
        over = {"web": {"port": 18089}, "cti": {"port": 0}}
        plant = Plant(lab_settings.make(tmp_path, over))
        await plant.start(cti=True)
        console = ConsoleProcess(plant.settings)
        try:
            await console.start()
            assert await plant.lines_up()
            scenario = Scenario(title="t", caller=tuple(people), answerer=answerers)
            run = Run(plant, scenario)
            performing = asyncio.ensure_future(run.perform())
            while not plant.app.session.open_bridges:
                await asyncio.sleep(0.05)
            await asyncio.sleep(4.5)  # into the callers' speech
            os.kill(console.pid, signal.SIGKILL)
            hold_the_gil(HOG_S)
            assert [v for v in await performing if not v.ok] == []
            _whole(plant, run)
        finally:
            await console.stop()
            await plant.stop()

    asyncio.run(work())


def _whole(plant: Plant, run: Run) -> None:
    with queries.session(plant.settings.database.url) as session:
        root = Path(plant.settings.recording.directory)
        checked = lab_check.check(session, run.conversations, root, 0)
    assert [fault for each in checked for fault in each.deviations] == []
    assert plant.octets_lost() == {}
