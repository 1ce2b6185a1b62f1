"""Two PRI links back to back under a clock of their own."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from drivers.base import SetupRequest
from drivers.events import CallEvent, LineEvent, Number
from drivers.signalling.pri.link import PriLink
from drivers.signalling.pri.settings import PriSettings

DELAY_S = 0.005
SIDES = ("user", "net")


class Pair:
    """`net` and `user` joined by a lossless wire of 5 ms each way, unless told otherwise.

    `drop(toward, frame)` true loses a frame; `spoil(frame)` may change it.
    """

    def __init__(self, *, net: dict | None = None, user: dict | None = None) -> None:
        self.now = 100.0
        self._order = itertools.count()
        self._wire: list[tuple[float, int, str, bytes]] = []
        self.drop: Callable[[str, bytes], bool] = lambda toward, frame: False
        self.spoil: Callable[[bytes], bytes] = lambda frame: frame
        self.frames = 0
        self.links = {
            "net": PriLink(
                PriSettings(**{"side": "network"} | (net or {})), span="net", now=self.now
            ),
            "user": PriLink(
                PriSettings(**{"side": "user"} | (user or {})), span="user", now=self.now
            ),
        }
        self.log: dict[str, list[LineEvent]] = {"net": [], "user": []}
        self.run(1.0)

    @property
    def net(self) -> PriLink:
        return self.links["net"]

    @property
    def user(self) -> PriLink:
        return self.links["user"]

    def other(self, name: str) -> str:
        return "user" if name == "net" else "net"

    def _collect(self) -> None:
        for name, link in self.links.items():
            self.log[name] += link.take_events()
            toward = self.other(name)
            for frame in link.take_frames():
                if not self.drop(toward, frame):
                    item = (self.now + DELAY_S, next(self._order), toward, self.spoil(frame))
                    heapq.heappush(self._wire, item)
            link.take_log()

    def run(self, seconds: float) -> None:
        """Let time pass; frames and timers happen in order."""
        end = self.now + seconds
        for _ in range(200_000):
            self._collect()
            due = [self._wire[0][0]] if self._wire else []
            for link in self.links.values():
                left = link.next_timeout(self.now)
                if left is not None:
                    due.append(self.now + left)
            at = min(due, default=end)
            if at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            while self._wire and self._wire[0][0] <= self.now:
                _, _, toward, frame = heapq.heappop(self._wire)
                self.frames += 1
                self.log[toward] += self.links[toward].feed(frame, self.now)
                self._collect()
            for name, link in self.links.items():
                self.log[name] += link.poll(self.now)
        raise AssertionError("the links never come to rest")

    def of(self, name: str, kind: type[LineEvent]) -> list:
        return [event for event in self.log[name] if type(event) is kind]

    def last(self, name: str, kind: type[LineEvent]):
        found = self.of(name, kind)
        assert found, f"no {kind.__name__} at {name}: {self.log[name]}"
        return found[-1]

    def call(self, caller: str = "user", channel: int = 1, called: str = "10086", **more) -> int:
        """Place a call; returns the caller's ref."""
        request = SetupRequest(channel, Number(called), **more)
        ref = self.links[caller].setup(request, self.now)
        self.run(0.1)
        return ref

    def talk(self, caller: str = "user", channel: int = 1) -> tuple[int, int]:
        """A call in talk: (caller's ref, callee's ref)."""
        from drivers.events import Setup

        ref = self.call(caller, channel)
        callee = self.other(caller)
        far = self.last(callee, Setup).ref
        self.links[callee].proceeding(far, self.now)
        self.links[callee].alerting(far, self.now)
        self.links[callee].answer(far, self.now)
        self.run(0.1)
        return ref, far

    def story(self, name: str, ref: int) -> list[str]:
        """Names of the events of one call."""
        return [
            type(event).__name__
            for event in self.log[name]
            if isinstance(event, CallEvent) and event.ref == ref
        ]

    def ended(self, name: str, ref: int) -> bool:
        return "Released" in self.story(name, ref)

    def follow(self) -> None:
        """Finish clearing wherever the far end has hung up."""
        from drivers.events import Disconnected

        for name in self.links:
            for event in self.of(name, Disconnected):
                if not self.ended(name, event.ref):
                    self.links[name].release(event.ref, 16, self.now)

    def idle(self) -> bool:
        return not self.net.calls() and not self.user.calls()


def message_type(frame: bytes) -> int:
    """Q.931 message type of an I frame with a two-octet call reference; -1 for any other."""
    is_message = len(frame) > 8 and not frame[2] & 1 and frame[5] == 2
    return frame[8] if is_message else -1


def without(*types: int):
    """A spoiler: the data link sees these messages, the far end's Q.931 does not."""
    return lambda frame: frame[:4] if message_type(frame) in types else frame
