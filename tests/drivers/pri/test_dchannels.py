"""A group of interfaces under a primary and a backup D channel (NFAS), back to back."""

from __future__ import annotations

import random

import pytest

from drivers.base import DriverError
from drivers.cause import Cause
from drivers.events import ChannelState, Disconnected, Released, Setup, SignallingMoved
from drivers.events import SignallingState as State
from drivers.signalling.pri import q931
from drivers.signalling.pri.dchannels import DChannels
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.harness import SIDES, Pair, message_type

#: Three interfaces; D channels on 0 (primary) and 1.
CHANNELS = tuple(i << 8 | n for i in range(3) for n in range(1, 32) if n != 16)
GROUP = {"interfaces": (0, 1), "channels": CHANNELS}
ON_0, ON_1, ON_2 = 1, 1 << 8 | 1, 2 << 8 | 1


def group(**more) -> Pair:
    return Pair(net=GROUP | more, user=GROUP | more)


def cut(pair: Pair, *places: int) -> None:
    """Lose all that goes over these D channels, both ways."""
    pair.drop = lambda toward, frame: frame[0] in places


def sent(pair: Pair) -> list[tuple[int, int]]:
    """(D channel, message type) of all messages from now on; one more is added with each."""
    told: list[tuple[int, int]] = []
    before = pair.drop

    def watch(toward: str, frame: bytes) -> bool:
        if (kind := message_type(frame[1:])) >= 0:
            told.append((frame[0], kind))
        return before(toward, frame)

    pair.drop = watch
    return told


@pytest.mark.parametrize("switch", ("euroisdn", "ni2", "5ess", "dms100"))
@pytest.mark.parametrize("caller", SIDES)
def test_calls_on_every_interface_go_over_the_primary(switch, caller):
    pair = group(switch=switch)
    told = sent(pair)
    for channel in (ON_0, ON_1, ON_2):
        pair.talk(caller, channel)
        assert pair.last(pair.other(caller), Setup).channel == channel
    assert {d for d, _ in told} == {0}
    assert not pair.of("net", SignallingMoved) and not pair.of("user", SignallingMoved)


def test_a_message_that_names_no_interface_means_the_d_channels_own():
    pair = group()
    setup = bytes.fromhex("0504038090a31803a98381700681") + b"10086" + b"\xa1"
    for d in (0, 1):
        frame = bytes((d, 0x00, 0x01, 0x03, 8, 2, 0, 1 + d)) + setup
        (offered,) = [e for e in pair.net.feed(frame, pair.now) if isinstance(e, Setup)]
        assert offered.channel == d << 8 | 1


def test_the_primary_carries_whichever_came_up_first():
    choice = DChannels(2)
    choice.came_up(1)
    assert choice.choose() and choice.active == 1
    choice.came_up(0)
    assert choice.choose() and choice.active == 0
    choice.went_down(0)
    assert choice.choose() and choice.active == 1
    choice.came_up(0)  # it is in order again: no reason to move anything
    assert not choice.choose() and choice.active == 1
    choice.line(1, True)
    assert choice.choose() and choice.active == 0
    choice.went_down(0)
    assert not choice.choose() and not choice.any


@pytest.mark.parametrize("clears", SIDES)
def test_calls_in_talk_outlive_the_primary(clears):
    pair = group()
    calls = [pair.talk("user", channel) for channel in (ON_0, ON_1, ON_2)]
    cut(pair, 0)
    pair.run(60)
    for side in SIDES:
        assert pair.last(side, SignallingMoved).interface == 1
        assert [event.up for event in pair.of(side, State)] == [True]
        assert not pair.of(side, Released)
    told = sent(pair)
    for pairs in calls:
        ref = pairs[0] if clears == "user" else pairs[1]
        pair.links[clears].release(ref, 16, pair.now)
        pair.run(0.2)
        pair.follow()
        pair.run(0.2)
    assert pair.idle()
    assert {event.cause for event in pair.of("user", Released)} == {16}
    assert q931.RELEASE_COMPLETE in {kind for d, kind in told if d == 1}
    assert all(pair.net.is_idle(channel) for channel in CHANNELS)


@pytest.mark.parametrize("caller", SIDES)
def test_new_calls_go_over_the_backup_and_stay_there_when_the_primary_is_back(caller):
    pair = group()
    cut(pair, 0)
    pair.run(60)
    told = sent(pair)
    pair.talk(caller, ON_2)
    cut(pair)
    pair.run(60)
    told = sent(pair)
    pair.talk(caller, ON_0)
    assert {d for d, _ in told} == {1}
    cut(pair, 1)  # and back again
    pair.run(60)
    told = sent(pair)
    pair.talk(caller, ON_1)
    assert {d for d, _ in told} == {0}
    assert not pair.of("net", Released)


def test_a_line_in_alarm_moves_the_signalling_at_once():
    pair = group()
    ref, far = pair.talk("user", ON_2)
    cut(pair, 0)
    pair.user.line_lost(0, True, pair.now)
    assert pair.user.take_events() == [SignallingMoved("user", 1, "line in alarm")]
    pair.user.release(ref, 16, pair.now)
    pair.run(0.2)
    assert pair.last("net", Disconnected).ref == far


def test_a_call_half_set_up_is_given_up_and_its_channel_restarted():
    pair = group()
    pair.call("user", ON_2)
    pair.net.alerting(pair.last("net", Setup).ref, pair.now)
    pair.run(0.1)
    cut(pair, 0)
    pair.run(60)
    assert {event.cause for event in pair.of("user", Released)} == {Cause.DESTINATION_OUT_OF_ORDER}
    pair.follow()
    pair.run(300)
    assert pair.idle()
    assert pair.net.is_idle(ON_2) and pair.user.is_idle(ON_2)
    pair.talk("net", ON_2)


def test_a_call_that_only_one_end_still_has_is_cleared_by_the_move():
    """What the far end has meanwhile forgotten, it says when it is asked."""
    pair = group()
    ref, far = pair.talk("user", ON_2)
    cut(pair, 0)
    pair.net.drop_all(16, pair.now)  # without a word: nothing of it reaches the user's side
    pair.run(60)
    assert pair.ended("user", ref)
    pair.run(300)
    assert pair.net.is_idle(ON_2) and pair.user.is_idle(ON_2)


def test_without_any_d_channel_calls_end_when_t309_does():
    pair = group(t309_s=30.0)
    ref, far = pair.talk("user", ON_2)
    cut(pair, 0, 1)
    pair.run(20)
    assert not pair.ended("user", ref)
    assert [event.up for event in pair.of("user", State)] == [True, False]
    pair.run(60)
    for side, call in (("user", ref), ("net", far)):
        assert pair.ended(side, call)
        assert pair.last(side, Released).cause == Cause.DESTINATION_OUT_OF_ORDER
    cut(pair, 0)
    pair.run(300)
    assert [event.up for event in pair.of("user", State)] == [True, False, True]
    pair.talk("net", ON_2)


def test_the_backup_may_be_the_first_to_come_back():
    pair = group(t309_s=90.0)
    ref, far = pair.talk("user", ON_2)
    cut(pair, 0, 1)
    pair.run(40)
    cut(pair, 0)
    pair.run(120)
    assert not pair.ended("user", ref) and not pair.ended("net", far)
    pair.net.release(far, 17, pair.now)
    pair.run(0.2)
    assert pair.last("user", Disconnected) == Disconnected("user", ref, 17)


def restart(kind: int, interface: int | None) -> bytes:
    channel = b"" if interface is None else bytes((0x18, 2, 0xE1, 0x80 | interface))
    return bytes.fromhex("08020000") + b"\x46" + channel + bytes((0x79, 1, 0x80 | kind))


@pytest.mark.parametrize(
    ("kind", "named", "ended"), [(6, 2, {ON_2}), (6, None, {ON_0}), (7, None, {ON_0, ON_1, ON_2})]
)
def test_restart_of_one_interface_spares_the_others(kind, named, ended):
    pair = group()
    where = {pair.talk("user", channel)[1]: channel for channel in (ON_0, ON_1, ON_2)}
    told = pair.net.feed(bytes((0, 0x00, 0x01, 0x03)) + restart(kind, named), pair.now)
    assert {where[event.ref] for event in told if isinstance(event, Released)} == ended


@pytest.mark.parametrize("switch", ("ni2", "5ess"))
def test_a_channel_out_of_service_is_that_of_its_interface(switch):
    pair = group(switch=switch)
    pair.user.service(ON_2, False, pair.now)
    pair.run(0.2)
    assert pair.last("net", ChannelState).channel == ON_2
    assert not pair.net.is_idle(ON_2) and pair.net.is_idle(ON_0)
    pair.user.service(ON_2, True, pair.now)
    pair.run(0.2)
    assert pair.net.is_idle(ON_2)


def test_interface_0_is_not_mistaken_for_the_backups():
    pair = group(switch="ni2")
    pair.user.line_lost(0, True, pair.now)
    with pytest.raises(DriverError, match="interface 0"):
        pair.user.service(ON_0, False, pair.now)
    assert pair.user.is_idle(ON_0)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"interfaces": (0, 0)}, "same interface"),
        ({"interfaces": (0, 1, 2, 3, 4)}, "4 D channels"),
        ({"interfaces": (0, 128)}, "0 to 127"),
        ({"interfaces": (0,), "switch": "qsig"}, "Q.SIG"),
    ],
)
def test_groups_that_cannot_be(settings, why):
    with pytest.raises(ValueError, match=why):
        PriSettings(**settings)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_d_channels_do_no_channel_stays_busy(seed):
    """D channels come and go under calls that come and go; then all is well again, and idle."""
    chance = random.Random(seed)
    pair = group(t309_s=30.0)
    for _ in range(25):
        cut(pair, *[d for d in (0, 1) if chance.random() < 0.4])
        for _ in range(chance.randrange(4)):
            side = chance.choice(SIDES)
            try:
                pair.call(side, chance.choice(CHANNELS[::9]))
            except DriverError:
                continue
        answer(pair, chance)
        pair.run(chance.choice((0.1, 2, 12, 45)))
    cut(pair)
    for _ in range(6):
        for side in SIDES:
            for call in pair.links[side].calls():
                pair.links[side].release(call.ref, 16, pair.now)
        pair.run(120)
    assert pair.idle()
    for side in SIDES:
        assert [c for c in CHANNELS if not pair.links[side].is_idle(c)] == []
        ends = [event.ref for event in pair.of(side, Released)]
        assert len(ends) == len(set(ends))


def answer(pair: Pair, chance: random.Random) -> None:
    """Some of the calls that are offered are answered, some in talk are cleared."""
    for side in SIDES:
        link = pair.links[side]
        for call in link.calls():
            word = chance.choice(("answer", "release", "wait"))
            try:
                if word == "answer":
                    link.answer(call.ref, pair.now)
                elif word == "release":
                    link.release(call.ref, 16, pair.now)
            except DriverError:
                continue
