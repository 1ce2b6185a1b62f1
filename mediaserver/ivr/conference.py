"""What a `conference` node does: the caller is in a room with all others who reached it.

Whoever hangs up is out of it; with `next` the key # leaves the room and goes on there. Who comes
to a room that has as many people as the node allows goes on at `full`.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from drivers.cause import Cause
from mediaserver.events import ConferenceJoined, ConferenceLeft
from mediaserver.ivr.flow import ConferenceNode
from mediaserver.ivr.rooms import Seat
from mediaserver.ivr.session import FlowSession
from mediaserver.media.errors import MediaError

log = logging.getLogger(__name__)

LEAVE = "#"


async def conference(session: FlowSession, name: str, node: ConferenceNode) -> str:
    """In the room until the caller keys # or the call ends."""
    room = node.room.format_map(session.variables)
    rooms = session.tools.rooms
    if node.most and rooms.people(room) >= node.most:
        if not node.full:
            session.call.end(Cause.USER_BUSY, "system", f"conference {room} is full")
        return node.full
    try:
        seat = rooms.enter(
            room,
            session.call.services.media,
            session.port,
            partial(session.play_music, ""),
            gain=0.0 if node.listen else 10 ** (node.gain_db / 20),
            quiet=node.quiet,
            loudest=node.loudest,
        )
    except MediaError as error:
        log.error("call %s: conference %s: %s", session.call.id, room, error)
        session.call.end(Cause.RESOURCE_UNAVAILABLE, "system", f"conference {room}: {error}")
        return ""
    try:
        session.answer()
        await _stay(session, seat, room, bool(node.next))
    finally:
        seat.leave()
    return node.next


async def _stay(session: FlowSession, seat: Seat, room: str, may_leave: bool) -> None:
    if session.bells is not None:
        session.bells.silence()
    came = session.call.services.clock.media_ms()
    session.publish(ConferenceJoined, room=room, people=seat.people)
    try:
        with session.call.talking_with_others(seat):
            await (_leave_key(session, seat) if may_leave else _never(session))
    finally:
        stayed = session.call.services.clock.media_ms() - came
        session.publish(ConferenceLeft, room=room, people=seat.people - 1, stayed_ms=stayed)


async def _leave_key(session: FlowSession, seat: Seat) -> None:
    """Keys of before the room are none for it, nor are those keyed in another call over it."""
    session.port.digits.clear()
    while await session.port.digit() != LEAVE or seat.held:
        pass


async def _never(session: FlowSession) -> None:
    """Nobody asks for keys, so none are listened for; the call's end cancels this."""
    session.port.detect(False)
    await asyncio.get_running_loop().create_future()
