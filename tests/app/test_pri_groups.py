"""The whole server on PRI spans with numbers of their own, and in a group (NFAS)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.events import Digits, Number, Setup
from mediaserver.call.dialler import Target
from mediaserver.call.leg import Leg, LegState
from mediaserver.events import SpanChanged
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, perform, running, virtually

pytestmark = needs_sounds


def lines(**pri: Any) -> dict[str, Any]:
    """The demo's plant with these settings of its public E1."""
    spans = [
        {"name": "E1-1", "kind": "e1", "pri": pri},
        {"name": "E1-2", "kind": "e1", "side": "network"},
        {"name": "FXS-1", "kind": "fxs"},
    ]
    return {"board": [{"name": "virtual", "span": spans}]}


def far_call(plant: Plant, called: str, channel: int = 1, complete: bool = True) -> Leg:
    request = SetupRequest(channel, Number(called), Number("13800000001"), complete=complete)
    slot = plant.exchange.lines.slot(f"E1-1/{channel}")
    return plant.exchange.lines.dial(slot, "caller", called, request)


def test_a_call_to_a_number_of_the_line_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **lines(numbers=["668800", "9XX"])) as plant:
            leg = far_call(plant, "668800")
            await asyncio.sleep(3)
            assert leg.state is LegState.CONNECTED
            leg.clear()
            await asyncio.sleep(1)

    virtually(story)


@pytest.mark.parametrize("digits", [("668801",), ("6", "688", "01")])
def test_a_call_to_another_number_is_refused_and_on_record(
    tmp_path: Path, digits: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with running(tmp_path, **lines(numbers=["668800"])) as plant:
            leg = far_call(plant, digits[0], complete=len(digits) == 1)
            for more in digits[1:]:
                await asyncio.sleep(1)
                leg.signalling.information(leg.ref or 0, more)
            await asyncio.sleep(1)
            assert (leg.state, leg.cause) == (LegState.RELEASED, 1)
            record = calls(plant)["13800000001"]
            assert (record.cause, record.called) == (1, "668801")
            assert record.detail == "not a number of this line"

    virtually(story)


def test_a_call_left_to_others_is_neither_answered_nor_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **lines(numbers=["668800"], others="leave")) as plant:
            leg = far_call(plant, "668801")
            await asyncio.sleep(3)
            assert leg.state is LegState.DIALLING
            assert plant.app.lines.legs() == [] and plant.app.lines.slot("E1-1/1").usable
            await asyncio.sleep(10)  # the exchange asks twice, T303 each
            assert (leg.state, leg.cause) == (LegState.RELEASED, 18)
            assert calls(plant) == {}
            again = far_call(plant, "668800")
            await asyncio.sleep(3)
            assert again.state is LegState.CONNECTED
            again.clear()
            await asyncio.sleep(1)

    virtually(story)


def group() -> dict[str, Any]:
    """Three E1 to the exchange under two D channels, and the telephones."""
    roles = ("primary", "backup", "none")
    spans: list[dict[str, Any]] = [
        {
            "name": f"E1-{place + 1}",
            "kind": "e1",
            "pri": {"nfas": "north", "interface": place, "d_channel": role},
        }
        for place, role in enumerate(roles)
    ]
    names = [span["name"] for span in spans]
    spans.append({"name": "FXS-1", "kind": "fxs"})
    groups = [{"name": "pstn", "spans": names}, {"name": "pbx", "spans": names[:1]}]
    return {"board": [{"name": "virtual", "span": spans}], "trunk_group": groups}


def test_calls_go_on_when_the_line_with_the_d_channel_fails(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, **group()) as plant:
            states: list[SpanChanged] = []
            plant.app.bus.subscribe(SpanChanged, states.append)

            async def fail() -> None:
                await asyncio.sleep(12)
                plant.board_of("E1-1").alarm("E1-1", True)
                await asyncio.sleep(1)
                assert plant.app.lines.slot("E1-3/1").signalling.up

            talk = (
                Step(expect="answered"),
                Step(wait_s=4),
                Step(key="1"),
                Step(hear="partner", within_s=20),
                Step(wait_s=20),
                Step(hang_up=True),
            )
            later = (Step(expect="answered", within_s=5), Step(wait_s=2), Step(hang_up=True))
            failing = asyncio.ensure_future(fail())
            await perform(
                plant,
                caller("anna", "13800000001", *talk, line="E1-3"),
                caller("bert", "13800000002", *later, line="E1-2", at_s=18),
                answerers=(ALICE,),
            )
            await failing
            await asyncio.sleep(2)
            records = calls(plant)
            assert (records["13800000001"].cause, records["13800000001"].line[:5]) == (16, "E1-3/")
            assert records["13800000002"].line.startswith("E1-2/")
            moved = [s for s in states if s.reason.startswith("D channel is that of E1-2")]
            assert {s.span for s in moved} == {"E1-1", "E1-2", "E1-3"}

    virtually(story)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_calls_say_what_their_speech_is_coded_with(tmp_path: Path, law: str) -> None:
    """As the engine's law has it: told otherwise, an exchange would turn speech into noise."""

    async def story() -> list[str]:
        async with running(tmp_path, media={"law": law}) as plant:
            plant.exchange.lines.on_offer = lambda leg, setup: leg.answer()
            leg = await plant.app.dialler.place(Target("x", trunk="pstn", number="1"), "party", 30)
            leg.clear()
            await asyncio.sleep(1)
            rows = plant.app.traces.rows("E1-1", after=0, before=0, last=99, silent=False)
            return [row["hex"] for row in rows["entries"] if row["title"] == "SETUP"]

    (setup,) = virtually(story)
    assert "04038090" + {"alaw": "a3", "ulaw": "a2"}[law] in setup


def test_a_number_goes_out_digit_by_digit(tmp_path: Path) -> None:
    """`sending = "overlap"`: SETUP has the first digits; the exchange says when it has enough."""

    async def story() -> tuple[list[str], str]:
        async with running(tmp_path, **lines(sending="overlap", first_digits=3)) as plant:
            exchange, heard = plant.exchange.lines, []

            def offered(leg: Leg, setup: Setup) -> None:
                assert not setup.complete
                heard.append(setup.called.digits)
                leg.more_digits()

            def more(leg: Leg, event: Digits) -> None:
                heard.append(event.digits)
                if "".join(heard) == "01012345":
                    leg.answer()

            exchange.on_offer, exchange.on_digits = offered, more
            target = Target("x", trunk="pstn", number="01012345")
            leg = await plant.app.dialler.place(target, "party", 30)
            leg.clear()
            await asyncio.sleep(1)
            return heard, leg.line

    heard, line = virtually(story)
    assert heard[0] == "010" and line == "E1-1/1"
