"""Switch types, timers and the ways to send a number and choose a channel."""

from __future__ import annotations

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.events import (
    ChannelSet,
    Digits,
    MoreDigits,
    Number,
    Released,
    Setup,
)
from drivers.signalling.pri import timers as pri_timers
from drivers.signalling.pri.binding import SWITCHES
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.harness import SIDES, Pair, without

ALERTING, PROCEEDING, SETUP_ACK = 0x01, 0x02, 0x0D


def both(**settings) -> Pair:
    return Pair(net=settings, user=settings)


@pytest.mark.parametrize("caller", SIDES)
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_type_sets_up_and_clears_calls_both_ways(switch, caller):
    pair = both(switch=switch)
    callee = pair.other(caller)
    ref, far = pair.talk(caller, 7)
    assert pair.last(callee, Setup).called.digits == "10086"
    assert pair.last(callee, Setup).channel == 7
    pair.links[callee].release(far, 16, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(0.1)
    assert pair.idle() and pair.last(caller, Released).cause == 16
    busy = pair.call(caller, 7)
    pair.links[callee].release(pair.last(callee, Setup).ref, 17, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(0.1)
    assert pair.last(caller, Released) == Released(caller, busy, 17)
    assert pair.idle()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_type_restarts_a_channel(switch, side):
    pair = both(switch=switch)
    pair.talk(side, 7)
    pair.links[side].restart(7, pair.now)
    pair.run(150)
    assert pair.idle() and pair.links[side].is_idle(7)
    pair.talk(side, 7)


def test_every_timer_libpri_runs_takes_its_setting():
    given = {name: (t.low + t.high) // 2 for name, t in pri_timers.TIMERS.items()}
    found = PriSettings(timers=given, t309_s=12.0).in_force()
    assert found == given | {"t309_ms": 12_000}
    default = PriSettings().in_force()
    assert default["t303_ms"] == 4000 and default["t309_ms"] == 90_000 and default["n200"] == 3
    assert min(default.values()) > 0


@pytest.mark.parametrize(
    ("timers", "what"),
    [
        ({"t303": 4000}, 'did you mean "t303_ms"'),
        ({"T309": 1}, "no timer is called T309"),
        ({"t309_ms": 6000}, "t309_s"),
        ({"n200": 0}, "n200 is 0; it can be 1 to 20$"),
        ({"t301_ms": -1}, "0 to 3600000 ms, 0 for never"),
    ],
)
def test_a_timer_that_cannot_be_is_named(timers, what):
    with pytest.raises(ValueError, match=what):
        PriSettings(timers=timers)


@pytest.mark.parametrize(("caller", "cause"), [("user", 102), ("net", 18)])
def test_t303_runs_as_set(caller, cause):
    pair = both(timers={"t303_ms": 2000})
    pair.spoil = without(0x05)
    ref = pair.call(caller)
    pair.run(3.5)
    assert not pair.ended(caller, ref)
    pair.run(1)
    assert pair.last(caller, Released) == Released(caller, ref, cause)
    assert pair.links[caller].is_idle(1)


@pytest.mark.parametrize(
    ("timer", "step", "cause"),
    [("t310_ms", "proceeding", 102), ("t301_ms", "alerting", 19), ("t304_ms", "acknowledge", 102)],
)
def test_a_far_end_that_stands_still_is_given_up(timer, step, cause):
    pair = both(overlap=True, timers={timer: 20_000})
    ref = pair.call()
    far = pair.last("net", Setup).ref
    getattr(pair.links["net"], step)(far, pair.now)
    pair.run(15)
    if step == "acknowledge":
        pair.user.information(ref, "5", pair.now)
        pair.run(15)
    assert not pair.ended("user", ref)
    pair.run(6)
    pair.follow()
    pair.run(1)
    assert pair.last("user", Released).cause == pair.last("net", Released).cause == cause
    assert pair.idle()


def test_progress_and_0_stop_the_clock():
    pair = both(timers={"t310_ms": 20_000, "t301_ms": 0})
    ref = pair.call()
    far = pair.last("net", Setup).ref
    pair.net.proceeding(far, pair.now)
    pair.run(1)
    pair.net.progress(far, pair.now)
    pair.run(100)
    pair.net.alerting(far, pair.now)
    pair.run(4000)
    assert not pair.ended("user", ref)
    pair.net.answer(far, pair.now)
    pair.run(1)
    assert "Connected" in pair.story("user", ref)


def test_t302_says_that_the_number_is_complete():
    pair = both(overlap=True, timers={"t302_ms": 5000})
    ref = pair.call("user", complete=False)
    far = pair.last("net", Setup).ref
    pair.net.acknowledge(far, pair.now)
    pair.run(4)
    pair.user.information(ref, "1", pair.now)
    pair.run(4)
    assert [event.complete for event in pair.of("net", Digits)] == [False]
    pair.run(2)
    assert pair.last("net", Digits) == Digits("net", far, "", True)
    pair.net.proceeding(far, pair.now)
    pair.run(30)
    assert len(pair.of("net", Digits)) == 2


@pytest.mark.parametrize("first", (0, 3))
def test_a_number_goes_digit_by_digit_where_the_far_end_asks(first):
    pair = Pair(net={"overlap": True}, user={"sending": "overlap", "first_digits": first})
    pair.call("user", 1, "075510086")
    offered = pair.last("net", Setup)
    assert offered.called.digits == "075510086"[:first] and not offered.complete
    pair.net.acknowledge(offered.ref, pair.now)
    pair.run(0.2)
    assert "".join(e.digits for e in pair.of("net", Digits)) == "075510086"[first:]
    assert len(pair.of("user", MoreDigits)) == 1
    pair.net.alerting(offered.ref, pair.now)
    pair.run(0.2)
    assert pair.story("user", 2)[-1] == "Alerting"


def test_a_far_end_content_with_the_first_digits_gets_no_more():
    pair = Pair(net={"overlap": True}, user={"sending": "overlap", "first_digits": 4})
    pair.call("user", 1, "075510086")
    pair.net.proceeding(pair.last("net", Setup).ref, pair.now)
    pair.run(1)
    assert not pair.of("net", Digits)


def test_an_exclusive_channel_in_use_is_refused_and_a_preferred_one_exchanged():
    for exclusive in (True, False):
        pair = Pair(user={"exclusive": exclusive})
        pair.talk("net", 5)
        pair.user._book.calls()[0].channel = 9  # the two ends disagree about channel 5
        ref = pair.user.setup(SetupRequest(5, Number("1")), pair.now)
        pair.run(0.2)
        if exclusive:
            assert pair.last("user", Released) == Released("user", ref, 44)
        else:
            offered = pair.last("net", Setup)
            assert offered.channel != 5
            pair.net.proceeding(offered.ref, pair.now)
            pair.run(0.2)
            assert pair.last("user", ChannelSet).channel == offered.channel


def test_nonsense_is_refused():
    for wrong in ({"switch": "dpnss"}, {"sending": "slow"}, {"first_digits": 21}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            PriSettings(**wrong)
    with pytest.raises(DriverError):
        Pair().user.information(99, "1", 0.0)
