"""What a bad line does: lost RELEASE, D channel loss short and long, alarms, fresh processes."""

from __future__ import annotations

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.events import (
    ChannelState,
    Number,
    Released,
    SignallingFault,
    SignallingState,
)
from drivers.signalling.pri.link import PriLink
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.harness import SIDES, Pair, message_type


def test_a_lost_release_is_sent_twice_then_the_channel_is_restarted():
    pair = Pair()
    ref, far = pair.talk("user", 5)
    releases: list[float] = []

    def swallow(frame: bytes) -> bytes:
        if message_type(frame) == 0x4D:
            releases.append(pair.now)
            return frame[:4]
        return frame

    pair.net.release(far, 16, pair.now)
    pair.run(0.1)
    pair.spoil = swallow
    pair.user.release(ref, 16, pair.now)
    pair.run(3.9)
    assert not pair.of("user", Released)
    pair.run(5)
    assert len(releases) == 2
    assert pair.story("user", ref).count("Released") == 1
    assert [e.reason for e in pair.of("user", ChannelState)] == [
        "clearing was not confirmed",
        "restarted",
    ]
    assert pair.story("net", far).count("Released") == 1
    pair.run(60)
    assert pair.idle() and pair.user.is_idle(5) and pair.net.is_idle(5)


def cut(pair: Pair) -> None:
    pair.drop = lambda toward, frame: True


def mend(pair: Pair) -> None:
    pair.drop = lambda toward, frame: False


def test_calls_in_talk_outlive_a_d_channel_loss_shorter_than_t309():
    pair = Pair()
    ref, far = pair.talk("user", 5)
    half = pair.call("net", 8)
    cut(pair)
    pair.run(60)
    assert not pair.user.up and not pair.net.up
    assert pair.story("net", half)[-1] == "Released"  # not connected yet
    with pytest.raises(DriverError) as refused:
        pair.user.setup(SetupRequest(1, Number("1")), pair.now)
    assert refused.value.cause == 38
    mend(pair)
    pair.run(20)
    assert pair.user.up and pair.net.up
    assert [call.ref for call in pair.user.calls()] == [ref]
    assert [call.ref for call in pair.net.calls()] == [far]
    assert all(pair.net.is_idle(channel) for channel in range(6, 12))
    assert [event.up for event in pair.of("user", SignallingState)] == [True, False, True]
    pair.user.release(ref, 16, pair.now)
    pair.run(0.1)
    pair.net.release(far, 16, pair.now)
    pair.run(0.1)
    assert pair.idle()


@pytest.mark.parametrize("t309", (6.0, 30.0))
def test_calls_are_cleared_once_t309_is_over(t309):
    pair = Pair(net={"t309_s": t309}, user={"t309_s": t309})
    calls = [pair.talk("user", channel) for channel in (1, 2, 3)]
    cut(pair)
    pair.run(t309 + 30)
    assert [e.cause for e in pair.of("user", Released)] == [27, 27, 27]
    assert [e.cause for e in pair.of("net", Released)] == [27, 27, 27]
    mend(pair)
    pair.run(20)
    for channel in (1, 2, 3):
        pair.talk("net", channel)
    for ref, far in calls:
        assert pair.story("user", ref).count("Released") == 1
        assert pair.story("net", far).count("Released") == 1


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("down_s", (1, 14, 40, 300))
def test_hanging_up_while_the_d_channel_is_down_leaves_no_busy_channel(side, down_s):
    pair = Pair()
    ref, far = pair.talk("user", 5)
    mine = ref if side == "user" else far
    cut(pair)
    pair.run(0.5)
    pair.links[side].release(mine, 16, pair.now)
    pair.run(down_s)
    mend(pair)
    pair.run(60)
    pair.follow()
    pair.run(10)
    assert pair.idle()
    assert len(pair.of("user", Released)) == len(pair.of("net", Released)) == 1
    assert pair.user.is_idle(5) and pair.net.is_idle(5)
    pair.talk("user", 5)


def test_a_call_dialled_as_the_d_channel_fails_ends_with_27_and_has_its_channel_restarted():
    pair = Pair()
    cut(pair)
    pair.call("user", 5)
    pair.run(30)
    assert pair.last("user", Released).cause == 27
    restarted = []
    pair.drop = lambda toward, frame: restarted.append((toward, message_type(frame))) or False
    pair.run(60)
    assert ("net", 0x46) in restarted and pair.user.is_idle(5)


def test_only_one_end_knows_the_call_after_its_process_was_started_anew():
    pair = Pair()
    pair.talk("user", 5)
    settings = PriSettings(side="user", restart_on_start=True)
    pair.links["user"] = PriLink(settings, span="user", now=pair.now)
    pair.run(60)
    assert pair.idle()
    assert pair.last("net", Released).cause == 41
    pair.talk("net", 5)


def test_an_alarm_that_lasts_drops_every_call_and_restarts_their_channels():
    pair = Pair()
    pair.talk("user", 5)
    pair.call("net", 7)
    cut(pair)
    pair.user.drop_all(27, pair.now)
    assert not pair.user.calls()
    pair.run(2)
    mend(pair)
    pair.run(30)
    assert pair.idle()
    assert all(pair.user.is_idle(channel) for channel in (5, 7))
    assert [event.cause for event in pair.of("user", Released)] == [27, 27]


def test_two_network_sides_say_what_is_wrong():
    pair = Pair(user={"side": "network"})
    pair.run(30)
    assert any(e.what == "configuration" for e in pair.of("net", SignallingFault))
    assert not pair.net.up


def test_a_bearer_that_cannot_be_carried_and_nonsense_settings():
    with pytest.raises(ValueError, match="side is 'master'"):
        Pair(user={"side": "master"})
    with pytest.raises(ValueError, match="switch is 'dpnss'"):
        Pair(user={"switch": "dpnss"})
    with pytest.raises(ValueError, match="t309_s is 0 or more"):
        Pair(user={"t309_s": -1.0})
    with pytest.raises(ValueError, match="no timer is called T999"):
        Pair(user={"timers": {"T999": 1}})
