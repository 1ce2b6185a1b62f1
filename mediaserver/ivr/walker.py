"""Walks one caller through a flow, node after node, until a node leads nowhere."""

from __future__ import annotations

import logging

from drivers.cause import Cause
from mediaserver.call.call import CallInput
from mediaserver.events import NodeEntered
from mediaserver.ivr.nodes import BEHAVIOUR
from mediaserver.ivr.session import FlowSession

log = logging.getLogger(__name__)

#: A flow whose nodes lead in a circle without waiting for anything is stopped.
MAX_STEPS = 1000


async def walk(session: FlowSession) -> None:
    """Until the flow ends or hangs up; the caller of this ends the call then."""
    call, flow = session.call, session.flow
    session.port.detect(True)
    name = flow.start
    for _ in range(MAX_STEPS):
        node = flow.node[name]
        call.move(CallInput.ENTER)
        session.publish(NodeEntered, flow=flow.name, node=name, kind=node.kind)
        name = await BEHAVIOUR[type(node)](session, name, node)
        if not name:
            return
    log.error("call %s: flow %s took %d steps, ending", call.id, flow.name, MAX_STEPS)
    call.end(Cause.TEMPORARY_FAILURE, "system", "the flow does not end")
