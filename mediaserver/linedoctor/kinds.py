"""The checks there are, by name: what each does, and whether it needs the channel for itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mediaserver.linedoctor.bits import bits
from mediaserver.linedoctor.echoes import echo
from mediaserver.linedoctor.hearing import figures, hum, noise
from mediaserver.linedoctor.modems import modems
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.tones import learn, tone
from mediaserver.linedoctor.verdict import Verdict
from mediaserver.linedoctor.wanted import Wanted

__all__ = ["CHECKS", "Check", "Wanted"]


@dataclass(frozen=True, slots=True)
class Check:
    """`takes`: it works on a channel without a call; others only listen."""

    name: str
    text: str
    work: Callable[[Place, Wanted], Awaitable[Verdict]]
    takes: bool = True


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("figures", "level, noise and echo of a line in service", figures, takes=False),
        Check("noise", "what a line gives of itself when it is quiet at its end", noise),
        Check("hum", "the mains, 50 or 60 Hz and their harmonics", hum),
        Check("echo", "what comes back of what is sent, and how late", echo),
        Check("bert", "bit errors and slips over a loop, or between two channels", bits),
        Check("tone", "what tone is on the line, and whether it is known", tone),
        Check("learn", "keeps the tone on an exchange line as that line's busy tone", learn),
        Check("modem", "a fax modem over a loop, or between two channels", modems),
    )
}
