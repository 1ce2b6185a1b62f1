"""Runs a scenario on a plant: callers, answerers and faults, each at its time.

Gives one verdict for every step and check; the run passes when all are good.
Under virtual time two runs give the same verdicts at the same media time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivers import events as line
from mediaserver import events as ev
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import NoChannel
from mediaserver.lab.display import Display
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Answerer, Caller, Fault, Scenario
from mediaserver.lab.subscriber import Subscriber, Verdict

#: After the last subscriber is done: time for both ends to come to rest.
SETTLE_S = 5.0
RATE = 8000


@dataclass(eq=False)
class Conversation:
    """One caller's call as the far end saw it, for checks against the record."""

    caller: Caller
    number: str
    subscriber: Subscriber
    partner: Subscriber | None = None
    reached: list[str] = field(default_factory=list)
    cause: int | None = None


class Run:
    """One performance of a scenario. `conversations` and `verdicts` fill as it goes."""

    def __init__(self, plant: Plant, scenario: Scenario) -> None:
        self.plant = plant
        self.scenario = scenario
        self.conversations: list[Conversation] = []
        self.verdicts: list[Verdict] = []
        self._places = asyncio.Semaphore(scenario.at_once)
        self._answering: set[asyncio.Task[None]] = set()
        self._rung: list[Answerer] = []
        self._caller_of: dict[str, str] = {}  # the server's calls
        self._rung_for: dict[str, str] = {}  # line → number of the caller it was rung for last
        self._leave = [
            plant.bus.subscribe(ev.CallOffered, self._offered),
            plant.bus.subscribe(ev.AgentOffered, self._agent_rung),
            plant.bus.subscribe(ev.LegChanged, self._leg_rung),
        ]
        plant.exchange.on_ring = self._ring

    async def perform(self) -> list[Verdict]:
        """Everything in the scenario, to its end or its limit; then both ends at rest."""
        callers = [
            asyncio.ensure_future(self._caller(caller, place))
            for caller in self.scenario.caller
            for place in range(caller.count)
        ]
        faults = [asyncio.ensure_future(self._fault(fault)) for fault in self.scenario.fault]
        for task in (*callers, *faults):
            task.add_done_callback(self._look_at)
        late = set(callers)
        try:
            if callers:
                _, late = await asyncio.wait(callers, timeout=self.scenario.limit_s)
        finally:  # also when the performance is broken off
            for task in (*late, *faults):
                task.cancel()
            for leave in self._leave:
                leave()
        if late:
            self._judge(
                "scenario", "ends in time", False, f"not done after {self.scenario.limit_s:g} s"
            )
        await self._rest()
        for conversation in self.conversations:
            self.verdicts += conversation.subscriber.verdicts
        return self.verdicts

    def _look_at(self, task: asyncio.Task[None]) -> None:
        """What went wrong with a part of the scenario itself is no success."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._judge("scenario", "is carried out", False, repr(error))

    def _judge(self, who: str, step: str, ok: bool, detail: str = "") -> None:
        at_ms = self.plant.clock.media_ms()
        self.verdicts.append(Verdict(who, step, ok, at_ms, detail))

    def _subscriber(self, name: str) -> Subscriber:
        app, settings = self.plant.app, self.plant.settings
        return Subscriber(name, app.prompts, self.plant.clock, settings)

    # ---- callers

    async def _caller(self, caller: Caller, place: int) -> None:
        await asyncio.sleep(caller.at_s + place * caller.every_s)
        async with self._places:
            await self._call(caller, place)

    async def _call(self, caller: Caller, place: int) -> None:
        number = _counted(caller.number, place)
        name = caller.name if caller.count == 1 else f"{caller.name}-{place + 1}"
        subscriber = self._subscriber(name)
        conversation = Conversation(caller, number, subscriber)
        self.conversations.append(conversation)
        try:
            leg = self.plant.exchange.call(caller, number)
        except NoChannel as error:
            self._refused(conversation, int(error.cause))
            return
        subscriber.take(leg)
        try:
            await subscriber.act(caller.steps)
            leg.clear()
            await leg.wait(LegState.RELEASED)
        finally:
            leg.clear()  # also when the scenario's time is over
            subscriber.close()
        conversation.cause = leg.cause
        if caller.refused is not None:
            self._refused(conversation, leg.cause)

    def _refused(self, conversation: Conversation, cause: int | None) -> None:
        conversation.cause = cause
        wanted = conversation.caller.refused
        step = "call" if wanted is None else f"refused with cause {wanted}"
        ok = wanted is not None and cause == wanted
        conversation.subscriber.judge(step, ok, f"cause {cause}")

    # ---- answerers

    def _offered(self, event: ev.CallOffered) -> None:
        self._caller_of[event.call_id] = event.caller

    def _agent_rung(self, event: ev.AgentOffered) -> None:
        self._rung_for[event.line] = self._caller_of.get(event.call_id, "")

    def _leg_rung(self, event: ev.LegChanged) -> None:
        if event.new == "alerting" and event.role != "caller":
            self._rung_for[event.line] = self._caller_of.get(event.call_id, "")

    def _ring(self, leg: Leg, setup: line.Setup) -> bool:
        found = [
            answerer
            for answerer in self.scenario.answerer
            if answerer.line in (leg.line, leg.channel.span)
            and answerer.number in ("", setup.called.digits)
        ]
        if not found:
            return False
        answerer = next((each for each in found if each not in self._rung), found[-1])
        self._rung.append(answerer)
        task = asyncio.ensure_future(self._answer(answerer, leg, setup.calling.digits))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        task.add_done_callback(self._look_at)
        return True

    async def _answer(self, answerer: Answerer, leg: Leg, calling: str) -> None:
        subscriber = self._subscriber(answerer.name)
        subscriber.take(leg)
        if answerer.behaviour in ("busy", "rejects"):
            leg.clear(17 if answerer.behaviour == "busy" else answerer.cause)
            return
        leg.alerting()
        display = Display(leg, self.plant.settings) if answerer.shows else None
        if answerer.behaviour == "never" or not await self._rings(leg, answerer.ring_s):
            return
        if display is not None:
            ok = display.shows == answerer.shows
            subscriber.judge(f"shows {answerer.shows}", ok, "" if ok else display.shows)
        leg.answer()
        # A bell tells no number: then the server says for whom it rings, as far as it knows.
        rung = self._rung_for.get(leg.line, "")
        if not calling and any(each.number == rung for each in self.conversations):
            calling = rung
        for conversation in self.conversations:
            if conversation.number == calling and conversation.cause is None:
                conversation.partner = conversation.subscriber.partner = subscriber
                subscriber.partner = conversation.subscriber
                conversation.reached.append(answerer.name)
        await subscriber.act(answerer.steps)
        self.verdicts += subscriber.verdicts
        await leg.wait(LegState.CLEARING, LegState.RELEASED)
        subscriber.close()

    @staticmethod
    async def _rings(leg: Leg, ring_s: float) -> bool:
        """Whether it still rings after `ring_s`."""
        await asyncio.sleep(ring_s)
        return leg.alive

    # ---- faults

    async def _fault(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        self._set(fault, True)
        if fault.for_s:
            await asyncio.sleep(fault.for_s)
            self._set(fault, False)

    def _set(self, fault: Fault, on: bool) -> None:
        board = self.plant.board_of(fault.span)
        if fault.alarm:
            board.alarm(fault.span, on, fault.toward)
        if fault.d_channel_down:
            board.d_channel(fault.span, not on)
        settings = dict(_wire_settings(fault, on))
        if settings:
            board.fault(fault.span, fault.toward, fault.channel, **settings)

    # ---- the end

    async def _rest(self) -> None:
        """Wait until nothing is going on at either end, then look for what is left."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE_S
        plant = self.plant
        while loop.time() < end and (
            plant.app.reception.calls
            or plant.app.lines.legs()
            or plant.exchange.lines.legs()
            or plant.exchange.busy_channels()
        ):
            await asyncio.sleep(0.1)
        left = [leg.line for leg in plant.app.lines.legs()]
        self._judge("server", "no channel busy without a call", not left, ", ".join(left))
        left = [channel.name for channel in plant.exchange.busy_channels()]
        self._judge("exchange", "no channel busy without a call", not left, ", ".join(left))


def _counted(number: str, place: int) -> str:
    return str(int(number) + place).zfill(len(number)) if place else number


#: Fault key → (engine setting, value that means no fault).
_NEUTRAL: dict[str, float] = {
    "delay_ms": 0.0,
    "gain_db": 0.0,
    "noise_dbm0": 0.0,
    "bit_error_rate": 0.0,
    "loss_rate": 0.0,
}


def _wire_settings(fault: Fault, on: bool) -> Iterator[tuple[str, Any]]:
    for key, neutral in _NEUTRAL.items():
        value = getattr(fault, key)
        if value is not None:
            yield key, value if on else neutral
    if fault.d_loss:
        yield "frame_loss", fault.d_loss if on else 0.0
    if fault.cas:
        yield "cas", fault.cas if on else ""
    if fault.loop:
        yield "loop", on
    if fault.slip_octets and on:
        yield "slip", fault.slip_octets
    if fault.echo is not None:
        yield "hybrid", _hybrid(*fault.echo) if on else np.zeros(0, np.float32)


def _hybrid(loss_db: float, delay_ms: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A plain echo path: a short decaying response after a delay."""
    start = int(delay_ms * RATE / 1000)
    path = np.zeros(start + 24, np.float32)
    path[start:] = np.exp(-np.arange(24) / 6.0) * np.cos(np.arange(24) * 0.9)
    return path * np.float32(10 ** (-loss_db / 20) / np.linalg.norm(path))
