"""A call: its legs, its state, and how it ends.

What: owns one caller leg and whoever it is connected to; says on the bus what
happens; ends exactly once, whoever ends it, and is not forgotten before its
record is durable.
How: the table below; what the caller is led through is the flow's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from drivers.base import DriverError
from drivers.cause import Cause
from mediaserver.bus import Bus
from mediaserver.call import farewell
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import Lines
from mediaserver.call.talk import Music, Talk
from mediaserver.clock import Clock
from mediaserver.events import (
    Bridged,
    CallAnswered,
    CallChanged,
    CallEnded,
    Held,
    LegChanged,
    LineTold,
    Retrieved,
    Unbridged,
)
from mediaserver.media.session import MediaPort, MediaSession
from mediaserver.table import StateTable

log = logging.getLogger(__name__)

#: A record that takes longer than this no longer holds back its channel.
DURABLE_LIMIT_S = 10.0


class CallState(Enum):
    OFFERED = "offered"
    FLOW = "flow"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    CLEARING = "clearing"
    ENDED = "ended"


class CallInput(Enum):
    ENTER = "enter"  # into a flow, or back to it
    QUEUE = "queue"
    RING = "ring"
    TALK = "talk"
    END = "end"
    SETTLED = "settled"  # legs gone, recording closed, record durable


_S, _I = CallState, CallInput
_END = {_I.END: _S.CLEARING}
TABLE: StateTable[CallState, CallInput] = StateTable(
    "call",
    _S.OFFERED,
    frozenset({_S.ENDED}),
    {
        _S.OFFERED: {_I.ENTER: _S.FLOW, **_END},
        _S.FLOW: {
            _I.ENTER: _S.FLOW,
            _I.QUEUE: _S.QUEUED,
            _I.RING: _S.RINGING,
            _I.TALK: _S.TALKING,  # in a conference
            **_END,
        },
        _S.QUEUED: {_I.ENTER: _S.FLOW, _I.TALK: _S.TALKING, **_END},
        _S.RINGING: {_I.ENTER: _S.FLOW, _I.TALK: _S.TALKING, **_END},
        _S.TALKING: {_I.ENTER: _S.FLOW, **_END},
        _S.CLEARING: {_I.END: _S.CLEARING, _I.SETTLED: _S.ENDED},
    },
)


class CannotJoin(Exception):
    """The exchange cannot be asked to join the two ends of this call; the text says why."""


class CannotAnswer(Exception):
    """The caller is still there and the line refuses to answer."""


class InTalk(Protocol):
    """Whatever joins a party with others; hears that it holds, or is back."""

    def changed(self, leg: Leg) -> None: ...


class Recorder(Protocol):
    """Records a call's port; neither method raises for the disk's sake."""

    def start(self, call_id: str, port: MediaPort) -> object: ...

    def pause(self, call_id: str, on: bool) -> None: ...

    async def stop(self, call_id: str) -> object: ...


class Records(Protocol):
    """Knows when a call's record cannot be lost any more."""

    async def durable(self, call_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What a call works with; wired once, in the app."""

    bus: Bus
    clock: Clock
    lines: Lines
    media: MediaSession
    recorder: Recorder
    records: Records
    tone_plan: str = "cn"
    music: Music | None = None


class Call:
    """One caller's time with us. `settled` is done when nothing of it is left to do.

    `on_ending` is called before the end is told, `on_settled` after the last of it is done.
    """

    def __init__(self, call_id: str, caller: Leg, called: str, name: str, services: Services):
        self.id = call_id
        self.caller = caller
        self.called = called
        self.caller_name = name
        self.services = services
        self.state = CallState.OFFERED
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_ending: Callable[[Call], None] | None = None
        self.on_settled: Callable[[Call], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._finish: asyncio.Task[None] | None = None
        self._legs: list[Leg] = []
        self._answered = self._recording = self._joining = False
        self._talk: InTalk | None = None
        self.adopt(caller)

    # ---- life

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        """Lead the caller through `story`; when it returns the call is ended normally.

        It is not begun at all when the call ends before the loop's next turn.
        """
        self._task = asyncio.ensure_future(self._run(story))

    async def _run(self, story: Callable[[], Awaitable[None]]) -> None:
        try:
            await story()
        except Exception:
            log.exception("call %s: its flow failed", self.id)
            self.end(Cause.TEMPORARY_FAILURE, "system", "flow failed")
        else:
            self.end(Cause.NORMAL, "system")

    def adopt(self, leg: Leg) -> None:
        """Make `leg` one of the call's: its moves are told, and it is cleared at the end."""
        leg.call_id = self.id
        self._legs.append(leg)
        leg.listeners.append(self._leg_moved)
        leg.on_hold = self._hold_changed
        leg.on_flash = self._flashed

    def move(self, event: CallInput) -> None:
        old = self.state
        new = TABLE.next(old, event, self.id)
        if new is None or new is old:
            return
        self.state = new
        self._publish(CallChanged, old=old.value, new=new.value)

    def answer(self, record: bool, by: Leg | None = None) -> None:
        """Answer the caller (once); `record` from here on. Raises CannotAnswer.

        `by`: the leg whose answer it is; the caller is told who that is.
        """
        if self.caller.state is LegState.OFFERED:
            self.caller.answer(by.connected if by is not None else None)
            if self.caller.state is LegState.OFFERED:
                raise CannotAnswer(self.caller.line)
        if self.caller.state is LegState.CONNECTED and not self._answered:
            self._answered = True
            self._publish(CallAnswered)
        if record:
            self.record()

    def record(self) -> None:
        """Record from now to the end; a recorder in trouble says so itself and stops no call."""
        if self.caller.state is LegState.CONNECTED and not self._recording:
            self._recording = True
            self.services.recorder.start(self.id, self.caller.media)

    async def talk(self, leg: Leg) -> str:
        """Bridge the caller with `leg` until one of them goes; who did: "agent" or "line".

        A leg that has gone already is not bridged: its channel may serve somebody else.
        """
        self.move(CallInput.TALK)
        try:
            if leg.state is LegState.CONNECTED:
                await self._bridged(leg)
            return "line" if self.services.lines.trouble(leg) else "agent"
        finally:
            leg.clear(Cause.NORMAL)

    @contextmanager
    def talking_with_others(self, talk: InTalk) -> Iterator[None]:
        """While the caller is in talk with people who are no legs of this call."""
        self.move(CallInput.TALK)
        self._talk = talk
        self.services.lines.show_talking(self.caller, True)
        try:
            yield
        finally:
            self._talk = None
            self.services.lines.show_talking(self.caller, False)

    def answered_by(self, besides: Leg | None = None) -> Leg | None:
        """Whoever is connected for the caller to talk to, other than `besides`."""
        others = (leg for leg in self._legs if leg not in (self.caller, besides))
        return next((leg for leg in others if leg.state is LegState.CONNECTED), None)

    def join_at_exchange(self) -> None:
        """Ask the exchange to join the two in talk and to free both channels (ECT, two B-channel

        transfer). It clears both legs when it does; when it refuses, the call goes on as it is.
        Raises CannotJoin.
        """
        leg = self.answered_by()
        if self.state is not CallState.TALKING or leg is None:
            raise CannotJoin("nobody is in talk with the caller")
        lines = {getattr(each.signalling, "common", each.signalling) for each in (self.caller, leg)}
        transfer = getattr(self.caller.signalling, "transfer", None)
        if len(lines) > 1 or transfer is None:
            raise CannotJoin(f"{self.caller.line} and {leg.line} are not on one PRI")
        try:
            transfer(self.caller.ref, leg.ref)
        except DriverError as error:
            raise CannotJoin(str(error)) from None
        self._joining = True
        told = {"leg_id": leg.id, "line": leg.line, "what": "joining", "text": leg.party}
        self._publish(LineTold, **told)

    async def _bridged(self, leg: Leg) -> None:
        legs = (self.caller, leg)
        names = tuple(each.id for each in legs)
        # Keys are for menus: in talk nobody asks for them, and where nobody listens the lines'
        # driver may join the two.
        keyed = self.caller.media.detecting
        self._talk = talk = Talk(self.services.media, legs, self.services.music)
        self._publish(Bridged, legs=names)
        try:
            if keyed:
                self.caller.media.detect(False)
            for each in legs:
                self.services.lines.show_talking(each, True)
            await leg.wait(LegState.CLEARING, LegState.RELEASED)
        finally:
            talk.close()
            self._talk = None
            if keyed and self.caller.alive:
                self.caller.media.detect(True)
            self._publish(Unbridged, legs=names)
            self.services.lines.show_talking(self.caller, False)

    def end(self, cause: int, by: str, detail: str = "") -> None:
        """End the call, once; later wishes to end it are too late and change nothing."""
        if self.state in (CallState.CLEARING, CallState.ENDED):
            return
        if self._joining:
            detail = "; ".join(filter(None, (detail, "handed to the exchange")))
        self.move(CallInput.END)
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()  # at once: the flow must not take another step
        self._finish = asyncio.ensure_future(self._finished(int(cause), by, detail))

    async def _finished(self, cause: int, by: str, detail: str) -> None:
        """Whatever goes wrong in it, the call settles, and its channels are let go of."""
        try:
            await self._wind_up(cause, by, detail)
        except Exception:
            log.exception("call %s: its end failed", self.id)
        self.move(CallInput.SETTLED)
        self.settled.set_result(None)
        if self.on_settled is not None:
            self.on_settled(self)

    async def _wind_up(self, cause: int, by: str, detail: str) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])
        for leg in self._legs:
            if leg is not self.caller:
                leg.clear(cause)
        farewell.let_go(self.caller, cause, self.services.tone_plan)
        if self._recording:
            await self._guarded(self.services.recorder.stop(self.id), "closing the recording")
        if self.on_ending is not None:
            self.on_ending(self)
        self._publish(CallEnded, cause=cause, cleared_by=by, detail=detail)
        await self._guarded(self.services.records.durable(self.id), "writing the record")

    async def _guarded(self, work: Awaitable[object], what: str) -> None:
        """A slow disk or database must not hold the channel for ever."""
        try:
            async with asyncio.timeout(DURABLE_LIMIT_S):
                await work
        except TimeoutError:
            log.error("call %s: %s took over %g s, going on", self.id, what, DURABLE_LIMIT_S)
        except Exception:
            log.exception("call %s: %s failed", self.id, what)

    # ---- inside

    def _flashed(self, leg: Leg) -> None:
        """Its telephone has no other call of ours: the flash is for the exchange of its party."""
        other = self.answered_by() if leg is self.caller else self.caller
        if self.state is CallState.TALKING and other is not None and other.flash():
            told = {"leg_id": other.id, "line": other.line, "what": "flashed", "text": ""}
            self._publish(LineTold, **told)

    def _leg_moved(self, leg: Leg, old: LegState, new: LegState) -> None:
        self._publish(
            LegChanged,
            leg_id=leg.id,
            role=leg.role,
            line=leg.line,
            party=leg.party,
            old=old.value,
            new=new.value,
            cause=leg.cause,
        )
        if leg is self.caller and not leg.alive:
            trouble = self.services.lines.trouble(leg)
            cause = leg.cause if leg.cause is not None else Cause.NORMAL_UNSPECIFIED
            self.end(cause, "line" if trouble else "caller", trouble)

    def _hold_changed(self, leg: Leg) -> None:
        """A party's telephone goes over to another call, or is back from there.

        What it says there is no part of this call's recording.
        """
        kind = Held if leg.held else Retrieved
        self._publish(kind, leg_id=leg.id, line=leg.line, party=leg.party)
        if self.state in (CallState.CLEARING, CallState.ENDED):
            leg.clear()  # what it was told of the call's end is over
            return
        if leg is self.caller and self._recording:
            self.services.recorder.pause(self.id, leg.held)
        if self._talk is not None:
            self._talk.changed(leg)
            self.services.lines.show_talking(leg, not leg.held)

    def _publish(self, kind: type, /, **data: object) -> None:
        services = self.services
        services.bus.publish(kind(call_id=self.id, **services.clock.stamp(), **data))
