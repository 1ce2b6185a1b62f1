"""What an ISDN PRI trunk may set of its own: `[board.span.pri]`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from drivers.signalling.pri import timers as pri_timers
from mediaserver.config.part import Part, Pattern

#: Keys that are not the signalling's own.
_OURS = {"channel", "nfas", "interface", "d_channel", "numbers", "others"}


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
    nfas: Annotated[str, Field(pattern=r"^[\w.\-]*$")] = ""  # spans with the same are one group
    interface: int = Field(default=0, ge=0, le=127)  # the span's number in its group
    d_channel: Literal["primary", "backup", "none"] = "primary"
    #: Called numbers the line answers to (MSN), as patterns like those of routes; none: all.
    numbers: Annotated[tuple[Pattern, ...], Field(strict=False)] = ()
    others: Literal["refuse", "leave"] = "refuse"  # calls to other numbers

    @field_validator("timers")
    @classmethod
    def _known_timers(cls, timers: dict[str, int]) -> dict[str, int]:
        pri_timers.check(timers)
        return timers

    @model_validator(mode="after")
    def _goes_together(self) -> Pri:
        if not self.nfas and (self.interface or self.d_channel != "primary"):
            raise ValueError("interface and d_channel are of a span in a group: give it nfas")
        if self.nfas and self.switch == "qsig":
            raise ValueError("Q.SIG names no interfaces: it has no NFAS")
        if self.first_digits and self.sending != "overlap":
            raise ValueError('first_digits goes with sending = "overlap"')
        if self.others == "leave" and not self.numbers:
            raise ValueError('others = "leave" needs numbers, or no call would be left to others')
        return self

    def options(self) -> dict[str, Any]:
        """As `drivers.registry.signalling("pri", …)` takes them."""
        given = self.model_dump(exclude=_OURS)
        return given | {"exclusive": self.channel == "exclusive"}
