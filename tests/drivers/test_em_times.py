"""Every time of an E&M trunk is what its settings say: the far end's bits are put on by hand."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from drivers.base import SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import Disconnected, Number, Setup
from drivers.signalling.em import EmSettings
from drivers.signalling.em.trunk import Trunk
from tests.drivers.test_em import End
from tests.drivers.world import StillWire, run

ON, OFF = 0b0001, 0b1001
#: Bits are on the wire for 10 ms at most, each way.
WIRE_MS = 10
#: What is set is no default, so that a time nobody asks for is seen.
SET = EmSettings(
    steady_ms=50,
    start_delay_ms=330,
    wink_delay_ms=270,
    wink_ms=230,
    wink_least_ms=120,
    wink_most_ms=420,
    glare_ms=900,
    wink_wait_ms=7000,
    after_wink_ms=180,
    first_digit_ms=3000,
    pause_ms=1300,
    guard_ms=700,
    stuck_ms=12_000,
)


class Trial:
    """Our end and the far end's bits, of channel 1, as they are on the wire."""

    def __init__(self, start: str) -> None:
        near, far = make_pair([SpanSpec.of("e1", "N", "F")], wire=StillWire)
        given = dataclasses.asdict(SET)
        del given["on_hook"], given["off_hook"], given["start"], given["yields"]
        self.span = far.span("F")
        self.ours = End(near.span("N"), start=start, **given)
        self.far_sees: list[tuple[float, int]] = []
        self.span.on_bits(self._seen)

    async def ready(self) -> Trial:
        self.ours.line.start()
        for channel in self.span.channels:
            self.span.send_bits(channel.number, ON)
        await self.until(lambda: self.state is Trunk.IDLE)
        return self

    def _seen(self, channel: int, abcd: int) -> None:
        if channel == 1:
            self.far_sees.append((asyncio.get_running_loop().time(), abcd))

    @property
    def state(self) -> Trunk:
        return Trunk(self.ours.line.states()[1])

    def far(self, bits: int) -> None:
        self.span.send_bits(1, bits)

    async def until(self, happens: Callable[[], object]) -> float:
        """ms until then, to one."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not happens():
            assert loop.time() - begun < 60, "it does not happen"
            await asyncio.sleep(0.001)
        return (loop.time() - begun) * 1000

    async def until_state(self, state: Trunk) -> float:
        return await self.until(lambda: self.state is state)

    def call(self) -> None:
        self.ours.line.setup(SetupRequest(1, Number("47")))

    async def wink(self, ms: float) -> None:
        """Answer a seizure."""
        self.far(OFF)
        await asyncio.sleep(ms / 1000)
        self.far(ON)


async def _steady(wink: Trial, _: Trial) -> float:
    wink.far(OFF)
    return await wink.until_state(Trunk.ASKED)


async def _start_delay(_: Trial, at_once: Trial) -> float:
    at_once.call()
    return await at_once.until(lambda: at_once.ours.audio.sent)


async def _wink_delay(wink: Trial, _: Trial) -> float:
    wink.far(OFF)
    await wink.until_state(Trunk.ASKED)
    return await wink.until_state(Trunk.WINKING)


async def _wink(wink: Trial, _: Trial) -> float:
    wink.far(OFF)
    await wink.until_state(Trunk.COLLECTING)
    await asyncio.sleep(0.1)
    (begun, off), (ended, on) = wink.far_sees[-2:]
    assert (off, on) == (OFF, ON)
    return (ended - begun) * 1000


async def _glare(wink: Trial, _: Trial) -> float:
    wink.call()
    wink.far(OFF)
    await wink.until_state(Trunk.WINK)
    return await wink.until_state(Trunk.ASKED)


async def _wink_wait(wink: Trial, _: Trial) -> float:
    wink.call()
    return await wink.until(lambda: any(type(e) is Disconnected for e in wink.ours.log))


async def _after_wink(wink: Trial, _: Trial) -> float:
    wink.call()
    await wink.wink(200)
    await wink.until_state(Trunk.STARTING)
    return await wink.until(lambda: wink.ours.audio.sent)


async def _first_digit(_: Trial, at_once: Trial) -> float:
    at_once.far(OFF)
    await at_once.until_state(Trunk.COLLECTING)
    return await at_once.until(lambda: any(type(e) is Setup for e in at_once.ours.log))


async def _pause(_: Trial, at_once: Trial) -> float:
    at_once.far(OFF)
    await at_once.until_state(Trunk.COLLECTING)
    at_once.ours.audio.key_ears[1]("4")
    return await at_once.until(lambda: any(type(e) is Setup for e in at_once.ours.log))


async def _guard(wink: Trial, _: Trial) -> float:
    wink.far(OFF)
    await wink.until_state(Trunk.COLLECTING)
    wink.far(ON)
    await wink.until_state(Trunk.GUARD)
    return await wink.until_state(Trunk.IDLE)


async def _stuck(_: Trial, at_once: Trial) -> float:
    at_once.far(OFF)
    await at_once.until(lambda: any(type(e) is Setup for e in at_once.ours.log))
    at_once.ours.line.release(at_once.ours.last(Setup).ref, 16)
    return await at_once.until_state(Trunk.BLOCKED)


TRIALS: dict[str, Callable[[Trial, Trial], Awaitable[float]]] = {
    f"{name.removeprefix('_')}_ms": trial
    for name, trial in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and callable(trial)
}


@pytest.mark.parametrize("time", sorted(TRIALS))
def test_a_time_is_as_it_is_set(time: str) -> None:
    async def scenario() -> None:
        trials = [await Trial(start).ready() for start in ("wink", "immediate")]
        due = getattr(SET, time)
        assert due - 2 <= await TRIALS[time](*trials) <= due + WIRE_MS + 2

    run(scenario())


@pytest.mark.parametrize(
    ("ms", "good"), [(60, False), (130, True), (300, True), (410, True), (480, False)]
)
def test_a_wink_is_neither_shorter_nor_longer_than_allowed(ms: int, good: bool) -> None:
    """Both edges are told late by `steady_ms`: so much is allowed on either side."""

    async def scenario() -> None:
        trial = await Trial("wink").ready()
        trial.call()
        await asyncio.sleep(0.3)
        await trial.wink(ms)
        await asyncio.sleep(0.5)
        assert bool(trial.ours.audio.sent) is good

    run(scenario())


def test_every_time_is_tried() -> None:
    times = {field.name for field in dataclasses.fields(EmSettings) if field.name.endswith("_ms")}
    elsewhere = {"wink_least_ms", "wink_most_ms", "key_ms"}
    assert times == set(TRIALS) | elsewhere
    defaults = EmSettings()
    same: list[Any] = [name for name in TRIALS if getattr(SET, name) == getattr(defaults, name)]
    assert same == []
