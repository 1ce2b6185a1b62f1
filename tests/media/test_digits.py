"""Type-ahead, waiting and its limits."""

from __future__ import annotations

import asyncio

import pytest

from mediaserver.media.digits import DigitQueue
from tests.media.world import run


def test_digits_keyed_ahead_are_kept_in_order_and_can_be_forgotten() -> None:
    async def story() -> None:
        queue = DigitQueue()
        for digit in "12#":
            queue.put(digit)
        assert await queue.get() == "1"
        assert queue.clear() == "2#"
        assert await queue.get(1.0) is None

    run(story)


def test_a_reader_waits_and_time_limits_it() -> None:
    async def story() -> None:
        loop, queue = asyncio.get_running_loop(), DigitQueue()
        loop.call_later(2.0, queue.put, "9")
        assert await queue.get(1.5) is None
        assert loop.time() == pytest.approx(1.5)
        assert await queue.get(1.5) == "9"
        assert loop.time() == pytest.approx(2.0)

    run(story)


def test_a_digit_is_not_lost_with_a_cancelled_reader() -> None:
    async def story() -> None:
        queue = DigitQueue()
        reader = asyncio.create_task(queue.get())
        await asyncio.sleep(0.1)
        queue.put("4")
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await queue.get(0) == "4"

    run(story)


def test_a_storm_of_digits_is_bounded_and_counted() -> None:
    queue = DigitQueue(limit=3)
    for digit in "12345":
        queue.put(digit)
    assert (queue.clear(), queue.dropped) == ("123", 2)
