"""The board of E1 over IP: spans in the words of `drivers.base`, calls with PRI and R2, faults."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.base import DriverError
from drivers.boards.cesopsn.board import CesopsnBoard
from drivers.boards.cesopsn.span import CesopsnSpan
from drivers.boards.cesopsn.spec import CesopsnSpec
from drivers.events import Alarm, LineEvent, SignallingFault, SpanAlarm
from mediaserver.lab.scenario import Step
from tests.app.plants import ALICE, caller, calls, needs_sounds, perform, running, virtually
from tests.drivers.cesopsn.rig import B_SLOTS, noise, udp

BLOCK = 80


def free_ports(count: int) -> list[int]:
    """Ports nobody has now."""
    made = [udp() for _ in range(count)]
    found = [each.getsockname()[1] for each in made]
    for each in made:
        each.close()
    return found


def two_ends(**options: Any) -> tuple[CesopsnBoard, CesopsnBoard]:
    here, there = (("127.0.0.1", port) for port in free_ports(2))
    options = {"jitter_ms": (0, 60), **options}
    a = registry.board("cesopsn", "a", [CesopsnSpec("E1-1", here, there, **options)])
    b = registry.board("cesopsn", "b", [CesopsnSpec("E1-1", there, here, **options)])
    return a, b


def tick(*boards: CesopsnBoard, blocks: int = 1) -> None:
    spans = [board.spans[0] for board in boards]
    for number in range(blocks):
        for span in spans:
            span.port.read()
        for span in spans:
            span.port.write(noise((span.port.channels, BLOCK), number))
    for span in spans:
        span.look()


def in_a_loop(work: Any) -> None:
    async def main() -> None:
        work()

    asyncio.run(main())


def test_frames_bits_and_alarms_in_the_words_of_drivers() -> None:
    def work() -> None:
        a, b = two_ends()
        near, far = a.spans[0], b.spans[0]
        assert [channel.number for channel in near.channels] == list(B_SLOTS)
        events: list[LineEvent] = []
        frames: list[bytes] = []
        near.watch(events.append)
        far.on_frame(frames.append)
        assert near.alarms == {Alarm.RED}
        tick(a, b, blocks=205)
        assert near.alarms == far.alarms == frozenset()
        assert SpanAlarm("E1-1", Alarm.RED, False) in events
        near.send_frame(b"\x02\x01\x7f")
        tick(a, b, blocks=5)
        assert frames == [b"\x02\x01\x7f"]
        near.send_frame(bytes(300))
        assert isinstance(events[-1], SignallingFault)
        assert "1 to 264" in events[-1].detail
        status = a.status()[0]
        assert status["alarms"] == []
        assert status["packets"]["good"] > 300
        assert status["local"].startswith("127.0.0.1:")
        a.close()
        b.close()

    in_a_loop(work)


@pytest.mark.parametrize("packet_ms", [1, 5, 8])
def test_packets_wait_long_enough_for_bursts_of_a_block_that_pass_each_other(
    packet_ms: int,
) -> None:
    def work() -> None:
        a, b = two_ends(jitter_ms=None, packet_ms=packet_ms)
        ends = [a.spans[0], b.spans[0]]
        for number in range(1200):
            for span in ends if number % 400 < 200 else ends[::-1]:
                span.port.read()
                span.port.write(noise((span.port.channels, BLOCK), number))
        assert [span.status()["rx_gaps"] for span in ends] == [0, 0]
        assert max(span.status()["depth_ms"] for span in ends) <= 10 + 10 + packet_ms
        a.close()
        b.close()

    in_a_loop(work)


def test_how_long_a_packet_waits_unless_it_is_told() -> None:
    spec = CesopsnSpec("E1-1", ("127.0.0.1", 1), ("127.0.0.1", 2))
    assert spec.waits_ms(10) == (10, 200) and spec.waits_ms(20) == (20, 200)
    assert spec.waits_ms(4) == (5, 200), "a packet is longer than a block"
    assert replace(spec, jitter_ms=(3, 30)).waits_ms(10) == (3, 30)


def test_bits_of_a_span_with_cas() -> None:
    def work() -> None:
        a, b = two_ends(timeslots=B_SLOTS, cas=True, packet_ms=2)
        heard: list[tuple[int, int]] = []
        b.spans[0].on_bits(lambda channel, abcd: heard.append((channel, abcd)))
        tick(a, b, blocks=3)
        a.spans[0].send_bits(17, 0b1001)
        tick(a, b, blocks=3)
        assert heard == [(17, 0b1001)]
        assert b.spans[0].bits(17) == 0b1001
        with pytest.raises(KeyError):
            a.spans[0].send_bits(16, 1)
        fault: list[LineEvent] = []
        a.spans[0].watch(fault.append)
        a.spans[0].send_frame(b"abc")
        assert "no D channel" in fault[0].detail  # type: ignore[attr-defined]
        a.close()
        b.close()

    in_a_loop(work)


def test_faults_to_order() -> None:
    def work() -> None:
        a, b = two_ends()
        near, far = a.spans[0], b.spans[0]
        tick(a, b, blocks=205)
        a.alarm("E1-1", True)
        tick(a, b, blocks=110)
        assert near.alarms == {Alarm.RED}
        assert far.alarms == {Alarm.RAI}, "told by R"
        a.alarm("E1-1", False)
        tick(a, b, blocks=205)
        assert near.alarms == far.alarms == frozenset()
        near.send_alarms(ais=True)
        tick(a, b, blocks=3)
        assert far.alarms == {Alarm.AIS}
        near.send_alarms()
        a.fault("E1-1", "far", loss_rate=0.2)
        before = far.status()["rx_gaps"]
        tick(a, b, blocks=200)
        lost = (far.status()["rx_gaps"] - before) / 30
        assert 2000 < lost < 4600, "of 16,000 frames"
        frames: list[bytes] = []
        far.on_frame(frames.append)
        a.fault("E1-1", "far", loss_rate=0)
        a.d_channel("E1-1", False)
        near.send_frame(b"\x02\x01\x7f")
        tick(a, b, blocks=5)
        assert frames == []
        for wrong in ({"gain_db": 3}, {"channel": 1}):
            with pytest.raises(ValueError, match="as a whole"):
                a.fault("E1-1", "far", **wrong)
        for wrong_call in (
            lambda: a.fault("E1-1", "up", loss_rate=0.1),
            lambda: a.alarm("x", True),
        ):
            with pytest.raises((ValueError, KeyError)):
                wrong_call()
        a.close()
        b.close()

    in_a_loop(work)


def test_a_far_end_set_otherwise_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        here, there = (("127.0.0.1", port) for port in free_ports(2))
        a = registry.board("cesopsn", "a", [CesopsnSpec("E1-1", here, there, packet_ms=5)])
        b = registry.board("cesopsn", "b", [CesopsnSpec("E1-1", there, here, packet_ms=2)])
        tick(a, b, blocks=130)
        span: CesopsnSpan = a.spans[0]
        assert span.alarms == {Alarm.RED}
        assert set(span.refused()) == {"length"}
        a.close()
        b.close()

    with caplog.at_level(logging.WARNING):
        in_a_loop(work)
    assert "nothing is received; refused" in caplog.text
    assert "length" in caplog.text


def test_an_address_in_use_is_named_and_nothing_stays_open() -> None:
    def work() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", 0))
            taken = holder.getsockname()
            (port,) = free_ports(1)
            specs = [
                CesopsnSpec("E1-1", ("127.0.0.1", port), ("127.0.0.1", 9)),
                CesopsnSpec("E1-2", taken, ("127.0.0.1", 9)),
            ]
            with pytest.raises(DriverError, match=rf"E1-2.*{taken[1]}.*in use"):
                registry.board("cesopsn", "ip", specs)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                again.bind(("127.0.0.1", port))

    in_a_loop(work)


def test_a_span_that_cannot_be_is_named() -> None:
    def work() -> None:
        (port,) = free_ports(1)
        spec = CesopsnSpec("E1-1", ("127.0.0.1", port), ("127.0.0.1", 9), timeslots=(3, 2))
        with pytest.raises(DriverError, match=r"E1-1: time slots"):
            registry.board("cesopsn", "ip", [spec])

    in_a_loop(work)


# ---- calls


def over_ip(signalling: str, **options: Any) -> dict[str, Any]:
    """The demo's plant with its first E1 over IP."""
    here, there = free_ports(2)
    span = {"name": "E1-1", "kind": "e1", "signalling": signalling, "far": True}
    span |= {"local": str(here), "remote": str(there), **options}
    rest = [{"name": "E1-2", "kind": "e1", "side": "network"}, {"name": "FXS-1", "kind": "fxs"}]
    return {
        "board": [
            {"name": "ip", "type": "cesopsn", "span": [span]},
            {"name": "virtual", "type": "virtual", "span": rest},
        ]
    }


@pytest.mark.parametrize(
    ("signalling", "options"),
    [
        pytest.param("pri", {"rtp": True, "packet_ms": 1}, marks=needs_sounds, id="PRI with RTP"),
        pytest.param("mfcr2", {"variant": "itu", "packet_ms": 2}, marks=needs_sounds, id="MFC/R2"),
    ],
)
def test_a_call_over_ip(tmp_path: Path, signalling: str, options: dict[str, Any]) -> None:
    steps = (
        Step(expect="answered", within_s=20),
        Step(wait_s=4),
        Step(key="1"),
        Step(hear="partner", within_s=20),
        Step(say="vm-intro"),
        Step(hang_up=True),
    )

    async def work() -> None:
        async with running(tmp_path, **over_ip(signalling, **options)) as plant:
            anna = caller("anna", "13800000001", *steps)
            run = await perform(plant, anna, answerers=(ALICE,))
            assert run.conversations[0].reached == ["alice"]
            status = plant.near_boards[-1].status()[0]
            assert plant.octets_lost() == {} or status["rx_gaps"] == 0

    virtually(work)


@pytest.mark.parametrize(
    "start",
    [pytest.param(start, marks=needs_sounds, id=start) for start in ("wink", "immediate")],
)
def test_an_em_call_over_ip(tmp_path: Path, start: str) -> None:
    """No number of the caller goes along, so whoever answers is known by what is said."""
    steps = (
        Step(expect="answered", within_s=20),
        Step(wait_s=4),
        Step(key="1"),
        Step(hear="conf-onlyperson", within_s=20),
        Step(hang_up=True),
    )

    async def work() -> None:
        em = {"start": start, "digits": 6}
        async with running(tmp_path, **over_ip("em", packet_ms=2, em=em)) as plant:
            await perform(plant, caller("anna", "", *steps), answerers=(ALICE,))
            called = [row.called for row in calls(plant).values()]
            assert called == ["668800"]

    virtually(work)
