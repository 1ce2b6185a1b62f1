"""Waiting in a queue: music, the position now and then, until an agent comes.

The position is told on entering, when it gets better, and every
`announce_every_s`; after it has been told there is music for `MUSIC_S` at
least, so that a queue that moves fast is not all announcements.
"""

from __future__ import annotations

import asyncio
import logging

from mediaserver.acd.queue import Answer, Ticket
from mediaserver.acd.service import QueueFull
from mediaserver.call.call import CallInput
from mediaserver.ivr.session import FlowSession, QueueVoice

log = logging.getLogger(__name__)

MUSIC_S = 8.0


async def for_agent(session: FlowSession, queue: str) -> Answer | None:
    """The agent's answer; None when the queue is full or nobody came in time."""
    acd = session.tools.acd
    voice = session.tools.voices[queue]
    session.look_for(CallInput.QUEUE)
    try:
        ticket = acd.enter(session.call, queue)
    except QueueFull:
        return None
    entertainer = asyncio.ensure_future(_entertain(session, ticket, voice))
    try:
        async with asyncio.timeout(voice.overflow_s or None):
            return await ticket.answer
    except TimeoutError:
        acd.leave(ticket, "overflow")
        # An answer in the very moment the time was over is an answer.
        return None if ticket.answer.cancelled() else ticket.answer.result()
    finally:
        acd.leave(ticket, "abandoned")  # nothing, if it has been left
        entertainer.cancel()
        await asyncio.wait([entertainer])


async def _entertain(session: FlowSession, ticket: Ticket, voice: QueueVoice) -> None:
    """Until cancelled; a fault in it leaves the caller in silence, and in the queue."""
    try:
        await _music_and_place(session, ticket, voice)
    except Exception:
        log.exception("call %s: nothing more is played while waiting", session.call.id)


async def _music_and_place(session: FlowSession, ticket: Ticket, voice: QueueVoice) -> None:
    moved = asyncio.Event()
    ticket.on_moved = moved.set
    while True:
        moved.clear()
        await session.say(_position(session, ticket.position))
        playing = asyncio.ensure_future(session.play_music(voice.music))
        try:
            await asyncio.sleep(MUSIC_S)
            async with asyncio.timeout(voice.announce_every_s or None):
                await moved.wait()
        except TimeoutError:
            pass
        finally:
            playing.cancel()
            await asyncio.wait([playing])


def _position(session: FlowSession, position: int) -> list[str]:
    """What is said of a place in the queue, in the caller's language."""
    if session.tools.language == "zh":
        return [f"say:您排在第{position}位,请稍候。"]
    if position == 1:
        return ["queue-youarenext"]
    return ["queue-thereare", f"number:{position}", "queue-callswaiting"]
