"""Both ends of analog lines with ears and mouths to order, under virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from drivers.base import AlertTone, Channel, FskMessage, Keys, SpanKind
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import CallEvent
from drivers.signalling.analog import analog
from dsp_ext.callerid import CallerId
from tests.drivers.world import StillWire


class Audio:
    """Says what it is told to hear; notes what it is asked to send."""

    plan = "cn"

    def __init__(self) -> None:
        self.ears: dict[int, Callable[[str], None]] = {}
        self.sent: list[tuple[int, str]] = []
        self.sounding: dict[int, str] = {}
        self.waiting_ears: dict[int, tuple[str, str, Callable[[CallerId | None], None]]] = {}
        self.lone: set[int] = set()
        self.bursts: list[tuple[int, str]] = []
        self.whole = True
        self.answers = True  # a telephone to the alert in talk
        self.asked = ""
        self.hears = True
        self.caller_ears: dict[int, tuple[str, Callable[[CallerId | None], None]]] = {}
        self.shown: list[tuple[float, int, FskMessage | AlertTone | Keys]] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 27, 12, 0)

    def hear(self, channel: Channel, heard: Callable[[str], None]) -> bool:
        self.ears[channel.number] = heard
        return self.hears

    def hear_caller(
        self, channel: Channel, by: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        self.caller_ears[channel.number] = (by, heard)

    def deaf_caller(self, channel: Channel) -> None:
        self.caller_ears.pop(channel.number, None)

    def hear_waiting(
        self, channel: Channel, by: str, key: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        self.waiting_ears[channel.number] = (by, key, heard)

    def deaf_waiting(self, channel: Channel) -> None:
        self.waiting_ears.pop(channel.number, None)

    async def send_caller(self, channel: Channel, piece: FskMessage | AlertTone | Keys) -> bool:
        self.shown.append((asyncio.get_running_loop().time(), channel.number, piece))
        await asyncio.sleep(0.6)
        return self.whole

    async def alert(self, channel: Channel, tone: AlertTone, keys: str, within_ms: int) -> bool:
        self.shown.append((asyncio.get_running_loop().time(), channel.number, tone))
        self.asked = keys
        await asyncio.sleep((tone.ms + 40 if self.answers else tone.ms + within_ms) / 1000)
        return self.answers

    def apart(self, channel: Channel, on: bool) -> None:
        (self.lone.add if on else self.lone.discard)(channel.number)

    async def burst(self, channel: Channel, name: str) -> bool:
        self.bursts.append((channel.number, name))
        await asyncio.sleep(0.4)
        return self.whole

    def deaf(self, channel: Channel) -> None:
        self.ears.pop(channel.number, None)

    def dial(
        self, channel: Channel, digits: str, on_ms: int, off_ms: int, done: Callable[[bool], None]
    ) -> None:
        self.sent.append((channel.number, digits))
        seconds = len(digits) * (on_ms + off_ms) / 1000
        asyncio.get_running_loop().call_later(seconds, done, self.whole)

    def tone(self, channel: Channel, name: str) -> None:
        self.sounding[channel.number] = name

    def quiet(self, channel: Channel) -> None:
        self.sounding.pop(channel.number, None)


class End:
    """One span's signalling, and all it told."""

    def __init__(self, span: Any, audio: Audio | None, **options: Any) -> None:
        self.span, self.audio = span, audio
        self.log: list[Any] = []
        self.line = analog(span, self.log.append, audio=audio, **options)
        self.line.start()

    def calls(self) -> list[str]:
        return [type(event).__name__ for event in self.log if isinstance(event, CallEvent)]

    def last(self, kind: type) -> Any:
        return [event for event in self.log if type(event) is kind][-1]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.log if type(event) is kind]


async def ends(
    fxs: dict[str, Any] | None = None, fxo: dict[str, Any] | None = None, *, user: bool = False
) -> tuple[End, End]:
    """(FXS end, FXO end). `user`: the FXO end is a telephone, lifted and dialled by somebody."""
    near, far = make_pair([SpanSpec.of(SpanKind.FXS.value, "P", "T", 3)], wire=StillWire)
    phones = End(near.span("P"), Audio(), **(fxs or {}))
    lines = End(far.span("T"), None if user else Audio(), **(fxo or {}))
    await asyncio.sleep(0.1)
    return phones, lines
