"""One E&M circuit: its states, its table, and what it remembers.

What: both ends are on hook when idle; off hook is a seizure, later the answer; on hook clears. How:
the table says what each word does, span.py carries the actions out. `off` and `on` are the far
end's hook, `glare`, `good` and `bad` what a measurement of it came to.
Source: wink and immediate start as national practice has them (ANSI T1.403, DAHDI's E&M).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

from drivers.base import Channel, SetupRequest
from drivers.cause import Cause
from drivers.signalling.table import Table


class Trunk(Enum):
    BLOCKED = "blocked"  # the far end is off hook with no call, or nothing is known of it yet
    IDLE = "idle"
    AWAITING = "awaiting"  # seized by us, a wink is due
    WINK = "wink"  # the far end is off hook: a wink, or a seizure of its own
    STARTING = "starting"  # seized by us; immediate start, or the wink is over
    HELD = "held"  # both have seized: ours waits until the far end has given way
    DIALLING = "dialling"
    DIALLED = "dialled"
    ASKED = "asked"  # seized by the far end
    WINKING = "winking"
    COLLECTING = "collecting"  # the number comes
    OFFERED = "offered"
    TALKING = "talking"
    CLEARED = "cleared"  # the far end has cleared, or the call has failed; we are off hook
    RELEASING = "releasing"  # we are on hook, the far end is not yet
    GUARD = "guard"  # both on hook, not for long enough to be used again


_T = Trunk
_RELEASE = {"release": (_T.RELEASING, "_put_down")}
_GIVES_WAY = {"glare": (_T.ASKED, "_give_way"), "hold": (_T.HELD, "_hold")}
TABLE = Table(
    "em",
    _T.BLOCKED,
    "on off setup now answer release timer good bad glare hold collect digit complete sent failed",
    {
        _T.BLOCKED: {"on": (_T.IDLE, "_unblock")},
        _T.IDLE: {
            "setup": (_T.AWAITING, "_seize"),
            "now": (_T.STARTING, "_seize_now"),
            "off": (_T.ASKED, "_asked"),
        },
        _T.AWAITING: {
            "off": (_T.WINK, "_wink_began"),
            "timer": (_T.CLEARED, "_no_wink"),
            **_RELEASE,
        },
        _T.WINK: {
            "on": (_T.WINK, "_measure"),
            "timer": (_T.WINK, "_meet"),
            "good": (_T.STARTING, "_wink_ended"),
            "bad": (_T.AWAITING, "_await_wink"),
            **_GIVES_WAY,
            **_RELEASE,
        },
        _T.STARTING: {
            "off": (_T.STARTING, "_early"),
            "timer": (_T.DIALLING, "_dial"),
            **_GIVES_WAY,
            **_RELEASE,
        },
        _T.HELD: {
            "on": (_T.HELD, "_resume"),
            "setup": (_T.AWAITING, "_await_wink"),
            "now": (_T.STARTING, "_start_again"),
            "timer": (_T.CLEARED, "_no_wink"),
            **_RELEASE,
        },
        _T.DIALLING: {
            "sent": (_T.DIALLED, "_dialled"),
            "failed": (_T.CLEARED, "_not_sent"),
            **_RELEASE,
        },
        _T.DIALLED: {"off": (_T.TALKING, "_answered"), **_RELEASE},
        _T.ASKED: {
            "timer": (_T.WINKING, "_wink"),
            "collect": (_T.COLLECTING, "_listen"),
            "on": (_T.GUARD, "_rest"),
        },
        _T.WINKING: {"timer": (_T.COLLECTING, "_wink_sent"), "on": (_T.GUARD, "_abandoned")},
        _T.COLLECTING: {
            "digit": (_T.COLLECTING, "_digit"),
            "complete": (_T.OFFERED, "_offer"),
            "timer": (_T.OFFERED, "_offer"),
            "on": (_T.GUARD, "_abandoned"),
        },
        _T.OFFERED: {
            "answer": (_T.TALKING, "_lift"),
            "on": (_T.GUARD, "_given_up"),
            "release": (_T.RELEASING, "_refuse"),
        },
        _T.TALKING: {"on": (_T.CLEARED, "_far_end"), **_RELEASE},
        _T.CLEARED: _RELEASE,
        _T.RELEASING: {"on": (_T.GUARD, "_rest"), "timer": (_T.BLOCKED, "_block")},
        _T.GUARD: {"timer": (_T.IDLE, "_ready"), "off": (_T.ASKED, "_asked")},
    },
)


@dataclass(slots=True, eq=False)
class Circuit:
    """One circuit's machine. `ref` is 0 while no call is on it."""

    channel: Channel
    state: Trunk = Trunk.BLOCKED
    ref: int = 0
    cause: int = int(Cause.NORMAL)
    request: SetupRequest | None = None
    number: str = ""  # as keyed by the far end so far
    off: bool = True  # the far end's hook, as it stands for long enough
    off_since: float = 0.0
    told_out: bool = False  # it was told that the channel is out of service
    timer: asyncio.TimerHandle | None = None
    steady: asyncio.TimerHandle | None = None
