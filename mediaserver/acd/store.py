"""Who waits, who is offered whom: the state of the ACD behind one small door.

`MemoryStore` serves one machine. What it holds to, and what any other store
must: a call waits in one queue at most, a call and an agent are in one offer
at most, and resolving an offer twice does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class StoreError(Exception):
    """A request that would break one of the store's constraints."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A waiting call set before an agent. `token` names this offer for good."""

    token: int
    queue: str
    call_id: str
    agent: str


class AcdStore(Protocol):
    """What the ACD asks of whatever keeps its state."""

    def enqueue(self, queue: str, call_id: str) -> None:
        """Put a call at the queue's end; again for the same queue changes nothing."""

    def waiting(self, queue: str) -> Sequence[str]:
        """Call ids in their order, those on offer included: they keep their place."""

    def unoffered(self, queue: str) -> Sequence[str]: ...

    def claim(self, queue: str, call_id: str, agent: str) -> Offer:
        """Set call and agent before each other. Raises StoreError if either is taken."""

    def resolve(self, offer: Offer, answered: bool) -> bool:
        """End an offer; answered, the call leaves the queue. False if it was ended before."""

    def leave(self, queue: str, call_id: str) -> bool:
        """Take a call out; whether it was waiting there."""


class MemoryStore:
    """The state of one machine's ACD, gone with the process; calls are gone with it too."""

    def __init__(self) -> None:
        self._queues: dict[str, list[str]] = {}
        self._offers: dict[int, Offer] = {}
        self._token = 0

    def enqueue(self, queue: str, call_id: str) -> None:
        for name, calls in self._queues.items():
            if call_id in calls:
                if name == queue:
                    return
                raise StoreError(f"call {call_id} waits in {name} already")
        self._queues.setdefault(queue, []).append(call_id)

    def waiting(self, queue: str) -> Sequence[str]:
        return tuple(self._queues.get(queue, ()))

    def unoffered(self, queue: str) -> Sequence[str]:
        offered = {offer.call_id for offer in self._offers.values()}
        return tuple(c for c in self._queues.get(queue, ()) if c not in offered)

    def claim(self, queue: str, call_id: str, agent: str) -> Offer:
        if call_id not in self._queues.get(queue, ()):
            raise StoreError(f"call {call_id} does not wait in {queue}")
        for offer in self._offers.values():
            if call_id == offer.call_id or agent == offer.agent:
                raise StoreError(f"{offer.call_id} and {offer.agent} are on offer already")
        self._token += 1
        offer = self._offers[self._token] = Offer(self._token, queue, call_id, agent)
        return offer

    def resolve(self, offer: Offer, answered: bool) -> bool:
        if self._offers.pop(offer.token, None) is None:
            return False
        if answered:
            self.leave(offer.queue, offer.call_id)
        return True

    def leave(self, queue: str, call_id: str) -> bool:
        calls = self._queues.get(queue, [])
        if call_id not in calls:
            return False
        calls.remove(call_id)
        return True
