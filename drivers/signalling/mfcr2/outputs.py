"""What a circuit gives back to be done, and the call it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.cause import Cause
from drivers.events import LineEvent
from drivers.signalling.mfcr2.forward import Outgoing


@dataclass(frozen=True, slots=True)
class SendBits:
    """Put these ABCD bits on the line, A the highest; they stay until the next."""

    abcd: int


@dataclass(frozen=True, slots=True)
class SendTone:
    """Send a register signal until `StopTone`."""

    signal: int
    forward: bool


@dataclass(frozen=True, slots=True)
class StopTone:
    """Send no register signal."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen to "forward" or "backward" signals; "" for neither: the speech path is free."""

    direction: str


Output = SendBits | SendTone | StopTone | Listen | LineEvent


@dataclass(slots=True)
class R2Call:
    """The call on a circuit. `known` once the layer above has its ref."""

    outgoing: bool
    ref: int = 0
    cause: int = int(Cause.NORMAL)
    say: Outgoing = field(default_factory=lambda: Outgoing(""))
    over: bool = False  # Disconnected has been told
    hung_up: bool = False  # by us
    answer: bool = False  # wanted, as soon as the registers are done
    pulses: int = 0

    @property
    def known(self) -> bool:
        return self.ref > 0
