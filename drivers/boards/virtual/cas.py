"""Timeslot 16 of a virtual E1 in one direction: four signalling bits a channel.

What: bits arrive as late as the octets sent with them; bit errors, forced patterns
and alarms (all ones) fall on them as on the wire.
How: only changes travel, each as a timer of the loop; bits that arrive are told
when they differ from those before. With a bit error rate, hits are drawn as
distances in time: each turns one bit of one channel for a multiframe.
Limits: the wire's delay is that of its settings plus one block of 10 ms; frame
alignment within the multiframe is never lost by itself.
Source: ITU-T G.704 5.1.3.2 (a multiframe of 2 ms carries 30 channels' bits).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable

#: What a channel carries that nobody has set: blocked.
UNSET = 0b1101
_BLOCK_S = 0.010
_MULTIFRAME_S = 0.002
_BITS_S = 30 * 4 / _MULTIFRAME_S
_APART_S = 1e-6  # the loop keeps no order among timers of the same instant


class CasWay:
    """The bits of one direction. `arrive(channel, abcd)` hears of each change."""

    def __init__(
        self, channels: Iterable[int], arrive: Callable[[int, int], None], seed: int
    ) -> None:
        self.alarm = False
        self.hits = 0
        self._channels = tuple(channels)
        self._arrive = arrive
        self._dice = random.Random(seed)
        self._used = False
        self._line = dict.fromkeys(self._channels, UNSET)  # as sent, once it has arrived
        self._told = dict.fromkeys(self._channels, UNSET)
        self._forced: dict[int, int] = {}
        self._flipped: dict[int, int] = {}
        self._delay_s: dict[int, float] = {}
        self._last = 0.0
        self._errors: dict[int | None, float] = {}  # channel, or all → rate
        self._next_hit: asyncio.TimerHandle | None = None

    def send(self, channel: int, abcd: int) -> None:
        if not self._used:
            self._used = True
            self._draw()
        loop = asyncio.get_running_loop()
        at = loop.time() + _BLOCK_S + self._delay_s.get(channel, 0.0)
        self._last = max(at, self._last + _APART_S)
        loop.call_at(self._last, self._come, channel, abcd)

    def received(self, channel: int) -> int:
        if self.alarm:
            return 0b1111
        return self._forced.get(channel, self._line[channel] ^ self._flipped.get(channel, 0))

    # ---- faults

    def fault(self, channel: int | None, name: str, value: float) -> None:
        """The wire's delay_ms and bit_error_rate."""
        if name == "delay_ms":
            for each in self._channels if channel is None else (channel,):
                self._delay_s[each] = value / 1000
            return
        self._errors[channel] = value
        if self._next_hit is not None:
            self._next_hit.cancel()
            self._next_hit = None
        if self._used:
            self._draw()

    def force(self, channel: int | None, abcd: int | None) -> None:
        """Hold a pattern on the line; None lets go."""
        for each in self._channels if channel is None else (channel,):
            if abcd is None:
                self._forced.pop(each, None)
            else:
                self._forced[each] = abcd
            self._tell(each)

    def set_alarm(self, on: bool) -> None:
        self.alarm = on
        for each in self._channels:
            self._tell(each)

    def clear(self) -> None:
        self._delay_s.clear()
        self._errors.clear()
        self.force(None, None)

    # ---- inside

    def _come(self, channel: int, abcd: int) -> None:
        self._line[channel] = abcd
        self._tell(channel)

    def _tell(self, channel: int) -> None:
        bits = self.received(channel)
        if bits != self._told[channel]:
            self._told[channel] = bits
            self._arrive(channel, bits)

    def _rate(self) -> float:
        """Hits a second."""
        alone = sum(rate for channel, rate in self._errors.items() if channel is not None)
        return (self._errors.get(None, 0.0) + alone / len(self._channels)) * _BITS_S

    def _draw(self) -> None:
        if (rate := self._rate()) > 0.0:
            loop = asyncio.get_running_loop()
            self._next_hit = loop.call_later(self._dice.expovariate(rate), self._hit)

    def _hit(self) -> None:
        self._next_hit = None
        weights = [self._errors.get(None, 0.0) + self._errors.get(c, 0.0) for c in self._channels]
        if sum(weights) > 0.0:
            channel = self._dice.choices(self._channels, weights)[0]
            self._flipped[channel] = 1 << self._dice.randrange(4)
            self.hits += 1
            self._tell(channel)
            asyncio.get_running_loop().call_later(_MULTIFRAME_S, self._heal, channel)
        self._draw()

    def _heal(self, channel: int) -> None:
        self._flipped.pop(channel, None)
        self._tell(channel)
