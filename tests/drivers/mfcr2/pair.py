"""Two R2 circuits back to back under a clock of their own; tones as data, or as real audio."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from functools import partial

from drivers.base import SetupRequest
from drivers.cause import Cause
from drivers.events import (
    CallEvent,
    Disconnected,
    LineEvent,
    Number,
    Setup,
)
from drivers.said import Said
from drivers.signalling.mfcr2.circuit import Circuit
from drivers.signalling.mfcr2.line import LineState
from drivers.signalling.mfcr2.outputs import Listen, Output, SendBits, SendTone, StopTone
from drivers.signalling.mfcr2.variant import R2Settings

BITS_S = 0.010
TONE_S = 0.040  # wire and detector
SIDES = ("a", "b")
VARIANTS = ("itu", "cn", "ar", "br", "mx")


class Pair:
    """`a` and `b`: circuits of one variant. `log` holds each side's events, `trace` its words.

    `bits(side, abcd)` and `tones(side, signal)` may change what is about to reach a side; None
    loses it. Disconnected is answered with release, as a leg does.
    """

    def __init__(
        self, variant: str = "itu", *, a: dict | None = None, b: dict | None = None, **both: object
    ) -> None:
        self.now = 1000.0
        self._order = itertools.count()
        self._wire: list[tuple[float, int, str, str, int]] = []
        self.log: dict[str, list[LineEvent]] = {side: [] for side in SIDES}
        self.trace: dict[str, list[str]] = {side: [] for side in SIDES}
        self.sent: dict[str, list[Output]] = {side: [] for side in SIDES}
        self.line = dict.fromkeys(SIDES, 0b1101)
        self._listening = dict.fromkeys(SIDES, "")
        self.sounding: dict[str, SendTone | None] = dict.fromkeys(SIDES)
        self.bits: Callable[[str, int], int | None] = lambda side, abcd: abcd
        self.tones: Callable[[str, int], int | None] = lambda side, signal: signal
        self.decide: Callable[[str, Setup], int | None] = lambda side, setup: 0
        self.refs = itertools.count(1)
        self.ends = {
            side: Circuit(
                side,
                1,
                R2Settings(variant=variant, **both | (own or {})),  # type: ignore[arg-type]
                lambda: next(self.refs),
                partial(self._told, side),
            )
            for side, own in (("a", a), ("b", b))
        }
        for side in SIDES:
            self.take(side, self.ends[side].start(self.line[side], self.now))
        self.run(1.0)

    def _told(self, side: str, direction: str, said: Said | str) -> None:
        assert isinstance(said, Said)  # whatever is told can be told in any language
        arrow = {"out": "→", "in": "←"}.get(direction, " ")
        self.trace[side].append(f"{arrow} {said}")

    @staticmethod
    def other(side: str) -> str:
        return "b" if side == "a" else "a"

    # ---- what circuits say

    def take(self, side: str, outputs: list[Output]) -> None:
        """Carry out what a circuit gave back."""
        far = self.other(side)
        for output in outputs:
            self.sent[side].append(output)
            match output:
                case SendBits(abcd):
                    self._post(BITS_S, far, "bits", abcd)
                case SendTone():
                    self.sounding[side] = output
                    self._hear(side)
                case StopTone():
                    self.sounding[side] = None
                    self._post(TONE_S, far, "tone", 0)
                case Listen(direction):
                    self._listening[side] = direction
                    if direction and self.sounding[far] is not None:
                        self._hear(far)
                case _:
                    self._event(side, output)

    def _hear(self, side: str) -> None:
        """The far end's detector finds what this side sends, if it listens that way."""
        tone = self.sounding[side]
        if tone is not None:
            self._post(TONE_S, self.other(side), "tone", tone.signal)

    def _event(self, side: str, event: LineEvent) -> None:
        self.log[side].append(event)
        end = self.ends[side]
        if isinstance(event, Disconnected):
            self._post(0.0, side, "release", int(Cause.NORMAL))
        elif isinstance(event, Setup):
            verdict = self.decide(side, event)
            if verdict is not None:
                self._post(0.0, side, "release" if verdict else "alert", verdict)
        assert end.call is not None or not isinstance(event, Disconnected)

    def _post(self, after_s: float, side: str, what: str, value: int) -> None:
        heapq.heappush(self._wire, (self.now + after_s, next(self._order), side, what, value))

    # ---- time

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(100_000):
            due = [self._wire[0][0]] if self._wire else []
            due += [t for each in self.ends.values() if (t := each.next_timeout) is not None]
            at = min(due, default=float("inf"))
            if at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            while self._wire and self._wire[0][0] <= self.now:
                self._arrive(*heapq.heappop(self._wire)[2:])
            for side, circuit in self.ends.items():
                self.take(side, circuit.timeout(self.now))
        raise AssertionError("the circuits never come to rest")

    def _arrive(self, side: str, what: str, value: int) -> None:
        end = self.ends[side]
        if what == "bits":
            changed = self.bits(side, value)
            if changed is not None:
                self.line[side] = changed
                self.take(side, end.feed_bits(changed, self.now))
        elif what == "tone":
            signal = self.tones(side, value)
            if signal is not None and self._listening[side]:
                self.take(side, end.feed_tone(signal, self.now))
        elif what == "alert":
            self.take(side, end.alerting(self.now))
        elif what == "release":
            self.take(side, end.release(value, self.now))

    # ---- calls

    def call(
        self,
        called: str = "668800",
        calling: str = "13800000001",
        side: str = "a",
        withheld: bool = False,
        complete: bool = True,
    ) -> int:
        number = Number(calling, presentation=0x20 if withheld else 0)
        request = SetupRequest(1, Number(called), number, complete=complete)
        ref = next(self.refs)
        self.take(side, self.ends[side].setup(request, ref, self.now))
        return ref

    def do(self, side: str, what: str, *args: object) -> None:
        self.take(side, getattr(self.ends[side], what)(*args, self.now))

    def talk(self, side: str = "a", **call: object) -> None:
        """A call in talk."""
        self.call(side=side, **call)  # type: ignore[arg-type]
        self.run(15.0)
        self.do(self.other(side), "answer")
        self.run(2.0)
        assert "Connected" in self.names(side), self.trace
        assert self.ends[self.other(side)].line.state is LineState.ANSWERED

    def of(self, side: str, kind: type) -> list:
        return [event for event in self.log[side] if type(event) is kind]

    def names(self, side: str) -> list[str]:
        """Names of a side's call events, in order."""
        return [type(event).__name__ for event in self.log[side] if isinstance(event, CallEvent)]

    def idle(self) -> bool:
        return all(end.idle for end in self.ends.values())

    def silent(self) -> bool:
        """Nobody sends or hears register signals."""
        return not any(self.sounding.values()) and not any(self._listening.values())


def signals(sent: list[Output]) -> list[int]:
    """The register signals a side sent."""
    return [output.signal for output in sent if isinstance(output, SendTone)]


def each_ended_once(log: list[LineEvent]) -> Iterator[str]:
    """What is wrong with the life of calls in a log of one side."""
    ended: set[int] = set()
    for event in log:
        if isinstance(event, CallEvent):
            if event.ref in ended:
                yield f"{event} after Released"
            if type(event).__name__ == "Released":
                ended.add(event.ref)
