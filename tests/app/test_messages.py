"""Messages waiting: said through the app's control, shown at the telephone, kept over a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from dsp_ext.callerid import CallerId
from mediaserver.app.control import AppControl
from mediaserver.call.messages import FILE
from mediaserver.cti.messages import CtiError
from mediaserver.lab.plant import Plant
from mediaserver.media.callerid import CallerIdEvent
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds


def display(plant: Plant, port: int) -> list[CallerId | None]:
    """What a telephone's display is told."""
    told: list[CallerId | None] = []
    media = plant.exchange.lines.slots("FXS-1")[port - 1].channel.index
    ear = plant.exchange.session.port(media)

    def note(event: CallerIdEvent) -> None:
        told.append(event.caller)

    ear.caller_id("bell202")
    ear.on_caller_id(note)
    return told


def lamps(plant: Plant) -> list[int]:
    return list(plant.board_of("FXS-1").status()[2]["messages"])


def test_messages_are_shown_until_they_are_gone_also_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path) as plant:
            control = AppControl(plant.app)
            told = display(plant, 3)
            assert control.message_waiting("FXS-1/3", True) == {"waiting": ["FXS-1/3"]}
            assert control.message_waiting("", None) == {"waiting": ["FXS-1/3"]}
            await asyncio.sleep(2)
            assert told == [CallerId(messages_waiting=True)] and lamps(plant) == [3]
            for line in ("FXS-1/99", "E1-1/1", "nowhere", ""):
                with pytest.raises(CtiError):
                    control.message_waiting(line, True)
        async with running(tmp_path) as plant:
            assert lamps(plant) == [3]
            told = display(plant, 3)
            AppControl(plant.app).message_waiting("FXS-1/3", False)
            await asyncio.sleep(2)
            assert told[-1] == CallerId(messages_waiting=False) and lamps(plant) == []
        assert json.loads((tmp_path / FILE).read_text()) == []

    virtually(work)


def test_lines_that_have_gone_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('["FXS-9/1", "FXS-1/2", 7]')

    async def work() -> None:
        async with running(tmp_path) as plant:
            assert plant.app.messages.waiting() == ["FXS-1/2"]
            control = AppControl(plant.app)
            assert control.busy_tones("") == {"tones": {}}
            with pytest.raises(CtiError):
                control.busy_tones("FXO-1/1")

    virtually(work)
