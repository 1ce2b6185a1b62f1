"""What an ISDN PRI trunk may set of its own: `[board.span.pri]`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from drivers.signalling import pri_timers
from mediaserver.config.part import Part


class Pri(Part):
    """docs/pri.md tells what each key does."""

    switch: Literal["euroisdn", "euroisdn_t1", "qsig", "ni1", "ni2", "dms100", "5ess", "4ess"] = (
        "euroisdn"
    )
    channel: Literal["exclusive", "preferred"] = "exclusive"
    sending: Literal["enbloc", "overlap"] = "enbloc"
    first_digits: int = Field(default=0, ge=0, le=20)
    restart_on_start: bool = False
    timers: dict[str, int] = {}

    @field_validator("timers")
    @classmethod
    def _known_timers(cls, timers: dict[str, int]) -> dict[str, int]:
        pri_timers.check(timers)
        return timers

    def options(self) -> dict[str, Any]:
        """As `drivers.registry.signalling("pri", …)` takes them."""
        given = self.model_dump(exclude={"channel"})
        return given | {"exclusive": self.channel == "exclusive"}
