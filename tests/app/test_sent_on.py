"""A call from one trunk goes out by another: what its exchange said goes along, and back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.events import Connected, Number, Redirecting, Setup
from mediaserver.call.leg import Leg
from mediaserver.lab.plant import Plant
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds

OUT: dict[str, Any] = {
    "route": [{"called": "7XXX", "out": "pbx"}],
    "trunk_group": [
        {"name": "pstn", "spans": ["E1-1"]},
        {"name": "pbx", "spans": ["E1-2"], "caller": "66880000"},
    ],
}
WITHHELD = 0x20
BEFORE = Redirecting(Number("755100", 2, 1), reason="no reply", count=2)


async def sent_on(
    plant: Plant, answerer: tuple[Number | None, str], **asked: Any
) -> tuple[Setup, Connected]:
    """What the PBX was asked, and what the caller's exchange heard of who answered there."""
    there: list[Setup] = []
    answers: list[Connected] = []
    exchange = plant.exchange.lines

    def offered(leg: Leg, setup: Setup) -> None:
        there.append(setup)
        assert leg.ref is not None
        leg.signalling.answer(leg.ref, *answerer)  # type: ignore[call-arg]

    exchange.on_offer = offered
    request = SetupRequest(1, Number("7001"), **asked)
    caller = exchange.dial(exchange.slot("E1-1/1"), "caller", "x", request)
    hear = caller.on_line
    caller.on_line = lambda event: (  # type: ignore[method-assign]
        answers.append(event) if isinstance(event, Connected) else None,
        hear(event),
    )
    await asyncio.sleep(3)
    caller.clear()
    await asyncio.sleep(2)
    (asked_there,), (answer,) = there, answers
    return asked_there, answer


def through(
    tmp_path: Path, *answerer: Any, board: Any = None, **asked: Any
) -> tuple[Setup, Connected]:
    over = OUT if board is None else {**OUT, "board": board}

    async def story() -> tuple[Setup, Connected]:
        async with running(tmp_path, **over) as plant:
            return await sent_on(plant, answerer, **asked)

    return virtually(story)


def test_sub_addresses_and_who_sent_it_on_go_along_and_who_answers_comes_back(
    tmp_path: Path,
) -> None:
    setup, answer = through(
        tmp_path,
        Number("7099", 4, 1, 1),
        "",
        calling=Number("139", 2, 1),
        calling_subaddress="12",
        called_subaddress="DOOR7",
        redirecting=BEFORE,
    )
    assert (setup.calling.digits, setup.called.digits) == ("66880000", "7001")
    assert (setup.calling_subaddress, setup.called_subaddress) == ("12", "DOOR7")
    assert setup.redirecting == BEFORE
    assert answer.number == Number("7099", 4, 1, 1)


def test_what_is_withheld_goes_no_further(tmp_path: Path) -> None:
    before = Redirecting(Number("755100", 2, 1, WITHHELD), reason="busy")
    setup, answer = through(
        tmp_path,
        Number("7099", 4, 1, WITHHELD),
        "Li",
        calling=Number("139", 2, 1, WITHHELD),
        calling_subaddress="12",
        redirecting=before,
    )
    assert (setup.calling.digits, setup.calling_subaddress) == ("66880000", "")
    assert setup.redirecting is not None
    assert (setup.redirecting.number.digits, setup.redirecting.reason) == ("", "busy")
    assert (answer.number, answer.name) == (None, "")


def test_a_name_alone_goes_along_and_comes_back(tmp_path: Path) -> None:
    spans = [
        {"name": "E1-1", "kind": "e1", "pri": {"switch": "qsig"}},
        {"name": "E1-2", "kind": "e1", "side": "network", "pri": {"switch": "qsig"}},
        {"name": "FXS-1", "kind": "fxs"},
    ]
    board = [{"name": "virtual", "span": spans}]
    setup, answer = through(tmp_path, None, "Li", board=board, name="Wang")
    assert setup.name == "Wang"
    assert answer.name == "Li" and not (answer.number and answer.number.digits)


@pytest.mark.parametrize("answerer", [(), (None, "")])
def test_nothing_is_made_up(tmp_path: Path, answerer: tuple[Any, ...]) -> None:
    setup, answer = through(tmp_path, *answerer, calling=Number("139"))
    assert (setup.calling_subaddress, setup.called_subaddress) == ("", "")
    assert setup.redirecting is None
    assert not setup.calling.withheld
    assert (answer.number, answer.name) == (None, "")
