"""Trunk groups in the whole server: an exchange refuses, and where the call goes then."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.events import Number, Setup
from mediaserver.call.dialler import NotAnswered, Target
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds


def groups(**first: Any) -> dict[str, Any]:
    """The demo's plant with its public E1 followed by the other one."""
    rule = {"match": "0*", "strip": 1, "prepend": "86", "type": "international"}
    return {
        "trunk_group": [
            {"name": "pstn", "spans": ["E1-1"], "then": "pbx", "caller": "668800", **first},
            {"name": "pbx", "spans": ["E1-2"], "rule": [rule]},
        ]
    }


async def dialled(tmp_path: Path, cause: int, **first: Any) -> tuple[list[str], list[Setup]]:
    """Lines on which the exchange saw the call, each with what it was sent; E1-1 refuses."""
    async with running(tmp_path, **groups(**first)) as plant:
        lines: list[str] = []
        setups: list[Setup] = []

        def offered(leg: Leg, setup: Setup) -> None:
            lines.append(leg.line)
            setups.append(setup)
            if leg.channel.span == "E1-1":
                leg.clear(cause)
            else:
                leg.answer()

        plant.exchange.lines.on_offer = offered
        target = Target(party="x", trunk="pstn", number="01012345")
        try:
            leg = await plant.app.dialler.place(target, "party", 30, calling="8001")
            leg.clear()
        except NotAnswered as refused:
            assert refused.cause == cause
            lines.append("not answered")
        return lines, setups


@pytest.mark.parametrize("cause", [34, 38, 41, 42, 44, 47])
def test_no_circuit_there_is_tried_once_more_and_then_elsewhere(tmp_path: Path, cause: int) -> None:
    lines, setups = virtually(lambda: dialled(tmp_path, cause))
    assert lines[0] != lines[1]  # another channel of the same trunk
    assert [line.partition("/")[0] for line in lines] == ["E1-1", "E1-1", "E1-2"]
    first, _again, other = setups
    assert (first.called.digits, first.calling.digits) == ("01012345", "668800")
    assert (other.called.digits, other.called.ton) == ("861012345", 1)
    assert other.calling.digits == "8001"


@pytest.mark.parametrize("cause", [1, 17, 21, 27])
def test_what_speaks_of_the_called_party_is_the_answer(tmp_path: Path, cause: int) -> None:
    lines, _ = virtually(lambda: dialled(tmp_path, cause))
    assert lines == ["E1-1/1", "not answered"]


def test_the_causes_are_the_groups_own(tmp_path: Path) -> None:
    lines, _ = virtually(lambda: dialled(tmp_path, 27, then_on=[27]))
    assert [line.partition("/")[0] for line in lines] == ["E1-1", "E1-1", "E1-2"]
    lines, _ = virtually(lambda: dialled(tmp_path, 34, then_on=[27]))
    assert lines == ["E1-1/1", "not answered"]


def test_a_line_that_fails_before_the_answer_is_given_up(tmp_path: Path) -> None:
    """By an alarm (27), or by its D channel, on which T303 runs out twice (102)."""

    async def story(fail: str) -> list[str]:
        async with running(tmp_path, **groups()) as plant:
            lines: list[str] = []

            def offered(leg: Leg, setup: Setup) -> None:
                lines.append(leg.line.partition("/")[0])
                if lines[-1] == "E1-2":
                    leg.answer()

            plant.exchange.lines.on_offer = offered
            target = Target(party="x", trunk="pstn", number="01012345")
            placed = asyncio.ensure_future(plant.app.dialler.place(target, "party", 60))
            await asyncio.sleep(1)
            board = plant.board_of("E1-1")
            if fail == "alarm":
                board.alarm("E1-1", True, "near")
            elif fail == "D channel":
                board.d_channel("E1-1", False)
            leg = await placed
            lines.append(leg.line.partition("/")[0])
            leg.clear()
            return lines

    assert virtually(lambda: story("alarm")) == ["E1-1", "E1-2", "E1-2"]
    assert virtually(lambda: story("D channel")) == ["E1-1", "E1-2", "E1-2"]
    # An exchange that takes SETUP and says nothing: one more channel, then elsewhere.
    assert virtually(lambda: story("nothing")) == ["E1-1", "E1-1", "E1-2", "E1-2"]


@pytest.mark.parametrize(("group", "ours"), [("pstn", (4, 5, 6)), ("pbx", (1, 2, 3))])
def test_both_ends_take_the_same_channels_at_once(
    tmp_path: Path, group: str, ours: tuple[int, ...]
) -> None:
    """Glare: the network's calls stay where they are, the user's go to other channels (5.7)."""

    async def story() -> None:
        plain = [{"name": n, "spans": [s]} for n, s in (("pstn", "E1-1"), ("pbx", "E1-2"))]
        async with running(tmp_path, trunk_group=plain) as plant:
            span = "E1-1" if group == "pstn" else "E1-2"
            far = plant.exchange.lines
            far.on_offer = lambda leg, setup: leg.answer()
            theirs = [
                far.dial(far.slot(f"{span}/{n}"), "x", "1", SetupRequest(n, Number("668800")))
                for n in (1, 2, 3)
            ]
            place = plant.app.dialler.place
            placed = [place(Target("x", trunk=group, number="1"), "party", 30) for _ in range(3)]
            legs = await asyncio.gather(*placed)
            await asyncio.sleep(2)
            assert sorted(leg.line for leg in legs) == [f"{span}/{n}" for n in ours]
            if group == "pstn":
                assert [leg.state for leg in theirs] == [LegState.CONNECTED] * 3
            else:
                assert [leg.cause for leg in theirs] == [44] * 3
            for leg in (*legs, *theirs):
                leg.clear()
            await asyncio.sleep(2)

    virtually(story)


def test_a_party_that_does_not_answer_in_time_was_reached(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with running(tmp_path, **groups(then_on=[19])) as plant:
            lines: list[str] = []
            plant.exchange.lines.on_offer = lambda leg, setup: (
                lines.append(leg.line),
                leg.alerting(),
            )
            target = Target(party="x", trunk="pstn", number="1")
            with pytest.raises(NotAnswered, match="no answer"):
                await plant.app.dialler.place(target, "party", 5)
            return lines

    assert virtually(story) == ["E1-1/1"]


def test_without_another_group_the_last_refusal_counts(tmp_path: Path) -> None:
    lines, _ = virtually(lambda: dialled(tmp_path, 42, then=""))
    assert [line.partition("/")[0] for line in lines] == ["E1-1", "E1-1", "not answered"]


def test_channels_kept_for_the_other_direction_are_not_used(tmp_path: Path) -> None:
    """Thirty channels, 29 kept for either side's calls: one goes each way, no second."""

    async def story() -> None:
        kept = groups(keep_for_incoming=29, then="")
        kept["trunk_group"][1] |= {"keep_for_outgoing": 29}
        async with running(tmp_path, **kept) as plant:
            plant.exchange.lines.on_offer = lambda leg, setup: leg.answer()
            target = Target(party="x", trunk="pstn", number="1")
            leg = await plant.app.dialler.place(target, "party", 30)
            with pytest.raises(NoChannel) as full:
                await plant.app.dialler.place(target, "party", 30)
            assert full.value.cause == 34
            leg.clear()

            far = plant.exchange.lines
            legs = [
                far.dial(far.slot(f"E1-2/{n}"), "x", "8001", SetupRequest(n, Number("8001")))
                for n in (1, 2)
            ]
            await asyncio.sleep(1)
            assert [leg.cause for leg in legs] == [None, 34]
            legs[0].clear()
            await asyncio.sleep(1)

    virtually(story)
