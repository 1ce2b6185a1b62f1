"""What an MFC/R2 trunk may set of its own: `[board.span.r2]`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from drivers.signalling.mfcr2.variant import TIMER_NAMES, names
from mediaserver.config.part import Part
from mediaserver.config.problems import did_you_mean

Timers = dict[str, int]


class R2(Part):
    """Left out or "" and 0: what the variant says. docs/mfcr2.md tells what each key does."""

    dnis_length: int = Field(default=0, ge=0, le=32)
    ani: Literal["", "early", "late", "never"] = ""
    ani_after: int = Field(default=0, ge=0, le=32)
    ani_length: int = Field(default=0, ge=0, le=32)
    category: int = Field(default=0, ge=0, le=15)
    ka: int = Field(default=0, ge=0, le=15)
    charge: bool = True
    forced_release: bool | None = None
    block_collect: bool = False
    double_answer: bool = False
    timers: Timers = {}

    @field_validator("timers")
    @classmethod
    def _known_timers(cls, timers: Timers) -> Timers:
        for name, value in timers.items():
            if name not in TIMER_NAMES:
                raise ValueError(f"no timer is called {name}; {did_you_mean(name, TIMER_NAMES)}")
            if not 0 <= value <= 600_000:
                raise ValueError(f"{name} is {value}; it can be 0 to 600000 ms")
        return timers

    def options(self, variant: str) -> dict[str, Any]:
        """As `drivers.registry.signalling("mfcr2", …)` takes them."""
        return {"variant": variant, **self.model_dump()}


def check_variant(name: str) -> str:
    """The name, if there is such a variant. Raises ValueError naming those there are."""
    if name and name not in names():
        raise ValueError(did_you_mean(name, names()))
    return name
