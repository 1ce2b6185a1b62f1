"""What an E&M trunk may set of its own: `[board.span.em]`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from drivers.signalling.em.settings import EmSettings
from mediaserver.config.part import Part


class Em(Part):
    """docs/em.md tells what each key does."""

    start: Literal["wink", "immediate"] = "wink"
    digits: int = Field(default=0, ge=0, le=32)
    pause_ms: int = Field(default=2000, ge=500, le=15_000)
    start_delay_ms: int = Field(default=200, ge=50, le=2000)
    wink_delay_ms: int = Field(default=150, ge=50, le=2000)
    wink_ms: int = Field(default=200, ge=100, le=350)
    on_hook: str = Field(default="0001", pattern="^[01]{4}$")
    off_hook: str = Field(default="1001", pattern="^[01]{4}$")

    @model_validator(mode="after")
    def _can_be(self) -> Em:
        EmSettings.of(**self.model_dump())
        return self

    def options(self, side: str) -> dict[str, Any]:
        """As `drivers.registry.signalling("em", …)` takes them. The user's side gives way."""
        return {"yields": side == "user", **self.model_dump()}
