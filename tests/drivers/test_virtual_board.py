"""The virtual board: names and ports, media faults, alarms, the D channel's time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from drivers import registry
from drivers.base import DriverError, HookChange, HookFlash, RingChange, SpanKind
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import Alarm, SpanAlarm
from tests.drivers.world import StillWire, run

SPECS = [
    SpanSpec.of("e1", "E1-1", "PSTN"),
    SpanSpec.of("fxs", "PHONES", "SETS", 4),
    SpanSpec.of("fxo", "LINES", "CO", 2),
]


def pair_of(wire=StillWire, **more):
    return make_pair(SPECS, wire=wire, **more)


def test_spans_channels_and_kinds():
    near, far = pair_of()
    assert [(s.name, s.kind) for s in near.spans] == [
        ("E1-1", SpanKind.E1),
        ("PHONES", SpanKind.FXS),
        ("LINES", SpanKind.FXO),
    ]
    assert [(s.name, s.kind) for s in far.spans] == [
        ("PSTN", SpanKind.E1),
        ("SETS", SpanKind.FXO),
        ("CO", SpanKind.FXS),
    ]
    e1 = near.span("E1-1")
    assert [c.number for c in e1.channels] == [*range(1, 16), *range(17, 32)]
    assert e1.channels[15].name == "E1-1/17" and e1.port_index(17) == 15
    assert len(near.span("PHONES").channels) == 4
    with pytest.raises(KeyError, match="no span 'X'"):
        near.span("X")
    with pytest.raises(ValueError, match="span kind is 't1'"):
        SpanSpec.of("t1", "a", "b")


def test_media_reaches_the_same_timeslot_and_faults_hit_the_right_one():
    near, far = make_pair(SPECS[:1], block=80)
    a, b = near.span("E1-1").port, far.span("PSTN").port
    near.fault("PSTN", "far", 17, gain_db=-20.0)
    sent = np.repeat(np.arange(30, dtype=np.uint8)[:, None] + 100, 80, axis=1)
    for _ in range(6):
        a.write(sent)
        b.write(sent)
        got, back = b.read(), a.read()
    assert (back == sent).all()
    changed = [e1 for e1 in range(30) if (got[e1] != sent[e1]).any()]
    assert changed == [15]


def test_an_alarm_is_all_ones_red_here_and_rai_there():
    async def scenario():
        near, far = make_pair(SPECS[:1])
        heard: list[SpanAlarm] = []
        near.span("E1-1").watch(heard.append)
        far.span("PSTN").watch(heard.append)
        frames: list[bytes] = []
        near.span("E1-1").on_frame(frames.append)
        far.span("PSTN").on_frame(frames.append)
        near.alarm("E1-1", True)
        near.alarm("E1-1", True)
        far.span("PSTN").send_frame(b"lost")
        near.span("E1-1").send_frame(b"carried")
        await asyncio.sleep(1)
        assert heard == [SpanAlarm("E1-1", Alarm.RED, True), SpanAlarm("PSTN", Alarm.RAI, True)]
        assert frames == [b"carried"]
        port = near.span("E1-1").port
        octets = np.zeros((30, 80), np.uint8)
        for _ in range(4):
            far.span("PSTN").port.write(octets)
            got = port.read()
        assert (got == 0xFF).all()
        assert near.span("E1-1").alarms == {Alarm.RED}
        near.alarm("E1-1", False)
        assert near.span("E1-1").alarms == far.span("PSTN").alarms == frozenset()

    run(scenario())


def test_frames_take_their_time_and_keep_their_order():
    async def scenario():
        loop = asyncio.get_running_loop()
        near, far = pair_of()
        arrived: list[tuple[float, bytes]] = []
        far.span("PSTN").on_frame(lambda frame: arrived.append((loop.time(), frame)))
        near.span("E1-1").send_frame(bytes(12))
        near.span("E1-1").send_frame(bytes(28))
        await asyncio.sleep(1)
        assert arrived == [(pytest.approx(0.002), bytes(12)), (pytest.approx(0.006), bytes(28))]

    run(scenario())


def test_frames_in_flight_are_lost_when_the_d_channel_goes():
    async def scenario():
        near, far = pair_of()
        frames: list[bytes] = []
        far.span("PSTN").on_frame(frames.append)
        near.span("E1-1").send_frame(bytes(200))
        near.d_channel("E1-1", False)
        await asyncio.sleep(0.1)
        near.span("E1-1").send_frame(b"no")
        near.d_channel("PSTN", True)  # either name will do
        near.span("E1-1").send_frame(b"yes")
        await asyncio.sleep(0.1)
        assert frames == [b"yes"]
        status = far.status()[0]
        assert (status["frames"], status["frames_lost"], status["d_channel"]) == (1, 2, True)

    run(scenario())


def test_loss_and_spoiling_by_rate_and_hook_are_the_same_each_time():
    async def scenario():
        near, far = pair_of(seed=5)
        frames: list[bytes] = []
        far.span("PSTN").on_frame(frames.append)
        near.fault("E1-1", "far", frame_loss=0.5, frame_spoil=lambda frame: frame[::-1])
        for number in range(100):
            near.span("E1-1").send_frame(bytes((number, 0)))
        await asyncio.sleep(10)
        near.fault("E1-1", "far", frame_loss=0.0, frame_spoil=None)
        near.span("E1-1").send_frame(b"ab")
        await asyncio.sleep(1)
        return frames

    first = run(scenario())
    assert first == run(scenario())
    assert 30 < len(first) < 70 and first[0][0] == 0 and first[-1] == b"ab"


def test_faults_are_passed_to_the_wire_as_they_come():
    near, far = pair_of()
    wire = near._line("E1-1").wire
    near.fault("E1-1", "near", 31, delay_ms=20, noise_dbm0=None)
    near.fault("E1-1", "far", slip=-3, lose=2, bit_error_rate=1e-3)
    far.clear("E1-1")
    assert wire.told == [
        ("fault", "a", 29, {"delay_ms": 20}),
        ("fault", "b", None, {"bit_error_rate": 1e-3}),
        ("slip", "b", -3),
        ("lose", "b", 2),
        ("clear", None),
    ]
    near.fault("E1-1", "near", gain_db=3.0)
    assert near.status()[0]["faults"] == {"gain_db": 3.0} and not far.status()[0]["faults"]
    with pytest.raises(ValueError, match="no fault is called 'echo'"):
        near.fault("E1-1", "near", echo=1)
    with pytest.raises(ValueError, match="toward is 'left'"):
        near.fault("E1-1", "left", gain_db=1)
    with pytest.raises(KeyError, match="no channel 16"):
        near.fault("E1-1", "near", 16, gain_db=1)
    with pytest.raises(KeyError, match="no span is called"):
        near.fault("nothing", "near", gain_db=1)


def test_analog_events_cross_and_repeats_do_not():
    async def scenario():
        near, far = pair_of()
        phones, sets = near.span("PHONES"), far.span("SETS")
        at_phones: list = []
        at_sets: list = []
        phones.on_line(at_phones.append)
        sets.on_line(at_sets.append)
        for _ in range(2):
            phones.set_ring(1, True, "139", "Li", (400, 200, 400, 2000))
            sets.set_hook(1, True)
        sets.flash(1)
        phones.set_hook(1, False)
        await asyncio.sleep(0.2)
        assert at_sets == [
            RingChange(1, True, "139", "Li", (400, 200, 400, 2000)),
            HookChange(1, False),
        ]
        flash = [HookChange(1, False), HookChange(1, True)]
        assert at_phones == [HookChange(1, True), *flash]
        assert near.status()[1]["ringing"] == [1] and far.status()[1]["off_hook"] == [1]
        assert near.status()[1]["feeding"] == [2, 3, 4]
        with pytest.raises(KeyError):
            phones.set_ring(5, True)
        near.close()
        sets.set_hook(1, False)
        await asyncio.sleep(0.1)
        assert len(at_phones) == 3

    run(scenario())


def test_frames_for_a_span_without_a_d_channel_and_hooks_for_an_e1():
    near, _ = pair_of()
    with pytest.raises(DriverError):
        near.span("PHONES").frame_arrived(b"")
    with pytest.raises(DriverError):
        near.span("E1-1").analog_arrived(HookFlash(1))


def test_the_registry_knows_names_and_says_which():
    near, _ = registry.board("virtual", SPECS, wire=StillWire)
    assert near.name == "near" and "virtual" in registry.boards()
    assert set(registry.signallings()) >= {"analog", "fxo", "fxs", "pri"}
    signalling = registry.signalling("pri", near.span("E1-1"), side="network")
    assert signalling.settings.side == "network" and not signalling.up
    with pytest.raises(RuntimeError, match="before anybody listened"):
        signalling.sink(SpanAlarm("E1-1", Alarm.RED, True))
    with pytest.raises(ValueError, match="no signalling is called 'r2'"):
        registry.signalling("r2", near.span("E1-1"))
    with pytest.raises(ValueError, match="no board is called"):
        registry.board("hal")
    registry.register_board("mine", lambda: "board")
    assert registry.board("mine") == "board"
    with pytest.raises(ValueError, match="is fxs, not fxo"):
        registry.signalling("fxo", near.span("PHONES"))
