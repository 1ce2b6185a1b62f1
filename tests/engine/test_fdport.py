"""Ports on descriptors: sockets that keep blocks apart stand in for a driver's channels."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
from collections.abc import Iterator
from functools import partial
from threading import Timer

import numpy as np
import pytest

from dsp_ext.engine import Engine, EngineThread
from dsp_ext.fdport import FdPort
from tests.engine.fdlines import BLOCK, IDLE, Stalled, packets, says


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """(ours, the line's end) of three channels."""
    made = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(3)]
    for pair in made:
        for end in pair:
            end.setblocking(False)
    yield made
    for pair in made:
        for end in pair:
            end.close()


def port_of(pairs: list[tuple[socket.socket, socket.socket]], **options: object) -> FdPort:
    return FdPort([ours.fileno() for ours, _ in pairs], block=BLOCK, **options)


def test_blocks_travel_whole_and_in_order(pairs) -> None:
    fds = port_of(pairs, prefill=2)
    for _, far in pairs:
        far.send(b"\x01" * BLOCK)
    first = fds.port.read()
    assert (first == IDLE).all(), "what came before the line ran is not heard"
    for c, (_, far) in enumerate(pairs):
        far.send(bytes([c + 2]) * BLOCK)
        far.send(bytes([c + 12]) * BLOCK)
    send = partial(fds.port.write, np.full((3, BLOCK), 7, np.uint8))
    send()
    assert [row.tolist() for row in fds.port.read()] == [[c + 2] * BLOCK for c in range(3)]
    send()
    assert [row[0] for row in fds.port.read()] == [12, 13, 14]
    for _, far in pairs:
        assert packets(far) == [bytes([IDLE]) * BLOCK] * 2 + [b"\x07" * BLOCK] * 2


def test_what_is_not_there_is_idle_and_counted(pairs) -> None:
    fds = port_of(pairs)
    pairs[0][1].send(bytes(BLOCK))
    fds.port.read()
    assert (fds.port.read() == IDLE).all()
    assert fds.counts(0)["rx_gaps"] == 0, "its first block may be a moment behind the clock's"
    pairs[0][1].send(bytes(BLOCK))
    fds.port.read()
    assert (fds.port.read() == IDLE).all()
    assert fds.counts(0) == {"rx_gaps": BLOCK, "tx_gaps": 0, "slips": 0}
    assert fds.counts(1) == {"rx_gaps": 0, "tx_gaps": 0, "slips": 0}, (
        "a line that has not begun lacks nothing"
    )
    assert fds.port.counters() == {"overrun_octets": 0, "underrun_octets": BLOCK}


def test_a_short_block_is_filled_up(pairs) -> None:
    fds = port_of(pairs)
    for size in (BLOCK, 30):
        pairs[0][1].send(b"\x01" * size)
        row = fds.port.read()[0]
    assert row.tolist() == [1] * 30 + [IDLE] * 50
    assert fds.counts(0)["rx_gaps"] == 50


def test_a_full_driver_costs_octets_that_are_counted(pairs) -> None:
    fds = port_of(pairs)
    pairs[0][1].send(bytes(BLOCK))
    fds.port.read()
    for _ in range(10_000):
        fds.port.write(np.zeros((3, BLOCK), np.uint8))
        if fds.counts(0)["tx_gaps"]:
            break
    assert fds.counts(0)["tx_gaps"] == BLOCK


def test_a_channel_that_goes_is_told_once_and_replaced(pairs) -> None:
    fds = port_of(pairs)
    for _, far in pairs:
        far.send(bytes(BLOCK))
    fds.port.read()
    broken = os.open("/", os.O_RDONLY)  # reading a directory fails for good
    os.dup2(broken, pairs[1][0].fileno())
    os.close(broken)
    for _ in range(3):
        assert (fds.port.read()[1] == IDLE).all()
        fds.port.write(np.zeros((3, BLOCK), np.uint8))
    assert fds.drain() == [(1, -errno.EISDIR)]
    assert fds.gone(1) and not fds.gone(0)
    with pytest.raises(RuntimeError, match="gone"):
        fds.hold(1)
    fresh, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fresh.setblocking(False)
    with fresh, far:
        fds.replace(1, fresh.fileno())
        far.send(b"\x05" * BLOCK)
        fds.port.read()
        far.send(b"\x06" * BLOCK)
        assert fds.port.read()[1].tolist() == [6] * BLOCK
    with pytest.raises(RuntimeError, match="runs"):
        fds.replace(1, 0)


def test_a_pending_event_is_taken_at_once_and_costs_no_audio(pairs) -> None:
    """An unconnected end says ENOTCONN until the "event" joins it to the line."""
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting.setblocking(False)
    line, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.setblocking(False)

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    def take(fd: int) -> int:
        os.dup2(line.fileno(), fd)
        return 13

    with waiting, line, far:
        fds = FdPort(
            [waiting.fileno()],
            block=BLOCK,
            pending=errno.EINVAL if says(waiting) == errno.EINVAL else errno.ENOTCONN,
            take_event=ctypes.cast(take, ctypes.c_void_p).value,
        )
        far.send(bytes(BLOCK))
        far.send(b"\x09" * BLOCK)
        fds.port.read()
        assert fds.drain() == [(0, 13)]
        assert fds.port.read()[0].tolist() == [9] * BLOCK


def test_a_channel_that_is_about_to_go_is_asked_no_more(pairs) -> None:
    """A driver whose card is pulled out may let who asks it wait."""
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting.setblocking(False)
    asked = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    def take(fd: int) -> int:
        asked.append(fd)
        return 20

    with waiting:
        fds = FdPort(
            [waiting.fileno()],
            block=BLOCK,
            pending=says(waiting),
            take_event=ctypes.cast(take, ctypes.c_void_p).value,
            leaves=20,
        )
        for _ in range(3):
            assert (fds.port.read() == IDLE).all()
            fds.port.write(np.zeros((1, BLOCK), np.uint8))
        assert fds.drain() == [(0, 20), (0, -errno.ENODEV)]
        assert fds.gone(0) and len(asked) == 1


def test_the_line_is_the_threads_clock(pairs) -> None:
    """Blocks that wait are taken at once, whatever our own clock says."""
    engine = Engine(3, block=BLOCK)
    fds = port_of(pairs, prefill=2)
    engine.attach(0, fds.port)
    for _, far in pairs:
        for _ in range(12):
            far.send(b"\x01" * BLOCK)
    thread = EngineThread([engine], priority=None)
    thread.start()
    while engine.counters()["ticks"] < 12:
        select.select([], [], [], 0.01)
    thread.stop()
    sent = packets(pairs[0][1])
    assert sent[:2] == [bytes([IDLE]) * BLOCK] * 2
    assert len(sent) >= 2 + 12
    assert not fds.hurried, "no block came any more, and that is told too"


def test_a_block_that_was_there_already_is_told_from_one_that_is_waited_for(pairs) -> None:
    fds = port_of(pairs)
    assert fds.hurried, "as long as nobody tells"
    assert fds.port.wait(0.0) == -1, "none has begun"
    pairs[2][1].send(bytes(BLOCK))
    fds.port.read()
    assert fds.port.wait(0.0) == 0
    pairs[2][1].send(bytes(BLOCK))
    assert fds.port.wait(0.0) == 2
    fds.port.read()
    Timer(0.01, pairs[2][1].send, [bytes(BLOCK)]).start()
    assert fds.port.wait(10.0) == 1


def test_channels_begin_where_the_block_ends_and_not_after_another_engines_work(pairs) -> None:
    """Begun later they would end their blocks later, and miss ticks that are early."""
    sent_before: list[int] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)
    def empty(fd: int, received: int) -> int:
        if fd == pairs[1][0].fileno():
            sent_before.append(len(packets(pairs[0][1])))
        return 0

    flush = ctypes.cast(empty, ctypes.c_void_p).value
    engines = []
    for ours, far in pairs[:2]:
        fds = FdPort([ours.fileno()], block=BLOCK, prefill=2, flush=flush)
        engines.append(Engine(1, block=BLOCK))
        engines[-1].attach(0, fds.port)
        far.send(b"\x01" * BLOCK)
    thread = EngineThread(engines, priority=None)
    thread.start()
    while engines[1].counters()["ticks"] < 3:
        select.select([], [], [], 0.01)
    thread.stop()
    assert sent_before[0] == 2, "what is sent ahead, and no block of a tick"


def test_a_channel_that_was_emptied_is_not_the_clock_until_it_has_begun_anew(pairs) -> None:
    """Its blocks end at another moment than the others', which would miss one."""
    fds = port_of(pairs)
    assert fds.teller == -1, "none runs: the thread goes by its own clock"
    for _, far in pairs:
        far.send(bytes(BLOCK))
    fds.port.read()
    assert fds.teller == 2
    fds.hold(2)
    fds.resume(2)
    assert fds.teller == 1
    pairs[2][1].send(bytes(BLOCK))
    fds.port.read()
    assert fds.teller == 2


@pytest.fixture
def stalled() -> Iterator[Stalled]:
    made = Stalled(prefill=2)
    yield made
    made.close()


def test_what_the_driver_held_before_the_start_is_no_delay(stalled: Stalled) -> None:
    stalled.receives(1, 2, 3, 4, 5)
    assert stalled.tick(7) == IDLE
    stalled.receives(6)
    assert stalled.tick(8) == 6
    assert stalled.flushed == [True]
    assert stalled.sent() == [IDLE, IDLE, 7, 8]


def test_after_a_stall_all_is_heard_and_nothing_is_sent_late(stalled: Stalled) -> None:
    stalled.receives(1)
    stalled.tick(0)
    stalled.sent()
    stalled.stalls()
    stalled.receives(2, 3, 4, 5)  # the line ran dry on the way
    assert [stalled.tick(mark) for mark in (12, 13, 14, 15)] == [2, 3, 4, 5]
    stalled.receives(6)
    assert stalled.tick(16) == 6
    assert stalled.sent() == [IDLE, IDLE, 15, 16], "begun anew with the last that waited"
    assert stalled.flushed == [True, False]
    assert stalled.fds.counts(0) == {"rx_gaps": 0, "tx_gaps": 3 * BLOCK, "slips": 0}


def test_a_channel_that_ran_dry_is_not_held_back_for_good(stalled: Stalled) -> None:
    """A driver whose blocks never cease to wait: more than 32 it cannot hold."""
    stalled.receives(1)
    stalled.tick(0)
    stalled.sent()
    stalled.stalls()
    stalled.receives(2)
    for mark in range(40):
        stalled.receives(3)
        stalled.tick(mark)
    assert stalled.fds.counts(0)["tx_gaps"] == 31 * BLOCK
    assert stalled.sent() == [IDLE, IDLE, *range(31, 40)]


def test_a_channel_that_is_behind_is_held_back_for_a_block(stalled: Stalled) -> None:
    """Where the engine does not hurry, what waits is no stall's: it does not silence a call."""
    stalled.receives(1)
    stalled.tick(0)
    stalled.sent()
    stalled.fds.port.pace(False)
    stalled.stalls()
    stalled.receives(2)
    for mark in range(5):
        stalled.receives(3)
        stalled.tick(mark)
    assert stalled.fds.counts(0)["tx_gaps"] == BLOCK
    assert stalled.sent() == [IDLE, IDLE, 1, 2, 3, 4]


def test_a_channel_that_is_held_is_left_alone_and_begins_anew(stalled: Stalled) -> None:
    stalled.receives(1)
    stalled.tick(7)
    stalled.receives(2)
    stalled.tick(8)
    stalled.sent()
    stalled.fds.hold(0)
    stalled.receives(3, 4)
    assert stalled.tick(9) == IDLE
    stalled.fds.resume(0)
    assert stalled.tick(10) == IDLE
    assert stalled.flushed == [True, True]
    stalled.receives(5)
    assert stalled.tick(11) == 5
    assert stalled.sent() == [IDLE, IDLE, 10, 11]
    assert stalled.fds.counts(0) == {"rx_gaps": 0, "tx_gaps": 0, "slips": 0}
    stalled.fds.resume(0)  # a channel that runs goes on
    stalled.receives(6)
    assert stalled.tick(12) == 6


@pytest.mark.parametrize(
    ("fds", "options", "says"),
    [
        ([], {}, "channels 0"),
        ([0], {"block": 4}, "block 4"),
        ([0], {"law": "linear"}, "law"),
        ([0], {"prefill": 0}, "prefill 0"),
        ([0], {"pending": 500}, "takes them"),
    ],
)
def test_what_cannot_be_is_refused(fds, options, says) -> None:
    with pytest.raises(ValueError, match=says):
        FdPort(fds, **options)


def test_channels_out_of_range_are_refused(pairs) -> None:
    fds = port_of(pairs)
    for call in (fds.gone, fds.counts, fds.hold, fds.resume, lambda c: fds.replace(c, 0)):
        with pytest.raises(IndexError, match="channel 3"):
            call(3)
