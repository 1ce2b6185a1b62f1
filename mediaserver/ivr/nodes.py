"""What each kind of node does with the caller; gives the next node's name, "" to end.

A caller who hangs up cancels the coroutine wherever it waits, so each behaviour
puts its own things away in `finally`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from drivers.cause import Cause
from dsp_ext import tone_plan
from mediaserver.acd.agent import Agent
from mediaserver.call.call import CallInput
from mediaserver.call.dialler import NotAnswered, Target
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from mediaserver.events import DigitsKeyed
from mediaserver.ivr import waiting
from mediaserver.ivr.conference import conference
from mediaserver.ivr.flow import (
    AnswerNode,
    CollectNode,
    ConferenceNode,
    DialNode,
    HangUpNode,
    MenuNode,
    Node,
    PlayNode,
    QueueNode,
    RecordNode,
)
from mediaserver.ivr.session import FlowSession

#: What stands for a secret digit wherever digits are shown.
REDACTED = "•"


async def answer(session: FlowSession, name: str, node: AnswerNode) -> str:
    session.answer()
    return node.next


async def play(session: FlowSession, name: str, node: PlayNode) -> str:
    await session.say(node.prompts, node.barge_in)
    return node.next


async def menu(session: FlowSession, name: str, node: MenuNode) -> str:
    """One key of the choices; keyed ahead it is taken before anything is said."""
    prompts = node.prompts
    for _ in range(node.tries):
        await session.say(prompts, barge_in=True)
        key = await session.port.digit(node.timeout_s)
        if key is not None and key in node.choices:
            session.publish(DigitsKeyed, node=name, digits=key, outcome="choice")
            return node.choices[key]
        outcome = "timeout" if key is None else "invalid"
        session.publish(DigitsKeyed, node=name, digits=key or "", outcome=outcome)
        prompts = (*node.invalid, *node.prompts) if key else node.prompts
    return node.on_fail


async def collect(session: FlowSession, name: str, node: CollectNode) -> str:
    """Digits into a variable; secret ones leave this function only as REDACTED."""
    prompts = node.prompts
    for _ in range(node.tries):
        await session.say(prompts, barge_in=True)
        digits = await _digits(session, node)
        good = len(digits) >= node.minimum
        outcome = "collected" if good else "invalid" if digits else "timeout"
        shown = REDACTED * len(digits) if node.secret else digits
        session.publish(DigitsKeyed, node=name, digits=shown, outcome=outcome)
        if good:
            session.variables[node.variable] = digits
            return node.next
        if node.secret:
            session.port.digits.clear()
        prompts = (*node.invalid, *node.prompts) if digits else node.prompts
    return node.on_fail


async def _digits(session: FlowSession, node: CollectNode) -> str:
    digits = ""
    while len(digits) < node.maximum:
        key = await session.port.digit(node.timeout_s)
        if key is None or key == node.terminator:
            break
        digits += key
    return digits


async def queue(session: FlowSession, name: str, node: QueueNode) -> str:
    """Wait for an agent and talk; the agent's hanging up ends the call unless `next` is set."""
    session.answer()
    reply = await waiting.for_agent(session, node.queue)
    if reply is None:
        return node.on_overflow or session.tools.voices[node.queue].overflow_node
    return node.next if await session.talk(reply.leg, goes_on=bool(node.next)) else ""


async def dial(session: FlowSession, name: str, node: DialNode) -> str:
    """Once the far end rings the caller hears so from us, until it is answered."""
    session.look_for(CallInput.RING)
    try:
        leg = await _ring(session, _target(session, node), node.ring_s)
    except (NotAnswered, NoChannel) as error:
        if not node.on_fail:
            session.call.end(error.cause, "system", str(error))
        return node.on_fail
    finally:
        session.port.stop_tone()
    session.answer(leg)
    return node.next if await session.talk(leg, goes_on=bool(node.next)) else ""


async def _ring(session: FlowSession, target: Target, ring_s: float) -> Leg:
    """The leg that answers. Raises NotAnswered, NoChannel."""
    call, tools = session.call, session.tools
    if session.rung_already(target):
        _ringback(session)
        await asyncio.sleep(ring_s)  # its answer takes the caller out of the flow
        raise NotAnswered(target, Cause.NO_ANSWER, "no answer")
    return await tools.dialler.place(
        target,
        "party",
        ring_s,
        calling=call.caller.party,
        name=call.caller_name,
        came=call.caller.came,
        ring="internal" if call.caller.from_inside else "external",
        on_leg=partial(_dialled, session, tools.acd.agent_at(target)),
    )


def _dialled(session: FlowSession, agent: Agent | None, leg: Leg) -> None:
    session.call.adopt(leg)
    if agent is not None:
        session.tools.acd.engage(agent, leg)
    leg.listeners.append(partial(_rings, session))


def _rings(session: FlowSession, leg: Leg, old: LegState, new: LegState) -> None:
    if new is LegState.ALERTING:
        _ringback(session)


def _ringback(session: FlowSession) -> None:
    session.call.caller.alerting(inband=True)
    session.port.tone(tone_plan.program(session.tools.tone_plan, "ringback"))


def _target(session: FlowSession, node: DialNode) -> Target:
    """Raises NotAnswered for an extension there is not."""
    if node.agent:
        return session.tools.acd.agents[node.agent].target
    if node.extension:
        number = node.extension.format_map(session.variables)
        found = session.tools.extensions.find(number)
        if found is None:
            raise NotAnswered(Target(number), Cause.UNALLOCATED, f"there is no extension {number}")
        return found.target
    number = node.number.format_map(session.variables)
    return Target(party=number, trunk=node.trunk, number=number)


async def record_notice(session: FlowSession, name: str, node: RecordNode) -> str:
    session.answer()
    await session.say(node.prompts)
    if session.tools.record:
        session.call.record()
    return node.next


async def hang_up(session: FlowSession, name: str, node: HangUpNode) -> str:
    await session.say(node.prompts)
    session.call.end(node.cause, "system")
    return ""


BEHAVIOUR: dict[type[Node], Callable[[Any, str, Any], Awaitable[str]]] = {
    AnswerNode: answer,
    PlayNode: play,
    MenuNode: menu,
    CollectNode: collect,
    QueueNode: queue,
    DialNode: dial,
    ConferenceNode: conference,
    RecordNode: record_notice,
    HangUpNode: hang_up,
}
