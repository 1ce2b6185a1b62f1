"""From our words to libpri's and back: SETUP out, events in."""

from __future__ import annotations

from drivers.base import DriverError, SetupRequest
from drivers.cause import Cause
from drivers.events import (
    Alerting,
    LineEvent,
    MoreDigits,
    Number,
    Proceeding,
    Progress,
    Setup,
)
from drivers.signalling import pri_binding as pri
from drivers.signalling.pri_binding import OutgoingCall, RawEvent

MAX_DIGITS = 32  # libpri would cut longer ones off


def outgoing(
    request: SetupRequest, channel: int, exclusive: bool, first: int | None = None
) -> OutgoingCall:
    """What our SETUP on `channel` says. Raises DriverError (28) for a number it cannot carry.

    `first` given: SETUP has that many digits only, and the rest may follow.
    """
    called, calling = request.called, request.calling
    for number in (called.digits, calling.digits):
        if len(number) > MAX_DIGITS or not pri.DIGITS.issuperset(number):
            raise DriverError(f"{number!r} is no number to dial", Cause.INVALID_NUMBER)
    return OutgoingCall(
        channel,
        exclusive,
        called.digits[:first],
        called.ton << 4 | called.npi,
        request.complete and first is None,
        calling.digits,
        calling.ton << 4 | calling.npi,
        calling.presentation,
        request.name,
    )


def setup_event(span: str, ref: int, channel: int, raw: RawEvent, overlap: bool) -> Setup:
    """The call that came in; without overlap receiving its number is complete by definition."""
    calling = Number(
        raw.calling, raw.calling_plan >> 4 & 7, raw.calling_plan & 15, raw.calling_pres & 0x7F
    )
    called = Number(raw.called, raw.called_plan >> 4 & 7, raw.called_plan & 15)
    return Setup(span, ref, channel, called, calling, raw.name, raw.complete or not overlap)


def progress_event(span: str, ref: int, raw: RawEvent) -> LineEvent:
    """SETUP ACK, CALL PROCEEDING, PROGRESS or ALERTING as our event."""
    if raw.kind == pri.SETUP_ACK:
        return MoreDigits(span, ref)
    if raw.kind == pri.PROCEEDING:
        return Proceeding(span, ref, raw.inband)
    if raw.kind == pri.PROGRESS:
        return Progress(span, ref, raw.inband, raw.cause if raw.cause > 0 else None)
    return Alerting(span, ref, raw.inband)
