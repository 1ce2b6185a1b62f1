"""Faults of simulated lines set over CTI, as for a drill, in the whole server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mediaserver.app.control import AppControl
from mediaserver.cti.messages import CtiError
from mediaserver.cti.methods import FaultsParams, LineFaults, parse
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds


def test_an_alarm_is_set_and_ended(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as plant:
            control = AppControl(plant.app)
            assert control.faults(FaultsParams(span="E1-1")) == {}
            alarm = FaultsParams(span="E1-1", settings=LineFaults(alarm=True))
            assert control.faults(alarm) == {"alarm": True}
            await asyncio.sleep(5)
            assert not plant.app.lines.slot("E1-1/1").usable
            assert control.faults(FaultsParams(span="E1-1", clear=True)) == {}
            await asyncio.sleep(20)
            assert plant.app.lines.slot("E1-1/1").usable

    virtually(scene)


def test_a_channel_alone_is_made_worse(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as plant:
            asked = FaultsParams(span="E1-1", channel=3, settings=LineFaults(bit_error_rate=1e-3))
            assert AppControl(plant.app).faults(asked) == {"bit_error_rate/3": 1e-3}

    virtually(scene)


@pytest.mark.parametrize(
    ("asked", "code", "names"),
    [
        ({"span": "E1-7"}, "not_found", "E1-7"),
        ({"span": "E1-1", "settings": {"delay_ms": 900.0}}, "bad_params", "delay_ms"),
        ({"span": "E1-1", "settings": {"cas": "11"}}, "bad_params", "cas"),
        ({"span": "E1-1", "channel": 99, "settings": {"delay_ms": 5.0}}, "bad_params", "99"),
    ],
)
def test_what_cannot_be_set_is_said(
    tmp_path: Path, asked: dict[str, Any], code: str, names: str
) -> None:
    async def scene() -> None:
        async with running(tmp_path) as plant:
            with pytest.raises(CtiError, match=names) as refused:
                AppControl(plant.app).faults(parse(FaultsParams, asked))
            assert refused.value.code == code

    virtually(scene)
