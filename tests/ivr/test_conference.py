"""Conference rooms: who is in which, who is heard, and how one comes, leaves and finds it full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from drivers import events as line
from drivers.cause import Cause
from mediaserver import events as ev
from mediaserver.call.dialler import Target
from mediaserver.call.extensions import Extension
from mediaserver.call.routing import Route
from mediaserver.clock import VirtualLoop
from mediaserver.ivr.flow import FlowError, parse
from tests.acd.rig import FakeBridge, FakePort, Rig

FLOW = """
name = "main"
start = "room"
[node.room]
kind = "conference"
"""
LISTENING = """
name = "main"
start = "which"
[node.which]
kind = "collect"
variable = "which"
maximum = 1
next = "speak"
on_fail = "listen"
timeout_s = 1
tries = 1
[node.speak]
kind = "conference"
gain_db = 20
[node.listen]
kind = "conference"
listen = true
quiet = true
"""
ROUTES = (Route("7X", flow="main"),)


def on(work: Callable[[Rig], Awaitable[None]], flow: str = FLOW, **options: Any) -> None:
    """Run `work`, then hang up whoever is left: nothing may be left, bridges least of all."""

    async def run() -> None:
        rig = Rig(1, phones=3, flow=flow, routes=ROUTES, **options)
        await work(rig)
        for channel in range(1, 7):
            rig.pstn.hangs_up(channel)
            rig.phones.hangs_up(channel)
        await asyncio.sleep(30)
        assert rig.quiet() == []
        assert not any(port.music for port in rig.media.ports.values())
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


async def come(rig: Rig, *channels: int, called: str = "70") -> None:
    for channel in channels:
        rig.pstn.call(channel, called)
        await asyncio.sleep(1)


def ports(rig: Rig, *channels: int) -> list[FakePort]:
    """Of callers over the exchange's lines."""
    return [rig.media.port(channel - 1) for channel in channels]


def the_room(rig: Rig) -> FakeBridge:
    (bridge,) = rig.media.bridges
    return bridge


def people(rig: Rig, kind: type = ev.ConferenceJoined) -> list[tuple[str, int]]:
    return [(event.room, event.people) for event in rig.of(kind)]


def test_all_who_dial_a_number_are_in_its_room_and_other_numbers_have_others() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2, 3)
        await come(rig, 4, called="71")
        assert [bridge.members for bridge in rig.media.bridges] == [
            ports(rig, 1, 2, 3),
            ports(rig, 4),
        ]
        assert people(rig) == [("70", 1), ("70", 2), ("70", 3), ("71", 1)]
        assert len(rig.recorder.takes) == 4
        assert [call.state.value for call in rig.reception.calls.values()] == ["talking"] * 4

    on(work)


def test_a_telephone_of_the_house_reaches_the_room_too() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1)
        rig.phones.call(3, "")
        for digit in "70":
            rig.media.port(8).keys.put_nowait(digit)
        await asyncio.sleep(1)
        assert the_room(rig).members == [rig.media.port(0), rig.media.port(8)]

    on(work)


def test_who_is_alone_hears_music_until_somebody_comes_and_again_afterwards() -> None:
    async def work(rig: Rig) -> None:
        one, two = ports(rig, 1, 2)
        await come(rig, 1)
        assert one.music and one.tones == []
        await come(rig, 2)
        assert not one.music and not two.music
        assert one.tones == two.tones == ["came"]
        rig.pstn.hangs_up(2)
        await asyncio.sleep(1)
        assert one.music and one.tones == ["came", "went"]

    on(work)


def test_listeners_are_not_heard_and_wait_with_music_for_one_who_speaks() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2)
        await asyncio.sleep(1)
        one, two, three = ports(rig, 1, 2, 3)
        assert one.music and two.music and not one.tones
        three.keys.put_nowait("1")
        await come(rig, 3)
        assert the_room(rig).talk == {one: 0.0, two: 0.0, three: 10.0}
        assert not any(port.music for port in (one, two, three))
        rig.pstn.hangs_up(1)
        await asyncio.sleep(1)
        assert two.tones == three.tones == ["came"], "of who is quiet nothing is told"
        rig.pstn.hangs_up(3)
        await asyncio.sleep(1)
        assert two.music

    on(work, LISTENING)


def test_the_key_leaves_the_room_where_the_flow_goes_on() -> None:
    async def work(rig: Rig) -> None:
        rig.media.port(0).keys.put_nowait("#")  # keyed ahead: for no menu, and not for the room
        await come(rig, 1, 2)
        assert the_room(rig).members == ports(rig, 1, 2)
        for key in "1*#":
            rig.media.port(0).keys.put_nowait(key)
        await asyncio.sleep(1)
        assert the_room(rig).members == ports(rig, 2)
        (left,) = rig.of(ev.ConferenceLeft)
        assert (left.room, left.people, left.stayed_ms) == ("70", 1, 2000)
        assert [(e.cause, e.cleared_by) for e in rig.of(ev.CallEnded)] == [(21, "system")]

    on(work, FLOW + 'next = "bye"\n[node.bye]\nkind = "hang up"\ncause = 21\n')


def test_without_a_next_node_no_key_leaves_and_none_is_listened_for() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1)
        assert not rig.media.port(0).detecting
        rig.media.port(0).keys.put_nowait("#")
        await asyncio.sleep(1)
        assert the_room(rig).members == ports(rig, 1)

    on(work)


def test_hanging_up_leaves_and_the_last_one_closes_the_room() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2)
        for channel in (1, 2):
            rig.pstn.hangs_up(channel)
            await asyncio.sleep(1)
        assert rig.media.bridges == []
        assert people(rig, ev.ConferenceLeft) == [("70", 1), ("70", 0)]
        assert {(e.cause, e.cleared_by) for e in rig.of(ev.CallEnded)} == {(16, "caller")}
        await come(rig, 3)
        assert the_room(rig).members == ports(rig, 3)

    on(work)


def test_a_full_room_is_busy_before_the_answer_and_has_a_place_once_one_left() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2, 3)
        (ended,) = rig.of(ev.CallEnded)
        assert (ended.cause, ended.detail) == (Cause.USER_BUSY, "conference 70 is full")
        assert rig.seen["CallAnswered"] == 2
        rig.pstn.hangs_up(1)
        await come(rig, 4)
        assert the_room(rig).members == ports(rig, 2, 4)

    on(work, FLOW + "most = 2\n")


def test_who_finds_the_room_full_goes_on_at_the_node_named() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2)
        assert [(e.cause, e.cleared_by) for e in rig.of(ev.CallEnded)] == [(21, "system")]

    on(work, FLOW + 'most = 1\nfull = "sorry"\n[node.sorry]\nkind = "hang up"\ncause = 21\n')


def test_only_the_loudest_are_mixed_where_the_node_says_so() -> None:
    async def work(rig: Rig) -> None:
        await come(rig, 1, 2)
        assert the_room(rig).only_loudest == 3

    on(work, FLOW + "loudest = 3\n")


def test_with_no_bridge_left_the_call_ends_unanswered_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(rig: Rig) -> None:
        rig.media.bridges_there = 1
        await come(rig, 1)
        await come(rig, 2, called="71")
        (ended,) = rig.of(ev.CallEnded)
        assert ended.cause == Cause.RESOURCE_UNAVAILABLE
        assert ended.detail == "conference 71: all bridges are in use"
        assert rig.seen["CallAnswered"] == 1
        assert "conference 71: all bridges are in use" in caplog.text
        await come(rig, 3)
        assert the_room(rig).members == ports(rig, 1, 3), "the room there is goes on"

    on(work)


def test_a_line_that_does_not_answer_leaves_no_place_taken() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.refuses_answer = True
        await come(rig, 1)
        assert rig.media.bridges == [] and rig.seen["ConferenceJoined"] == 0
        assert [e.cause for e in rig.of(ev.CallEnded)] == [Cause.TEMPORARY_FAILURE]

    on(work)


def test_always_ringing_telephones_are_silent_once_the_caller_is_in_the_room() -> None:
    phone = Extension("201", Target("201", line="FXS/3", number="201"), always_rings="call")

    async def work(rig: Rig) -> None:
        await come(rig, 1)
        assert rig.phones.refs == {}
        assert the_room(rig).members == ports(rig, 1)

    on(work, extensions=(phone,))


def test_who_holds_is_out_of_the_room_until_back() -> None:
    async def work(rig: Rig) -> None:
        one, two = ports(rig, 1, 2)
        await come(rig, 1, 2)
        ref = rig.pstn.refs[2]
        rig.pstn.sink(line.Held("E1", ref))
        await asyncio.sleep(1)
        assert the_room(rig).members == [one] and one.music and not two.music
        two.keys.put_nowait("#")  # keyed in the other call
        await asyncio.sleep(1)
        rig.pstn.sink(line.Retrieved("E1", ref))
        await asyncio.sleep(1)
        assert the_room(rig).members == [one, two] and not one.music

    on(work, FLOW + 'next = "bye"\n[node.bye]\nkind = "hang up"\n')


def test_a_secret_is_no_rooms_name() -> None:
    flow = (
        'name = "main"\nstart = "pin"\n[node.pin]\nkind = "collect"\nvariable = "pin"\n'
        'next = "room"\n[node.room]\nkind = "conference"\nroom = "{pin}"\n'
    )
    parse(flow, "main.toml")
    with pytest.raises(FlowError, match="room: 'pin' is secret"):
        parse(flow.replace('"pin"\nnext', '"pin"\nsecret = true\nnext'), "main.toml")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('room = "{pin}"', "node room, room: there is no variable 'pin'"),
        ('room = ""', "node.room.room"),
        ("gain_db = 21", "node.room.gain_db"),
        ("loudest = 17", "node.room.loudest"),
        ("most = -1", "node.room.most"),
        ("listen = true\ngain_db = 3", "gain_db does not go with listen"),
        ('full = "room"', "full needs most"),
        ('most = 2\nfull = "nowhere"', "node room, full: there is no node 'nowhere'"),
        ("record = true", "node.room.record"),
    ],
)
def test_a_wrong_key_is_named(keys: str, said: str) -> None:
    with pytest.raises(FlowError, match=said):
        parse(FLOW + keys, "main.toml")
