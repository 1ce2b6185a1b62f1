"""The port of an E1 over IP: octets, order, gaps, frames, bits, alarms, clocks; each fault, too."""

from __future__ import annotations

import random
import select

import numpy as np
import pytest

from dsp_ext.cesop import Packets
from dsp_ext.cesop_clock import FarClock
from dsp_ext.cesop_jitter import JitterBuffer
from dsp_ext.cesop_port import CesopPort
from dsp_ext.engine import Engine, EngineThread
from tests.drivers.cesopsn.rig import ALL, B_SLOTS, End, carry, noise, pair, relayed, udp, waiting

IDLE = 0xD5


@pytest.mark.parametrize("frames", [8, 24, 40, 64])
@pytest.mark.parametrize("block", [16, 80, 160])
def test_octets_arrive_as_they_were_sent(frames: int, block: int) -> None:
    with pair(frames=frames, block=block, timeslots=ALL, least=0) as (a, b):
        sent = noise((31, 40 * block), 1)
        heard = []
        for at in range(0, sent.shape[1], block):
            a.send(np.ascontiguousarray(sent[:, at : at + block]))
            heard.append(b.hear())
        line = np.concatenate(heard, axis=1)
        end, tail = sent.shape[1], line[:, -20 * block :]
        lag = next(n for n in range(200) if (sent[:, end - 20 * block - n : end - n] == tail).all())
        assert lag < frames, "nothing waits but for its packet to be full"
        counts = b.ces.counters()
        assert (counts["late"], counts["lost_frames"]) == (0, 0)
        if block % frames == 0:
            assert (line[:, lag:] == sent[:, : end - lag]).all()
            assert lag == 0


def test_a_packet_waits_for_least() -> None:
    with pair(frames=40, least=160) as (a, b):
        for _ in range(5):
            a.send(7)
            heard = b.hear()[0].tolist()
            if _ < 2:
                assert heard == [IDLE] * 80
        assert heard == [7] * 80
        assert b.ces.depth_ms == 20


def settled(a: End, b: End, blocks: int = 5) -> None:
    for _ in range(blocks):
        a.send(1)
        b.hear()


def test_packets_out_of_order_are_put_in_order() -> None:
    with relayed(frames=8, least=0) as (near, far, middle):
        shuffle = random.Random(1).shuffle

        def mix(number: int, packets: list[bytes]) -> list[bytes]:
            if number:
                shuffle(packets)
            return packets

        heard = carry(near, far, middle, mix)
        assert heard == [n for n in range(20) for _ in range(80)]
        counts = far.ces.counters()
        assert counts["reordered"] > 50
        assert counts["good"] == 200


def test_duplicates_are_dropped_and_counted() -> None:
    with relayed(frames=40, least=0) as (near, far, middle):
        heard = carry(near, far, middle, lambda _, packets: packets * 3)
        assert heard == [n for n in range(20) for _ in range(80)]
        assert far.ces.counters()["duplicate"] == 80


def test_loss_is_filled_by_what_was_heard_before() -> None:
    """A tone goes on through a gap of 10 ms, and comes back as it is."""
    from dsp_ext import g711

    time = np.arange(80 * 30) / 8000
    tone = np.ascontiguousarray(8000 * np.sin(2 * np.pi * 400 * time), np.float32)
    octets = g711.encode(tone[:, None], "alaw") if hasattr(g711, "encode") else None
    line = np.ascontiguousarray(np.asarray(octets).reshape(1, -1), np.uint8)
    with relayed(frames=40, least=0, timeslots=(1,)) as (near, far, middle):
        heard = []
        for number in range(30):
            near.send(np.ascontiguousarray(line[:, number * 80 : number * 80 + 80]))
            packets = waiting(middle)
            if number != 15:
                for data in packets:
                    middle.sendto(data, far.socket.getsockname())
            heard.append(far.hear())
    out = np.concatenate(heard, axis=1)
    wrong = np.flatnonzero((out != line)[0])
    assert wrong.min() >= 15 * 80
    assert wrong.max() < 17 * 80 + 10, "after the blend octets are untouched"
    gap = np.asarray(g711.decode(np.ascontiguousarray(out[:, 1200:1280]), "alaw")).ravel()
    assert np.corrcoef(gap, tone[1200:1280])[0, 1] > 0.98


def test_a_hole_counts_as_lost_and_an_empty_buffer_as_underrun() -> None:
    with relayed(frames=8, least=0) as (near, far, middle):
        carry(near, far, middle, lambda n, p: p[:3] + p[4:] if n == 5 else p)
        assert far.ces.counters()["lost_frames"] == 8
        carry(near, far, middle, lambda n, p: [] if n == 25 else p, start=20)
        counts = far.ces.counters()
        assert counts["underrun_frames"] == 80
        assert far.port.counters() == {"overrun_octets": 0, "underrun_octets": 3 * 88}


def test_a_strangers_packets_are_dropped_and_counted() -> None:
    with pair(frames=40, least=0) as (a, b), udp() as stranger:
        settled(a, b)
        good = Packets(3, 40).pack(5, bytes([9]) * 120)
        for data in (good, b"", b"x" * 3000):
            stranger.sendto(data, b.socket.getsockname())
        a.send(1)
        assert (b.hear() == 1).all()
        assert b.ces.counters()["stranger"] == 3
        assert b.ces.counters()["good"] == 12


def test_a_flood_costs_no_more_than_a_bounded_tick() -> None:
    with pair(frames=40, least=0) as (a, b), udp() as stranger:
        settled(a, b)
        for _ in range(200):
            stranger.sendto(b"flood", b.socket.getsockname())
        a.send(1)
        b.hear()
        assert b.ces.counters()["stranger"] == 200


def test_a_far_end_that_starts_anew_is_followed_from_its_second_packet() -> None:
    with pair(frames=40, least=0) as (a, b):
        settled(a, b, 30)
        again = Packets(3, 40)
        for seq in range(40_000, 40_007):
            b.ces.feed(again.pack(seq, bytes([77]) * 120))
        for _ in range(2):
            b.hear()
        assert b.hear()[0].tolist() == [77] * 80
        counts = b.ces.counters()
        assert (counts["astray"], counts["restarts"]) == (1, 1)


def test_one_stray_packet_moves_nothing() -> None:
    with pair(frames=40, least=0) as (a, b):
        settled(a, b, 10)
        assert b.ces.feed(Packets(3, 40).pack(40_000, bytes(120))) == "astray"
        a.send(3)
        assert (b.hear() == 3).all()


def test_the_sequence_wraps() -> None:
    packets = Packets(1, 8)
    buffer = JitterBuffer(packets)
    heard = []
    for seq in range(65_500, 65_600):
        assert buffer.put(packets.pack(seq & 0xFFFF, bytes([seq & 0xFF]) * 8)) == "good"
        heard += [data[0] for _, data in buffer.take(8)]
    assert heard == [seq & 0xFF for seq in range(65_500, 65_600)]


# ---- D channel


def test_frames_travel_on_time_slot_16() -> None:
    with pair(timeslots=ALL, d_channel=True, frames=40, least=0) as (a, b):
        assert a.port.channels == 30
        frames = [bytes([2, 1, n]) + bytes(range(n)) for n in range(1, 200, 20)]
        for frame in frames:
            assert a.ces.send_frame(frame)
        for _ in range(40):
            a.send(noise((30, 80), 3))
            b.hear()
        assert select.select([b.ces.eventfd], [], [], 0)[0]
        assert [event[1] for event in b.ces.drain() if event[0] == "frame"] == frames
        assert b.ces.counters()["d_frames"] == len(frames)
        assert not select.select([b.ces.eventfd], [], [], 0)[0]


def test_a_lost_packet_costs_the_frame_in_it_and_no_other() -> None:
    with relayed(timeslots=ALL, d_channel=True, frames=8, least=0) as (near, far, middle):
        carry(near, far, middle, lambda _, packets: packets, blocks=3)
        for number in range(3):
            near.ces.send_frame(bytes([number]) * 60)
        carry(near, far, middle, lambda n, p: p[:2] + p[3:] if n == 0 else p, blocks=30)
        got = [event[1][0] for event in far.ces.drain() if event[0] == "frame"]
        assert got == [1, 2]


def test_what_a_d_channel_refuses() -> None:
    with pair(timeslots=(1, 16), d_channel=True) as (a, _):
        for bad in (b"", bytes(265)):
            with pytest.raises(ValueError, match="1 to 264"):
                a.ces.send_frame(bad)
        while a.ces.send_frame(bytes(264)):
            pass
    with pair() as (a, _), pytest.raises(RuntimeError, match="no D channel"):
        a.ces.send_frame(b"abc")


# ---- signalling bits


@pytest.mark.parametrize("frames", [8, 16])
def test_signalling_bits_travel_with_the_octets(frames: int) -> None:
    with pair(timeslots=B_SLOTS, cas=True, frames=frames, least=0) as (a, b):
        assert a.port.channels == 30
        settled(a, b)
        assert b.ces.bits(1) == 0xD, "blocked, until somebody sets them"
        a.ces.send_bits(1, 0b1001)
        a.ces.send_bits(17, 0b0001)
        a.ces.send_bits(31, 0b0101)
        settled(a, b)
        events = [event for event in b.ces.drain() if event[0] == "bits"]
        assert events == [("bits", 1, 9), ("bits", 17, 1), ("bits", 31, 5)]
        assert [b.ces.bits(slot) for slot in (1, 2, 17, 31)] == [9, 0xD, 1, 5]
        with pytest.raises(KeyError, match="16"):
            a.ces.send_bits(16, 0)


# ---- alarms


def alarms_of(end: End) -> list[frozenset[str]]:
    return [event[1] for event in end.ces.drain() if event[0] == "alarms"]


def test_alarms_of_both_ends() -> None:
    red, rai, none = frozenset({"red"}), frozenset({"rai"}), frozenset()
    with pair(frames=40, least=0) as (a, b):
        assert a.ces.alarms == red, "until the far end is heard"
        for _ in range(99):
            a.send(1)
            b.hear()
        assert b.ces.alarms == red
        settled(a, b, 2)
        assert b.ces.alarms == rai, "after a clean second; a does not hear b yet, and says so by R"
        for _ in range(110):
            a.send(1)
            b.send(1)
            a.hear()
            b.hear()
        assert alarms_of(b) == [rai, none]
        assert alarms_of(a) == [none]
        for _ in range(98):  # b falls silent
            a.hear()
        assert a.ces.alarms == none
        a.hear()
        a.hear()
        assert a.ces.alarms == red
        a.send(1)
        b.hear()
        assert b.ces.alarms == rai


@pytest.mark.parametrize(("asked", "seen"), [("ais", "ais"), ("rai", "rai")])
def test_alarms_that_are_sent(asked: str, seen: str) -> None:
    with pair(frames=40, least=0) as (a, b):
        for _ in range(120):
            for end in (a, b):
                end.send(1)
                end.hear()
        a.ces.send_alarms(**{asked: True})
        a.send(5)
        b.hear()
        heard = b.hear() if asked == "ais" else None
        assert b.ces.alarms == frozenset({seen})
        if heard is not None:
            assert (heard == IDLE).all(), "octets that are no good are not heard"
        a.ces.send_alarms()
        a.send(1)
        b.hear()
        assert b.ces.alarms == frozenset()


def test_an_alarm_ends_with_a_second_in_which_less_than_a_tenth_is_missing() -> None:
    with relayed(frames=40, least=0) as (near, far, middle):
        carry(near, far, middle, lambda n, p: [] if n % 8 == 7 else p, blocks=500)
        assert far.ces.alarms == frozenset({"red"})
        carry(near, far, middle, lambda n, p: [] if n % 12 == 7 else p, blocks=200, start=500)
        assert far.ces.alarms == frozenset({"rai"})


# ---- clocks


def drift(ppm: float, seconds: int, **options: int) -> tuple[dict[str, int], list[int]]:
    """Virtual time: packets of 20 ms of an end that is `ppm` faster, blocks of 20 ms of ours."""
    packets = Packets(1, 40)
    pack, payload = packets.pack, bytes(40)
    buffer = JitterBuffer(packets, **options)
    put, take = buffer.put, buffer.take
    seq, due, depths = 0, 0.0, []
    step = 4 * (1 + ppm * 1e-6)
    for tick in range(seconds * 50):
        due += step
        while seq < due:
            put(pack(seq, payload))
            seq += 1
        take(160)
        if tick % 5000 == 4999:
            depths.append(buffer.depth)
    return buffer.counters(), depths


@pytest.mark.parametrize("ppm", [50, -50])
def test_clocks_50_ppm_apart_slip_for_an_hour_and_delay_does_not_drift(ppm: int) -> None:
    counts, depths = drift(ppm, 3600, least=40, most=400)
    slips = counts["slips_passed"] - counts["slips_repeated"]
    assert slips == pytest.approx(3600 * 8000 * ppm * 1e-6, abs=90)
    assert (counts["lost_frames"], counts["underrun_frames"], counts["late"]) == (0, 0, 0)
    assert max(depths) - min(depths) <= 80, "within two packets of 5 ms, at any time"


@pytest.mark.parametrize("ppm", [-130.0, -4.6, 0.0, 32.0, 130.0])
def test_the_far_clock_is_told_through_jitter(ppm: float) -> None:
    clock = FarClock()
    dice = random.Random(7)
    for n in range(200 * 60):
        at = n * 5e6 / (1 + ppm * 1e-6) + dice.expovariate(1 / 2e6)
        clock.saw(n * 40, int(at))
        if n == 200 * 4:
            assert not clock.locked
            assert clock.ppm == 0.0
    assert clock.ppm == pytest.approx(ppm, abs=1.0)


def test_a_clock_that_jumps_begins_anew() -> None:
    clock = FarClock()
    for n in range(200 * 20):
        clock.saw(n * 40, n * 5_000_000)
    for n in range(200 * 20):  # the machine's clock was set back an hour
        clock.saw((4000 + n) * 40, n * 5_000_000 - 3_600_000_000_000)
    assert clock.ppm == pytest.approx(0, abs=0.1)
    for n in range(200 * 40):  # a longer way, 80 ms more
        clock.saw((8000 + n) * 40, (4000 + n) * 5_000_000 - 3_599_920_000_000)
    assert clock.ppm == pytest.approx(0, abs=2)


def test_a_port_that_steers_paces_the_engine_by_the_far_clock() -> None:
    with pair(frames=40, steers=True) as (a, _):
        assert a.ces.block_ns == 10_000_000
        for n in range(200 * 60):
            a.ces.saw(n * 40, int(n * 5e6 / (1 + 50e-6)))
        assert a.ces.far_ppm == pytest.approx(50, abs=0.1)
        assert a.ces.block_ns == pytest.approx(10_000_000 * (1 - 50e-6), abs=2)


def test_an_engine_runs_on_a_steering_port_and_without_one() -> None:
    with pair(frames=40, steers=True) as (a, b):
        engine, other = Engine(3, block=80), Engine(3, block=80)
        engine.attach(0, a.port)
        other.attach(0, b.port)
        thread = EngineThread([engine, other], priority=None)
        thread.start()
        while engine.counters()["ticks"] < 20:
            select.select([], [], [], 0.01)
        thread.stop()
        assert b.ces.counters()["good"] > 20


# ---- whatever comes


def test_random_datagrams_never_harm_the_port() -> None:
    """200,000 of them, half with a head that passes: numbers, bits and payload at random."""
    dice = np.random.default_rng(8)
    with pair(timeslots=(1, 2), frames=8, cas=True, least=8) as (_, b):
        pool = dice.integers(0, 256, 1 << 16, dtype=np.uint8).tobytes()
        whole = Packets(2, 8, cas=True)
        starts = dice.integers(0, (1 << 16) - 64, 100_000).tolist()
        base = 0
        for turn, start in enumerate(starts):
            base += start % 3 if turn % 1000 else start
            data = whole.pack(base & 0xFFFF, pool[start : start + 16], cas=(start & 15, 3))
            b.ces.feed(data)
            b.ces.feed(pool[start : start + start % 24])
            if turn % 10 == 0:
                b.hear()
        counts = b.ces.counters()
        known = ("good", "short", "channel", "reserved", "fragment", "length", "duplicate", "late",
                 "astray", "overrun")  # fmt: skip
        assert sum(counts[fate] for fate in known) == 200_000
        assert all(counts[fate] > 0 for fate in ("good", "short", "channel", "late", "astray"))
        b.ces.drain()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeslots": ()}, "time slots"),
        ({"timeslots": (0, 1)}, "time slots"),
        ({"timeslots": (2, 1)}, "time slots"),
        ({"timeslots": (1, 1)}, "time slots"),
        ({"timeslots": (31, 32)}, "time slots"),
        ({"timeslots": (1, 2), "d_channel": True}, "needs time slot 16"),
        ({"timeslots": (16,), "d_channel": True}, "no time slot for calls"),
        ({"timeslots": (1, 16), "cas": True}, "16 is not carried"),
        ({"cas": True, "frames": 40}, "1 or 2 ms"),
        ({"frames": 10}, "10 frames"),
        ({"block": 4}, "block 4"),
        ({"law": "linear"}, "law"),
        ({"least": 90, "most": 80}, "waits 90 to 80"),
        ({"most": 4001}, "4001"),
    ],
)
def test_ports_that_cannot_be(options: dict[str, object], says: str) -> None:
    with udp() as sock, pytest.raises(ValueError, match=says):
        End(sock, ("127.0.0.1", 9), **options)


def test_addresses_that_cannot_be() -> None:
    with udp() as sock:
        for host, number in (("example", 9), ("127.0.0.1", 0), ("127.0.0.1", 65536), ("", 9)):
            with pytest.raises(ValueError, match=r"address|port"):
                End(sock, (host, number))
        with pytest.raises(OSError, match="descriptor"):
            CesopPort(987654, "127.0.0.1", 9, timeslots=(1,))


def test_what_came_before_the_first_read_makes_no_delay() -> None:
    packets = Packets(3, 40)
    with udp() as a, udp() as b:
        ces = CesopPort(b.fileno(), *a.getsockname(), timeslots=(1, 2, 3), least=0)
        for seq in range(10):
            a.sendto(packets.pack(seq, bytes(120)), b.getsockname())
        ces.port.read()
        for seq in (10, 11):
            a.sendto(packets.pack(seq, bytes([seq]) * 120), b.getsockname())
        assert ces.port.read()[0].tolist() == [10] * 40 + [11] * 40
