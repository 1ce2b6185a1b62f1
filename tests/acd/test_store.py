"""What every store of the ACD must hold to, tried with random histories."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import booleans, sampled_from

from mediaserver.acd.store import MemoryStore, Offer, StoreError

QUEUES = ["sales", "support"]
CALLS = [f"c{n}" for n in range(6)]
AGENTS = ["alice", "bob", "carol"]


class StoreModel(RuleBasedStateMachine):
    """The store beside plain lists and dicts that say what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.queue_of: dict[str, str] = {}
        self.order: dict[str, list[str]] = {name: [] for name in QUEUES}
        self.offers: list[Offer] = []

    @rule(queue=sampled_from(QUEUES), call=sampled_from(CALLS))
    def enqueue(self, queue: str, call: str) -> None:
        if self.queue_of.get(call, queue) != queue:
            with pytest.raises(StoreError):
                self.store.enqueue(queue, call)
            return
        self.store.enqueue(queue, call)
        if call not in self.queue_of:
            self.queue_of[call] = queue
            self.order[queue].append(call)

    @rule(queue=sampled_from(QUEUES), call=sampled_from(CALLS), agent=sampled_from(AGENTS))
    def claim(self, queue: str, call: str, agent: str) -> None:
        taken = any(call == o.call_id or agent == o.agent for o in self.offers)
        if self.queue_of.get(call) != queue or taken:
            with pytest.raises(StoreError):
                self.store.claim(queue, call, agent)
            return
        self.offers.append(self.store.claim(queue, call, agent))

    @rule(answered=booleans())
    def resolve(self, answered: bool) -> None:
        if not self.offers:
            return
        offer = self.offers.pop(0)
        assert self.store.resolve(offer, answered)
        assert not self.store.resolve(offer, True), "an offer ends once"
        if answered:
            self._gone(offer.call_id)

    @rule(call=sampled_from(CALLS))
    def leave(self, call: str) -> None:
        queue = self.queue_of.get(call, QUEUES[0])
        assert self.store.leave(queue, call) == (call in self.queue_of)
        self._gone(call)

    def _gone(self, call: str) -> None:
        queue = self.queue_of.pop(call, None)
        if queue is not None:
            self.order[queue].remove(call)

    @invariant()
    def the_order_is_kept(self) -> None:
        offered = {offer.call_id for offer in self.offers}
        for queue in QUEUES:
            assert list(self.store.waiting(queue)) == self.order[queue]
            free = [call for call in self.order[queue] if call not in offered]
            assert list(self.store.unoffered(queue)) == free


TestStore = StoreModel.TestCase
TestStore.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
