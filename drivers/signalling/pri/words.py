"""From our words to libpri's and back: SETUP out, events in."""

from __future__ import annotations

from decimal import Decimal

from drivers.base import DriverError, SetupRequest
from drivers.cause import Cause
from drivers.events import (
    AdviceOfCharge,
    Alerting,
    Connected,
    LineEvent,
    MoreDigits,
    Number,
    Proceeding,
    Progress,
    Redirecting,
    Setup,
)
from drivers.signalling.pri import binding as pri
from drivers.signalling.pri.binding import OutgoingCall, RawCharge, RawEvent, RawRedirecting

#: Q.931 4.6.7 and Q.952: why a call was sent on.
REASONS = {
    0: "unknown",
    1: "busy",
    2: "no reply",
    3: "deflected",
    9: "out of order",
    10: "by the called end",
    15: "unconditional",
}
MAX_DIGITS = 32  # libpri would cut longer ones off


def outgoing(
    request: SetupRequest, channel: int, exclusive: bool, first: int | None = None
) -> OutgoingCall:
    """What our SETUP on `channel` says. Raises DriverError (28) for a number it cannot carry.

    `first` given: SETUP has that many digits only, and the rest may follow.
    """
    called, calling = request.called, request.calling
    sent_on = request.redirecting.number.digits if request.redirecting else ""
    for number in (called.digits, calling.digits, sent_on):
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
        request.calling_subaddress,
        request.called_subaddress,
        _sent_on(request.redirecting),
    )


def _sent_on(given: Redirecting | None) -> RawRedirecting | None:
    if given is None:
        return None
    number = given.number
    reason = next((code for code, word in REASONS.items() if word == given.reason), 0)
    plan = number.ton << 4 | number.npi
    return RawRedirecting(given.count, reason, number.digits, plan, number.presentation, given.name)


def number_of(digits: str, plan: int, presentation: int) -> Number:
    """A number as libpri gives it."""
    return Number(digits, plan >> 4 & 7, plan & 15, presentation & 0x7F)


def connected_event(span: str, ref: int, raw: RawEvent) -> Connected:
    """CONNECT, with who answered where it says so."""
    who = raw.connected
    if who is None or not (who.digits or who.name):
        return Connected(span, ref)
    return Connected(span, ref, number_of(who.digits, who.plan, who.pres), who.name)


def charge_event(span: str, ref: int, charge: RawCharge) -> AdviceOfCharge:
    """Advice of charge; free of charge is an amount of 0."""
    if charge.kind == pri.FREE:
        return AdviceOfCharge(span, ref, "0", final=charge.final)
    if charge.kind == pri.UNITS:
        return AdviceOfCharge(span, ref, str(charge.amount), final=charge.final)
    amount = Decimal(charge.amount).scaleb(charge.scale)
    return AdviceOfCharge(span, ref, f"{amount:f}", charge.currency, charge.final)


def setup_event(span: str, ref: int, channel: int, raw: RawEvent, overlap: bool) -> Setup:
    """The call that came in; without overlap receiving its number is complete by definition."""
    calling = Number(
        raw.calling, raw.calling_plan >> 4 & 7, raw.calling_plan & 15, raw.calling_pres & 0x7F
    )
    called = Number(raw.called, raw.called_plan >> 4 & 7, raw.called_plan & 15)
    sent_on = None
    if (last := raw.redirecting) is not None:
        number = number_of(last.digits, last.plan, last.pres)
        reason = REASONS.get(last.reason, "unknown")
        sent_on = Redirecting(number, last.name, reason, last.times)
    return Setup(
        span,
        ref,
        channel,
        called,
        calling,
        raw.name,
        raw.complete or not overlap,
        redirecting=sent_on,
        calling_subaddress=raw.calling_sub,
        called_subaddress=raw.called_sub,
    )


def progress_event(span: str, ref: int, raw: RawEvent) -> LineEvent:
    """SETUP ACK, CALL PROCEEDING, PROGRESS or ALERTING as our event."""
    if raw.kind == pri.SETUP_ACK:
        return MoreDigits(span, ref)
    if raw.kind == pri.PROCEEDING:
        return Proceeding(span, ref, raw.inband)
    if raw.kind == pri.PROGRESS:
        return Progress(span, ref, raw.inband, raw.cause if raw.cause > 0 else None)
    return Alerting(span, ref, raw.inband)
