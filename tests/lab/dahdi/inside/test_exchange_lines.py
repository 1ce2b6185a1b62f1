"""Exchange lines on the real modules: who calls in each scheme, and each sign of a hanging up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.cause import Cause
from drivers.events import Number
from drivers.signalling.analog.callerid import schemes
from mediaserver.call.leg import LegState
from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import Scenario
from tests.app.plants import running

#: Of ../system.conf: pairs of two ports each, the exchange lines' first.
PAIRS = [(near, near + 1) for near in range(13, 21, 2)]
VIRTUAL = [
    {"name": "E1-1", "kind": "e1"},
    {"name": "E1-2", "kind": "e1", "side": "network"},
    {"name": "FXS-1", "kind": "fxs"},
]
GROUPS = [{"name": "pstn", "spans": ["E1-1"]}, {"name": "pbx", "spans": ["E1-2"]}]


def settings(lines: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An exchange line of each name, with its `analog`; its calls go to the main menu."""
    cards = [
        {"name": name, "kind": "fxo", "ports": 1, "dahdi": near, "far_dahdi": far, "analog": analog}
        for (name, analog), (near, far) in zip(lines.items(), PAIRS, strict=False)
    ]
    return {
        "board": [
            {"name": "virtual", "span": VIRTUAL},
            {"name": "cards", "type": "dahdi", "span": cards},
        ],
        "trunk_group": [*GROUPS, *({"name": name, "spans": [name]} for name in lines)],
        "route": [{"called": "*", "trunk": name, "flow": "main"} for name in lines],
    }


def play(
    callers: list[dict[str, Any]],
    over: dict[str, Any],
    data_dir: Path,
    answerers: Sequence[dict[str, Any]] = (),
) -> None:
    """All must go as scripted."""
    scenario = {"title": "lines", "settings": over, "caller": callers, "answerer": answerers}
    played = perform(Scenario.model_validate(scenario), virtual=False, data_dir=data_dir)
    print(played.to_json())
    assert [verdict for verdict in played.verdicts if not verdict.ok] == []
    assert played.calls == len(callers)


@pytest.mark.parametrize(
    "names", [schemes()[at : at + len(PAIRS)] for at in range(0, len(schemes()), len(PAIRS))]
)
def test_who_calls_is_told_in_every_scheme_there_is(names: tuple[str, ...], tmp_path: Path) -> None:
    """Where a scheme reverses the wires, the driver cannot: what goes in band is enough."""
    nameless = ("bellcore-sdmf", "dtmf-ac", "dtmf-dc", "dtmf-hash")
    callers = [
        {
            "name": name,
            "line": f"{name}/1",
            "number": f"1380000000{place}",
            "display": "Anna",
            "at_s": 7 * place,
            "steps": [{"expect": "answered", "within_s": 20}, {"wait_s": 1}, {"hang_up": True}],
            "record": {"caller_name": "" if name in nameless else "Anna", "cause": 16},
        }
        for place, name in enumerate(names)
    ]
    play(callers, settings({name: {"caller_id": name} for name in names}), tmp_path)


def test_each_sign_of_a_hanging_up_ends_a_call_by_itself(tmp_path: Path) -> None:
    """The exchange gives the one sign that the line is set to take, and no other."""
    signs = {"silence": {"silence_s": 5}, "busy": {}, "current": {}}
    callers = [
        {
            "name": sign,
            "line": f"{sign}/1",
            "number": f"1380000000{place}",
            "at_s": 5 * place,
            "steps": [
                {"expect": "answered", "within_s": 20},
                {"hear": "sound"},
                {"wait_s": 1},  # what comes right after the line is closed DAHDI takes for chatter
                {"hang_up": True},
            ],
            "record": {"cause": 16, "cleared_by": "caller"},
        }
        for place, sign in enumerate(signs)
    ]
    lines = {sign: {"disconnect": [sign], **more} for sign, more in signs.items()}
    play(callers, settings(lines), tmp_path)


def test_a_number_is_dialled_by_pulses(tmp_path: Path) -> None:
    over = settings({"line": {"dial": "pulse"}})
    over["route"] = [{"called": "7*", "out": "line", "strip": 1}]
    dave = {
        "name": "dave's phone",
        "line": "FXS-1/4",
        "steps": [
            {"hear": "tone:dial", "within_s": 3},
            {"key": "75031"},
            {"hear": "demo-thanks", "within_s": 40},
            {"hang_up": True},
        ],
    }
    uncle = {
        "name": "uncle",
        "line": "line",
        "number": "5031",
        "steps": [{"say": "demo-thanks", "may_clear": True}],
    }
    play([dave], over, tmp_path, [uncle])


def test_a_line_without_dial_tone_is_not_dialled_on(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **settings({"line": {}})) as plant:
            seized = []
            plant.exchange.lines.on_offer = lambda leg, setup: seized.append(leg)
            slot = plant.app.lines.slot("line/1")
            leg = plant.app.lines.dial(slot, "party", "5551", SetupRequest(1, Number("5551")))
            await leg.wait(LegState.RELEASED)
            assert leg.cause == Cause.NETWORK_OUT_OF_ORDER and len(seized) == 1

    asyncio.run(work())


@pytest.mark.parametrize("on", [True, False])
def test_that_messages_wait_is_told_to_a_telephone_on_the_hook(tmp_path: Path, on: bool) -> None:
    span = {"name": "FXS-1", "kind": "fxs", "ports": 2, "dahdi": 14, "far_dahdi": 13}
    over = settings({})
    over["board"] = [
        {"name": "virtual", "span": VIRTUAL[:2]},
        {"name": "cards", "type": "dahdi", "span": [span]},
    ]
    over |= {"agent": [], "queue": [], "extension": [{"number": "201", "line": "FXS-1/1"}]}
    over["route"] = [{"called": "*", "extension": "dialled"}]

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            told: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
            (telephone,) = (s for s in plant.exchange.lines.slots("FXS-1") if s.channel.number == 2)
            media = plant.exchange.session.port(telephone.channel.index)
            media.caller_id("bell202")
            media.on_caller_id(lambda event: told.set_result(event.caller.messages_waiting))
            plant.app.lines.slot("FXS-1/2").signalling.set_message_waiting(2, on)
            async with asyncio.timeout(20):
                assert await told is on

    asyncio.run(work())
