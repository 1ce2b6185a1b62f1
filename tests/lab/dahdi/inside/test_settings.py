"""Gains, loops and the kernel's echo canceller, on the real modules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.base import SpanKind
from drivers.boards.dahdi.board import DahdiSpec, make_board
from drivers.boards.dahdi.device import Control, DahdiError, gain_table
from dsp_ext import g711
from dsp_ext.engine import Engine, EngineThread
from dsp_ext.ring import Ring

BLOCK = 80
E1 = SpanKind.E1
LISTEN_S = 0.5


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())


async def _heard(
    near: DahdiSpec, far: DahdiSpec, send: str, looped: bool = False, noise: bool = False
) -> NDArray[np.uint8]:
    """What comes in at the near end's first channel while `send` ("near" or "far") sends."""
    board = make_board("lab", [near, far], block=BLOCK)
    engines = [Engine(30, block=BLOCK) for _ in board.spans]
    ring = Ring(1 << 16)
    for engine, span in zip(engines, board.spans, strict=True):
        engine.attach(0, span.port)
    engines[0].tap(0, ring, mode="rx")
    said = np.random.default_rng(5).integers(-4000, 4000, 8000, np.int16) if noise else ramp()
    engines[("near", "far").index(send)].play(0, said, loop=True)
    thread = EngineThread(engines[:1] if looped else engines, priority=50)
    if looped:
        board.spans[1].devices[0].loop(True)
    thread.start()
    await asyncio.sleep(LISTEN_S if not noise else 3.0)
    thread.stop()
    board.close()
    return np.frombuffer(ring.read(), np.uint8)


def ramp() -> NDArray[np.int16]:
    """Each level of A-law once."""
    return g711.alaw_decode(np.arange(256, dtype=np.uint8)).astype(np.int16)


def _found(octets: NDArray[np.uint8], wanted: bytes) -> bool:
    return wanted in octets.tobytes()


def test_gains_are_the_drivers_and_exact() -> None:
    async def test() -> None:
        quieter = np.frombuffer(gain_table(-6.0, "alaw"), np.uint8)
        louder = np.frombuffer(gain_table(3.0, "alaw"), np.uint8)
        plain = g711.alaw_encode(ramp())
        near, far = DahdiSpec("near", E1, 1, receive_db=-6.0), DahdiSpec("far", E1, 2, send_db=3.0)
        octets = await _heard(near, far, "far")
        assert _found(octets, quieter[louder[plain]].tobytes())
        assert not _found(octets, plain.tobytes())
        octets = await _heard(DahdiSpec("near", E1, 1), DahdiSpec("far", E1, 2), "far")
        assert _found(octets, plain.tobytes()), "gains are gone with who had set them"

    run(test)


def test_a_looped_channel_gives_back_what_it_was_sent() -> None:
    async def test() -> None:
        near, far = DahdiSpec("near", E1, 1), DahdiSpec("far", E1, 2)
        octets = await _heard(near, far, "near", looped=True)
        assert _found(octets, g711.alaw_encode(ramp()).tobytes())

    run(test)


def test_the_kernels_canceller_takes_away_what_comes_back() -> None:
    """A looped channel, 12 dB down, is echo. system.conf has given span 2 no canceller."""

    async def level(taps: int, on: frozenset[int] | None = None) -> float:
        near = DahdiSpec("near", E1, 2, echo_taps=taps, echo_on=on)
        far = DahdiSpec("far", E1, 1, receive_db=-6.0, send_db=-6.0)
        octets = await _heard(near, far, "near", looped=True, noise=True)
        return float(np.sqrt(np.mean(g711.alaw_decode(octets[-2000:]).astype(float) ** 2)))

    async def test() -> None:
        without = await level(0)
        assert await level(256) < 0.3 * without
        assert await level(256, frozenset({1})) < 0.3 * without
        assert await level(256, frozenset({2})) > 0.9 * without, "it is another channel's"

    run(test)


def test_a_canceller_there_is_not_is_named() -> None:
    async def test() -> None:
        with pytest.raises(DahdiError, match="echo canceller nosuch .*for channel 32"):
            spec = DahdiSpec("near", E1, 2, echo_taps=256)
            make_board("lab", [spec], block=BLOCK, echo="nosuch")

    run(test)


def test_a_driver_that_cannot_loop_its_line_says_so() -> None:
    control = Control()
    with pytest.raises(DahdiError, match="maintenance of span 1: payload: .*cannot do that"):
        control.maintain(1, "payload")
    control.close()
