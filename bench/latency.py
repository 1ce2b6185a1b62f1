"""Suite ``latency``: how long speech takes through a bridge of two, and what a channel's I/O costs.

*Delay*: for blocks of 5, 10 and 20 ms, the way from one engine to another and back, read off
samples (clicks.py); one way is the half of it.  The goal of one way is a block and the driver's own
two buffers.  *Joined*: from line to line through two that the board's driver has joined: the way
and back, less the near engine's own share, the block it sends ahead and the one it receives.  *I/O
path*: CPU time of taking and giving a block of one channel, at 120 and 240 channels and blocks of
10 ms.

Boards: ``virtual`` in real time; ``cesopsn``, packets of 1 ms over loopback, each end by a clock of
its own; ``dahdi`` where its devices are and spans 1 and 2 are each other's far end (as in the lab,
or by a crossed cable).  Peers: a datagram echoed by a thread; a program that echoes what it reads
from DAHDI, with two buffers; and, of the I/O path, the same port on /dev/zero, which is what the
system calls cost by themselves.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import cesopsn, clicks
from bench.report import Result
from bench.suites import Options
from dsp_ext.fdport import FdPort
from dsp_ext.port import Wire

BLOCKS_MS = (5, 10, 20)
SIZES = (120, 240)
IO_MS = 10
SPAN = 30
TICKS, TURNS = 20, 10
SETTLE_S, LISTEN_S = 1.0, 12.0
PACKET_MS = 1
DAHDI = Path("/dev/dahdi/ctl")
ZERO = "the same port on /dev/zero: the system calls by themselves"
ENGINE = "the same two in the engine, not joined"
JOINED_MOST_MS = 5
PROGRAM = "DAHDI alone: a program that echoes each block it reads, with two buffers"


def _rows(
    board: str,
    block_ms: int,
    trips: NDArray[np.float64],
    peer: str | None = None,
    theirs: NDArray[np.float64] | None = None,
    buffer_ms: float | None = None,
) -> Iterator[Result]:
    """`buffer_ms`: of one buffer of the driver's, of which two are allowed beside the block."""
    for name, part, share in (("one way", 0.5, 50), ("one way", 0.5, 99), ("round trip", 1.0, 50)):
        yield Result(
            "latency",
            f"{board}: {name} p{share}, blocks of {block_ms} ms",
            float(np.percentile(trips, share)) * part,
            "ms",
            "lower",
            peer,
            float(np.percentile(theirs, share)) * part if theirs is not None else None,
            block_ms + 2 * (buffer_ms or block_ms) if share == 99 else None,
        )
    yield Result(
        "latency",
        f"{board}: round trip p99, blocks of {block_ms} ms",
        float(np.percentile(trips, 99)),
        "ms",
        "lower",
        peer,
        float(np.percentile(theirs, 99)) if theirs is not None else None,
    )


def _io(
    board: str,
    ports: Sequence[Any],
    turns: int,
    due: Callable[[], object] = lambda: None,
    peer: tuple[str, float] | None = None,
) -> Result:
    """CPU time of a channel's I/O; `due` waits for a block where the line has a clock."""
    channels = sum(port.channels for port in ports)
    return Result(
        "latency",
        f"{board}: I/O of a channel and tick, {channels} channels",
        _spent_ns(ports, turns, due) / channels,
        "ns",
        "lower",
        *(peer or (None, None)),
    )


def _spent_ns(ports: Sequence[Any], turns: int, due: Callable[[], object]) -> float:
    """CPU time of a tick's I/O on all ports, in the quickest turn."""
    rng = np.random.default_rng(1)
    blocks = [rng.integers(0, 256, (port.channels, port.block), np.uint8) for port in ports]
    best = float("inf")
    for _ in range(turns):
        spent = 0
        for _ in range(TICKS):
            due()
            began = time.thread_time_ns()
            for port in ports:
                port.read()
            for port, block in zip(ports, blocks, strict=True):
                port.write(block)
            spent += time.thread_time_ns() - began
        best = min(best, spent)
    return best / TICKS


# ---- boards


def virtual(times: clicks.Times, turns: int) -> Iterator[Result]:
    """Both ends tick on one thread, as in the demo."""
    for block_ms in BLOCKS_MS:
        wire = Wire(SPAN, block=block_ms * 8)
        trips = clicks.bridged(wire.a, wire.b, block_ms * 8, times, apart=False)
        yield from _rows("virtual", block_ms, trips)
    for size in SIZES:
        wires = [Wire(SPAN, block=IO_MS * 8) for _ in range(size // SPAN)]
        yield _io("virtual", [wire.a for wire in wires], turns)


def over_ip(times: clicks.Times, turns: int) -> Iterator[Result]:
    """CESoPSN over loopback."""
    slow = clicks.Times(cesopsn.SETTLE_S, times.listen_s)  # its clock recovery comes to rest
    floor = cesopsn.datagrams_echoed(400)
    for block_ms in BLOCKS_MS:
        trips = cesopsn.round_trips(PACKET_MS, block_ms, slow)
        yield from _rows("cesopsn", block_ms, trips, cesopsn.ECHO, floor, PACKET_MS)
    for size in SIZES:
        with cesopsn.spans(size // SPAN, PACKET_MS, IO_MS) as ends:
            far = [pair[1].port for pair in ends]
            block = np.zeros((SPAN, IO_MS * 8), np.uint8)

            def due(far: Sequence[Any] = far, block: NDArray[np.uint8] = block) -> None:
                for port in far:
                    port.read()
                    port.write(block)

            yield _io("cesopsn", [pair[0].port for pair in ends], turns, due)


def dahdi(times: clicks.Times, turns: int) -> Iterator[Result]:
    """DAHDI's own devices; nothing where there are none."""
    if DAHDI.exists():
        yield from asyncio.run(_dahdi(times, turns))


async def _dahdi(times: clicks.Times, turns: int) -> list[Result]:
    """A board lives in a loop, which has nothing to do while it is measured."""
    found = [_joined(times)]
    for block_ms in BLOCKS_MS:
        with _spans([1, 2], block_ms) as board:
            near, far = (span.port for span in board.spans)
            trips = clicks.bridged(near, far, block_ms * 8, times, apart=False)
        with _spans([1], block_ms) as board, _program(block_ms):
            theirs = clicks.echoed(board.spans[0].port, block_ms * 8, times)
        found += _rows("dahdi", block_ms, trips, PROGRAM, theirs)
    numbers = _e1_spans()
    for size in SIZES:
        if len(numbers) < size // SPAN:
            continue
        with _spans(numbers[: size // SPAN], IO_MS) as board, _zeros(size) as zeros:
            ports = [span.port for span in board.spans]
            clock = select.poll()
            clock.register(board.spans[0].devices[-1].fd, select.POLLIN)
            peer = _spent_ns([zeros.port], turns, lambda: None) / size
            due = partial(clock.poll, 1000)
            found.append(_io("dahdi", ports, turns, due, (ZERO, peer)))
    return found


def _joined(times: clicks.Times) -> Result:
    block = IO_MS * 8
    added = {}
    for join in (True, False):
        with _spans([1, 2], IO_MS, join=join) as board:
            near, far = (span.port for span in board.spans)
            trips = clicks.bridged(near, far, block, times, apart=False)
        added[join] = float(np.percentile(trips, 99)) - 2 * IO_MS
    return Result(
        "latency",
        f"dahdi: joined in the driver: one way p99, blocks of {IO_MS} ms",
        added[True],
        "ms",
        "lower",
        ENGINE,
        added[False],
        JOINED_MOST_MS,
    )


@contextmanager
def _spans(numbers: Sequence[int], block_ms: int, *, join: bool = False) -> Iterator[Any]:
    from drivers.base import SpanKind
    from drivers.boards.dahdi.board import DahdiSpec, make_board

    specs = [DahdiSpec(f"span {number}", SpanKind.E1, number) for number in numbers]
    board = make_board("bench", specs, block=block_ms * 8, join=join)
    try:
        yield board
    finally:
        board.close()


def _e1_spans() -> list[int]:
    """Spans with a clear or CAS channel in every timeslot but one."""
    from drivers.boards.dahdi.board import channels_of_span
    from drivers.boards.dahdi.device import Control
    from drivers.boards.dahdi.words import FITS, SpanKind

    control = Control()
    found = []
    for info in control.spans():
        channels = channels_of_span(control, info.number, info.channels)
        if sum(each.signalling in FITS[SpanKind.E1] for each in channels) == SPAN:
            found.append(info.number)
    control.close()
    return found


@contextmanager
def _program(block_ms: int) -> Iterator[None]:
    """The peer: reads the first channel of span 2 block by block and writes each back."""
    from drivers.boards.dahdi._dahdi import lib
    from drivers.boards.dahdi.board import channels_of_span
    from drivers.boards.dahdi.device import Control, Device

    control = Control()
    device = Device(channels_of_span(control, 2, 1)[0].number)
    control.close()
    device.buffers(block_ms * 8, 2)
    device.voice("alaw")
    device.flush()
    ends = threading.Event()

    def echo() -> None:
        ready = select.poll()
        ready.register(device.fd, select.POLLIN | select.POLLPRI)
        while not ends.is_set():
            if not ready.poll(100):
                continue
            try:
                os.write(device.fd, os.read(device.fd, block_ms * 8))
            except OSError as error:
                if error.errno not in (lib.DAHDI_ELAST, errno.EAGAIN):
                    raise
                device.take_event()

    thread = threading.Thread(target=echo)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
        device.close()


@contextmanager
def _zeros(channels: int) -> Iterator[FdPort]:
    """A port whose driver does nothing."""
    fds = [os.open("/dev/zero", os.O_RDWR) for _ in range(channels)]
    try:
        yield FdPort(fds, block=IO_MS * 8)
    finally:
        for fd in fds:
            os.close(fd)


PARTS: dict[str, Callable[[clicks.Times, int], Iterator[Result]]] = {
    "virtual": virtual,
    "cesopsn": over_ip,
    "dahdi": dahdi,
}


def names() -> list[str]:
    """The boards."""
    return list(PARTS)


def run(options: Options) -> list[Result]:
    """Each board's delays by block, then its I/O path by channels."""
    times = clicks.Times(SETTLE_S, max(2.0, LISTEN_S * options.effort))
    turns = max(3, round(TURNS * options.effort))
    return [row for part in options.chosen(names()) for row in PARTS[part](times, turns)]
