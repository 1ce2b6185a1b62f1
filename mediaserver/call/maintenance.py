"""Channels taken out of service by hand, and brought back; or restarted.

What: the channel takes no further call either way; one that is on it goes on. Where the line has a
message for it, the far end is told: SERVICE on NI2, 5ESS and 4ESS, blocking on R2. Elsewhere calls
that come in on the channel are refused (44).
Limits: kept until it is brought back or the server ends.
"""

from __future__ import annotations

import logging

from drivers.base import DriverError
from drivers.cause import Cause
from mediaserver.call.lines import Lines, Slot

log = logging.getLogger(__name__)


def set_service(lines: Lines, name: str, in_service: bool) -> bool:
    """Whether the far end is told of it. Raises NoChannel for a channel that does not exist,

    DriverError where the far end cannot be told now, with nothing changed.
    """
    slot = lines.slot(name)
    told = tell(slot, in_service)
    lines.hold(slot, not in_service)
    log.info("%s: %s service by hand", name, "back in" if in_service else "out of")
    return told


def restart(lines: Lines, name: str) -> None:
    """Bring a channel to idle at both ends, whatever is on it: its call ends with 41 (Q.931 5.5).

    Raises NoChannel for a channel that does not exist, DriverError where the line cannot do so now.
    """
    slot = lines.slot(name)
    slot.signalling.restart(slot.channel.number)
    log.info("%s: restarted by hand", name)


def tell(slot: Slot, in_service: bool) -> bool:
    """Tell the far end, where the line has a message for it; whether it has.

    Raises DriverError where it cannot be told now.
    """
    line, number = slot.signalling, slot.channel.number
    if (block := getattr(line, "block", None)) is not None:
        block(number, not in_service)
        return True
    if (service := getattr(line, "service", None)) is None:
        return False
    try:
        service(number, in_service)
    except DriverError as error:
        if error.cause != Cause.FACILITY_REJECTED:
            raise
        return False
    return True
