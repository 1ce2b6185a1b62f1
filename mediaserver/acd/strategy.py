"""Which of the ready agents is offered the next call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mediaserver.acd.agent import Agent

Strategy = Callable[[Sequence[Agent]], Agent]


def longest_idle(ready: Sequence[Agent]) -> Agent:
    """Whoever has been ready longest; the order in the queue's list breaks a tie."""
    return min(ready, key=lambda agent: agent.idle_since_ms)


STRATEGIES: dict[str, Strategy] = {"longest-idle": longest_idle}
