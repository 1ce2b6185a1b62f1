"""PRI signalling whose libpri runs in a process of its own.

What: the same `Signalling` as `PriSignalling`. Frames go down a pipe to
`drivers.signalling.pri.process`, line events come up. When that process dies or
hangs, it is started again: calls in talk go on (their audio never went through
it) and end when either end clears; calls not yet connected are released (41).
How: a mirror of the calls (`Call` and its table) answers at once what fits and
what does not; a call whose process died is adopted by the next one.
Limits: real time only, the child has the machine's clock.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import drivers
from drivers.base import DChannelSpan, DriverError, EventSink, SetupRequest
from drivers.cause import Cause
from drivers.events import (
    AdviceOfCharge,
    CallEvent,
    ChannelSet,
    ChannelState,
    Connected,
    Disconnected,
    LineEvent,
    MoreDigits,
    Number,
    Released,
    Setup,
    SignallingState,
)
from drivers.signalling.alarm import GUARD_S, AlarmGuard
from drivers.signalling.pri.calls import Call, CallState
from drivers.signalling.pri.ledger import pick_channel
from drivers.signalling.pri.pipe import Message, Pipe, pair, unpack_event
from drivers.signalling.pri.settings import SERVICE_SWITCHES, PriSettings, Tap

_log = logging.getLogger(__name__)

PING_S = 2.0
PINGS_MISSED = 3
BACK_OFF_S = (0.1, 30.0)  # first and longest wait before the process is started again
STEADY_S = 60.0  # after so long without a death the first wait applies again

_WORDS: dict[type[LineEvent], str] = {
    MoreDigits: "more",
    Connected: "connected",
    Disconnected: "cleared",
    AdviceOfCharge: "charge",
}


class Worker(Protocol):
    """The process, as far as we deal with it."""

    def kill(self) -> None: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...


#: spawn(child's end of the pipe) -> the process
Spawn = Callable[[socket.socket], Worker]


def spawn_process(end: socket.socket) -> Worker:
    """Start `drivers.signalling.pri.process` on its end of the pipe."""
    root = str(Path(drivers.__file__).resolve().parent.parent)
    path = os.environ.get("PYTHONPATH")
    return subprocess.Popen(
        [sys.executable, "-m", "drivers.signalling.pri.process", str(end.fileno())],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": root + (os.pathsep + path if path else "")},
    )


class PriChild:
    """`Signalling` over libpri in a child process."""

    tells_who_answers = True

    def __init__(
        self,
        span: DChannelSpan,
        sink: EventSink,
        settings: PriSettings | None = None,
        *,
        alarm_guard_s: float = GUARD_S,
        spawn: Spawn = spawn_process,
    ) -> None:
        self.span = span
        self.sink = sink
        self.settings = settings or PriSettings()
        #: Hears every frame of the D channel: ("in" or "out", frame).
        self.tap: Tap | None = None
        self.starts = 0
        self._spawn = spawn
        self._guard = AlarmGuard(self._alarm_changed, self._alarm_lasts, alarm_guard_s)
        self._calls: dict[int, Call] = {}
        self._blocked: set[int] = set()  # channels that no call may be put on
        self._out: set[int] = set()  # of those, the ones taken out of service
        self._lost: set[int] = set()
        self._next_ref = 2
        self._pipe: Pipe | None = None
        self._worker: Worker | None = None
        self._old: list[Worker] = []
        self._link_up = self._told_up = self._running = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._back_off = BACK_OFF_S[0]
        self._started_at = 0.0
        self._missed = 0

    @property
    def up(self) -> bool:
        return self._link_up and self._pipe is not None and not self._guard.active

    def start(self) -> None:
        self._running = True
        self.span.on_frame(self._frame_in)
        self.span.watch(self._guard.watch)
        self._guard.start(self.span.alarms)
        self._start_worker()

    def stop(self) -> None:
        self._running = False
        self._guard.stop()
        for timer in self._timers.values():
            timer.cancel()
        self._end_worker()
        for worker in self._old:
            worker.wait()  # killed just now: no more than a moment
        self._old.clear()

    # ---- requests ------------------------------------------------------------------------

    def setup(self, request: SetupRequest) -> int:
        if not self.up:
            raise DriverError(
                f"{self.span.name}: the D channel is down", Cause.NETWORK_OUT_OF_ORDER
            )
        channel = request.channel or self._pick_channel()
        if channel is None:
            raise DriverError(f"{self.span.name}: no idle channel", Cause.NO_CHANNEL)
        if not self.is_idle(channel):
            where = f"{self.span.name}/{channel}"
            raise DriverError(f"{where} is not idle", Cause.CHANNEL_UNAVAILABLE)
        ref, self._next_ref = self._next_ref, self._next_ref + 2
        self._calls[ref] = Call(ref, 0, channel, True, CallState.DIALLING)
        order = dataclasses.asdict(request) | {"ref": ref, "channel": channel}
        self._send({"setup": order})
        if not request.channel:
            self._soon(ChannelSet(self.span.name, ref, channel))
        return ref

    def acknowledge(self, ref: int) -> None:
        self._request(ref, "acknowledge")

    def information(self, ref: int, digits: str) -> None:
        self._request(ref, "information", digits)

    def proceeding(self, ref: int) -> None:
        self._request(ref, "proceeding")

    def alerting(self, ref: int, inband: bool = False) -> None:
        self._request(ref, "alerting", inband)

    def progress(self, ref: int, inband: bool = True) -> None:
        self._request(ref, "progress", inband)

    def answer(self, ref: int, number: Number | None = None, name: str = "") -> None:
        self._request(ref, "answer", number and dataclasses.asdict(number), name)

    def transfer(self, ref: int, other: int) -> None:
        """Ask the far end to join two calls; see `PriLink.transfer`. A refusal is logged."""
        self._call(other)
        self._call(ref)
        self._send({"do": ["transfer", ref, other]})

    def ignore(self, ref: int) -> None:
        """Leave an offered call to another terminal of the line; see `PriLink.ignore`."""
        if self._call(ref).state is not CallState.OFFERED:
            raise DriverError(f"{self.span.name}: call {ref} has been answered for", 101)
        self._send({"do": ["ignore", ref]})

    def service(self, channel: int, in_service: bool) -> None:
        """Take a channel out of service at both ends, or bring it back; see `PriLink.service`."""
        where, switch = f"{self.span.name}/{channel}", self.settings.switch
        if channel not in self.settings.channels or switch not in SERVICE_SWITCHES:
            raise DriverError(f"{where}: no SERVICE on {switch}", Cause.FACILITY_REJECTED)
        if not self.up:
            raise DriverError(f"{where}: the D channel is down", Cause.NETWORK_OUT_OF_ORDER)
        self._send({"do": ["service", channel, in_service]})

    def drop_all(self, cause: int, channels: Sequence[int] | None = None) -> None:
        """Give every call (on these channels) up at once, without a word to the far end."""
        if self._pipe is not None:
            self._send({"do": ["drop_all", int(cause), channels]})
            return
        for call in list(self._calls.values()):
            if channels is None or call.channel in channels:
                self._drop(call, cause)

    def line_lost(self, d: int, lost: bool) -> None:
        """NFAS: the line of this D channel went into alarm, or out of it."""
        (self._lost.add if lost else self._lost.discard)(d)
        self._send({"do": ["line_lost", d, lost]})

    def release(self, ref: int, cause: int) -> None:
        call = self._call(ref)
        call.clear_with(cause)
        if self._pipe is not None:
            self._request(ref, "release", cause)
            return
        call.move("release")
        self._drop(call, cause)

    def restart(self, channel: int) -> None:
        if channel not in self.settings.channels:
            raise DriverError(f"{self.span.name}: there is no channel {channel}")
        if self._pipe is None:
            for call in [call for call in self._calls.values() if call.channel == channel]:
                self._drop(call, Cause.TEMPORARY_FAILURE)
            self._blocked.add(channel)
        else:
            self._send({"do": ["restart", channel]})

    def is_idle(self, channel: int) -> bool:
        """Whether a new call may be put on this channel (not in use, not being restarted)."""
        return (
            channel in self.settings.channels
            and channel not in self._blocked
            and all(call.channel != channel for call in self._calls.values())
        )

    # ---- the process ---------------------------------------------------------------------

    def _start_worker(self) -> None:
        ours, theirs = pair()
        with theirs:
            self._worker = self._spawn(theirs)
        self._pipe = Pipe(ours, self._receive, self._worker_lost)
        self.starts += 1
        self._missed = 0
        self._started_at = asyncio.get_running_loop().time()
        settings = dataclasses.asdict(self.settings)
        adopted = [[call.ref, call.cref, call.channel] for call in self._calls.values()]
        restart = self._blocked - {call.channel for call in self._calls.values()}
        channels = {"restart": sorted(restart), "out": sorted(self._out)}
        order = {"settings": settings, "span": self.span.name, "adopted": adopted, **channels}
        self._send({"start": order | {"first_ref": self._next_ref}})
        for d in self._lost:
            self._send({"do": ["line_lost", d, True]})
        self._after("ping", PING_S, self._ping)

    def _worker_lost(self) -> None:
        """The process died or hangs: calls in talk stay, the others end, a new one starts."""
        self._end_worker()
        self._link_up = False
        self._tell_state("the signalling process ended")
        for call in list(self._calls.values()):
            if call.state is not CallState.ACTIVE or not call.cref:
                self._drop(call, Cause.TEMPORARY_FAILURE)
        now = asyncio.get_running_loop().time()
        if now - self._started_at >= STEADY_S:
            self._back_off = BACK_OFF_S[0]
        _log.error("%s: signalling process ended, next in %.1f s", self.span.name, self._back_off)
        self._after("start", self._back_off, self._start_worker)
        self._back_off = min(self._back_off * 2, BACK_OFF_S[1])

    def _end_worker(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._worker is not None:
            self._worker.kill()
            self._old.append(self._worker)
            self._worker = None
        self._old = [worker for worker in self._old if worker.poll() is None]

    def _ping(self) -> None:
        self._old = [worker for worker in self._old if worker.poll() is None]
        if self._pipe is None:
            return
        if self._missed >= PINGS_MISSED:
            _log.error("%s: the signalling process does not answer", self.span.name)
            self._worker_lost()
            return
        self._missed += 1
        self._send({"ping": self.starts})
        self._after("ping", PING_S, self._ping)

    def _after(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        if self._running:
            self._timers[name] = asyncio.get_running_loop().call_later(seconds, act)

    def _send(self, message: Message) -> None:
        if self._pipe is not None:
            self._pipe.send(message)

    # ---- from the process and from the line ----------------------------------------------

    def _frame_in(self, frame: bytes) -> None:
        if self.tap is not None:
            self.tap("in", frame)
        self._send({"frame": frame.hex()})

    def _receive(self, message: Message) -> None:
        if "frame" in message:
            frame = bytes.fromhex(message["frame"])
            self.span.send_frame(frame)
            if self.tap is not None:
                self.tap("out", frame)
        if "pong" in message:
            self._missed = 0
        if "log" in message:
            level, text = message["log"]
            _log.log(level, "%s", text)
        if "event" in message:
            self._event(unpack_event(message["event"]), message)

    def _event(self, event: LineEvent, told: Message) -> None:
        if isinstance(event, SignallingState):
            self._link_up = event.up
            self._tell_state(event.reason)
            return
        if isinstance(event, ChannelState):
            (self._blocked.discard if event.in_service else self._blocked.add)(event.channel)
            (self._out.add if told["off"] else self._out.discard)(event.channel)
        elif isinstance(event, Setup):
            call = Call(event.ref, 0, event.channel, False, CallState.OFFERED)
            self._calls[event.ref] = call
            self._next_ref = max(self._next_ref, event.ref + 1)
        elif isinstance(event, CallEvent) and not self._note(event):
            return
        ref, cref = told.get("cref", (0, 0))
        if ref in self._calls:
            self._calls[ref].cref = cref
        self.sink(event)

    def _note(self, event: CallEvent) -> bool:
        """Follow a call's event in the mirror; False for a call that has ended here."""
        call = self._calls.get(event.ref)
        if call is None:
            return False
        if isinstance(event, Released):
            del self._calls[event.ref]
        elif isinstance(event, ChannelSet):
            call.channel = event.channel
        else:
            call.move(_WORDS.get(type(event), "working"))
        return True

    # ---- bookkeeping ---------------------------------------------------------------------

    def _call(self, ref: int) -> Call:
        call = self._calls.get(ref)
        if call is None:
            where = self.span.name
            raise DriverError(f"{where}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE)
        return call

    def _request(self, ref: int, word: str, *given: object) -> None:
        call = self._call(ref)
        if self._pipe is None:
            raise DriverError(f"{self.span.name}: no signalling process at the moment")
        call.move(word)
        self._send({"do": [word, ref, *given]})

    def _drop(self, call: Call, cause: int) -> None:
        """End a call no process knows any more; its channel is restarted by the next one."""
        del self._calls[call.ref]
        self._blocked.add(call.channel)
        self._soon(Released(self.span.name, call.ref, int(call.cause or cause)))

    def _soon(self, event: LineEvent) -> None:
        asyncio.get_running_loop().call_soon(self._hand_on, event)

    def _hand_on(self, event: LineEvent) -> None:
        if self._running:
            self.sink(event)

    def _pick_channel(self) -> int | None:
        idle = [channel for channel in self.settings.channels if self.is_idle(channel)]
        return pick_channel(self.settings, idle)

    def _tell_state(self, reason: str) -> None:
        if self.up != self._told_up:
            self._told_up = self.up
            self.sink(SignallingState(self.span.name, self.up, reason))

    def _alarm_changed(self) -> None:
        self._tell_state("span alarm" if self._guard.active else "span alarm ended")

    def _alarm_lasts(self) -> None:
        self.drop_all(Cause.DESTINATION_OUT_OF_ORDER)
