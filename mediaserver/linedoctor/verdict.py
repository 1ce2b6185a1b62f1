"""What a check of a line found: what there is to say, advice, and the figures it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from drivers.said import Said
from mediaserver.linedoctor.say import words


@dataclass(frozen=True, slots=True)
class Verdict:
    """state : "ok", "warn" or "bad"; figures : by name, with their unit in it."""

    check: str
    state: str
    said: Said
    advice: Said | None = None
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In English, as `todo`."""
        return str(self.said)

    @property
    def todo(self) -> str:
        return str(self.advice or "")

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON, figures to a tenth where they are no counts or rates."""
        figures = {name: _rounded(name, value) for name, value in self.figures.items()}
        return {
            "check": self.check,
            "state": self.state,
            **told(self.said, self.advice),
            "figures": figures,
        }


def told(said: Said, advice: Said | None) -> dict[str, Any]:
    """In English, and as codes and values for another language."""
    said_data, advice_data = said.as_data(), advice.as_data() if advice else None
    return {
        "text": words(said_data),
        "todo": words(advice_data),
        "said": said_data,
        "advice": advice_data,
    }


def _rounded(name: str, value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) and not name.endswith("rate") else value


class CannotCheck(Exception):
    """A check that could not be carried out; says why, and what to do."""

    def __init__(self, said: Said, advice: Said | None = None) -> None:
        super().__init__(str(said))
        self.said = said
        self.advice = advice

    @property
    def todo(self) -> str:
        """The advice in English."""
        return str(self.advice or "")
