"""A channel in the hands of a check: out of service, or on a call of its own; given back after.

What: with a number, or on an exchange line, the check places a call and has the channel while it
stands: an exchange line is only lifted when there is no number. Any other channel is taken out of
service, so that no call is put on it from either side. A check that only listens takes nothing.
An exchange line is dialled on by DTMF or pulses, as it takes it, and its far end has some seconds
to answer.
How: an async context manager, so that the channel is given back whatever happens.
Limits: the far end is told where the line has a message for it (SERVICE of NI2, blocking of R2);
elsewhere it may still seize the channel, and its call is refused with cause 44.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from drivers.base import DriverError, SetupRequest, SpanKind
from drivers.cause import Cause
from drivers.events import Number
from mediaserver.call import maintenance
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import TEST, Lines, NoChannel, Slot
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import CannotCheck
from mediaserver.media.busytone import BusyTones
from mediaserver.media.port import MediaPort
from mediaserver.media.session import MediaSession

log = logging.getLogger(__name__)

ANSWER_S = 60.0
DIAL_TONE_S = 2.0
DIGIT_S = 3.0  # at most: ten pulses and the pause after them
THROUGH_S = 8.0  # from the last digit until the far end of an exchange line is there
RELEASE_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check works: its channel, the channel's media, and the call, if it placed one.

    far : the channel at which what is sent here arrives; plan : the country's tones
    busy : where busy tones that lines have learned are kept
    """

    slot: Slot
    port: MediaPort
    session: MediaSession
    leg: Leg | None = None
    far: Place | None = None
    plan: str = ""
    busy: BusyTones | None = None

    def standing(self) -> None:
        """Raises CannotCheck when the line is in alarm, or the call the check works on has gone."""
        if alarms := self.slot.signalling.span.alarms:
            words = ", ".join(sorted(alarm.value for alarm in alarms))
            raise CannotCheck(say("line.alarm", alarms=words), say("line.alarm.do"))
        if self.leg is not None and self.leg.state is not LegState.CONNECTED:
            raise CannotCheck(say("line.hung_up"), say("line.hung_up.do"))


@asynccontextmanager
async def in_service(slot: Slot, session: MediaSession) -> AsyncIterator[Place]:
    """As it is, call or not."""
    yield Place(slot, session.port(slot.channel.index), session)


@asynccontextmanager
async def taken(
    lines: Lines, session: MediaSession, slot: Slot, *, number: str = "", force: bool = False
) -> AsyncIterator[Place]:
    """The channel for the check alone. Raises CannotCheck while a call is on it, but for `force`,

    which clears that call.
    """
    await _free(slot, force)
    kind = slot.signalling.span.kind
    if number or kind is SpanKind.FXO:
        exchange = kind is SpanKind.FXO
        leg = await _called(lines, slot, "" if exchange else number)
        place = Place(slot, session.port(slot.channel.index), session, leg)
        try:
            if exchange and number:
                await _dialled(place, number)
            yield place
        finally:
            await _cleared(leg)
        return
    lines.set_testing(slot, True)
    _tell(slot, False)
    port = session.port(slot.channel.index)
    try:
        yield Place(slot, port, session)
    finally:
        port.reset()
        _tell(slot, True)
        lines.set_testing(slot, False)


def _tell(slot: Slot, in_service: bool) -> None:
    """The far end, if it can be told; one taken out of service by hand stays so."""
    if slot.held:
        return
    try:
        maintenance.tell(slot, in_service)
    except DriverError as error:
        log.info("%s: the far end is not told of the test: %s", slot.channel.name, error)


async def _free(slot: Slot, force: bool) -> None:
    name = slot.channel.name
    if slot.testing:
        raise CannotCheck(say("line.tested", line=name), say("line.tested.do"))
    if slot.leg is None:
        return
    if not force:
        raise CannotCheck(say("line.call", line=name), say("line.call.do"))
    for leg in filter(None, (slot.leg, slot.second)):
        await _cleared(leg)
    if slot.settling is not None:
        await asyncio.wait([slot.settling], timeout=RELEASE_S)
    if not slot.settled:
        raise CannotCheck(say("line.uncleared", line=name))


async def _called(lines: Lines, slot: Slot, number: str) -> Leg:
    name = slot.channel.name
    request = SetupRequest(slot.channel.number, Number(number))
    loop = asyncio.get_running_loop()
    end = loop.time() + RELEASE_S
    while not slot.usable and loop.time() < end:  # a line rests between two calls
        await asyncio.sleep(0.1)
    try:
        leg = lines.dial(slot, TEST, number, request)
    except NoChannel as error:
        unseized = say("line.unseized", line=name, cause=int(error.cause))
        raise CannotCheck(unseized, say("line.unseized.do")) from None
    try:
        async with asyncio.timeout(ANSWER_S):
            await leg.wait(LegState.CONNECTED, LegState.CLEARING, LegState.RELEASED)
    except BaseException as error:
        await _cleared(leg)
        if isinstance(error, TimeoutError):
            raise CannotCheck(say("line.no_answer", number=number, line=name)) from None
        raise
    if leg.state is not LegState.CONNECTED:
        cause = leg.cause or int(Cause.NORMAL_UNSPECIFIED)
        await _cleared(leg)
        raise CannotCheck(say("line.failed", line=name, number=number, cause=int(cause)))
    return leg


async def _dialled(place: Place, number: str) -> None:
    """A number on an exchange line, after its dial tone."""
    await asyncio.sleep(DIAL_TONE_S)
    line: Any = place.slot.signalling
    sent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    try:
        line.dial_on(place.leg.ref if place.leg else 0, number, lambda whole: _once(sent, whole))
        async with asyncio.timeout(DIGIT_S * (len(number) + 1)):
            whole = await sent
    except TimeoutError:
        whole = False
    except DriverError as error:
        raise CannotCheck(say("line.undialable", why=str(error))) from None
    if not whole:
        raise CannotCheck(say("line.undialled"))
    await asyncio.sleep(THROUGH_S)


def _once(sent: asyncio.Future[bool], whole: bool) -> None:
    if not sent.done():
        sent.set_result(whole)


async def _cleared(leg: Leg) -> None:
    leg.clear(Cause.NORMAL)
    try:
        async with asyncio.timeout(RELEASE_S):
            await leg.wait(LegState.RELEASED)
    except TimeoutError:
        return
