"""Suite ``cesopsn``: 16 E1 over IP on this machine's loopback, both ways: CPU time and delay.

*Share of one core*: 16 spans of 31 time slots with a D channel, read and written by one thread as
the engine does it, their far ends by turns as well; a figure is one end's, the half of what both
take.  The peer sends and takes as many datagrams of the same size by plain send and recv in C, and
makes nothing of them: what any E1 over IP costs at the least.

*Delay*: two engines, each on a real-time thread of its own, joined by one span.  Clicks go out on
a channel of the first, through a bridge of the second, and back on another channel; when they come
is read off the first engine's own samples.  One way is the half of it.  The peer's row is the delay
of a datagram that a thread echoes, which waits for no block and no clock.  The goal of one way is a
block and the two buffers: the packet that is filled, and the one that waits.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from bench import clicks
from bench.peers._udp import ffi, lib
from bench.report import Result
from bench.suites import Options
from dsp_ext.cesop_port import CesopPort

SPANS = 16
SLOTS = tuple(range(1, 32))
BLOCK_MS = 10
PACKETS_MS = (1, 2, 5)
BLOCKS_MS = (5, 10, 20)
TICKS = 20  # of a turn
TURNS = 60
CORE_GOAL = 20.0  # % of one core
PEER = "UDP alone: the same datagrams by send and recv in C, nothing made of them"
ECHO = "UDP alone: a datagram echoed by a thread that waits for it"
SETTLE_S = 8.0
LISTEN_S = 12.0


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def _join(a: socket.socket, b: socket.socket, packet_ms: int, block_ms: int) -> list[CesopPort]:
    """Both ends of a span, whose packets wait as long as one is."""
    return [
        CesopPort(
            here.fileno(),
            *there.getsockname(),
            timeslots=SLOTS,
            frames=packet_ms * 8,
            block=block_ms * 8,
            d_channel=True,
            least=packet_ms * 8,
        )
        for here, there in ((a, b), (b, a))
    ]


@contextmanager
def _sockets(count: int) -> Iterator[list[socket.socket]]:
    made = [_socket() for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


@contextmanager
def spans(count: int, packet_ms: int, block_ms: int) -> Iterator[list[list[CesopPort]]]:
    """Both ends of so many spans."""
    with _sockets(2 * count) as made:
        yield [_join(made[i], made[i + 1], packet_ms, block_ms) for i in range(0, 2 * count, 2)]


# ---- CPU


def _cpu_ns(turns: int, *sides: Callable[[], None]) -> list[float]:
    """The quickest turn of each side, the sides by turns, in CPU time of the thread."""
    best = [float("inf")] * len(sides)
    for _ in range(turns):
        for place, side in enumerate(sides):
            began = time.thread_time_ns()
            side()
            best[place] = min(best[place], time.thread_time_ns() - began)
    return best


def share(packet_ms: int, turns: int) -> Result:
    """One row of CPU time."""
    with spans(SPANS, packet_ms, BLOCK_MS) as pairs, _sockets(2 * SPANS) as plain:
        ports = [end.port for pair in pairs for end in pair]
        octets = np.random.default_rng(1).integers(0, 256, (30, BLOCK_MS * 8), dtype=np.uint8)

        def ours() -> None:
            for _ in range(TICKS):
                for port in ports:
                    port.read()
                for port in ports:
                    port.write(octets)

        peer = _peer(plain, packet_ms)
        ours()
        peer()
        own, least = _cpu_ns(turns, ours, peer)
        counts = [end.counters() for pair in pairs for end in pair]
        lost = sum(each["lost_frames"] + each["underrun_frames"] for each in counts)
        if lost:
            raise RuntimeError(f"{lost} frames were lost on loopback")
    percent = 100 / 2 / (TICKS * BLOCK_MS * 1e6)
    return Result(
        "cesopsn",
        f"{SPANS} E1, packets of {packet_ms} ms",
        own * percent,
        "% of one core",
        "lower",
        PEER,
        least * percent,
        CORE_GOAL,
    )


def _peer(plain: list[socket.socket], packet_ms: int) -> Callable[[], None]:
    """As many datagrams as `ours` sends, of the same size."""
    for i in range(0, len(plain), 2):
        plain[i].connect(plain[i + 1].getsockname())
        plain[i + 1].connect(plain[i].getsockname())
    handles = ffi.new("int[]", [each.fileno() for each in plain])
    size, packets = 4 + len(SLOTS) * packet_ms * 8, BLOCK_MS // packet_ms

    def turn() -> None:
        for _ in range(TICKS):
            taken = lib.udp_peer_turn(handles, len(plain), packets, size)
            if taken != len(plain) * packets:
                raise RuntimeError(f"of {len(plain) * packets} datagrams {taken} came")

    return turn


# ---- delay


def round_trips(packet_ms: int, block_ms: int, times: clicks.Times) -> NDArray[np.float64]:
    """ms of each click's way to the far engine's bridge and back."""
    with spans(1, packet_ms, block_ms) as [(near, far)]:
        return clicks.bridged(near.port, far.port, block_ms * 8, times, apart=True)


def datagrams_echoed(count: int) -> NDArray[np.float64]:
    """ms of each datagram's way to a thread and back."""
    with _sockets(2) as (a, b):
        a.setblocking(True)
        b.setblocking(True)
        b.settimeout(2)

        def echo() -> None:
            for _ in range(count):
                data, sender = b.recvfrom(2048)
                b.sendto(data, sender)

        thread = threading.Thread(target=echo)
        thread.start()
        waits = []
        for _ in range(count):
            began = time.perf_counter_ns()
            a.sendto(bytes(1244), b.getsockname())
            a.recv(2048)
            waits.append((time.perf_counter_ns() - began) / 1e6)
        thread.join()
    return np.asarray(waits)


def delay(packet_ms: int, block_ms: int, effort: float) -> Iterator[Result]:
    """Rows of one packet and block length: one way at the middle, the round trip's p50 and p99."""
    times = clicks.Times(SETTLE_S, max(4.0, LISTEN_S * effort))
    trips = round_trips(packet_ms, block_ms, times)
    floor = datagrams_echoed(400)
    where = f"packets of {packet_ms} ms, blocks of {block_ms} ms"
    for name, share_of, part in (
        ("one way p50", 50, 0.5),
        ("one way p99", 99, 0.5),
        ("round trip p50", 50, 1.0),
        ("round trip p99", 99, 1.0),
    ):
        value, peer = (float(np.percentile(each, share_of)) * part for each in (trips, floor))
        goal = block_ms + 2.0 * packet_ms if name == "one way p99" else None
        yield Result("cesopsn", f"{name}, {where}", value, "ms", "lower", ECHO, peer, goal)


PARTS = ("share", "delay")


def names() -> list[str]:
    """The parts of this suite."""
    return list(PARTS)


def run(options: Options) -> list[Result]:
    """CPU time for each packet length, then delays for each and each block."""
    results: list[Result] = []
    for part in options.chosen(PARTS):
        if part == "share":
            turns = max(5, round(TURNS * options.effort))
            results += [share(packet_ms, turns) for packet_ms in PACKETS_MS]
            continue
        for packet_ms in PACKETS_MS:
            for block_ms in BLOCKS_MS if packet_ms == PACKETS_MS[0] else (10,):
                results += delay(packet_ms, block_ms, options.effort)
    return results
