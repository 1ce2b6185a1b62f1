"""Which channels a driver is told to join, and when: sockets stand in for the driver's channels."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from dsp_ext.engine import Engine
from dsp_ext.fdport import FdPort
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program

BLOCK = 80
IDLE = 0xD5
CALM = 50  # blocks: half a second
NUMBERS = (101, 102, 103, 104)


class Driver:
    """Four channels of a driver that can join them, as far as it is told to."""

    def __init__(self) -> None:
        self.pairs = [
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(len(NUMBERS))
        ]
        for pair in self.pairs:
            for end in pair:
                end.setblocking(False)
        self.answer = 0
        self.told: list[tuple[int, int]] = []  # number, and whom it is to hear; 0: us again
        self.flushed: list[int] = []
        fds = [ours.fileno() for ours, _ in self.pairs]
        number = dict(zip(fds, NUMBERS, strict=True))

        def listen(fd: int, source: int) -> int:
            self.told.append((number[fd], source))
            return self.answer

        def flush(fd: int, received: int) -> int:
            self.flushed.append(number[fd])
            return 0

        self._listen = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(listen)
        self._flush = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(flush)
        self.options = {
            "block": BLOCK,
            "flush": ctypes.cast(self._flush, ctypes.c_void_p).value,
            "listen": ctypes.cast(self._listen, ctypes.c_void_p).value,
        }
        self.ports = [
            FdPort(fds[:2], numbers=NUMBERS[:2], **self.options),
            FdPort(fds[2:], numbers=NUMBERS[2:], **self.options),
        ]

    def line(self, mark: int = 1, *, without: int | None = None) -> None:
        """A block comes in on every channel, and what was sent is taken away."""
        for c, (_, far) in enumerate(self.pairs):
            if c != without:
                far.send(bytes([mark]) * BLOCK)
            try:
                while True:
                    far.recv(4096)
            except BlockingIOError:
                pass

    def close(self) -> None:
        for pair in self.pairs:
            for end in pair:
                end.close()


class Table:
    """An engine on the driver's two ports of two channels, and a channel of no driver (4)."""

    def __init__(self) -> None:
        self.driver = Driver()
        self.engine = Engine(
            5,
            block=BLOCK,
            echo=5,
            progress={"cn": 5},
            mfr2={"forward": 5},
            caller_id={"v23": 5},
            voice=5,
        )
        self.wire = Wire(1, block=BLOCK)
        for first, port in ((0, self.driver.ports[0].port), (2, self.driver.ports[1].port)):
            self.engine.attach(first, port)
        self.engine.attach(4, self.wire.a)

    def pass_blocks(self, count: int) -> None:
        for _ in range(count):
            self.driver.line()
            self.engine.tick()

    def talk(self, one: int = 0, other: int = 2) -> None:
        self.engine.join(one, 1)
        self.engine.join(other, 1)
        self.pass_blocks(CALM + 1)

    @property
    def joined(self) -> int:
        return int(self.engine.counters()["joined"])


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    made.pass_blocks(3)
    yield made
    made.driver.close()


def test_two_alone_are_joined_after_half_a_second_each_with_the_others_number(table) -> None:
    table.engine.join(0, 1)
    table.engine.join(2, 1)
    table.pass_blocks(CALM - 1)
    assert table.driver.told == []
    table.pass_blocks(1)
    assert table.driver.told == [(101, 103), (103, 101)]
    assert table.joined == table.engine.counters()["joins"] == 2
    assert [port.joined for port in table.driver.ports] == [[0], [0]]
    table.pass_blocks(200)
    assert len(table.driver.told) == 2, "told once"


Touch = Callable[[Engine], object]
RING = Ring(1 << 16)
TONE = Program.from_segments([((425.0,), 10_000, 0, -10.0)])
TOUCHES: dict[str, tuple[Touch, Touch]] = {
    "recorder": (lambda e: e.tap(0, RING), lambda e: e.untap(0, RING)),
    "recorder of the other": (lambda e: e.tap(2, RING), lambda e: e.untap(2, RING)),
    "keys": (lambda e: e.detect(2, True), lambda e: e.detect(2, False)),
    "echo": (lambda e: e.echo(0), lambda e: e.echo(0, False)),
    "call progress": (lambda e: e.progress(2, "cn"), lambda e: e.progress(2, None)),
    "registers": (lambda e: e.mfr2(0, "forward"), lambda e: e.mfr2(0, None)),
    "caller ID": (lambda e: e.caller_id(0, "v23"), lambda e: e.caller_id(0, None)),
    "voice": (lambda e: e.voice(2), lambda e: e.voice(2, False)),
    "level watched": (lambda e: e.keep(0), lambda e: e.keep(0, False)),
    "prompt": (lambda e: e.play(0, np.zeros(8000, np.int16)), lambda e: e.stop(0)),
    "tone": (lambda e: e.tone(2, TONE), lambda e: e.stop_tone(2)),
    "feed": (lambda e: e.feed(0, RING), lambda e: e.unfeed(0)),
    "octets fed": (lambda e: e.feed(0, RING, octets=True), lambda e: e.unfeed(0)),
    "whispered to": (lambda e: e.whisper(4, 2), lambda e: e.whisper(4, None)),
    "whispers": (lambda e: e.whisper(2, 4), lambda e: e.whisper(2, None)),
    "a third": (lambda e: e.join(3, 1), lambda e: e.leave(3)),
    "a monitor": (lambda e: e.join(4, 1, talk=0.0), lambda e: e.leave(4)),
    "deaf": (lambda e: e.join(0, 1, listen=0.0), lambda e: e.join(0, 1)),
    "muted": (lambda e: e.join(2, 1, talk=0.0), lambda e: e.join(2, 1)),
    "louder": (lambda e: e.join(0, 1, listen=2.0), lambda e: e.join(0, 1)),
    "the loudest": (lambda e: e.loudest(1, 3), lambda e: e.loudest(1, 0)),
    "moved": (lambda e: e.join(0, 2), lambda e: e.join(0, 1)),
    "gone": (lambda e: e.leave(2), lambda e: e.join(2, 1)),
    "reset": (lambda e: e.reset(0), lambda e: e.join(0, 1)),
}


@pytest.mark.parametrize("what", TOUCHES)
def test_they_are_parted_in_the_block_that_anything_begins_in(table, what: str) -> None:
    begin, end = TOUCHES[what]
    table.talk()
    assert table.joined == 2
    begin(table.engine)
    table.pass_blocks(1)
    assert table.joined == 0
    assert sorted(table.driver.told[2:]) == [(101, 0), (103, 0)]
    table.pass_blocks(2 * CALM)
    assert table.joined == 0, "and stay so as long as it lasts"
    end(table.engine)
    table.pass_blocks(CALM + 1)
    assert table.joined == 2, "and are joined again when it is over"


@pytest.mark.parametrize("what", TOUCHES)
def test_what_was_there_before_keeps_them_apart(table, what: str) -> None:
    table.engine.join(0, 1)
    table.engine.join(2, 1)
    TOUCHES[what][0](table.engine)
    table.pass_blocks(2 * CALM)
    assert table.driver.told == []


def test_a_line_of_another_driver_is_not_joined(table) -> None:
    table.talk(0, 4)
    assert table.joined == 0, "of none that joins"
    here, there = Driver(), Driver()
    engine = Engine(4, block=BLOCK)
    engine.attach(0, here.ports[0].port)
    engine.attach(2, there.ports[0].port)
    engine.join(0, 1)
    engine.join(2, 1)
    for _ in range(2 * CALM):
        here.line()
        there.line()
        engine.tick()
    assert here.told == there.told == []
    here.close()
    there.close()


def test_a_driver_that_refuses_is_asked_once_a_talk(table) -> None:
    table.driver.answer = -errno.EINVAL
    table.talk()
    table.pass_blocks(CALM)
    assert table.joined == 0
    assert len(table.driver.told) == 2
    assert table.engine.counters()["joins_refused"] == 2
    table.driver.answer = 0
    table.engine.leave(0)
    table.engine.leave(2)
    table.pass_blocks(1)
    table.talk()
    assert table.joined == 2


def test_joined_channels_count_no_gaps_and_begin_anew_when_parted(table) -> None:
    table.talk()
    table.driver.flushed.clear()
    table.driver.line(without=0)
    table.engine.tick()
    table.driver.line(without=2)
    table.engine.tick()
    for _ in range(1000):  # until the driver takes no more
        table.engine.tick()
    none = {"rx_gaps": 0, "tx_gaps": 0, "slips": 0}
    assert [port.counts(0) for port in table.driver.ports] == [none, none]
    assert table.driver.ports[0].counts(1)["tx_gaps"], "as it does of one that is not joined"
    assert table.driver.flushed == []
    heard = Ring(1 << 12)
    table.engine.tap(0, heard, mode="rx")
    far = table.driver.pairs[2][1]
    table.driver.line(9)
    table.engine.tick()
    assert sorted(table.driver.flushed) == [101, 103]
    assert [block[0] for block in (far.recv(4096), far.recv(4096))] == [IDLE, 9]
    assert heard.read()[0] in (1, 9)


def test_the_clock_is_a_channel_that_is_not_joined_while_there_is_one(table) -> None:
    assert table.driver.ports[0].teller == 1
    table.talk(1, 3)
    assert table.driver.ports[0].teller == 0
    table.engine.join(0, 2)
    table.engine.join(2, 2)
    table.pass_blocks(CALM + 1)
    assert table.joined == 4
    assert table.driver.ports[0].teller == 1


def test_a_channel_that_goes_away_is_not_spoken_to(table) -> None:
    """Nor is what comes in its place taken for joined."""
    table.talk()
    port, fresh = table.driver.ports[0], socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours = table.driver.pairs[0][0].fileno()
    broken = os.open("/", os.O_RDONLY)
    os.dup2(broken, ours)
    os.close(broken)
    table.engine.tick()
    assert port.gone(0)
    with fresh[0], fresh[1]:
        fresh[0].setblocking(False)
        port.replace(0, fresh[0].fileno())
        assert port.joined == []
        table.engine.leave(0)
        table.engine.tick()
        assert table.joined == 0
        assert (101, 0) not in table.driver.told


def test_numbers_are_needed_for_every_channel() -> None:
    driver = Driver()
    with pytest.raises(ValueError, match="1 numbers for 2 channels"):
        FdPort([0, 0], numbers=[5], **driver.options)
    driver.close()
