"""What a check of a line found: a verdict in words, advice, and the figures it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """state : "ok", "warn" or "bad"; figures : by name, with their unit in it."""

    check: str
    state: str
    text: str
    todo: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON, figures to a tenth where they are no counts or rates."""
        figures = {name: _rounded(name, value) for name, value in self.figures.items()}
        return {**asdict(self), "figures": figures}


def _rounded(name: str, value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) and not name.endswith("rate") else value


class CannotCheck(Exception):
    """A check that could not be carried out; says why, and what to do."""

    def __init__(self, text: str, todo: str = "") -> None:
        super().__init__(text)
        self.todo = todo
