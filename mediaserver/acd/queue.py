"""A waiting caller's ticket, and a queue's settings as the ACD uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from mediaserver.acd.agent import Agent
from mediaserver.acd.strategy import Strategy
from mediaserver.call.call import Call
from mediaserver.call.leg import Leg


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent took the call on `leg`."""

    agent: Agent
    leg: Leg


@dataclass(eq=False)
class Ticket:
    """A call's place in a queue. `answer` is done when an agent has answered.

    `on_moved` is told whenever `position` (from 1) changes.
    """

    call: Call
    queue: Queue
    since_ms: int
    answer: asyncio.Future[Answer]
    position: int = 0
    on_moved: Callable[[], None] | None = None
    missed_by: dict[str, int] = field(default_factory=dict)  # agent → when, media ms


@dataclass(frozen=True, eq=False)
class Queue:
    """`ring_s`: how long one agent's phone rings; `retry_s`: before the same agent again."""

    name: str
    agents: tuple[Agent, ...]
    strategy: Strategy
    ring_s: float
    retry_s: float
    max_waiting: int
