"""The byte ring: order, wrap, fullness, and two threads at once."""

from __future__ import annotations

import random
import threading

import pytest

from dsp_ext.ring import Ring


def test_capacity_is_rounded_up_to_a_power_of_two():
    assert Ring(1).capacity == 1
    assert Ring(1000).capacity == 1024
    assert Ring(1024).writable == 1024


@pytest.mark.parametrize("capacity", [0, -1, 1 << 31])
def test_a_capacity_that_cannot_be_is_refused(capacity):
    with pytest.raises(ValueError, match="octets are allowed"):
        Ring(capacity)


def test_takes_what_fits_and_counts_the_rest():
    ring = Ring(8)
    assert ring.write(b"abcdef") == 6
    assert ring.write(b"ghij") == 2
    assert ring.write(b"") == 0
    assert (ring.readable, ring.writable, ring.dropped) == (8, 0, 2)
    assert ring.read(3) == b"abc"
    assert ring.write(memoryview(b"xyz")) == 3
    assert ring.read() == b"defghxyz"
    assert ring.read() == b"" and ring.read(0) == b""


def test_a_random_mix_of_writes_and_reads_keeps_order():
    ring, chance = Ring(64), random.Random(3)
    put, got = bytearray(), bytearray()
    for _ in range(2000):
        data = chance.randbytes(chance.randrange(90))
        put += data[: ring.write(data)]
        got += ring.read(chance.randrange(90))
    got += ring.read()
    assert got == put


def test_one_producer_and_one_consumer_thread():
    ring, total = Ring(4096), 40_000
    source = random.Random(5).randbytes(total)
    got = bytearray()

    def produce() -> None:
        at = 0
        while at < total:
            at += ring.write(source[at : at + 1000])

    thread = threading.Thread(target=produce)
    thread.start()
    while len(got) < total:
        got += ring.read()
    thread.join()
    assert bytes(got) == source
