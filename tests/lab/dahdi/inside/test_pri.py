"""ISDN PRI over the real driver, on two pairs of spans: its HDLC carries libpri's frames, both
sides ours, and each call's own octets travel both ways through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from drivers import registry
from drivers.base import Channel, SetupRequest, SpanKind
from drivers.boards.dahdi.board import DahdiSpec, make_board
from drivers.events import (
    Alerting,
    CallEvent,
    Connected,
    Disconnected,
    LineEvent,
    Number,
    Released,
    Setup,
)
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring
from tests.lab.dahdi.inside.sound import carried

BLOCK = 80
E1 = SpanKind.E1
SIDES = ("net", "user")
SPECS = {
    "net": (DahdiSpec("net-1", E1, 1), DahdiSpec("net-2", E1, 3)),
    "user": (DahdiSpec("user-1", E1, 2), DahdiSpec("user-2", E1, 4)),
}
SPEECH_S = 2.0


class Side:
    """The near or the far ends of the pairs: a board, an engine, signalling. Calls are answered."""

    def __init__(self, side: str) -> None:
        self.board = make_board(side, SPECS[side], block=BLOCK)
        self.channels: list[Channel] = []
        self.engine = Engine(60, block=BLOCK)
        self.heard: list[LineEvent] = []
        self.ends = {}
        for span in self.board.spans:
            self.engine.attach(len(self.channels), span.port)
            for channel in span.channels:
                channel.index = len(self.channels)
                self.channels.append(channel)
            words = {"net": "network", "user": "user"}
            end = registry.signalling("pri", span, side=words[side])
            end.sink = lambda event, name=span.name: self._on_line(name, event)
            span.watch(end.sink)
            self.ends[span.name] = end

    def _on_line(self, name: str, event: LineEvent) -> None:
        self.heard.append(event)
        if isinstance(event, Setup):
            self.ends[name].alerting(event.ref)
            self.ends[name].answer(event.ref)
        elif isinstance(event, Disconnected):
            self.ends[name].release(event.ref, event.cause)

    def count(self, kind: type[CallEvent]) -> int:
        return sum(isinstance(event, kind) for event in self.heard)

    def speak(self, seed: int) -> list[np.ndarray]:
        """Its own noise on each channel; what comes in is kept."""
        rng = np.random.default_rng(seed)
        said = list(rng.integers(-8000, 8000, (60, 8000), dtype=np.int16))
        self.rings = [Ring(1 << 15) for _ in said]
        for c, samples in enumerate(said):
            self.engine.play(c, samples, loop=True)
            self.engine.tap(c, self.rings[c], mode="rx")
        return said

    def close(self) -> None:
        for end in self.ends.values():
            end.stop()
        self.board.close()


async def until(what: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not what():
            await asyncio.sleep(0.05)


def test_sixty_calls_at_once_carry_their_octets_both_ways_and_are_cleared() -> None:
    async def run() -> None:
        net, user = (Side(side) for side in SIDES)
        thread = EngineThread([net.engine, user.engine], priority=50)
        thread.start()
        for side in (net, user):
            for end in side.ends.values():
                end.start()
        await until(lambda: all(e.up for side in (net, user) for e in side.ends.values()))
        refs = [
            (channel.span, net.ends[channel.span].setup(_request(channel)))
            for channel in net.channels
        ]
        await until(lambda: net.count(Connected) == 60)
        assert net.count(Alerting) == 60
        setups = [event for event in user.heard if isinstance(event, Setup)]
        called = sorted(event.called.digits for event in setups)
        assert called == sorted(_request(channel).called.digits for channel in net.channels)
        await _speech(net, user)
        for span, ref in refs:
            net.ends[span].release(ref, 16)
        await until(lambda: net.count(Released) == user.count(Released) == 60)
        thread.stop()
        for side in (net, user):
            for status in side.board.status():
                assert (status["rx_gaps"], status["tx_gaps"]) == (0, 0), status
            side.close()

    asyncio.run(run())


def _request(channel: Channel) -> SetupRequest:
    called = Number(f"66{channel.span[-1]}{channel.number:02}")
    return SetupRequest(channel.number, called, Number("13800138000"))


async def _speech(net: Side, user: Side) -> None:
    """Channels of the same place are the two ends of a call."""
    said = net.speak(1), user.speak(2)
    await asyncio.sleep(SPEECH_S)
    for side in (net, user):
        for c in range(60):
            side.engine.untap(c, side.rings[c])
    for samples, side in zip(said, (user, net), strict=True):
        for c in range(60):
            octets = bytes(side.rings[c].read())
            assert carried(samples[c], octets) >= 8000 * (SPEECH_S - 0.5), side.channels[c].name
