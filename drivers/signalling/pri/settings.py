"""How one PRI span is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.signalling.pri import binding as pri
from drivers.signalling.pri import timers as pri_timers

E1_CHANNELS = tuple(n for n in range(1, 32) if n != 16)


#: Hears frames: ("in" or "out", frame without FCS).
Tap = Callable[[str, bytes], None]
#: Switch types with SERVICE messages, which take single channels out of service.
SERVICE_SWITCHES = ("ni2", "4ess", "5ess")
SENDING = ("enbloc", "overlap")
MAX_INTERFACE = 127  # seven bits of the channel identification (Q.931 4.5.13)


@dataclass(frozen=True, slots=True)
class PriSettings:
    """How one PRI span is run; ValueError for what cannot be.

    `timers` is by the names of `pri_timers`, in milliseconds; what is left out keeps its default.
    `interfaces`: of a group of spans under common D channels (NFAS) those that have one, in the
    order they are to be used; a channel is its interface's number times 256 and its own then.
    """

    side: str = "user"  # "network" or "user"
    switch: str = "euroisdn"
    overlap: bool = False  # incoming numbers may come digit by digit
    sending: str = "enbloc"  # "overlap": our numbers go digit by digit where the far end asks
    first_digits: int = 0  # with "overlap": digits that SETUP itself carries
    channels: tuple[int, ...] = E1_CHANNELS
    exclusive: bool = True  # our SETUP insists on its channel; False: the far end may choose
    law: str = "alaw"
    capability: str = "speech"
    t309_s: float = 90.0  # calls in talk outlive a lost data link this long; 6 to 90 in Q.931
    restart_on_start: bool = False  # RESTART every channel when the link first comes up
    timers: dict[str, int] = field(default_factory=dict)
    interfaces: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for key, allowed in (("side", pri.SIDES), ("switch", pri.SWITCHES), ("sending", SENDING)):
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} is {getattr(self, key)!r}; it can be {sorted(allowed)}")
        if self.t309_s < 0 or not 0 <= self.first_digits <= 20:
            raise ValueError("t309_s is 0 or more, first_digits 0 to 20")
        if self.interfaces:
            self._check_interfaces()
        pri_timers.check(self.timers)

    def _check_interfaces(self) -> None:
        if len(set(self.interfaces)) < len(self.interfaces) <= pri.MAX_D_CHANNELS:
            raise ValueError("two D channels have the same interface")
        if len(self.interfaces) > pri.MAX_D_CHANNELS:
            raise ValueError(f"a group has {pri.MAX_D_CHANNELS} D channels at most")
        if not all(0 <= number <= MAX_INTERFACE for number in self.interfaces):
            raise ValueError(f"interfaces are 0 to {MAX_INTERFACE}")
        if self.switch == "qsig":
            raise ValueError("Q.SIG names no interfaces: it has no NFAS")

    def timer(self, name: str) -> float:
        """A timer the link itself runs: seconds (0: never), or how often for a counter."""
        value = pri_timers.value(self.timers, name)
        return value / 1000 if name.endswith("_ms") else value

    def in_force(self) -> dict[str, int]:
        """Every timer as it will run, T309 among them: milliseconds, or how often."""
        libpri = pri.Libpri(self.side, self.switch, 0.0)
        found = {}
        for name, timer in pri_timers.TIMERS.items():
            own = libpri.timer(timer.libpri) if timer.libpri else timer.default
            found[name] = self.timers.get(name, own or 0)
        libpri.close()
        return dict(sorted((found | {"t309_ms": round(self.t309_s * 1000)}).items()))
