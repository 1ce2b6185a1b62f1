"""The virtual loop: time moves by blocks, stands still for real work, and never hangs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mediaserver.clock import VIRTUAL_EPOCH, Clock, VirtualLoop
from tests.media.world import run


def test_timers_on_block_edges_are_not_a_block_late() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        for n in range(1, 2000):
            await asyncio.sleep(0.03)
            assert round(loop.time() * 100) == 3 * n

    run(story)


def test_time_stands_still_while_a_thread_works() -> None:
    async def story() -> None:
        loop, go = asyncio.get_running_loop(), threading.Event()
        working = loop.run_in_executor(None, go.wait)
        loop.call_later(5.0, pytest.fail, "time moved")
        loop.call_soon(go.set)
        assert await working
        assert loop.time() == 0

    run(story)


def test_waiting_for_what_cannot_come_is_an_error() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="ran dry"):
        run(story)


def test_the_clock_counts_from_its_epoch() -> None:
    async def story() -> None:
        clock = Clock(asyncio.get_running_loop())
        await asyncio.sleep(90)
        assert clock.media_ms() == 90_000
        assert (clock.utc() - VIRTUAL_EPOCH).total_seconds() == 90
        assert clock.stamp() == {"media_ms": 90_000, "utc": clock.utc()}

    run(story)


def test_a_loop_that_used_threads_closes() -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:

        async def story() -> int:
            return await asyncio.get_running_loop().run_in_executor(None, int, "7")

        assert runner.run(story()) == 7
