"""The R2 tables: total, every state reached, none without a way to idle, actions that exist."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.signalling.mfcr2 import backward, forward, line
from drivers.signalling.mfcr2.line import FAULTS, LineState
from drivers.signalling.table import Table

TABLES = [
    (line.TABLE, line.LineMachine, LineState.IDLE, "alarm"),
    (forward.TABLE, forward.ForwardRegister, forward.ForwardState.IDLE, ""),
    (backward.TABLE, backward.BackwardRegister, backward.BackwardState.IDLE, ""),
]


@pytest.mark.parametrize(
    ("table", "owner", "goal", "ignoring"), TABLES, ids=lambda x: getattr(x, "name", None)
)
def test_a_table_is_sound(table: Table[Any], owner: type, goal: Any, ignoring: str) -> None:
    assert table.problems(owner, goal, ignoring) == []


@pytest.mark.parametrize("table", [row[0] for row in TABLES], ids=lambda x: x.name)
def test_a_table_is_total(table: Table[Any]) -> None:
    for state in type(table.start):
        assert set(table.rows[state]) == set(table.words)


@pytest.mark.parametrize("table", [row[0] for row in TABLES], ids=lambda x: x.name)
def test_what_is_listed_is_drawn(table: Table[Any]) -> None:
    drawn = table.diagram().splitlines()
    for state, row in table.listed.items():
        for word, (target, _) in row.items():
            start = f"    {state.value} --> {target.value}: "
            assert any(each.startswith(start) and word in each for each in drawn)


def test_the_far_ends_patterns_alone_lead_out_of_every_incoming_call() -> None:
    """Whatever our side forgets, clear-forward brings a taken circuit back."""
    taken = ("taken", "answered", "first_answer", "gap", "metering", "dismissed")
    for name in taken:
        state = LineState(name)
        for word in ("rx_10", "timer", "timer"):
            state = line.TABLE.rows[state][word][0]
        assert state is LineState.IDLE, name


def test_our_hanging_up_and_time_lead_out_of_every_outgoing_call() -> None:
    for name in ("seizing", "no_ack", "seized", "talking", "wavering", "over", "double"):
        state = LineState(name)
        for word in ("hang_up", "timer", "rx_10", "timer"):
            if state is not LineState.IDLE:
                state = line.TABLE.rows[state][word][0]
        assert state is LineState.IDLE, name


def test_patterns_that_take_longer_are_listed_ones() -> None:
    for state, pattern in FAULTS:
        assert line.TABLE.rows[state][pattern][1], (state, pattern)


def test_what_is_wrong_with_a_table_is_found() -> None:
    state = forward.ForwardState
    rows = {state.IDLE: {"go": (state.SENDING, "_none"), "odd": (state.IDLE, "")}}
    table = Table("broken", state.IDLE, "go", rows)
    problems = table.problems(object, state.IDLE)
    assert "idle: odd is no word" in problems
    assert "object has no _none" in problems
    assert "waiting is never reached" in problems
    assert "sending never ends" in problems
