"""Bits, hooks, rings, alarms and what the driver refuses, on the real modules."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from drivers.base import DriverError, HookChange, HookFlash, RingChange, SpanKind
from drivers.boards.dahdi._dahdi import lib
from drivers.boards.dahdi.board import DahdiBoard, DahdiSpec, make_board
from drivers.boards.dahdi.device import DahdiError, Device
from drivers.events import Alarm, SpanAlarm
from dsp_ext.engine import Engine, EngineThread
from tests.lab.dahdi.inside import dynamic

E1 = SpanKind.E1


@contextlib.asynccontextmanager
async def running(*specs: DahdiSpec) -> AsyncIterator[DahdiBoard]:
    """A board whose channels are ticked, as events are taken by the tick."""
    board = make_board("lab", specs, prefill=3)
    engines = []
    for span in board.spans:
        engine = Engine(len(span.channels), block=80)
        engine.attach(0, span.port)
        engines.append(engine)
    thread = EngineThread(engines, priority=50)
    thread.start()
    try:
        yield board
    finally:
        thread.stop()
        board.close()


async def until(what: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not what():
            await asyncio.sleep(0.02)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())


def test_bits_travel_and_only_four_of_them() -> None:
    async def test() -> None:
        near, far = DahdiSpec("near", E1, 5), DahdiSpec("far", E1, 6)
        async with running(near, far) as board:
            heard: list[tuple[int, int]] = []
            board.spans[1].on_bits(lambda channel, abcd: heard.append((channel, abcd)))
            for abcd in (0b1001, 0b0001, 0b0101, 0b1101):
                board.spans[0].send_bits(5, abcd)
                board.spans[0].send_bits(6, ~abcd & 0xF)
                await until(lambda abcd=abcd: (5, abcd) in heard)
                assert board.spans[1].bits(5) == abcd
            assert all(0 <= abcd <= 15 for _, abcd in heard)

    run(test)


def test_a_telephone_is_rung_picked_up_flashes_and_is_put_down() -> None:
    async def test() -> None:
        phones, lines = DahdiSpec("fxs", SpanKind.FXS, 7), DahdiSpec("fxo", SpanKind.FXO, 8)
        async with running(phones, lines) as board:
            fxs, fxo = board.spans
            at: dict[str, list[object]] = {"fxs": [], "fxo": []}
            fxs.on_line(at["fxs"].append)
            fxo.on_line(at["fxo"].append)
            await asyncio.sleep(2.5)  # the driver settles its ports
            at["fxs"].clear()
            at["fxo"].clear()
            fxs.set_ring(1, True, cadence_ms=(1000, 4000))
            await until(lambda: RingChange(1, True) in at["fxo"])
            fxo.set_hook(1, True)
            await until(lambda: HookChange(1, True) in at["fxs"])
            fxs.set_ring(1, False)
            fxs.set_hook(1, True)
            await asyncio.sleep(1.0)
            fxo.flash(1)
            await until(lambda: HookFlash(1) in at["fxs"])
            fxo.set_hook(1, False)
            await until(lambda: HookChange(1, False) in at["fxs"])
            await until(lambda: RingChange(1, False) in at["fxo"])

    run(test)


def test_a_span_whose_far_end_vanishes_is_in_alarm_until_it_is_back() -> None:
    """The driver does not let an open span go, so it is the other end that goes."""

    async def test() -> None:
        async with running(DahdiSpec("near", E1, 5)) as board:
            near = board.spans[0]
            told: list[SpanAlarm] = []
            near.watch(told.append)
            for _ in range(3):
                dynamic.destroy("3", 1)
                await until(lambda: told[-1:] == [SpanAlarm("near", Alarm.RED, True)])
                dynamic.create("3", 1)
                await until(lambda: told[-1:] == [SpanAlarm("near", Alarm.RED, False)])
            assert len(told) == 6
            assert not near.broken
        dynamic.configure(6, lib.DAHDI_SIG_CAS, 0b1101)

    run(test)


def test_what_the_driver_refuses_says_which_and_why() -> None:
    with pytest.raises(DahdiError, match=r"channel 900: open: .*"):
        Device(900)
    first = Device(62)
    with pytest.raises(DahdiError, match="channel 62: open: .*another program has it open"):
        Device(62)
    first.close()

    async def wrong() -> None:
        with pytest.raises(DriverError, match=r"span 7 .* no channel for e1; .*FXS port"):
            make_board("lab", [DahdiSpec("x", E1, 7)])
        with pytest.raises(DahdiError, match="span 77"):
            make_board("lab", [DahdiSpec("x", SpanKind.FXO, 77)])

    run(wrong)
