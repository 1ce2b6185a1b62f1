"""A machine's table: state → word → next state and the action that goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

S = TypeVar("S", bound=Enum)

#: state → word → (state, name of the method that acts, "" for none)
Rows = Mapping[S, Mapping[str, tuple[S, str]]]


class Table(Generic[S]):
    """A total table: a word a row does not list leaves the state as it is and does nothing."""

    def __init__(self, name: str, start: S, words: str, rows: Rows[S]) -> None:
        self.name, self.start, self.words = name, start, tuple(words.split())
        self.listed = rows
        self.rows = {
            state: dict.fromkeys(self.words, (state, "")) | dict(rows.get(state, {}))
            for state in type(start)
        }

    def problems(self, owner: type[Any], goal: S, ignoring: str = "") -> list[str]:
        """What a test holds against the table: words and actions that do not exist, states
        that are never reached, or from which no way (but by `ignoring`) leads to `goal`."""
        states = set(type(self.start))
        found = [
            f"{state.value}: {word} is no word"
            for state, row in self.listed.items()
            for word in row
            if word not in self.words
        ]
        found += [
            f"{owner.__name__} has no {action}"
            for row in self.rows.values()
            for _, action in row.values()
            if action and not hasattr(owner, action)
        ]
        found += [f"{s.value} is never reached" for s in states - self._closure(self.start, True)]
        leading = self._closure(goal, False, ignoring)
        found += [f"{s.value} never ends" for s in states - leading]
        return found

    def _closure(self, seed: S, forward: bool, ignoring: str = "") -> set[S]:
        edges = {
            (state, target)
            for state, row in self.rows.items()
            for word, (target, _) in row.items()
            if word != ignoring
        }
        seen: set[S] = {seed}
        grown = True
        while grown:
            new = {(b if forward else a) for a, b in edges if (a if forward else b) in seen}
            grown = not new <= seen
            seen |= new
        return seen

    def diagram(self) -> str:
        """What is listed, as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start.value}"]
        for state, row in self.listed.items():
            by_target: dict[S, list[str]] = {}
            for word, (target, _) in row.items():
                by_target.setdefault(target, []).append(word)
            lines += [
                f"    {state.value} --> {target.value}: {', '.join(words)}"
                for target, words in by_target.items()
            ]
        return "\n".join(lines)
