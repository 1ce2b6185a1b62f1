"""State machines as tables: state → event → next state, and one way to move.

A table is plain data, so that a test can prove things of it (every state has a
row, every target exists, every state is reached and leads to an end) and its
diagram can be drawn from it. What is not listed is a fault: it is logged with
the owner's name and survived, the state staying as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
S = TypeVar("S", bound=Enum)
V = TypeVar("V", bound=Enum)


class StateTable(Generic[S, V]):
    """`rows[state][event]` is the next state; `ends` are the states nothing leaves."""

    def __init__(
        self, name: str, start: S, ends: frozenset[S], rows: Mapping[S, Mapping[V, S]]
    ) -> None:
        self.name = name
        self.start = start
        self.ends = ends
        self.rows = rows

    def next(self, state: S, event: V, owner: str) -> S | None:
        """The state `event` leads to, or None (after logging) where it is not listed."""
        target = self.rows.get(state, {}).get(event)
        if target is None:
            log.warning("%s %s: %s is not expected in %s", self.name, owner, event.value, state)
        return target

    def problems(self) -> list[str]:
        """What a test holds against the table; empty when it is sound."""
        found = []
        states = set(type(self.start))
        for state in states - set(self.rows) - self.ends:
            found.append(f"{state} has no row")
        reached = self._closure({self.start}, forward=True)
        found += [f"{state} is never reached" for state in states - reached]
        leading = self._closure(set(self.ends), forward=False)
        if self.ends:
            found += [f"{state} never ends" for state in states - leading]
        return found

    def _closure(self, seeds: set[S], forward: bool) -> set[S]:
        edges = {(a, b) for a, row in self.rows.items() for b in row.values()}
        seen, grown = set(seeds), True
        while grown:
            new = {(b if forward else a) for a, b in edges if (a if forward else b) in seen}
            grown = not new <= seen
            seen |= new
        return seen

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start.value}"]
        for state, row in self.rows.items():
            by_target: dict[S, list[str]] = {}
            for event, target in row.items():
                by_target.setdefault(target, []).append(event.value)
            for target, events in by_target.items():
                lines.append(f"    {state.value} --> {target.value}: {', '.join(events)}")
        lines += [f"    {end.value} --> [*]" for end in sorted(self.ends, key=lambda s: s.value)]
        return "\n".join(lines)
