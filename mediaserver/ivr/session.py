"""One caller in one flow: what all nodes work with and do alike.

Speaking with prompts that may be missing, barge-in, music, and telling the
story. The behaviour of each kind of node is in nodes.py, the way from node to
node in walker.py.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from drivers.cause import Cause
from mediaserver.acd.service import Acd
from mediaserver.call.call import Call, CallInput
from mediaserver.call.dialler import Dialler, Target
from mediaserver.call.extensions import Extensions
from mediaserver.call.leg import Leg, LegState
from mediaserver.events import PromptPlayed
from mediaserver.ivr.flow import Flow
from mediaserver.ivr.rooms import Rooms
from mediaserver.media.digits import DigitEvent
from mediaserver.media.prompts import Prompt, PromptError, Prompts

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueueVoice:
    """What a queue's callers hear, and for how long they are kept."""

    music: str
    announce_every_s: float
    overflow_s: float
    overflow_node: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What nodes work with; the same for all calls."""

    acd: Acd
    dialler: Dialler
    prompts: Prompts
    voices: Mapping[str, QueueVoice]
    tone_plan: str
    language: str
    record: bool
    extensions: Extensions = Extensions()
    rooms: Rooms = field(default_factory=Rooms)


class Bells(Protocol):
    """Telephones that ring for a call beside its flow (always.py)."""

    def person_wanted(self) -> None: ...

    def rings(self, target: Target) -> bool: ...

    def silence(self) -> None: ...


class FlowSession:
    """One call in one flow. `variables` holds what the caller keyed into collect nodes.

    `bells` are set where telephones ring beside the flow.
    """

    def __init__(self, call: Call, flow: Flow, tools: Tools) -> None:
        self.call = call
        self.flow = flow
        self.tools = tools
        self.variables: dict[str, str] = {}
        self.port = call.caller.media
        self.bells: Bells | None = None

    def answer(self, by: Leg | None = None) -> None:
        """Answer the caller, if nobody has; `by` is the leg that has just answered us."""
        record = self.tools.record and not self.flow.records
        self.call.answer(record, by)

    # ---- other parties

    def look_for(self, how: CallInput) -> None:
        """The call now waits for a person: in a queue, or while one is rung."""
        self.call.move(how)
        if self.bells is not None:
            self.bells.person_wanted()

    def rung_already(self, target: Target) -> bool:
        """Whether that telephone rings for this caller beside the flow."""
        return self.bells is not None and self.bells.rings(target)

    async def talk(self, leg: Leg, goes_on: bool) -> bool:
        """With `leg` until one of them goes; then the call ends, unless the flow goes on: whether.

        It ends with the cause the other party was cleared with, and what its line says of it. A
        caller who has put the call on hold cannot be led on.
        """
        if self.bells is not None:
            self.bells.silence()
        by = await self.call.talk(leg)
        goes_on = goes_on and not self.call.caller.held
        if not goes_on:
            by = leg.role if by == "agent" else by
            trouble = self.call.services.lines.trouble(leg)
            self.call.end(leg.cause or Cause.NORMAL, by, trouble)
        return goes_on

    # ---- speaking

    async def say(self, names: Iterable[str], barge_in: bool = False) -> bool:
        """Play prompts one after the other; True if all were heard to the end.

        With `barge_in` a key stops them. A prompt that is missing is skipped and told:
        a caller is better off with silence than without a call.
        """
        if self.call.caller.state is LegState.OFFERED:
            self.call.caller.progress()
        for name in names:
            if barge_in and len(self.port.digits):
                self.publish(PromptPlayed, prompt=name, outcome="interrupted")
                return False
            prompt = await self.prompt(name)
            if prompt is not None and not await self._play(prompt, barge_in):
                return False
        return True

    async def _play(self, prompt: Prompt, barge_in: bool) -> bool:
        undo = self.port.on_digit(self._barge_in) if barge_in else None
        try:
            heard = await self.port.play(prompt)
        finally:
            if undo is not None:
                undo()
        outcome = "done" if heard else "interrupted"
        self.publish(PromptPlayed, prompt=prompt.name, outcome=outcome)
        return heard

    def _barge_in(self, event: DigitEvent) -> None:
        """A key pressed stops the prompt; its release must not stop the next one."""
        if event.duration_ms is None:
            self.port.stop()

    async def play_music(self, music: str) -> None:
        """Music on hold, for as long as nobody cancels it; silence when there is none."""
        clock = self.call.services.clock
        try:
            await self.tools.prompts.play_music(self.port, clock.media_ms, music)
        except PromptError as error:
            log.error("call %s: music on hold: %s", self.call.id, error)

    async def prompt(self, name: str) -> Prompt | None:
        """A loaded prompt, or None (told and logged) when there is none."""
        try:
            return await self.tools.prompts.load(name, self.tools.language)
        except PromptError as error:
            log.error("call %s: %s", self.call.id, error)
            self.publish(PromptPlayed, prompt=name, outcome="missing")
            return None

    def publish(self, kind: type, /, **data: Any) -> None:
        services = self.call.services
        services.bus.publish(kind(call_id=self.call.id, **services.clock.stamp(), **data))
