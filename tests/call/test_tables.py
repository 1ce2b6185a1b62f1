"""The state tables themselves: every state has a row, is reached, and leads to an end."""

from __future__ import annotations

import logging
from enum import Enum
from pathlib import Path

import pytest

from mediaserver.acd import agent
from mediaserver.call import call, leg
from mediaserver.table import StateTable
from tests.call.diagrams import page

TABLES = [leg.TABLE, call.TABLE, agent.TABLE]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_sound(table: StateTable) -> None:
    assert table.problems() == []


#: What can happen whatever else does, and the state it must lead to in the end: the line drops
#: a leg, somebody ends a call, an agent's phone is let go of and the agent is set ready.
ALWAYS: list[tuple[StateTable, tuple[Enum, ...], Enum]] = [
    (leg.TABLE, (leg.LegEvent.RELEASED,), leg.LegState.RELEASED),
    (call.TABLE, (call.CallInput.END, call.CallInput.SETTLED), call.CallState.ENDED),
    (
        agent.TABLE,
        (agent.AgentInput.MISS, agent.AgentInput.FINISH, agent.AgentInput.READY),
        agent.AgentState.READY,
    ),
]


@pytest.mark.parametrize(("table", "events", "goal"), ALWAYS, ids=lambda x: getattr(x, "name", ""))
def test_a_table_is_total_and_has_no_dead_end(
    table: StateTable, events: tuple[Enum, ...], goal: Enum
) -> None:
    """Every event in every state gives a state or is refused; from wherever any of them has
    led, what can always happen leads to the goal."""
    for state in type(goal):
        for event in type(events[0]):
            here = table.next(state, event, "test") or state
            for step in events:
                here = table.next(here, step, "test") or here
            assert here is goal, (state, event)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_and_move_is_in_the_diagram(table: StateTable) -> None:
    drawn = table.diagram()
    for state, row in table.rows.items():
        for event, target in row.items():
            assert any(
                line.strip().startswith(f"{state.value} --> {target.value}:")
                and event.value in line
                for line in drawn.splitlines()
            )


def test_a_state_without_a_way_out_is_found() -> None:
    state, event = leg.LegState, leg.LegEvent
    rows = {state.NULL: {event.OFFER: state.OFFERED}, state.OFFERED: {}}
    table = StateTable("broken", state.NULL, frozenset({state.RELEASED}), rows)
    problems = table.problems()
    assert f"{state.OFFERED} never ends" in problems
    assert f"{state.CONNECTED} has no row" in problems
    assert f"{state.RELEASED} is never reached" in problems


def test_what_is_not_listed_is_logged_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        moved = leg.TABLE.next(leg.LegState.NULL, leg.LegEvent.CONNECTED, "L1 on E1-1/7")
    assert moved is None
    assert "L1 on E1-1/7" in caplog.text


def test_the_page_of_diagrams_is_current() -> None:
    written = (Path(__file__).parents[2] / "docs" / "states.md").read_text(encoding="utf-8")
    assert written == page(), "python -m tests.call.diagrams > docs/states.md"
