"""The whole server on R2 trunks: calls that cross, refused ones, a stop with calls half set up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.events import Number
from mediaserver.call.dialler import NotAnswered, Target
from mediaserver.call.leg import LegState
from mediaserver.call.lines import NoChannel
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Caller
from tests.app.plants import calls, needs_sounds, running, virtually

pytestmark = needs_sounds


def trunk(variant: str, **r2: Any) -> dict[str, Any]:
    """Settings of the demo's plant with its public E1 on R2."""
    spans = [
        {
            "name": "E1-1",
            "kind": "e1",
            "signalling": "mfcr2",
            "variant": variant,
            "r2": {"dnis_length": 6, **r2},
        },
        {"name": "E1-2", "kind": "e1", "side": "network"},
        {"name": "FXS-1", "kind": "fxs"},
    ]
    return {"board": [{"name": "virtual", "span": spans}]}


def far_call(plant: Plant, channel: int, called: str = "668800") -> Any:
    request = SetupRequest(channel, Number(called), Number("13800000001"))
    return plant.exchange.lines.dial(
        plant.exchange.lines.slot(f"E1-1/{channel}"), "caller", called, request
    )


def test_a_channel_the_far_end_has_seized_is_not_hunted(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **trunk("cn")) as plant:
            leg = far_call(plant, 1)
            await asyncio.sleep(0.5)  # its number is still being sent: no call is offered yet
            assert plant.app.lines.slot("E1-1/1").leg is None
            assert plant.app.dialler.groups["pstn"].pick().channel.number == 2
            leg.clear()
            await asyncio.sleep(1)
            assert plant.app.dialler.groups["pstn"].pick().channel.number == 1

    virtually(story)


def test_calls_that_cross_on_one_channel_go_another_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **trunk("cn")) as plant:
            far_call(plant, 1)
            target = Target(party="x", trunk="pstn", number="1380000")
            with pytest.raises(NotAnswered) as refused:
                await plant.app.dialler.place(target, "party", 30)
            assert refused.value.cause == 1  # the exchange has no such number; glare is 44
            tried = {leg.line for leg in plant.app.lines.legs()}
            assert "E1-1/1" not in tried
            await asyncio.sleep(2)
            assert plant.app.dialler.groups["pstn"].pick().channel.number == 1

    virtually(story)


@pytest.mark.parametrize("after_s", [0.1, 1.5, 3.2])
def test_a_stop_while_a_call_is_being_set_up_leaves_nothing(tmp_path: Path, after_s: float) -> None:
    async def story() -> None:
        async with running(tmp_path, **trunk("itu")) as plant:
            leg = far_call(plant, 3)
            await asyncio.sleep(after_s)
        assert plant.app.lines.legs() == []
        assert leg.state in (LegState.DIALLING, LegState.CLEARING, LegState.RELEASED)

    virtually(story)


def test_a_blocked_far_end_leaves_no_channel(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **trunk("br")) as plant:
            for signalling in plant.exchange.lines.signallings():
                if signalling.span.name == "E1-1":
                    signalling.stop()
            await asyncio.sleep(0.2)
            with pytest.raises(NoChannel):
                plant.app.dialler.groups["pstn"].pick()
            with pytest.raises(NoChannel):
                plant.exchange.call(Caller(name="a", line="E1-1", to="668800"), "1")
            assert calls(plant) == {}

    virtually(story)
