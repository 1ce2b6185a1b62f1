"""The timers of a PRI line: what each is called, what it is for, and what it may be set to.

Three work at them: libpri (data link, and the messages that must be answered),
the link itself (the steps of a call that may take long, and restarting), and
the settings, which hold every one of them against this table.
Source: Q.921 5.9 and Q.931 tables 9-1 and 9-2; defaults as in ETS 300 102 for
the user's side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer (milliseconds) or counter. `libpri` is its name there, "" if the link runs it.

    A `default` of None is libpri's own, which depends on the switch type.
    """

    name: str
    libpri: str
    low: int
    high: int
    default: int | None
    text: str


_ALL = (
    Timer("t200_ms", "T200", 100, 60_000, None, "a data link frame is repeated after"),
    Timer("t203_ms", "T203", 1_000, 600_000, None, "the data link is asked after such silence"),
    Timer("n200", "N200", 1, 20, None, "repetitions before the data link counts as lost"),
    Timer("k", "K", 1, 127, None, "frames under way without acknowledgement"),
    Timer("t301_ms", "", 0, 3_600_000, 180_000, "ringing at the far end, without an answer"),
    Timer("t302_ms", "", 0, 15_000, 15_000, "the next digit of a number that comes digit by digit"),
    Timer("t303_ms", "T303", 1_000, 60_000, None, "an answer of any kind to SETUP, sent twice"),
    Timer("t304_ms", "", 0, 600_000, 30_000, "a reaction to the last digit we sent"),
    Timer("t305_ms", "T305", 1_000, 120_000, None, "RELEASE in answer to DISCONNECT"),
    Timer("t308_ms", "T308", 1_000, 60_000, None, "RELEASE COMPLETE, after RELEASE sent twice"),
    Timer("t310_ms", "", 0, 600_000, 60_000, "ringing or an answer after CALL PROCEEDING"),
    Timer("t313_ms", "T313", 1_000, 60_000, None, "CONNECT ACKNOWLEDGE, at the user's side"),
    Timer("t316_ms", "", 1_000, 600_000, 120_000, "RESTART ACKNOWLEDGE"),
    Timer("n316", "", 1, 20, 2, "how often RESTART is sent"),
    Timer("t_response_ms", "T-RESPONSE", 1_000, 60_000, None, "a supplementary service's answer"),
)
TIMERS: dict[str, Timer] = {timer.name: timer for timer in _ALL}


def check(timers: Mapping[str, int]) -> None:
    """ValueError naming the first that does not exist or cannot have its value."""
    for name, value in timers.items():
        timer = TIMERS.get(name)
        if timer is None:
            raise ValueError(f"no timer is called {name}; {_nearest(name)}")
        if not timer.low <= value <= timer.high:
            unit = " ms" if name.endswith("_ms") else ""
            off = ", 0 for never" if timer.low == 0 else ""
            raise ValueError(f"{name} is {value}; it can be {timer.low} to {timer.high}{unit}{off}")


def value(timers: Mapping[str, int], name: str) -> int:
    """What a timer the link runs is set to, in ms (0: never) or times."""
    default = TIMERS[name].default
    return timers.get(name, default if default is not None else 0)


def _nearest(name: str) -> str:
    if name == "t309_ms":
        return "T309 is the span's own key t309_s"
    near = get_close_matches(name, TIMERS, n=1, cutoff=0.5)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f"{hint}allowed: {', '.join(TIMERS)}"
