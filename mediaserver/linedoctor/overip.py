"""What the alarms and slips of an E1 over IP mean: packets, not a cable.

How: by the packets' fates since the start, of which the board's status has the counts. Where none
was good, the commonest refusal says what is set otherwise at the far end.
Limits: settings that are changed at the far end in service are told in the log only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediaserver.linedoctor.say import Said, say

#: Clocks that differ by less are one, as well as that can be told.
SAME_PPM = 2.0
#: Fates of packets that a far end with other settings brings about.
UNLIKE = ("short", "rtp", "channel", "reserved", "fragment", "length")


def alarm(name: str, status: Mapping[str, Any]) -> tuple[Said, Said] | None:
    """What is to be said of an alarm, and what to do; None: as of any line."""
    if name == "rai":
        return say("alarm.rai"), say("ip.rai.do", remote=status["remote"])
    return _red(status) if name == "red" else None


def _red(status: Mapping[str, Any]) -> tuple[Said, Said]:
    packets, remote = status["packets"], status["remote"]
    fate = max(UNLIKE, key=lambda each: int(packets[each]))
    if not packets["good"] and packets[fate]:
        why = say(f"ip.{fate}")
        return say("ip.unlike", remote=remote, count=packets[fate], why=why), say("ip.unlike.do")
    if not packets["good"] and packets["stranger"]:
        count = packets["stranger"]
        return say("ip.stranger", remote=remote, count=count), say("ip.stranger.do")
    return say("ip.none", remote=remote), say("ip.none.do", local=status["local"])


def slips(count: int, status: Mapping[str, Any]) -> tuple[Said, Said | None]:
    """Of frames repeated or passed over; no advice where it is no clock's."""
    ppm = abs(status["far_ppm"] or 0.0)
    if ppm < SAME_PPM:
        return say("ip.slips.late", slips=count), None
    return say("ip.slips", slips=count, ppm=ppm), say("ip.slips.do")
