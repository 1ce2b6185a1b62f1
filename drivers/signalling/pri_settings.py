"""How one PRI span is run."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.signalling import pri_binding as pri

E1_CHANNELS = tuple(n for n in range(1, 32) if n != 16)


@dataclass(frozen=True, slots=True)
class PriSettings:
    """How one PRI span is run. Times in seconds; Q.931 tables 9-1 and 9-2 give their ranges."""

    side: str = "user"  # "network" or "user"
    switch: str = "euroisdn_e1"
    overlap: bool = False  # incoming numbers may come digit by digit
    channels: tuple[int, ...] = E1_CHANNELS
    exclusive: bool = True  # our SETUP insists on its channel
    law: str = "alaw"
    capability: str = "speech"
    t309_s: float = 90.0  # calls in talk outlive a lost data link this long; 6 to 90 in Q.931
    t316_s: float = 120.0
    restart_tries: int = 2
    restart_on_start: bool = False  # RESTART every channel when the link first comes up
    timers: dict[str, int] = field(default_factory=dict)  # libpri's own, by name, ms

    def __post_init__(self) -> None:
        if self.side not in pri.SIDES:
            raise ValueError(f"side is {self.side!r}; it can be {sorted(pri.SIDES)}")
        if self.switch not in pri.SWITCHES:
            raise ValueError(f"switch is {self.switch!r}; it can be {sorted(pri.SWITCHES)}")
        if self.t309_s < 0 or self.t316_s <= 0 or self.restart_tries < 1:
            raise ValueError("t309_s, t316_s and restart_tries cannot be that small")
