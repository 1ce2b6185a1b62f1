"""Channels out of service by hand, and calls handed to the exchange, in the whole server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.events import Number
from mediaserver.app.control import AppControl
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from mediaserver.cti.messages import CtiError
from mediaserver.lab.plant import Plant
from tests.app.plants import calls, needs_sounds, running, story, virtually

pytestmark = needs_sounds


def trunk(**span: Any) -> dict[str, Any]:
    """The demo's plant with these settings of its public E1."""
    spans = [
        {"name": "E1-1", "kind": "e1", **span},
        {"name": "E1-2", "kind": "e1", "side": "network"},
        {"name": "FXS-1", "kind": "fxs"},
    ]
    return {"board": [{"name": "virtual", "span": spans}]}


LINES: dict[str, dict[str, Any]] = {
    "euroisdn": {},
    "ni2": {"pri": {"switch": "ni2"}},
    "r2": {"signalling": "mfcr2", "variant": "cn", "r2": {"dnis_length": 6}},
}


def far_call(plant: Plant, channel: int, number: str = "13800000001") -> Leg:
    request = SetupRequest(channel, Number("668800"), Number(number))
    slot = plant.exchange.lines.slot(f"E1-1/{channel}")
    return plant.exchange.lines.dial(slot, "caller", "668800", request)


@pytest.mark.parametrize("kind", LINES)
def test_a_channel_out_of_service_takes_no_call_either_way(tmp_path: Path, kind: str) -> None:
    async def scene() -> None:
        async with running(tmp_path, **trunk(**LINES[kind])) as plant:
            control = AppControl(plant.app)
            told = await control.service("E1-1/1", False, "tech")
            assert told == (kind != "euroisdn")
            await asyncio.sleep(2)
            assert not plant.app.lines.slot("E1-1/1").usable
            assert plant.app.lines.slot("E1-1/1").shown == "blocked"
            assert plant.app.dialler.groups["pstn"].pick().channel.number == 2
            if told:
                with pytest.raises(NoChannel):
                    far_call(plant, 1)
            else:
                leg = far_call(plant, 1)
                await asyncio.sleep(1)
                assert (leg.state, leg.cause) == (LegState.RELEASED, 44)
            await control.service("E1-1/1", True, "tech")
            await asyncio.sleep(2)
            assert plant.app.lines.slot("E1-1/1").shown == "idle"
            leg = far_call(plant, 1)
            await asyncio.sleep(5)
            assert leg.state is LegState.CONNECTED
            leg.clear()
            await asyncio.sleep(1)

    virtually(scene)


@pytest.mark.parametrize("kind", ["euroisdn", "ni2"])
def test_a_call_on_it_goes_on(tmp_path: Path, kind: str) -> None:
    async def scene() -> None:
        async with running(tmp_path, **trunk(**LINES[kind])) as plant:
            leg = far_call(plant, 1)
            await asyncio.sleep(3)
            await AppControl(plant.app).service("E1-1/1", False, "tech")
            await asyncio.sleep(5)
            assert leg.state is LegState.CONNECTED
            leg.clear()
            await asyncio.sleep(2)
            assert plant.app.lines.slot("E1-1/1").shown == "blocked"

    virtually(scene)


@pytest.mark.parametrize("kind", LINES)
def test_a_channel_that_is_restarted_is_idle_at_both_ends(tmp_path: Path, kind: str) -> None:
    async def scene() -> None:
        async with running(tmp_path, **trunk(**LINES[kind])) as plant:
            leg, other = far_call(plant, 1), far_call(plant, 2, "13800000002")
            await asyncio.sleep(5)
            assert leg.state is LegState.CONNECTED
            control = AppControl(plant.app)
            await control.restart("E1-1/1", "tech")
            await asyncio.sleep(5)
            assert leg.state is LegState.RELEASED
            assert leg.cause == (16 if kind == "r2" else 41)  # R2 tells no cause
            assert other.state is LegState.CONNECTED
            assert plant.app.lines.slot("E1-1/1").usable
            again = far_call(plant, 1)
            await asyncio.sleep(5)
            assert again.state is LegState.CONNECTED
            with pytest.raises(CtiError) as error:
                await control.restart("E1-1/16", "tech")
            assert error.value.code == "not_found"

    virtually(scene)


def test_what_cannot_be_served_is_said(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, **trunk(pri={"switch": "ni2"})) as plant:
            control = AppControl(plant.app)
            for name in ("E1-1/16", "E1-9/1", "E1-1/x"):
                with pytest.raises(CtiError) as error:
                    await control.service(name, False, "tech")
                assert error.value.code == "not_found"

    virtually(scene)


async def talk_over(plant: Plant, line: str) -> tuple[Leg, str]:
    """A caller on `line` in talk with an agent on the PBX: their leg at the far end, the call."""
    request = SetupRequest(31 if line == "E1-1" else 1, Number("8101"), Number("13800000001"))
    slot = plant.exchange.lines.slot(f"{line}/{request.channel}")
    plant.exchange.on_ring = answer
    leg = plant.exchange.lines.dial(slot, "caller", "8101", request)
    await asyncio.sleep(3)
    (call,) = plant.app.reception.calls
    return leg, call


def answer(leg: Leg, setup: Any) -> bool:
    leg.answer()
    return True


def direct() -> dict[str, Any]:
    return {"route": [{"called": "8101", "agent": "erin"}]}


def test_a_call_both_of_whose_ends_are_on_one_pri_is_handed_to_the_exchange(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, **direct()) as plant:
            control = AppControl(plant.app)
            leg, call_id = await talk_over(plant, "E1-2")
            assert leg.state is LegState.CONNECTED
            await control.join(call_id, "erin")
            await asyncio.sleep(1)
            rows = plant.app.traces.rows("E1-2", after=0, before=0, last=9, silent=False)
            asked = [e for e in rows["entries"] if e["title"] == "FACILITY"]
            assert [e["direction"] for e in asked][:1] == ["out"]
            # The exchange has joined them: it clears both.
            for each in plant.exchange.lines.legs():
                each.clear()
            await asyncio.sleep(2)
            record = calls(plant)["13800000001"]
            assert (record.cause, record.detail) == (16, "handed to the exchange")
            told = [row.data["what"] for row in story(plant, call_id) if row.kind == "LineTold"]
            assert told == ["joining"]
            with pytest.raises(CtiError) as gone:
                await control.join(call_id, "erin")
            assert gone.value.code == "not_found"

    virtually(scene)


def test_a_call_over_two_lines_is_not(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, **direct()) as plant:
            leg, call_id = await talk_over(plant, "E1-1")
            assert leg.state is LegState.CONNECTED
            with pytest.raises(CtiError, match="not on one PRI"):
                await AppControl(plant.app).join(call_id, "erin")
            assert leg.state is LegState.CONNECTED
            leg.clear()
            await asyncio.sleep(2)
            assert calls(plant)["13800000001"].detail == ""

    virtually(scene)


def test_a_call_with_nobody_to_join_is_not(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path) as plant:
            leg = far_call(plant, 1)
            await asyncio.sleep(3)
            (call_id,) = plant.app.reception.calls
            with pytest.raises(CtiError, match="nobody is in talk"):
                await AppControl(plant.app).join(call_id, "x")
            leg.clear()
            await asyncio.sleep(1)

    virtually(scene)
