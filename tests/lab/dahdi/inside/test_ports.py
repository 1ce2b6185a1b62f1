"""A telephone's port on the real modules: bells, breaks, flashes, and what is left off hook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.base import AnalogEvent, HookChange, HookFlash, PulseDigit, SetupRequest, SpanKind
from drivers.boards.dahdi._dahdi import lib
from drivers.boards.dahdi.board import DahdiSpec
from drivers.events import Number
from drivers.signalling.analog import analog
from drivers.signalling.analog.country import facts
from tests.lab.dahdi.inside.test_exchange_lines import VIRTUAL, play, settings
from tests.lab.dahdi.inside.test_lines import run, running, until

#: From the driver's end of a break to the telephone's leave to be put down unheard.
REST_S = 0.6


class Pair:
    """A telephone's port, the telephone, and what each end has told."""

    def __init__(self, fxs: Any, fxo: Any) -> None:
        self.fxs, self.fxo = fxs, fxo
        self.port: list[AnalogEvent] = []
        self.phone: list[AnalogEvent] = []

    def clear(self) -> None:
        self.port.clear()
        self.phone.clear()

    async def lift(self) -> None:
        self.fxo.set_hook(1, True)
        await until(lambda: HookChange(1, True) in self.port)
        await asyncio.sleep(1)  # the driver debounces both ends
        self.clear()


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    near, far = DahdiSpec("fxs", SpanKind.FXS, 7), DahdiSpec("fxo", SpanKind.FXO, 8)
    async with running(near, far) as board:
        made = Pair(*board.spans)
        made.fxs.on_line(made.port.append)
        made.fxo.on_line(made.phone.append)
        await asyncio.sleep(2.5)  # the driver settles its ports
        made.clear()
        yield made


@pytest.mark.parametrize("rung", [False, True])
def test_a_break_reaches_the_telephone_however_it_came_to_talk(rung: bool) -> None:
    async def test() -> None:
        async with pair() as line:
            for _ in range(2):  # the port comes to rest, and can be used again
                if rung:
                    line.fxs.set_ring(1, True, cadence_ms=(1000, 4000))
                    await asyncio.sleep(0.5)
                await line.lift()
                line.fxs.set_ring(1, False)
                line.fxs.set_hook(1, False)
                await until(lambda: line.phone == [HookChange(1, False)])
                line.fxs.set_hook(1, True)
                await asyncio.sleep(2)
                assert line.port == [], "the telephone is off the hook still"
                line.fxo.set_hook(1, False)
                await until(lambda: line.port == [HookChange(1, False)])
                await asyncio.sleep(3)
                assert line.port == [HookChange(1, False)]

    run(test)


@pytest.mark.parametrize("after_s", [0.2, REST_S])
def test_a_telephone_put_down_during_a_break_or_right_after_it_is_told_of(after_s: float) -> None:
    """DAHDI itself says nothing of one that is put down in its rest after a break."""

    async def test() -> None:
        async with pair() as line:
            await line.lift()
            line.fxs.set_hook(1, False)
            await asyncio.sleep(after_s)
            line.fxo.set_hook(1, False)
            await until(lambda: line.port == [HookChange(1, False)])
            await asyncio.sleep(3)
            assert line.port == [HookChange(1, False)]
            await line.lift()

    run(test)


@pytest.mark.parametrize(
    ("sent_ms", "heard"),
    [
        (100, [PulseDigit(1, "1")]),  # DAHDI's pulses end at 200 ms
        (500, [HookFlash(1)]),
        (900, [HookFlash(1)]),
        (1100, [HookChange(1, False), HookChange(1, True)]),
    ],
)
def test_what_a_flash_is(sent_ms: int, heard: list[AnalogEvent]) -> None:
    async def test() -> None:
        async with pair() as line:
            line.fxs.set_flash(facts("us").flash, facts("us").flash_send)
            line.fxo.set_flash(facts("us").flash, sent_ms)
            await line.lift()
            line.fxo.flash(1)
            await asyncio.sleep(3)
            assert line.port == heard

    run(test)


@pytest.mark.parametrize("ring", ["external", "internal", "queue"])
def test_the_bell_tells_where_a_call_is_from(ring: str) -> None:
    """Burst for burst and pause for pause, to a fifth of a second."""

    async def test() -> None:
        async with pair() as line:
            heard: list[float] = []
            exchange = analog(line.fxs, lambda event: None, country="cn")
            exchange.start()
            time = asyncio.get_running_loop().time
            changes = (lib.DAHDI_EVENT_RINGBEGIN, lib.DAHDI_EVENT_RINGOFFHOOK)
            line.fxo._line_event = lambda _, event: event in changes and not heard.append(time())
            exchange.setup(SetupRequest(1, Number(), ring=ring))
            wanted = facts("cn").cadence(ring)
            await until(lambda: len(heard) > 2 * len(wanted))
            spans = [1000 * (b - a) for a, b in zip(heard, heard[1:], strict=False)]
            assert [round(ms / 200) for ms in spans[: len(wanted)]] == [ms // 200 for ms in wanted]
            exchange.stop()

    run(test)


def test_a_telephone_left_off_hook_hears_busy_and_then_the_howler(tmp_path: Path) -> None:
    span = {"name": "FXS-1", "kind": "fxs", "dahdi": 7, "far_dahdi": 8}
    over = settings({})
    over["board"] = [
        {"name": "virtual", "span": VIRTUAL[:2]},
        {"name": "cards", "type": "dahdi", "span": [{**span, "analog": {"disconnect": ["busy"]}}]},
    ]
    del over["route"]
    phone = {
        "name": "dave's phone",
        "line": "FXS-1/4",
        "steps": [
            {"hear": "tone:dial", "within_s": 3},
            {"key": "8102"},
            {"hear": "demo-thanks", "within_s": 20},
            {"hear": "tone:busy", "within_s": 30},
            {"hear": "tone:howler", "within_s": 60},
            {"hang_up": True},
        ],
    }
    frank = {
        "name": "frank",
        "line": "E1-2",
        "number": "8102",
        "ring_s": 1,
        "steps": [{"say": "demo-thanks"}, {"hang_up": True}],
    }
    play([phone], over, tmp_path, [frank])
